//! Which keys are taken, kept or to be forgotten; without store and clock.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::watch, time::Instant};

/// How long a receipt is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// A receipt as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) digest: String,
    pub(super) at: Timestamp,
    #[serde(default)]
    pub(super) generated: bool,
    pub(super) receipt: Value,
}

/// What became of an attempt to take a key.
pub(super) enum Found {
    /// Nobody had it; now it is taken.
    Free,
    /// The same body got this receipt.
    Kept(Value),
    /// It was, or is being, used with another body.
    Other,
    /// The same body is under way; the channel changes or closes when that ends.
    UnderWay(watch::Receiver<()>),
    /// It was tried with the same body, and nobody knows whether that was done; this is why.
    Unknown(String),
    /// This many young keys are kept, there is no room.
    Full(usize),
}

enum Slot {
    Taken {
        digest: String,
        ended: watch::Sender<()>,
    },
    Kept {
        record: Record,
        since: Option<Instant>,
    },
    /// Until a restart, which shows what is stored.
    Unknown {
        digest: String,
        why: String,
    },
}

/// All known keys.
pub(super) struct Ledger {
    capacity: usize,
    slots: HashMap<String, Slot>,
    /// Kept keys in the order in which they may go: those that callers gave, and those that were generated.
    given: VecDeque<String>,
    generated: VecDeque<String>,
    /// Gone from memory, and not yet from the store.
    forgotten: Vec<String>,
}

impl Ledger {
    pub(super) fn new(capacity: usize, mut records: Vec<(String, Record)>) -> Self {
        records.sort_by_key(|(_, record)| record.at);
        let mut ledger = Self {
            capacity,
            slots: HashMap::with_capacity(records.len()),
            given: VecDeque::new(),
            generated: VecDeque::new(),
            forgotten: Vec::new(),
        };
        for (key, record) in records {
            ledger.insert(&key, record, None);
        }
        ledger
    }

    pub(super) fn take(&mut self, key: &str, digest: &str, now: Timestamp, at: Instant) -> Found {
        self.sweep(now, at);
        match self.slots.get(key) {
            Some(Slot::Kept { record, .. }) if record.digest == digest => {
                return Found::Kept(record.receipt.clone());
            }
            Some(Slot::Taken { digest: other, ended }) if other == digest => {
                return Found::UnderWay(ended.subscribe());
            }
            Some(Slot::Unknown { digest: other, why }) if other == digest => {
                return Found::Unknown(why.clone());
            }
            Some(_) => return Found::Other,
            None => {}
        }
        if self.slots.len() >= self.capacity && !self.make_room() {
            return Found::Full(self.slots.len());
        }
        let taken = Slot::Taken { digest: digest.to_owned(), ended: watch::Sender::new(()) };
        self.slots.insert(key.to_owned(), taken);
        Found::Free
    }

    /// Keeps the receipt of a taken key, and wakes who waits for it.
    pub(super) fn keep(&mut self, key: &str, record: Record) {
        self.slots.remove(key);
        self.insert(key, record, Some(Instant::now()));
    }

    /// Frees a taken key that got no receipt.
    pub(super) fn release(&mut self, key: &str) {
        if matches!(self.slots.get(key), Some(Slot::Taken { .. })) {
            self.slots.remove(key);
        }
    }

    /// Keeps a taken key of which nobody knows what became of it.
    pub(super) fn doubt(&mut self, key: &str, why: String) {
        if let Some(slot) = self.slots.get_mut(key)
            && let Slot::Taken { digest, .. } = slot
        {
            let digest = std::mem::take(digest);
            *slot = Slot::Unknown { digest, why };
        }
    }

    /// Returns the keys that are to be removed from the store, once.
    pub(super) fn forgotten(&mut self) -> Vec<String> {
        std::mem::take(&mut self.forgotten)
    }

    fn insert(&mut self, key: &str, record: Record, since: Option<Instant>) {
        let queue = if record.generated { &mut self.generated } else { &mut self.given };
        queue.push_back(key.to_owned());
        self.slots.insert(key.to_owned(), Slot::Kept { record, since });
    }

    fn sweep(&mut self, now: Timestamp, at: Instant) {
        for queue in [&mut self.given, &mut self.generated] {
            while let Some(key) = queue.front() {
                match self.slots.get(key) {
                    Some(Slot::Kept { record, since }) if is_old(record, *since, now, at) => {
                        self.slots.remove(key);
                    }
                    Some(Slot::Kept { .. }) => break,
                    Some(Slot::Taken { .. } | Slot::Unknown { .. }) | None => {}
                }
                self.forgotten.extend(queue.pop_front());
            }
        }
    }

    fn make_room(&mut self) -> bool {
        let Some(key) = self.generated.pop_front() else { return false };
        self.slots.remove(&key);
        self.forgotten.push(key);
        true
    }
}

/// Both clocks must say so: a wall clock that jumps ahead makes nothing of this run old.
fn is_old(record: &Record, since: Option<Instant>, now: Timestamp, at: Instant) -> bool {
    let age = Duration::try_from(now.duration_since(record.at)).unwrap_or_default();
    age >= KEPT && since.is_none_or(|since| at.duration_since(since) >= KEPT)
}
