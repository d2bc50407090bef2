//! The HTTP listeners: routers, and the one way they are served.

mod callback;
pub mod health;
pub mod page;
pub mod public;
mod reply;
pub mod secret;
pub mod server;
