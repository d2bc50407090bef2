//! The HTTP listeners: routers, and the one way they are served.

mod assets;
pub(crate) mod body;
pub(crate) mod callback;
mod fields;
pub(crate) mod guard;
pub mod health;
#[cfg(test)]
mod house;
pub mod internal;
mod module;
mod page;
pub mod public;
mod reply;
pub mod secret;
pub mod server;
mod testing;
