//! Runs built-in tasks, keeps the leases of reporters, and sees to it that every task ends exactly once.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use tokio::sync::{broadcast, watch};

use super::{
    CreateTask, EndTask, ReportProgress, TaskCounts, TaskEvent, TaskReceipt, TaskView, book::Book,
    hold::HeldTask, inner::Inner, orders::End, state::Outcome,
};
use crate::{
    clock::SharedClock,
    config::TasksConfig,
    connection::Connection,
    delivery::{Dispatcher, TooLarge, Unplaced},
    event::Event,
    idempotency::{Mandate, ReceiptError, Receipts},
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
    #[error("there is no built-in task {0}")]
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
    /// The key is not acceptable, or its receipt was not kept.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The shutdown began.
    #[error(transparent)]
    ShuttingDown(#[from] ShuttingDown),
    /// There are too many unfinished tasks.
    #[error("{0} tasks are unfinished, the most that are kept")]
    Full(usize),
    /// The cluster cannot be told.
    #[error(transparent)]
    Unplaced(#[from] Unplaced),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether there are built-in tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtins {
    /// `demo` and `failing` can be started.
    On,
    /// There are none.
    Off,
}

/// Unfinished tasks at most.
const MAX_UNFINISHED: usize = 1000;
/// Ended tasks that are listed at most, however young.
const MAX_ENDED: usize = 1000;

/// Knows every unfinished and recently finished task.
pub struct TaskService {
    pub(super) inner: Arc<Inner>,
}

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
        let inner = Arc::new(Inner {
            book: Mutex::new(Book::new(config.max_running, MAX_UNFINISHED, MAX_ENDED)),
            #[cfg(feature = "nats")]
            elsewhere: Mutex::default(),
            open: watch::Sender::new(0),
            revision: AtomicU64::new(0),
            builtins,
            timeout: config.timeout,
            keep_finished: config.keep_finished,
            lease: config.lease,
            store,
            receipts,
            dispatcher,
            lifecycle,
            clock,
            metrics,
        });
        inner.restore()?;
        inner.sweep_regularly();
        Ok(Arc::new(Self { inner }))
    }

    /// Starts a builtin, or creates a task that the caller reports.
    pub async fn create(&self, by: impl Into<Mandate>, order: CreateTask) -> Result<TaskReceipt, TaskError> {
        let by = by.into();
        self.apart(|inner| async move { inner.create(by, order).await }).await
    }

    /// Takes a reporter's progress, which renews its lease.
    pub async fn progress(&self, id: &str, report: ReportProgress) -> Result<TaskView, TaskError> {
        let id = id.to_owned();
        self.apart(|inner| async move { inner.report(&id, report).await }).await
    }

    /// Ends a reporter's task well.
    pub async fn complete(
        &self,
        by: impl Into<Mandate>,
        id: &str,
        order: EndTask,
    ) -> Result<TaskReceipt, TaskError> {
        self.finish(by.into(), id, End::Complete, order).await
    }

    /// Ends a reporter's task badly.
    pub async fn fail(
        &self,
        by: impl Into<Mandate>,
        id: &str,
        order: EndTask,
    ) -> Result<TaskReceipt, TaskError> {
        self.finish(by.into(), id, End::Fail, order).await
    }

    /// Cancels an unfinished task of either owner: cancelled at once, one terminal event.
    pub async fn cancel(
        &self,
        by: impl Into<Mandate>,
        id: &str,
        order: EndTask,
    ) -> Result<TaskReceipt, TaskError> {
        self.finish(by.into(), id, End::Cancel, order).await
    }

    async fn finish(
        &self,
        by: Mandate,
        id: &str,
        end: End,
        order: EndTask,
    ) -> Result<TaskReceipt, TaskError> {
        let id = id.to_owned();
        self.apart(|inner| async move { inner.finish(by, &id, end, order).await }).await
    }

    /// Forgets a finished task.
    pub async fn remove(
        &self,
        by: impl Into<Mandate>,
        id: &str,
        key: Option<String>,
    ) -> Result<TaskReceipt, TaskError> {
        let (by, id) = (by.into(), id.to_owned());
        self.apart(|inner| async move { inner.remove(by, &id, key).await }).await
    }

    /// Returns a task.
    pub fn show(&self, id: &str) -> Option<TaskView> {
        self.inner.book().find(id).map(|entry| entry.view())
    }

    /// Returns all tasks, newest first.
    pub fn list(&self) -> Vec<TaskView> {
        let all = self.inner.book().all();
        all.iter().map(|entry| entry.view()).collect()
    }

    /// Returns the latest event of each task that there is, for newcomers; those of the oldest tasks first.
    pub fn known(&self) -> Vec<Event> {
        let all = self.inner.book().all();
        let own = all.iter().rev().filter_map(|entry| entry.live().known());
        own.chain(self.inner.told_elsewhere()).map(|event| event.to_event()).collect()
    }

    /// Returns a number that changes whenever [`TaskService::known`] does.
    pub fn revision(&self) -> u64 {
        self.inner.revision.load(Ordering::Acquire)
    }

    /// Returns how many there are.
    pub fn counts(&self) -> TaskCounts {
        self.inner.book().counts()
    }

    /// Returns a task as it is now, and every event of it from now on. The receiver may lag: then it asks again.
    pub fn follow(&self, id: &str) -> Option<(TaskView, broadcast::Receiver<TaskEvent>)> {
        self.inner.book().find(id).map(|entry| entry.follow())
    }

    /// Keeps a reporter's task for as long as what is returned lives: dropped before the task has ended, the reporter is
    /// lost at once. Renews the lease, which reports must renew further.
    pub fn hold(&self, id: &str) -> Result<HeldTask, TaskError> {
        HeldTask::take(&self.inner, id)
    }

    /// Returns how long a reporter may be silent.
    pub fn lease(&self) -> Duration {
        self.inner.lease
    }

    /// Waits until no task is unfinished.
    pub async fn idle(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.inner.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Cancels everything unfinished, each with its terminal event.
    pub async fn cancel_all(&self, why: &'static str) {
        let all = self.inner.book().all();
        let inner = Arc::clone(&self.inner);
        let cancelled = self.inner.lifecycle.spawn(async move {
            join_all(all.iter().map(async |entry| {
                // Whoever is being told that it was created is told that it started, too.
                drop(entry.turn.lock().await);
                inner.end(entry, Outcome::Cancelled(Some(why))).await;
            }))
            .await;
        });
        // An error would mean that the runtime is gone.
        let _ = cancelled.await;
        self.idle().await;
    }

    /// Runs an order where a caller who hangs up does not cut it off.
    async fn apart<T, F>(&self, order: impl FnOnce(Arc<Inner>) -> F) -> Result<T, TaskError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, TaskError>> + Send + 'static,
    {
        let order = order(Arc::clone(&self.inner));
        self.inner.lifecycle.spawn(order).await.unwrap_or(Err(TaskError::Store(StoreError::Closed)))
    }
}

/// A newcomer is told how far the running tasks are.
impl ConnectionObserver for TaskService {
    fn name(&self) -> &'static str {
        "task"
    }

    fn connected<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        async {
            let mut all = self.inner.book().all();
            all.reverse();
            for entry in all {
                // In its turn, so that nothing of the task overtakes this.
                let _turn = entry.turn.lock().await;
                let missed = entry.live().missed_by(connection.connected_at);
                if let Some(event) = missed {
                    self.inner.dispatcher.dispatch_to(Arc::clone(connection), event.to_event()).await;
                }
            }
            let goes_on = |event: &TaskEvent| !event.event_type.is_terminal();
            for event in self.inner.told_elsewhere().into_iter().filter(goes_on) {
                self.inner.dispatcher.dispatch_to(Arc::clone(connection), event.to_event()).await;
            }
            Ok(())
        }
        .boxed()
    }
}
