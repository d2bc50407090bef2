//! Runs built-in tasks, keeps the leases of reporters, and sees to it that every task ends exactly once.

use tokio::sync::broadcast;

use super::{CreateTask, EndTask, ReportProgress, TaskCounts, TaskEvent, TaskReceipt, TaskView};
use crate::{
    delivery::TooLarge,
    idempotency::{Actor, KeyConflict},
    lifecycle::ShuttingDown,
    store::StoreError,
};

/// Why an order about tasks was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The order is wrong.
    #[error("{0}")]
    Invalid(String),
    /// There is no such builtin.
    #[error("Unknown task type: {0}")]
    UnknownBuiltin(String),
    /// There is no such task.
    #[error("there is no task {0}")]
    NotFound(String),
    /// The task's state or owner does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// The event would be too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The key was used for something else.
    #[error(transparent)]
    KeyConflict(#[from] KeyConflict),
    /// The shutdown began.
    #[error(transparent)]
    ShuttingDown(#[from] ShuttingDown),
    /// There are too many unfinished tasks.
    #[error("{0} tasks are unfinished, the most that are kept")]
    Full(usize),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Knows every unfinished and recently finished task.
pub struct TaskService;

impl TaskService {
    /// Starts a builtin, or creates a task that the caller reports.
    pub async fn create(&self, actor: Actor, order: CreateTask) -> Result<TaskReceipt, TaskError> {
        let _ = (actor, order);
        todo!()
    }

    /// Takes a reporter's progress, which renews its lease.
    pub async fn progress(&self, id: &str, report: ReportProgress) -> Result<TaskView, TaskError> {
        let _ = (id, report);
        todo!()
    }

    /// Ends a reporter's task well.
    pub async fn complete(&self, actor: Actor, id: &str, order: EndTask) -> Result<TaskReceipt, TaskError> {
        let _ = (actor, id, order);
        todo!()
    }

    /// Ends a reporter's task badly.
    pub async fn fail(&self, actor: Actor, id: &str, order: EndTask) -> Result<TaskReceipt, TaskError> {
        let _ = (actor, id, order);
        todo!()
    }

    /// Cancels an unfinished task of either owner: cancelled at once, one terminal event.
    pub async fn cancel(&self, actor: Actor, id: &str, order: EndTask) -> Result<TaskReceipt, TaskError> {
        let _ = (actor, id, order);
        todo!()
    }

    /// Forgets a finished task.
    pub async fn remove(
        &self,
        actor: Actor,
        id: &str,
        key: Option<String>,
    ) -> Result<TaskReceipt, TaskError> {
        let _ = (actor, id, key);
        todo!()
    }

    /// Returns a task.
    pub fn show(&self, id: &str) -> Option<TaskView> {
        let _ = id;
        todo!()
    }

    /// Returns all tasks, newest first.
    pub fn list(&self) -> Vec<TaskView> {
        todo!()
    }

    /// Returns how many there are.
    pub fn counts(&self) -> TaskCounts {
        todo!()
    }

    /// Returns a task as it is now, and every event of it from now on. The receiver may lag: then it asks again.
    pub fn follow(&self, id: &str) -> Option<(TaskView, broadcast::Receiver<TaskEvent>)> {
        let _ = id;
        todo!()
    }

    /// Waits until no task is unfinished.
    pub async fn idle(&self) {
        todo!()
    }

    /// Cancels everything unfinished, each with its terminal event.
    pub async fn cancel_all(&self, why: &str) {
        let _ = why;
        todo!()
    }
}
