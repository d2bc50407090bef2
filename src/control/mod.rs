//! The control API: HTTP/1.1 and JSON under `/v1` over a local socket.
//!
//! 1. [`types`] are the words both sides speak;
//! 2. [`discovery`] finds the socket;
//! 3. `server` answers (feature `daemon`), [`client`] asks.

pub mod client;
pub mod discovery;
#[cfg(feature = "daemon")]
pub mod server;
pub mod types;
