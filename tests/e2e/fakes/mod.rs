//! The daemon's peers, played by real servers and clients on real sockets.

pub mod backend;
pub mod browser;
pub mod control;
pub mod faults;
pub mod frontend;
pub mod gateway;
pub mod line;
pub mod proxy;
pub mod relay;
pub mod sse;
mod wire;
