//! A task as the service holds it: its state, its lease, its turn to speak, its followers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::{sync::broadcast, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    TaskEvent, TaskStatus, TaskView,
    state::{Outcome, State, end_of},
};

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
    /// The last event that has its place in the order of events, and since when.
    said: Option<(Timestamp, TaskEvent)>,
    /// Of a reporter's task.
    pub(super) lease: Option<Lease>,
    /// How many streams its reporter holds it with.
    pub(super) holds: usize,
    /// Its terminal event was sent.
    pub(super) settled: bool,
    /// Its terminal event has its place in the order of events.
    shown: bool,
    /// As it was before an end of which nobody is told yet.
    before_end: Option<Box<TaskView>>,
    followers: Option<broadcast::Sender<TaskEvent>>,
}

impl Live {
    /// Returns the task as everyone sees it.
    pub(super) fn view(&self) -> &TaskView {
        self.before_end.as_deref().unwrap_or_else(|| self.state.view())
    }

    /// Returns what a newcomer is to know: how far it is, or how it ended.
    pub(super) fn known(&self) -> Option<TaskEvent> {
        if self.shown {
            end_of(self.state.view())
        } else {
            self.said.as_ref().map(|(_, event)| event.clone())
        }
    }

    /// Returns what a newcomer of this time has missed, if the task goes on.
    pub(super) fn missed_by(&self, newcomer: Timestamp) -> Option<TaskEvent> {
        let running = self.state.view().status == TaskStatus::Running;
        self.said.as_ref().filter(|(at, _)| running && *at < newcomer).map(|(_, event)| event.clone())
    }

    /// The caller cancels [`Entry::over`].
    pub(super) fn end(&mut self, outcome: Outcome, at: Timestamp) -> Option<TaskEvent> {
        // Who cancels sees it at once, whatever holds up the event.
        let before = (outcome.status() != TaskStatus::Cancelled).then(|| Box::new(self.state.view().clone()));
        let event = self.state.end(outcome, at)?;
        self.before_end = before;
        Some(event)
    }
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
    /// Cancelled when its terminal event was sent: its place is free.
    pub(super) told: CancellationToken,
    live: Mutex<Live>,
}

impl Entry {
    pub(super) fn new(state: State, lease: Option<Lease>, number: u64) -> Self {
        let (over, told) = (CancellationToken::new(), CancellationToken::new());
        let settled = state.is_terminal();
        if settled {
            over.cancel();
        }
        let followers = (!settled).then(|| broadcast::Sender::new(FOLLOWED_EVENTS));
        let id = state.view().task_id.as_str().into();
        let live = Mutex::new(Live {
            state,
            said: None,
            lease,
            holds: 0,
            settled,
            shown: settled,
            before_end: None,
            followers,
        });
        Self { id, number, turn: tokio::sync::Mutex::new(()), over, told, live }
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the task as everyone sees it.
    pub(super) fn view(&self) -> TaskView {
        self.live().view().clone()
    }

    /// Ends it, unless it has ended; which is shown when it is told. Whoever gets the event sees to that.
    pub(super) fn end(&self, outcome: Outcome, at: Timestamp) -> Option<TaskEvent> {
        let event = self.live().end(outcome, at)?;
        self.over.cancel();
        Some(event)
    }

    /// Notes what was said of it, at the moment at which that has its place.
    pub(super) fn say(&self, event: TaskEvent, at: Timestamp) {
        self.live().said = Some((at, event));
    }

    /// Lets everyone see its end.
    pub(super) fn show_end(&self) {
        let mut live = self.live();
        live.before_end = None;
        live.shown = true;
    }

    /// Lets who asks here see its end, of which browsers cannot be told yet.
    pub(super) fn reveal_end(&self, event: &TaskEvent) {
        self.live().before_end = None;
        self.tell_followers(event);
    }

    /// Notes that its end, which is an old one, is to be told once more.
    pub(super) fn hide_end(&self) {
        self.live().shown = false;
    }

    /// Notes that its terminal event was sent, and tells the followers.
    pub(super) fn settle(&self, event: &TaskEvent) {
        self.live().settled = true;
        self.tell_followers(event);
        self.told.cancel();
    }

    /// Returns the task as it is, and what is said about it from now on.
    pub(super) fn follow(&self) -> (TaskView, broadcast::Receiver<TaskEvent>) {
        let live = self.live();
        let closed = || broadcast::Sender::new(1).subscribe();
        let events = live.followers.as_ref().map_or_else(closed, broadcast::Sender::subscribe);
        (live.view().clone(), events)
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
