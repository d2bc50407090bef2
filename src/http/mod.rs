//! The HTTP listeners: routers, and the one way they are served.

pub mod server;
