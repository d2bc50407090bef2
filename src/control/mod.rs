//! The control API: HTTP/1.1 and JSON under `/v1` over a local socket.
//!
//! 1. [`types`] are the words both sides speak, [`operations`] what can be asked and who may;
//! 2. [`discovery`] finds the socket, [`listing`] says what of a list is wanted;
//! 3. `server` answers (feature `daemon`), [`client`] asks.

pub mod client;
pub mod discovery;
pub mod listing;
mod local;
pub mod operations;
#[cfg(feature = "daemon")]
pub mod server;
pub mod types;

pub use local::{Live, MAX_PATH_BYTES};
