//! Phases of the daemon's life, and the tasks it must see end.

use std::{future::Future, time::Duration};

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where the daemon is in its life. Only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not serving yet.
    Starting,
    /// Serving.
    Ready,
    /// New work is refused by name, running tasks go on.
    Draining,
    /// Streams are being ended.
    Closing,
    /// Nothing is served any more.
    Closed,
}

/// Refused because the daemon is shutting down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the daemon is shutting down")]
pub struct ShuttingDown;

/// The daemon's phase, and its tracked tasks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    phase: watch::Sender<Phase>,
    tracker: TaskTracker,
    closing: CancellationToken,
    runtime: tokio::runtime::Handle,
}

impl Lifecycle {
    /// Returns a lifecycle that is starting, on the present tokio runtime.
    pub fn new() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Starting),
            tracker: TaskTracker::new(),
            closing: CancellationToken::new(),
            runtime: tokio::runtime::Handle::current(),
        }
    }

    /// Returns the present phase.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Moves forward to a phase; a move backward is ignored. Returns whether it moved.
    pub fn advance(&self, to: Phase) -> bool {
        let moved = self.phase.send_if_modified(|phase| {
            let forward = to > *phase;
            if forward {
                *phase = to;
            }
            forward
        });
        if moved && to >= Phase::Closing {
            self.closing.cancel();
        }
        moved
    }

    /// Waits until the phase is this or a later one.
    pub async fn reached(&self, phase: Phase) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// Refuses once the shutdown began.
    pub fn accepting(&self) -> Result<(), ShuttingDown> {
        if self.phase() >= Phase::Draining { Err(ShuttingDown) } else { Ok(()) }
    }

    /// Returns a token that is cancelled when streams are to end.
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Spawns a task that the end of the daemon waits for. May be called from any thread.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tracker.spawn_on(task, &self.runtime)
    }

    /// Waits until every spawned task has ended, at most this long. False if some have not.
    pub async fn finish(&self, limit: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}
