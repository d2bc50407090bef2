//! Background tasks: who runs them, how far they are, and the one terminal event that each of them gets.

#[cfg(feature = "daemon")]
mod book;
#[cfg(feature = "daemon")]
mod builtin;
#[cfg(feature = "nats")]
mod elsewhere;
#[cfg(feature = "daemon")]
mod entry;
#[cfg(feature = "daemon")]
mod hold;
#[cfg(feature = "daemon")]
mod inner;
#[cfg(feature = "daemon")]
mod orders;
#[cfg(feature = "daemon")]
mod restart;
#[cfg(feature = "daemon")]
mod run;
#[cfg(feature = "daemon")]
mod service;
#[cfg(feature = "daemon")]
mod state;
#[cfg(all(test, feature = "daemon"))]
mod tests;

#[cfg(feature = "daemon")]
pub use hold::HeldTask;
#[cfg(feature = "daemon")]
pub use service::{Builtins, TaskError, TaskService};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    event::{Event, JsonLine, Kind},
    forms::{Key, Moment},
};

/// The longest name of a reporter's task.
pub const MAX_NAME_BYTES: usize = 128;

/// Who runs a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The daemon: limit and time-out apply.
    Builtin,
    /// A script or a backend, which reports over the control API and holds a lease.
    Reporter,
}

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Waits for a place to run.
    Pending,
    /// Runs.
    Running,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// Was cancelled.
    Cancelled,
}

impl TaskStatus {
    /// Returns whether the task has ended.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Returns the name, as in JSON.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How far a task is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// What it is doing.
    pub text: String,
    /// 0 to 1; never goes backwards.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub value: f64,
}

/// A task as everyone sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskView {
    /// Its id.
    pub task_id: String,
    /// A name for people: that of the builtin, or what the reporter gave.
    pub name: String,
    /// Who runs it.
    pub owner: Owner,
    /// Where it is in its life.
    pub status: TaskStatus,
    /// The newest progress.
    pub progress: Option<Progress>,
    /// When it was created.
    #[schemars(with = "Moment")]
    pub created_at: Timestamp,
    /// When it began to run.
    #[schemars(with = "Option<Moment>")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schemars(with = "Option<Moment>")]
    pub ended_at: Option<Timestamp>,
    /// What it gave, if it completed.
    pub result: Option<Value>,
    /// Why it ended otherwise.
    pub error: Option<String>,
    /// The member of the cluster that has it, where all were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

/// Tasks by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskCounts {
    /// Waiting for a place to run.
    pub pending: usize,
    /// Running.
    pub running: usize,
    /// Ended, and still listed.
    pub ended: usize,
}

/// The names of task events on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskEventType {
    /// It began.
    TaskStarted,
    /// It is further.
    ProgressUpdate,
    /// It ended well.
    TaskCompleted,
    /// It ended otherwise.
    TaskFailed,
}

impl TaskEventType {
    /// Returns whether nothing follows it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::TaskCompleted | Self::TaskFailed)
    }
}

/// A task event as browsers get it (event name `task_event`), keys in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskEvent {
    /// What happened.
    pub event_type: TaskEventType,
    /// To which task.
    pub task_id: String,
    /// When: UTC, `2026-11-23T08:21:34.123456Z`.
    #[schemars(with = "Moment")]
    pub timestamp: String,
    /// `null` for started, `{"text","value"}` for progress, the result, or `{"error"}`.
    pub data: Value,
}

impl TaskEvent {
    /// Returns an event of this moment.
    pub fn new(event_type: TaskEventType, task_id: &str, at: Timestamp, data: Value) -> Self {
        Self { event_type, task_id: task_id.to_owned(), timestamp: iso(at), data }
    }

    /// Returns the event as it is published: `task_event`, with this as its payload.
    pub fn to_event(&self) -> Event {
        let kind = match self.event_type {
            TaskEventType::ProgressUpdate => Kind::Progress(self.task_id.as_str().into()),
            _ => Kind::TaskState,
        };
        Event {
            name: "task_event".parse().expect("a valid event name"),
            data: JsonLine::encode(self).expect("its maps have strings for keys"),
            kind,
        }
    }
}

/// Returns the form that browsers know: UTC, microseconds, no fraction when it is 0.
fn iso(at: Timestamp) -> String {
    let micros = at.as_microsecond().rem_euclid(1_000_000);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{}{fraction}Z", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// An order to create a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTask {
    /// Start this builtin (`demo`, `failing`); the daemon runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin: Option<String>,
    /// The builtin's parameters.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub params: serde_json::Map<String, Value>,
    /// Without a builtin: the name of the task that the caller reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

impl CreateTask {
    /// Returns what it is about, for logs.
    #[cfg(feature = "daemon")]
    pub(crate) fn target(&self) -> &str {
        self.builtin.as_deref().or(self.name.as_deref()).unwrap_or_default()
    }
}

/// A reporter's progress: text, value or both. Neither is a mere heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportProgress {
    /// What the task is doing; the last text stays when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// 0 to 1, what is beyond is taken as that; the last value stays when not given or lower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

/// An order to end a task: `result` for completing, `error` for failing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndTask {
    /// The result of a completed task: an object; `{"success":true}` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Map<String, Value>>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

/// What the daemon answers to an order about a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskReceipt {
    /// The idempotency key: the same order may be repeated with it.
    #[schemars(with = "Key")]
    pub key: String,
    /// The task's id.
    pub task_id: String,
    /// Where it is now.
    pub status: TaskStatus,
    /// It survives a restart.
    pub durable: bool,
}
