//! Phases of the daemon's life, and the tasks it must see end.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

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

/// How soon the daemon is to stop. Only ever gets more urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not at all.
    No,
    /// After running tasks have ended, within the grace.
    Gracefully,
    /// As soon as streams are closed.
    Now,
}

/// Refused because the daemon is shutting down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the daemon is shutting down")]
pub struct ShuttingDown;

/// Why no new stream is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// The daemon is shutting down.
    ForGood,
    /// It is drained, and goes on.
    Drained,
}

/// The daemon's phase, and its tracked tasks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    phase: watch::Sender<Phase>,
    stop: watch::Sender<Stop>,
    tracker: TaskTracker,
    closing: CancellationToken,
    closed: CancellationToken,
    shut_out: Arc<AtomicBool>,
    runtime: tokio::runtime::Handle,
}

impl Lifecycle {
    /// Returns a lifecycle that is starting, on the present tokio runtime.
    pub fn new() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Starting),
            stop: watch::Sender::new(Stop::No),
            tracker: TaskTracker::new(),
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
            shut_out: Arc::default(),
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
        if moved && to >= Phase::Closed {
            self.closed.cancel();
        }
        moved
    }

    /// Waits until the phase is this or a later one.
    pub async fn reached(&self, phase: Phase) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// Asks the daemon to stop: the first request gracefully, every further one now.
    pub fn request_stop(&self) {
        self.stop.send_modify(|stop| *stop = if *stop == Stop::No { Stop::Gracefully } else { Stop::Now });
    }

    /// Waits until somebody asks for this stop, or a more urgent one.
    pub async fn stop_requested(&self, stop: Stop) {
        let _ = self.stop.subscribe().wait_for(|asked| *asked >= stop).await;
    }

    /// Refuses once the shutdown began.
    pub fn accepting(&self) -> Result<(), ShuttingDown> {
        if self.phase() >= Phase::Draining { Err(ShuttingDown) } else { Ok(()) }
    }

    /// Lets no new streams in, while the daemon goes on.
    pub fn shut_out(&self) {
        self.shut_out.store(true, Ordering::SeqCst);
    }

    /// Lets new streams in again.
    pub fn let_in(&self) {
        self.shut_out.store(false, Ordering::SeqCst);
    }

    /// Fails while no new streams are let in.
    pub fn admits(&self) -> Result<(), Shut> {
        self.accepting().map_err(|ShuttingDown| Shut::ForGood)?;
        if self.shut_out.load(Ordering::SeqCst) { Err(Shut::Drained) } else { Ok(()) }
    }

    /// Returns a token that is cancelled when streams are to end.
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Returns a token that is cancelled when nothing is served any more.
    pub fn closed(&self) -> CancellationToken {
        self.closed.clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn phases_move_forward_only() {
        let lifecycle = Lifecycle::new();
        assert!(lifecycle.advance(Phase::Ready));
        assert_eq!(lifecycle.accepting(), Ok(()));
        assert!(lifecycle.advance(Phase::Draining));
        assert!(!lifecycle.advance(Phase::Ready), "never backward");
        assert_eq!(lifecycle.accepting(), Err(ShuttingDown));
        assert!(!lifecycle.closing().is_cancelled());
        lifecycle.advance(Phase::Closing);
        assert!(lifecycle.closing().is_cancelled());
    }

    #[tokio::test]
    async fn sh_5_bug_s2_a_second_request_is_more_urgent() {
        let lifecycle = Lifecycle::new();
        lifecycle.request_stop();
        lifecycle.stop_requested(Stop::Gracefully).await;
        let hurried = tokio::time::timeout(Duration::ZERO, lifecycle.stop_requested(Stop::Now)).await;
        assert!(hurried.is_err(), "one request is not urgent");
        lifecycle.request_stop();
        lifecycle.stop_requested(Stop::Now).await;
    }

    #[tokio::test(start_paused = true)]
    async fn bug_s1_a_task_that_does_not_end_does_not_hold_up_the_end() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn(std::future::pending::<()>());
        assert!(!lifecycle.finish(Duration::from_secs(30)).await);
    }
}
