//! A task as the service holds it: its state, its lease, its turn to speak, its followers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{sync::broadcast, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{TaskEvent, TaskView, state::State};

/// Events that may wait for a follower before it lags.
const FOLLOWED_EVENTS: usize = 32;

/// How long a reporter may be silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) until: Instant,
    /// What the task fails with when nothing was heard until then.
    pub(super) loss: &'static str,
}

/// What changes in an entry. Locked for moments only.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) state: State,
    /// Of a reporter's task.
    pub(super) lease: Option<Lease>,
    /// Its terminal event was sent.
    pub(super) settled: bool,
    followers: Option<broadcast::Sender<TaskEvent>>,
}

/// A task.
pub(super) struct Entry {
    pub(super) id: Arc<str>,
    /// In the order of creation.
    pub(super) number: u64,
    /// Held while one of its events is stored or sent: the only lock that is held across an await, so that its
    /// events leave in the order in which they happened. Who only looks never takes it.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Cancelled when the task has ended: whatever runs or waits for it stops.
    pub(super) over: CancellationToken,
    live: Mutex<Live>,
}

impl Entry {
    pub(super) fn new(state: State, lease: Option<Lease>, number: u64) -> Self {
        let over = CancellationToken::new();
        let settled = state.is_terminal();
        if settled {
            over.cancel();
        }
        let followers = (!settled).then(|| broadcast::Sender::new(FOLLOWED_EVENTS));
        let id = state.view().task_id.as_str().into();
        let live = Mutex::new(Live { state, lease, settled, followers });
        Self { id, number, turn: tokio::sync::Mutex::new(()), over, live }
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view(&self) -> TaskView {
        self.live().state.view().clone()
    }

    /// Returns the task as it is, and what is said about it from now on.
    pub(super) fn follow(&self) -> (TaskView, broadcast::Receiver<TaskEvent>) {
        let live = self.live();
        let closed = || broadcast::Sender::new(1).subscribe();
        let events = live.followers.as_ref().map_or_else(closed, broadcast::Sender::subscribe);
        (live.state.view().clone(), events)
    }

    /// Tells the followers; a terminal event is the last one.
    pub(super) fn tell_followers(&self, event: &TaskEvent) {
        let mut live = self.live();
        if let Some(followers) = &live.followers {
            // An error says that nobody follows.
            let _ = followers.send(event.clone());
        }
        if event.event_type.is_terminal() {
            live.followers = None;
        }
    }
}
