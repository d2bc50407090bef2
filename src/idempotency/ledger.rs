//! Which keys are taken, kept or to be forgotten; without store and clock.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::watch, time::Instant};

use crate::key;

/// How long a receipt is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long that of a key is which a client generated, at least: whoever saw it printed repeats it soon or never.
const KEPT_GENERATED: Duration = Duration::from_secs(3600);

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
    /// It was, or is being, used with another body, and got this receipt.
    Other(Option<Value>),
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
    /// Kept keys in the order in which they may go: those that people gave, those that clients generated, and
    /// those that were generated here.
    given: VecDeque<String>,
    of_clients: VecDeque<String>,
    own: VecDeque<String>,
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
            of_clients: VecDeque::new(),
            own: VecDeque::new(),
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
            Some(Slot::Kept { record, .. }) => return Found::Other(Some(record.receipt.clone())),
            Some(_) => return Found::Other(None),
            None => {}
        }
        if self.slots.len() >= self.room(key) && !self.make_room(now, at) {
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

    /// Keeps a receipt that another daemon gave. False, and nothing changed, if the key is known here, or there is no
    /// room.
    #[cfg(feature = "nats")]
    pub(super) fn hear(&mut self, key: &str, record: Record) -> bool {
        let is_new = !self.slots.contains_key(key) && self.slots.len() < self.room(key);
        if is_new {
            self.insert(key, record, Some(Instant::now()));
        }
        is_new
    }

    /// Returns all receipts, by their names.
    #[cfg(feature = "nats")]
    pub(super) fn kept(&self) -> impl Iterator<Item = (&str, &Record)> {
        self.slots.iter().filter_map(|(name, slot)| match slot {
            Slot::Kept { record, .. } => Some((name.as_str(), record)),
            Slot::Taken { .. } | Slot::Unknown { .. } => None,
        })
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
        let (_, name) = parts(key);
        let queue = if record.generated {
            &mut self.own
        } else if name.starts_with(key::GENERATED) {
            &mut self.of_clients
        } else {
            &mut self.given
        };
        queue.push_back(key.to_owned());
        self.slots.insert(key.to_owned(), Slot::Kept { record, since });
    }

    fn sweep(&mut self, now: Timestamp, at: Instant) {
        for queue in [&mut self.given, &mut self.of_clients, &mut self.own] {
            while let Some(key) = queue.front() {
                match self.slots.get(key) {
                    Some(Slot::Kept { record, since }) if is_old(record, *since, KEPT, now, at) => {
                        self.slots.remove(key);
                    }
                    Some(Slot::Kept { .. }) => break,
                    Some(Slot::Taken { .. } | Slot::Unknown { .. }) | None => {}
                }
                self.forgotten.extend(queue.pop_front());
            }
        }
    }

    /// Returns how many keys there may be before another one of this verb needs the room of an older one. What is
    /// begun leaves room for its end, both for operators, and they for the admin: nobody is shut out from below.
    fn room(&self, key: &str) -> usize {
        let reserved = match parts(key).0 {
            "version.queue" | "task.create" => self.capacity / 5,
            "task.complete" | "task.fail" => self.capacity / 10,
            verb if verb.starts_with("daemon.") => 0,
            _ => self.capacity / 20,
        };
        self.capacity - reserved
    }

    /// Forgets a key that nobody gave: one that nobody knows, or one that was printed long enough ago.
    fn make_room(&mut self, now: Timestamp, at: Instant) -> bool {
        let dispensable = self.of_clients.front().is_some_and(|key| match self.slots.get(key) {
            Some(Slot::Kept { record, since }) => is_old(record, *since, KEPT_GENERATED, now, at),
            _ => false,
        });
        let of_client = || if dispensable { self.of_clients.pop_front() } else { None };
        let Some(key) = self.own.pop_front().or_else(of_client) else { return false };
        self.slots.remove(&key);
        self.forgotten.push(key);
        true
    }
}

/// Returns the verb and the key that a record's name is made of.
fn parts(record_key: &str) -> (&str, &str) {
    let mut parts = record_key.splitn(3, '/').skip(1);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Both clocks must say so: a wall clock that jumps ahead makes nothing of this run old.
fn is_old(record: &Record, since: Option<Instant>, kept: Duration, now: Timestamp, at: Instant) -> bool {
    let age = Duration::try_from(now.duration_since(record.at)).unwrap_or_default();
    age >= kept && since.is_none_or(|since| at.duration_since(since) >= kept)
}
