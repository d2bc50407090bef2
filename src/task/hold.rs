//! A reporter's stream: when it breaks off, so has the reporter.

use std::sync::Arc;

use super::{
    TaskError, TaskEvent,
    entry::Entry,
    inner::{Inner, REPORTER_LOST},
    orders::{reported_by_caller, unfinished},
    state::Outcome,
};

/// A task that its reporter holds with a stream. Dropped before the task has ended, its reporter is lost, unless another
/// stream holds it too, or the daemon itself ends the streams.
pub struct HeldTask {
    inner: Arc<Inner>,
    entry: Arc<Entry>,
}

impl HeldTask {
    pub(super) fn take(inner: &Arc<Inner>, id: &str) -> Result<Self, TaskError> {
        let entry = inner.find(id)?;
        {
            let mut live = entry.live();
            reported_by_caller(live.state.view())?;
            unfinished(live.state.view())?;
            live.lease = Some(inner.fresh_lease());
            live.holds += 1;
        }
        Ok(Self { inner: Arc::clone(inner), entry })
    }
}

impl HeldTask {
    /// Lets go. Returns the task's end if that is one.
    fn release(&self) -> Option<TaskEvent> {
        let mut live = self.entry.live();
        live.holds -= 1;
        // After a restart the reporter has time to come back.
        if live.holds > 0 || self.inner.lifecycle.closing().is_cancelled() {
            return None;
        }
        live.end(Outcome::Failed(REPORTER_LOST.to_owned()), self.inner.clock.now())
    }
}

impl Drop for HeldTask {
    fn drop(&mut self) {
        let Some(event) = self.release() else { return };
        self.entry.over.cancel();
        let (inner, entry) = (Arc::clone(&self.inner), Arc::clone(&self.entry));
        self.inner.lifecycle.spawn(async move {
            inner.settle(&entry, event, None).await;
        });
    }
}
