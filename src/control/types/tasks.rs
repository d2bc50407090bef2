//! Following a task.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Line;
use crate::task::{TaskEvent, TaskView};

/// A line of `GET /v1/tasks/{id}/events`: first `task`, then an `event` for each that follows, `heartbeat`s in
/// between, last `end`. A stream without `end` was cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TaskLine {
    /// The task as it was when the stream began.
    Task {
        /// The task.
        task: TaskView,
        /// For who holds it: how long its reporter may be silent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease_ms: Option<u64>,
    },
    /// Something happened.
    Event {
        /// What browsers were sent.
        event: TaskEvent,
    },
    /// Nothing happened for a while.
    Heartbeat,
    /// The task has ended.
    End {
        /// The task as it ended.
        task: TaskView,
    },
}

impl Line for TaskLine {
    fn ends(&self) -> bool {
        matches!(self, Self::End { .. })
    }
}
