//! What becomes of the tasks of an earlier run, and of those that have long ended.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Owner, TaskView,
    entry::{Entry, Lease},
    inner::Inner,
    state::{Outcome, State},
};
use crate::{
    lifecycle::Phase,
    store::{self, Change, StoreError, Table},
};

/// How long the world has to come back after a restart: reporters to go on with their tasks, browsers to hear
/// of those that did not survive.
const RETURN: Duration = Duration::from_secs(15);
/// What a task fails with that did not survive.
const RESTARTED: &str = "daemon restarted";

impl Inner {
    /// Takes over the tasks of the last run. Reporters may go on; what ran here has failed, which is told when
    /// browsers have had the time to come back.
    pub(super) fn restore(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut views = Vec::new();
        for (key, bytes) in self.store.load(Table::Tasks)? {
            views.push(store::decode::<TaskView>(Table::Tasks, &key, &bytes)?);
        }
        views.sort_by_key(|view| view.ended_at.unwrap_or(view.created_at));
        let now = self.clock.now();
        for view in views {
            match (view.status.is_terminal(), view.owner) {
                (true, _) => self.restore_ended(view, now),
                (false, Owner::Reporter) => self.restore_reported(view, now),
                (false, Owner::Builtin) => self.restore_lost(view),
            }
        }
        self.count();
        Ok(())
    }

    fn restore_ended(&self, view: TaskView, now: Timestamp) {
        let ended = view.ended_at.unwrap_or(view.created_at);
        let age = Duration::try_from(now.duration_since(ended)).unwrap_or_default();
        let mut book = self.book();
        let entry = Arc::new(Entry::new(State::restored(view), None, book.next_number()));
        book.restore_ended(&entry, Instant::now() + self.keep_finished.saturating_sub(age));
    }

    fn restore_reported(self: &Arc<Self>, view: TaskView, now: Timestamp) {
        let lease = Lease { until: Instant::now() + RETURN, loss: RESTARTED };
        let mut state = State::restored(view);
        // Its creation was stored before it started. Who listened then does not any more.
        let _ = state.start(now);
        let entry = self.restore_open(state, Some(lease));
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
            // Not before the shutdown has begun to wait for it, and not long after the start.
            let _ = tokio::time::timeout(RETURN, inner.lifecycle.reached(Phase::Draining)).await;
            inner.settle(&entry, event, None).await;
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
                let old = inner.book().sweep(Instant::now());
                if old.is_empty() {
                    continue;
                }
                let batch = old.iter().map(|id| Change::Remove(Table::Tasks, id.to_string())).collect();
                if let Err(error) = inner.store.commit(batch).await {
                    tracing::debug!(%error, "old tasks stay in the store until the next start");
                }
            }
        });
    }
}
