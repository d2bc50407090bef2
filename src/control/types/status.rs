//! The daemon at a glance.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DrainView, LogLevelView};
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
    /// What is logged, while that is not what the settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogLevelView>,
    /// Whether state survives a restart.
    pub durable: bool,
    /// What is wrong at the moment; empty when all is well.
    pub degraded: Vec<String>,
    /// The daemon's time of day when it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Moment>")]
    pub now: Option<Timestamp>,
    /// What it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footing: Option<Footing>,
    /// The gateway, where it holds the connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayStatus>,
}

/// What a daemon runs on: its settings, its state, what the machine lets it have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Footing {
    /// The file with its settings, if there is one.
    pub config: Option<PathBuf>,
    /// The directory of its state.
    pub state: PathBuf,
    /// How many files it may have open.
    pub max_files: u64,
    /// How many streams it takes.
    pub max_connections: usize,
}

/// How the gateway is, as far as the daemon knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayStatus {
    /// Where it is asked.
    pub url: String,
    /// What is wrong with it, if anything is.
    pub trouble: Option<String>,
}

/// The bound addresses, `127.0.0.1:8090`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listen {
    /// Streams, page, health.
    pub public: String,
    /// Callbacks, metrics, publishers.
    pub internal: String,
}
