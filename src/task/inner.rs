//! What happens to a task, one step at a time: state first, then store, then wire.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    time::{Instant, timeout},
};

use super::{
    Builtins, TaskEvent, TaskView,
    book::Book,
    entry::{Entry, Lease},
    state::Outcome,
};
use crate::{
    audience::Audience,
    clock::SharedClock,
    delivery::Dispatcher,
    event::{Event, Held, Kind},
    idempotency::{Receipts, Ticket},
    lifecycle::Lifecycle,
    metrics::Metrics,
    store::{self, Batch, Change, Store, StoreError, Table},
};

/// What a silent reporter's task fails with.
pub(super) const REPORTER_LOST: &str = "reporter lost";

/// How long an end is kept from who asks here while the other members of a cluster cannot be told.
const UNSEEN: Duration = Duration::from_secs(1);

/// The service's parts.
pub(super) struct Inner {
    pub(super) book: Mutex<Book>,
    #[cfg(feature = "nats")]
    pub(super) elsewhere: Mutex<super::elsewhere::Elsewhere>,
    /// How many tasks have not sent their terminal event.
    pub(super) open: watch::Sender<usize>,
    /// Grows after whatever newcomers are to know.
    pub(super) revision: AtomicU64,
    pub(super) builtins: Builtins,
    pub(super) timeout: Duration,
    pub(super) keep_finished: Duration,
    pub(super) lease: Duration,
    pub(super) store: Arc<dyn Store>,
    pub(super) receipts: Arc<Receipts>,
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) lifecycle: Lifecycle,
    pub(super) clock: SharedClock,
    pub(super) metrics: Arc<Metrics>,
}

impl Inner {
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what other members of a cluster have told: there are none.
    #[cfg(not(feature = "nats"))]
    pub(super) fn told_elsewhere(&self) -> Vec<TaskEvent> {
        Vec::new()
    }

    /// Starts a task and says so. False if it has ended before.
    pub(super) async fn start(&self, entry: &Entry) -> bool {
        let turn = entry.turn.lock().await;
        let started = self.start_in_turn(entry).await;
        drop(turn);
        started
    }

    /// The caller holds the task's turn.
    pub(super) async fn start_in_turn(&self, entry: &Entry) -> bool {
        let event = entry.live().state.start(self.clock.now());
        let Some(event) = event else { return false };
        self.count();
        self.tell(entry, &event).await;
        true
    }

    /// Notes progress and tells of it. False if the task does not run.
    pub(super) async fn progress(&self, entry: &Entry, text: Option<String>, value: Option<f64>) -> bool {
        let turn = entry.turn.lock().await;
        let event = entry.live().state.progress(text, value, self.clock.now());
        if let Some(event) = &event {
            self.tell(entry, event).await;
        }
        drop(turn);
        event.is_some()
    }

    /// Ends a task, unless it has ended.
    pub(super) async fn end(&self, entry: &Entry, outcome: Outcome) {
        if let Some(event) = entry.end(outcome, self.clock.now()) {
            self.settle(entry, event).await;
        }
    }

    /// Stores the end and sends the terminal event, whether or not that went well. To be run where nobody can cut it
    /// off.
    pub(super) async fn settle(&self, entry: &Entry, event: TaskEvent) {
        let view = entry.live().state.view().clone();
        self.store_end(entry, None).await;
        self.conclude(entry, &event).await;
        tracing::info!(task = %entry.id, name = view.name, status = view.status.label(),
            error = view.error, "task ended");
    }

    /// Sends the terminal event of a task whose end was stored, or could not be.
    pub(super) async fn conclude(&self, entry: &Entry, event: &TaskEvent) {
        let turn = entry.turn.lock().await;
        self.tell_end(entry, event).await;
        entry.settle(event);
        drop(turn);
        self.book().settle(entry, Instant::now() + self.keep_finished);
        self.changed();
        self.metrics.task_ended(entry.live().state.view().status.label());
        self.count();
        self.open.send_modify(|open| *open -= 1);
    }

    /// Stores an end, with its receipt if there is one. Returns whether that went well.
    pub(super) async fn store_end(&self, entry: &Entry, receipt: Option<Keyed<'_, '_>>) -> bool {
        let _turn = entry.turn.lock().await;
        let view = entry.live().state.view().clone();
        let stored = self.try_to_store_end(&view, receipt).await;
        if let Err(error) = &stored {
            tracing::error!(task = %entry.id, %error, "the end of a task could not be stored");
        }
        stored.is_ok()
    }

