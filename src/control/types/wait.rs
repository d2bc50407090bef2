//! Waiting for something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    event::VersionSequence,
    forms::{LeastWritten, VersionName},
    task::TaskView,
    version::VersionDelivery,
};

/// How long a caller waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Patience {
    /// Answered after so long at the latest, with how things are then; without: at once. A minute at most.
    pub timeout_ms: Option<u64>,
}

/// How far a version is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryWait {
    /// Until it is written to so many of those that were selected and have not left; without: all of them.
    #[schemars(with = "Option<LeastWritten>")]
    pub min: Option<String>,
    /// Answered after so long at the latest, with how things are then; without: at once. A minute at most.
    pub timeout_ms: Option<u64>,
}

/// Which version is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionWait {
    /// This one, also if it is not queued yet.
    #[schemars(with = "VersionName")]
    pub version: String,
    /// Until it is written to so many of those that were selected and have not left; without: until it is queued.
    #[schemars(with = "Option<LeastWritten>")]
    pub min: Option<String>,
    /// Answered after so long at the latest, with how things are then; without: at once. A minute at most.
    pub timeout_ms: Option<u64>,
}

/// Which task is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskWait {
    /// This one, also if it is not there yet.
    pub task_id: String,
    /// Answered after so long at the latest, with how things are then; without: at once. A minute at most.
    pub timeout_ms: Option<u64>,
}

/// Whether the daemon is ready, or no stream is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitedDaemon {
    /// It is so.
    pub reached: bool,
    /// `starting`, `ready`, `draining`, `closing`.
    pub phase: String,
    /// Streams that are left.
    pub connections: usize,
}

/// Whether a version was queued, and has come far enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitedVersion {
    /// It was queued and, where that was asked for, written to enough connections.
    pub reached: bool,
    /// Waiting longer cannot change that.
    pub decided: bool,
    /// Its place in the order of versions; null: it was not queued.
    pub sequence: Option<VersionSequence>,
    /// How far it has come, as far as that is known.
    pub delivery: Option<VersionDelivery>,
}

/// Whether a task has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaitedTask {
    /// It has ended, well or not.
    pub reached: bool,
    /// The task; null: there is none of this id.
    pub task: Option<TaskView>,
}
