//! The daemon at a glance.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DrainView;
use crate::{forms::Moment, task::TaskCounts};

/// The daemon at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// `starting`, `ready`, `draining`, `closing`.
    pub phase: String,
    /// `embedded` or `gateway`.
    pub mode: String,
    /// `named` or `envelope`.
    pub framing: String,
    /// When it started.
    #[schemars(with = "Moment")]
    pub started_at: Timestamp,
    /// The bound addresses.
    pub listen: Listen,
    /// The control socket.
    pub socket: PathBuf,
    /// Which of these sockets a service manager holds open: `public`, `internal`, `control`.
    #[serde(default)]
    pub activated: Vec<String>,
    /// Open connections.
    pub connections: usize,
    /// Pending versions.
    pub pending_versions: usize,
    /// Tasks by state.
    pub tasks: TaskCounts,
    /// How far the drain has come, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<DrainView>,
    /// Whether state survives a restart.
    pub durable: bool,
    /// What is wrong at the moment; empty when all is well.
    pub degraded: Vec<String>,
}

/// The bound addresses, `127.0.0.1:8090`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listen {
    /// Streams, page, health.
    pub public: String,
    /// Callbacks, metrics, publishers.
    pub internal: String,
}
