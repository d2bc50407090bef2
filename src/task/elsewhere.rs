//! What other members of a cluster tell of their tasks: the latest event of each, for newcomers.

use std::{
    collections::VecDeque,
    sync::{MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{TaskEvent, TaskService, inner::Inner};
use crate::event::Event;

/// Tasks of other members that are remembered.
const REMEMBERED: usize = 1000;
/// A task of which nothing was heard for so long may be that of a member that is not there any more: the log of events
/// goes back no further either.
const SILENT: Duration = Duration::from_secs(3600);

/// The latest event of each task, oldest task first.
#[derive(Debug, Default)]
pub(super) struct Elsewhere(VecDeque<Heard>);

#[derive(Debug)]
struct Heard {
    event: TaskEvent,
    at: Instant,
}

impl Elsewhere {
    /// Notes what a member tells.
    fn hear(&mut self, event: TaskEvent) {
        let heard = Heard { event, at: Instant::now() };
        match self.0.iter_mut().find(|known| known.event.task_id == heard.event.task_id) {
            Some(known) => *known = heard,
            None => self.0.push_back(heard),
        }
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    /// Forgets ends, and what was heard of tasks that went on, that are older than that. Returns how many.
    fn sweep(&mut self, now: Instant, ended: Duration) -> usize {
        let all = self.0.len();
        self.0.retain(|heard| {
            let kept = if heard.event.event_type.is_terminal() { ended } else { SILENT };
            now.duration_since(heard.at) <= kept
        });
        all - self.0.len()
    }

    fn all(&self) -> Vec<TaskEvent> {
        self.0.iter().map(|heard| heard.event.clone()).collect()
    }
}

impl TaskService {
    /// Notes what another member of the cluster tells of a task. To be called where its event has its place.
    pub(crate) fn hear(&self, event: &Event) {
        let Ok(told) = serde_json::from_str(event.data.as_str()) else { return };
        self.inner.elsewhere().hear(told);
        self.inner.changed();
    }
}

impl Inner {
    /// Returns what other members have told.
    pub(super) fn told_elsewhere(&self) -> Vec<TaskEvent> {
        self.elsewhere().all()
    }

    /// Forgets ends that were told long ago.
    pub(super) fn sweep_elsewhere(&self, now: Instant) {
        if self.elsewhere().sweep(now, self.keep_finished) > 0 {
            self.changed();
        }
    }

    fn elsewhere(&self) -> MutexGuard<'_, Elsewhere> {
        self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
