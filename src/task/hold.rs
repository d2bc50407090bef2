//! A reporter's stream: when it breaks off, so has the reporter.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    TaskError,
    entry::{Entry, Lease},
    inner::{Inner, REPORTER_LOST},
    orders::{reported_by_caller, unfinished},
};

/// How long a reporter whose stream broke off has to say how its task ended, or to take it up again.
const BACK: Duration = Duration::from_secs(1);

/// A task that its reporter holds with a stream. Dropped before the task has ended, its reporter is lost a moment later,
/// unless another stream holds it, or the daemon itself ends the streams.
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
    /// Lets go. Returns until when the reporter may come back, if nothing else holds the task.
    fn release(&self) -> Option<Instant> {
        let mut live = self.entry.live();
        live.holds -= 1;
        // After a restart the reporter has time to come back.
        if live.holds > 0 || live.state.is_terminal() || self.inner.lifecycle.closing().is_cancelled() {
            return None;
        }
        let until = live.lease.map_or_else(Instant::now, |lease| lease.until).min(Instant::now() + BACK);
        live.lease = Some(Lease { until, loss: REPORTER_LOST });
        Some(until)
    }
}

impl Drop for HeldTask {
    fn drop(&mut self) {
        let Some(until) = self.release() else { return };
        let (inner, entry) = (Arc::clone(&self.inner), Arc::clone(&self.entry));
        let closing = self.inner.lifecycle.closing();
        self.inner.lifecycle.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = entry.over.cancelled() => return,
                () = closing.cancelled() => return,
            }
            if let Some(event) = inner.lose(&entry) {
                inner.settle(&entry, event).await;
            }
        });
    }
}
