//! The daemon at a glance.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClusterView, DrainView, LogLevelView};
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
    /// How long it had been up, in milliseconds, when that was counted which follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_ms: Option<u64>,
    /// What was counted since it started: what comes between two answers, by the time between them, is a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
    /// What waits for connections that do not take it as fast as it comes, as it was a moment ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<Queued>,
    /// The sequence of the version that is pending for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_sequence: Option<u64>,
    /// The cluster that it is a member of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterView>,
}

impl Status {
    /// Returns whether it is that of all members of a cluster.
    pub fn is_of_all(&self) -> bool {
        self.cluster.as_ref().is_some_and(|cluster| !cluster.members.is_empty())
    }
}

/// What was counted since the daemon started, over all connections, those that are gone included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Connections that were registered.
    pub connects: u64,
    /// Those that ended: the difference is who is there.
    pub disconnects: u64,
    /// Those of them that a newer one of the same request id replaced,
    pub replaced: u64,
    /// and those that were ended because they did not take what was sent to them: their outbox overflowed, or waited for
    /// too long.
    pub slow: u64,
    /// Streams that were not let in.
    pub refused: u64,
    /// Events dispatched, however many connections they were for.
    pub events: u64,
    /// Events written, once per connection: handed to the kernel, or taken by the gateway.
    pub written: u64,
    /// Events that were not written, once per connection.
    pub failed: u64,
    /// Bytes written: all that the kernel took, heads and heartbeats included; behind a gateway those of events.
    pub bytes: u64,
}

/// What waits for connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Queued {
    /// For how many something waits.
    pub connections: u64,
    /// Events, once per connection.
    pub events: u64,
    /// Bytes.
    pub bytes: u64,
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
