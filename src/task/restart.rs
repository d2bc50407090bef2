//! What becomes of the tasks of an earlier run, and of those that have long ended.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Owner, TaskEvent, TaskView,
    entry::{Entry, Lease},
    inner::{Inner, removal},
    state::{self, Outcome, State},
};
use crate::{
    lifecycle::Phase,
    store::{self, StoreError, Table},
};

/// How long the world has to come back after a restart: reporters to go on with their tasks, browsers to hear
/// of those that did not survive.
const RETURN: Duration = Duration::from_secs(15);
/// What a task fails with that did not survive.
const RESTARTED: &str = "daemon restarted";

impl Inner {
    /// Takes over the tasks of the last run. Reporters may go on; what ran here has failed, which is told when
    /// browsers have had the time to come back. So is an end of which some may not have heard before the crash.
    pub(super) fn restore(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut views = Vec::new();
        for (key, bytes) in self.store.load(Table::Tasks)? {
            views.push(store::decode::<TaskView>(Table::Tasks, &key, &bytes)?);
        }
        let untold: HashSet<String> = self.store.load(Table::Untold)?.into_iter().map(|(id, _)| id).collect();
        views.sort_by_key(|view| view.ended_at.unwrap_or(view.created_at));
        let now = self.clock.now();
        for view in views {
            match (state::end_of(&view), view.owner) {
                (Some(end), _) => {
                    let end = Some(end).filter(|_| untold.contains(&view.task_id));
                    let entry = self.restore_ended(view, now);
                    if let Some(end) = end {
                        self.retell(entry, end);
                    }
                }
                (None, Owner::Reporter) => self.restore_reported(view, now),
                (None, Owner::Builtin) => self.restore_lost(view),
            }
        }
        self.count();
        Ok(())
    }

    fn restore_ended(&self, view: TaskView, now: Timestamp) -> Arc<Entry> {
        let ended = view.ended_at.unwrap_or(view.created_at);
        let age = Duration::try_from(now.duration_since(ended)).unwrap_or_default();
        let mut book = self.book();
        let entry = Arc::new(Entry::new(State::restored(view), None, book.next_number()));
        book.restore_ended(&entry, Instant::now() + self.keep_finished.saturating_sub(age));
        entry
    }

    /// Tells of an end of the last run once more. The shutdown waits for it.
    fn retell(self: &Arc<Self>, entry: Arc<Entry>, end: TaskEvent) {
        entry.hide_end();
        self.open.send_modify(|open| *open += 1);
        let inner = Arc::clone(self);
        self.lifecycle.spawn(async move {
            inner.return_of_browsers().await;
            inner.tell_end(&entry, &end).await;
            inner.open.send_modify(|open| *open -= 1);
        });
    }

    /// Waits until browsers have had the time to come back, but not into the shutdown, which waits for what is
    /// told then. Where all streams are new, none is waited for: what they begin with has it.
    async fn return_of_browsers(&self) {
        if !self.dispatcher.outlives_runs() {
            return;
        }
        let _ = tokio::time::timeout(RETURN, self.lifecycle.reached(Phase::Draining)).await;
    }

    fn restore_reported(self: &Arc<Self>, view: TaskView, now: Timestamp) {
        let lease = Lease { until: Instant::now() + RETURN, loss: RESTARTED };
        let mut state = State::restored(view);
        // Its creation was stored before it started. Who listened then does not any more.
        let started = state.start(now);
        let entry = self.restore_open(state, Some(lease));
        if let Some(started) = started {
            entry.say(started, now);
        }
        self.guard(&entry);
    }

    fn restore_lost(self: &Arc<Self>, view: TaskView) {
        let entry = self.restore_open(State::restored(view), None);
        // Not running any more, whoever looks; browsers are told when they have come back.
        let event = entry.live().state.end(Outcome::Failed(RESTARTED.to_owned()), self.clock.now());
        let Some(event) = event else { return };
        entry.over.cancel();
        let inner = Arc::clone(self);
        self.lifecycle.spawn(async move {
            inner.return_of_browsers().await;
            inner.settle(&entry, event).await;
        });
    }

    fn restore_open(&self, state: State, lease: Option<Lease>) -> Arc<Entry> {
        let mut book = self.book();
        let entry = Arc::new(Entry::new(state, lease, book.next_number()));
        book.insert(&entry);
        self.open.send_modify(|open| *open += 1);
        entry
    }

    /// Forgets ended tasks in time, until the daemon ends.
    pub(super) fn sweep_regularly(self: &Arc<Self>) {
        let every = (self.keep_finished / 10).clamp(Duration::from_secs(1), Duration::from_secs(60));
        let inner = Arc::clone(self);
        let closing = self.lifecycle.closing();
        self.lifecycle.spawn(async move {
            while tokio::time::timeout(every, closing.cancelled()).await.is_err() {
                let now = Instant::now();
                #[cfg(feature = "nats")]
                inner.sweep_elsewhere(now);
                let old = inner.book().sweep(now);
                if old.is_empty() {
                    continue;
                }
                inner.changed();
                let batch = old.iter().flat_map(|id| removal(id)).collect();
                if let Err(error) = inner.store.commit(batch).await {
                    tracing::debug!(%error, "old tasks stay in the store until the next start");
                }
            }
        });
    }
}