    async fn try_to_store_end(
        &self,
        view: &TaskView,
        receipt: Option<Keyed<'_, '_>>,
    ) -> Result<(), StoreError> {
        let mut batch = put(view)?;
        batch.push(Change::Put(Table::Untold, view.task_id.clone(), store::encode(&())?));
        match receipt {
            Some(Keyed { ticket, receipt }) => ticket.commit(receipt, batch).await,
            None => self.store.commit(batch).await,
        }
    }

    /// Tells everyone of an end. It counts as untold until nobody has to send its event any more: after a crash
    /// before that it is told again.
    pub(super) async fn tell_end(&self, entry: &Entry, end: &TaskEvent) {
        let (held, sent) = oneshot::channel::<Infallible>();
        let event = Event { kind: Kind::TaskEnd(Held::new(held)), ..end.to_event() };
        let show = || {
            entry.show_end();
            self.changed();
        };
        let mut telling = pin!(self.dispatcher.dispatch_and(&Audience::Everyone, event, show));
        let told = match timeout(UNSEEN, &mut telling).await {
            Ok(told) => told,
            Err(_) => {
                entry.reveal_end(end);
                telling.await
            }
        };
        if told.is_err() {
            // The daemon ends before the others can be told: the next start does.
            return show();
        }
        let (store, id) = (Arc::clone(&self.store), entry.id.to_string());
        self.lifecycle.spawn(async move {
            let _ = sent.await;
            if let Err(error) = store.commit(vec![Change::Remove(Table::Untold, id)]).await {
                tracing::debug!(%error, "the end of a task will be told again after the next start");
            }
        });
    }

    async fn tell(&self, entry: &Entry, event: &TaskEvent) {
        // Not before: who comes until then hears of it with everyone.
        let say = || {
            entry.say(event.clone(), self.clock.now());
            self.changed();
        };
        if self.dispatcher.dispatch_and(&Audience::Everyone, event.to_event(), say).await.is_err() {
            say();
        }
        entry.tell_followers(event);
    }

    /// Notes that newcomers are to know something else.
    pub(super) fn changed(&self) {
        self.revision.fetch_add(1, Ordering::Release);
    }

    /// Brings the metrics up to date.
    pub(super) fn count(&self) {
        let counts = self.book().counts();
        self.metrics.tasks_now(counts.pending, counts.running);
    }

    /// Waits for the reporter of a task to fall silent.
    pub(super) fn guard(self: &Arc<Self>, entry: &Arc<Entry>) {
        let (inner, entry) = (Arc::clone(self), Arc::clone(entry));
        let closing = self.lifecycle.closing();
        self.lifecycle.spawn(async move {
            loop {
                let Some(Lease { until, .. }) = entry.live().lease else { return };
                tokio::select! {
                    () = entry.over.cancelled() => return,
                    () = closing.cancelled() => return,
                    () = tokio::time::sleep_until(until) => {}
                }
                if let Some(event) = inner.lose(&entry) {
                    inner.settle(&entry, event).await;
                    return;
                }
            }
        });
    }

    /// Ends a task whose lease is over. A report that came in time has prolonged it under the same lock.
    pub(super) fn lose(&self, entry: &Entry) -> Option<TaskEvent> {
        let event = {
            let mut live = entry.live();
            let lease = live.lease.filter(|lease| lease.until <= Instant::now())?;
            live.end(Outcome::Failed(lease.loss.to_owned()), self.clock.now())?
        };
        entry.over.cancel();
        Some(event)
    }
}

/// A receipt to be committed with the end of a task.
pub(super) struct Keyed<'a, 't> {
    pub(super) ticket: &'a mut Ticket<'t>,
    pub(super) receipt: &'a super::TaskReceipt,
}

pub(super) fn put(view: &TaskView) -> Result<Batch, StoreError> {
    Ok(vec![Change::Put(Table::Tasks, view.task_id.clone(), store::encode(view)?)])
}

/// Returns what forgets a task: its end, too, of which somebody may not have heard.
pub(super) fn removal(id: &str) -> [Change; 2] {
    [Table::Tasks, Table::Untold].map(|table| Change::Remove(table, id.to_owned()))
}
