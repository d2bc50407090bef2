//! The HTTP listeners: routers, and the one way they are served.

pub mod page;
pub mod server;
