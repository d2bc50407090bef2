//! What was dispatched of late, and what is from now on, for those who look.
//!
//! Noting an event copies a few pointers under a lock that is held for moments; who looks slowly is told how much it
//! missed, and holds up nobody.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::broadcast;

use super::Sequence;
use crate::{
    event::{Event, EventName, JsonLine, Service},
    request_id::RequestId,
};

/// Events that are remembered at most,
const RECENT: usize = 500;
/// and the bytes of their payloads.
const RECENT_BYTES: usize = 1024 * 1024;
/// Events that may wait for one who looks.
const WAITING: usize = 256;

/// An event that was dispatched.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its place in the order.
    pub sequence: Sequence,
    /// When it was dispatched.
    pub at: Instant,
    /// Its name.
    pub name: EventName,
    /// Its payload.
    pub data: JsonLine,
    /// What it was about.
    pub service: Service,
    /// Who it was for; everyone, if nobody.
    pub request_id: Option<RequestId>,
    /// How many connections were selected.
    pub connections: usize,
}

impl Told {
    pub(super) fn new(
        sequence: Sequence,
        event: &Event,
        request_id: Option<RequestId>,
        connections: usize,
    ) -> Self {
        let (name, data) = (event.name.clone(), event.data.clone());
        Self { sequence, at: Instant::now(), name, data, service: event.service(), request_id, connections }
    }
}

/// The end of the events' order.
pub(super) struct Tail {
    recent: Mutex<Recent>,
    live: broadcast::Sender<Told>,
}

#[derive(Default)]
struct Recent {
    events: VecDeque<Told>,
    bytes: usize,
    last: u64,
}

/// What somebody looks at.
pub struct Look {
    /// The number of the newest event.
    pub last: u64,
    /// Those that are remembered and were asked for.
    pub recent: VecDeque<Told>,
    /// How many of those that were asked for are remembered no more.
    pub forgotten: u64,
    /// Those from now on.
    pub live: broadcast::Receiver<Told>,
}

impl Tail {
    pub(super) fn new() -> Self {
        Self { recent: Mutex::default(), live: broadcast::Sender::new(WAITING) }
    }

    /// Returns the number of the newest event.
    pub(super) fn last(&self) -> u64 {
        self.recent().last
    }

    pub(super) fn note(&self, told: Told) {
        let mut recent = self.recent();
        if self.live.receiver_count() > 0 {
            // An error says that the last one has gone meanwhile.
            let _ = self.live.send(told.clone());
        }
        recent.last = told.sequence.0;
        recent.bytes += told.data.as_str().len();
        recent.events.push_back(told);
        while recent.events.len() > RECENT || recent.bytes > RECENT_BYTES {
            let Some(oldest) = recent.events.pop_front() else { break };
            recent.bytes -= oldest.data.as_str().len();
        }
    }

    /// Returns what is asked for: all after a number as far as it is remembered, or only what comes.
    pub(super) fn look(&self, since: Option<u64>) -> Look {
        let recent = self.recent();
        let live = self.live.subscribe();
        let since = since.unwrap_or(recent.last);
        let asked: VecDeque<_> =
            recent.events.iter().filter(|told| told.sequence.0 > since).cloned().collect();
        let forgotten = recent.last.saturating_sub(since).saturating_sub(asked.len() as u64);
        Look { last: recent.last, recent: asked, forgotten, live }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;

    fn told(sequence: u64, payload: &str) -> Told {
        let data = JsonLine::encode(payload).expect("a string");
        let event = Event { name: "test".parse().expect("a name"), data, kind: Kind::Application };
        Told::new(Sequence(sequence), &event, None, 0)
    }

    fn numbers(look: &Look) -> Vec<u64> {
        look.recent.iter().map(|told| told.sequence.0).collect()
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number_and_in_bytes() {
        let tail = Tail::new();
        (1..=1000).for_each(|number| tail.note(told(number, "x")));
        let look = tail.look(Some(0));
        assert_eq!((look.recent.len(), look.forgotten, look.last), (RECENT, 500, 1000));
        (1001..=1400).for_each(|number| tail.note(told(number, &"x".repeat(32_000))));
        let look = tail.look(Some(1000));
        assert_eq!(look.recent.len(), RECENT_BYTES / 32_002);
        assert_eq!(look.recent.len() as u64 + look.forgotten, 400);
    }

    #[test]
    fn nothing_is_twice_or_missing_between_then_and_now() {
        let tail = Tail::new();
        tail.note(told(1, "a"));
        tail.note(told(2, "b"));
        let mut look = tail.look(Some(1));
        let mut new = tail.look(None);
        tail.note(told(3, "c"));
        assert_eq!((numbers(&look), look.forgotten), (vec![2], 0));
        assert_eq!(look.live.try_recv().expect("it came").sequence, Sequence(3));
        assert!(look.live.try_recv().is_err());
        assert_eq!((numbers(&new), new.last), (vec![], 2));
        assert_eq!(new.live.try_recv().expect("it came").sequence, Sequence(3));
        assert_eq!(numbers(&tail.look(Some(99))), [] as [u64; 0], "of an earlier daemon");
    }
}
