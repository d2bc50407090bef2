//! Waiting.

use super::Operation;
use crate::control::types::{Patience, TaskWait, VersionWait, WaitedDaemon, WaitedTask, WaitedVersion};

pub(crate) const READY: Operation =
    Operation::get("wait.ready", "/v1/wait/ready", "Waits until the daemon is ready")
        .asks::<Patience>()
        .gives::<WaitedDaemon>("waited.ready");

pub(crate) const DRAINED: Operation =
    Operation::get("wait.drained", "/v1/wait/drained", "Waits until no stream is left")
        .asks::<Patience>()
        .gives::<WaitedDaemon>("waited.drained");

pub(crate) const VERSION: Operation = Operation::get(
    "wait.version",
    "/v1/wait/version",
    "Waits until a version was queued and, where that is asked for, has come far enough",
)
.asks::<VersionWait>()
.gives::<WaitedVersion>("waited.version");

pub(crate) const TASK: Operation =
    Operation::get("wait.task", "/v1/wait/task", "Waits until a task has ended")
        .asks::<TaskWait>()
        .gives::<WaitedTask>("waited.task");

pub(super) const ALL: &[Operation] = &[READY, DRAINED, VERSION, TASK];
