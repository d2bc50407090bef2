//! Runs built-in tasks, keeps the leases of reporters, and sees to it that every task ends exactly once.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::broadcast;

use super::{CreateTask, EndTask, ReportProgress, TaskCounts, TaskEvent, TaskReceipt, TaskView};
use crate::{
    clock::SharedClock,
    config::TasksConfig,
    connection::Connection,
    delivery::{Dispatcher, TooLarge},
    idempotency::{Actor, KeyConflict, ReceiptError, Receipts, TooManyKeys},
    lifecycle::{Lifecycle, ShuttingDown},
    metrics::Metrics,
    registry::{ConnectionObserver, ObserverError},
    store::{Store, StoreError},
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
    /// There are too many young idempotency keys.
    #[error(transparent)]
    TooManyKeys(#[from] TooManyKeys),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReceiptError> for TaskError {
    fn from(error: ReceiptError) -> Self {
        match error {
            ReceiptError::InvalidKey(invalid) => Self::Invalid(invalid.to_string()),
            ReceiptError::Conflict(conflict) => conflict.into(),
            ReceiptError::Full(full) => full.into(),
            ReceiptError::Store(error) => error.into(),
        }
    }
}

/// Whether there are built-in tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtins {
    /// `demo` and `failing` can be started.
    On,
    /// There are none.
    Off,
}

/// Knows every unfinished and recently finished task.
pub struct TaskService;

impl TaskService {
    /// Loads the tasks of earlier runs.
    #[expect(clippy::too_many_arguments, reason = "each is one of the parts that the app hands in")]
    pub fn load(
        config: &TasksConfig,
        builtins: Builtins,
        store: Arc<dyn Store>,
        receipts: Arc<Receipts>,
        dispatcher: Arc<Dispatcher>,
        lifecycle: Lifecycle,
        clock: SharedClock,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, StoreError> {
        let _ = (config, builtins, store, receipts, dispatcher, lifecycle, clock, metrics);
        todo!()
    }

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

/// A newcomer is told how far the running tasks are.
impl ConnectionObserver for TaskService {
    fn name(&self) -> &'static str {
        "task"
    }

    fn connected<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        let _ = connection;
        todo!()
    }
}
