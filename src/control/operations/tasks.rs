//! Tasks.

use super::{Operation, Scope};
use crate::{
    control::types::{ErrorCode, Keyed, TaskLine},
    role::{Role, Verb},
    task::{CreateTask, EndTask, ReportProgress, TaskReceipt, TaskView},
};

pub(crate) const LIST: Operation = Operation::get("tasks.list", "/v1/tasks", "All tasks, newest first")
    .reaches(Scope::Items("age"))
    .lists::<TaskView>("tasks.list");

pub(crate) const SHOW: Operation = Operation::get("tasks.show", "/v1/tasks/{id}", "A task")
    .published()
    .reaches(Scope::Holder)
    .gives::<TaskView>("task");

pub(crate) const EVENTS: Operation = Operation::get(
    "tasks.events",
    "/v1/tasks/{id}/events",
    "A task as it happens; the last line is its end, a stream without was cut off",
)
.reaches(Scope::Owner)
.streams::<TaskLine>("task.line");

pub(crate) const HOLD: Operation = Operation::get(
    "tasks.hold",
    "/v1/tasks/{id}/hold",
    "The same for its reporter, which is lost as soon as it hangs up before the end",
)
.needs(Role::Publisher)
.or(&[ErrorCode::Conflict])
.streams::<TaskLine>("task.line");

pub(crate) const CREATE: Operation = Operation::post(
    "tasks.create",
    "/v1/tasks",
    "Starts a built-in task, or creates one that the caller reports and ends",
)
.orders(Verb::TASK_CREATE)
.published()
.takes::<CreateTask>()
.gives::<TaskReceipt>("task.receipt");

pub(crate) const PROGRESS: Operation = Operation::post(
    "tasks.progress",
    "/v1/tasks/{id}/progress",
    "Takes a reporter's progress: neither keyed nor audited",
)
.needs(Role::Publisher)
.published()
.takes::<ReportProgress>()
.or(&[ErrorCode::Conflict])
.gives::<TaskView>("task");

pub(crate) const COMPLETE: Operation =
    Operation::post("tasks.complete", "/v1/tasks/{id}/complete", "Ends a reporter's task well")
        .orders(Verb::TASK_COMPLETE)
        .published()
        .takes::<EndTask>()
        .gives::<TaskReceipt>("task.receipt");

pub(crate) const FAIL: Operation =
    Operation::post("tasks.fail", "/v1/tasks/{id}/fail", "Ends a reporter's task badly")
        .orders(Verb::TASK_FAIL)
        .published()
        .takes::<EndTask>()
        .gives::<TaskReceipt>("task.receipt");

pub(crate) const CANCEL: Operation =
    Operation::post("tasks.cancel", "/v1/tasks/{id}/cancel", "Cancels a task, whoever runs it")
        .orders(Verb::TASK_CANCEL)
        .takes::<EndTask>()
        .reaches(Scope::Owner)
        .gives::<TaskReceipt>("task.receipt");

pub(crate) const REMOVE: Operation =
    Operation::post("tasks.remove", "/v1/tasks/{id}/remove", "Forgets a task that has ended")
        .orders(Verb::TASK_REMOVE)
        .takes::<Keyed>()
        .gives::<TaskReceipt>("task.receipt");

pub(super) const ALL: &[Operation] =
    &[LIST, CREATE, SHOW, EVENTS, HOLD, PROGRESS, COMPLETE, FAIL, CANCEL, REMOVE];
