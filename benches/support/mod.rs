//! What the benches share.
#![allow(dead_code, reason = "each bench uses its part")]

pub(crate) mod clients;
pub(crate) mod daemon;
pub(crate) mod publisher;
pub(crate) mod stalled;
pub(crate) mod statistics;
