//! What was sent of late, for browsers that come back. Written and read within the ordering point, so a browser that
//! comes back gets what it missed, and then what is sent from there on: nothing twice, nothing in between.

mod saved;

use std::{
    collections::{HashSet, VecDeque},
    iter::once,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    event_id::{Epoch, EventId},
    frame::{Content, Frame, Transfer},
};
use crate::{audience::Audience, config::Framing, delivery::Sequence, request_id::RequestId};

/// How much is kept: whatever is reached first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retention {
    /// So many events.
    pub(crate) events: usize,
    /// So many bytes of events, as they were sent.
    pub(crate) bytes: usize,
    /// For so long.
    pub(crate) age: Duration,
}

/// Why it is not known what a browser missed. Browsers read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "GapReason")]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// That was too long ago, or too much came since.
    Expired,
    /// The daemon broke off since then.
    Restarted,
    /// The id was never given.
    Unknown,
}

impl Gap {
    /// Returns the word for it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Restarted => "restarted",
            Self::Unknown => "unknown",
        }
    }
}

/// The events of late.
pub(crate) struct History {
    /// The form of its events.
    framing: Framing,
    kept: Mutex<Kept>,
    retention: Retention,
}

struct Kept {
    /// The first part of the ids that are given now.
    epoch: Epoch,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Every event after this one is kept.
    floor: EventId,
    /// The first run of those that ended in order, each followed by the next, up to this one.
    unbroken: Epoch,
    /// The last one that was sent.
    head: EventId,
    /// The last ones of the runs before, as far as any of their events may be kept.
    heads: Vec<EventId>,
}

struct Entry {
    id: EventId,
    audience: Audience,
    frame: Arc<Frame>,
    at: Instant,
}

impl History {
    /// Returns the history that begins with an epoch.
    pub(crate) fn new(framing: Framing, epoch: Epoch, retention: Retention) -> Self {
        let start = EventId { epoch, sequence: Sequence(0) };
        let (entries, heads) = (VecDeque::new(), Vec::new());
        let kept = Kept { epoch, entries, bytes: 0, floor: start, unbroken: epoch, head: start, heads };
        Self { framing, kept: Mutex::new(kept), retention }
    }

    /// Returns the form of its events.
    pub(crate) fn framing(&self) -> Framing {
        self.framing
    }

    /// Returns the id of an event of this run.
    pub(crate) fn id(&self, sequence: Sequence) -> EventId {
        EventId { epoch: self.kept().epoch, sequence }
    }

    /// Counts on in another order, of which nothing is known up to `after`. What was kept is not comparable with what
    /// comes, or is about to be read again.
    pub(crate) fn recount(&self, epoch: u64, after: Sequence) {
        let start = EventId { epoch: Epoch(epoch), sequence: after };
        let mut kept = self.kept();
        (kept.epoch, kept.unbroken) = (start.epoch, start.epoch);
        (kept.floor, kept.head) = (start, start);
        kept.entries.clear();
        kept.heads.clear();
        kept.bytes = 0;
    }

    /// Keeps an event that goes to an audience.
    pub(crate) fn record(&self, id: EventId, audience: Audience, frame: &Frame, now: Instant) {
        let mut kept = self.kept();
        kept.head = id;
        if self.retention.events == 0 {
            kept.floor = id;
            return;
        }
        kept.bytes += size(frame);
        kept.entries.push_back(Entry { id, audience, frame: Arc::new(frame.for_later()), at: now });
        kept.shrink(self.retention, now);
    }

    /// Notes an event that is for one newcomer and is not kept.
    pub(crate) fn pass(&self, id: EventId) {
        self.kept().head = id;
    }

    /// Returns the id of the last event.
    pub(crate) fn head(&self) -> EventId {
        self.kept().head
    }

    /// Returns what a reader has missed since an event, oldest first; of each task's progress only the latest.
    pub(crate) fn since(
        &self,
        last: EventId,
        reader: &RequestId,
        now: Instant,
    ) -> Result<Vec<Arc<Frame>>, Gap> {
        let mut kept = self.kept();
        kept.shrink(self.retention, now);
        if last < kept.floor {
            let broke_off = last.epoch < kept.unbroken;
            return Err(if broke_off { Gap::Restarted } else { Gap::Expired });
        }
        if !kept.has_given(last) {
            return Err(Gap::Unknown);
        }
        let first = kept.entries.partition_point(|entry| entry.id <= last);
        let mut tasks = HashSet::new();
        let mut missed: Vec<_> = kept
            .entries
            .range(first..)
            .rev()
            .filter(|entry| entry.audience.request_id().is_none_or(|id| id == reader))
            .filter(|entry| match &entry.frame.content {
                Content::Progress(task) => tasks.insert(Arc::clone(task)),
                _ => true,
            })
            .map(|entry| Arc::clone(&entry.frame))
            .collect();
        missed.reverse();
        Ok(missed)
    }

    /// Returns a history that keeps little.
    #[cfg(test)]
    pub(crate) fn for_tests(framing: Framing) -> Self {
        let retention = Retention { events: 100, bytes: 1 << 20, age: Duration::from_secs(3600) };
        Self::new(framing, Epoch::after(None), retention)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Returns whether it is an id of this run, or of one of those before: others count by themselves.
    fn has_given(&self, id: EventId) -> bool {
        once(&self.head).chain(&self.heads).any(|head| id.epoch == head.epoch && id <= *head)
    }

    fn shrink(&mut self, to: Retention, now: Instant) {
        while let Some(oldest) = self.entries.front() {
            let old = now.saturating_duration_since(oldest.at) > to.age;
            if !old && self.entries.len() <= to.events && self.bytes <= to.bytes {
                break;
            }
            self.bytes -= size(&oldest.frame);
            self.floor = oldest.id;
            self.entries.pop_front();
        }
    }
}

fn size(frame: &Frame) -> usize {
    frame.bytes(Transfer::Chunked).len()
}

#[cfg(test)]
mod tests;
