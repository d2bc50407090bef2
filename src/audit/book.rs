//! The entries that are kept, and what of them is still to be written; without store and clock.

use std::collections::{BTreeMap, VecDeque};

use super::record_key;
use crate::{
    control::types::{AuditEntry, AuditOutcome},
    store::{Batch, Change, Table},
};

/// Orders that were carried out, and kept.
const DONE: usize = 10_000;
/// Refused and repeated ones.
const IN_VAIN: usize = 2_000;

/// All entries by number.
#[derive(Default)]
pub(super) struct Book {
    last: u64,
    entries: BTreeMap<u64, AuditEntry>,
    done: VecDeque<u64>,
    in_vain: VecDeque<u64>,
    /// Records to be put, or (without bytes) to be removed. Bounded, as what is kept is.
    waiting: BTreeMap<u64, Option<Vec<u8>>>,
    /// Somebody is about to write what waits.
    awaited: bool,
}

impl Book {
    /// Returns the next number.
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Keeps an entry; the oldest of its kind goes when there are too many.
    pub(super) fn enter(&mut self, entry: AuditEntry) {
        let (queue, bound) = match entry.outcome {
            AuditOutcome::Done | AuditOutcome::Unknown => (&mut self.done, DONE),
            AuditOutcome::Refused | AuditOutcome::Repeated => (&mut self.in_vain, IN_VAIN),
        };
        queue.push_back(entry.sequence);
        let oldest = if queue.len() > bound { queue.pop_front() } else { None };
        self.last = self.last.max(entry.sequence);
        self.entries.insert(entry.sequence, entry);
        if let Some(oldest) = oldest {
            self.entries.remove(&oldest);
            // What was never written need not be removed.
            if !matches!(self.waiting.remove(&oldest), Some(Some(_))) {
                self.waiting.insert(oldest, None);
            }
        }
    }

    /// Keeps a record until somebody writes.
    pub(super) fn write_later(&mut self, sequence: u64, record: Vec<u8>) {
        self.waiting.insert(sequence, Some(record));
    }

    /// Returns whether nobody was about to write what waits; now somebody is.
    pub(super) fn begin_to_wait(&mut self) -> bool {
        !std::mem::replace(&mut self.awaited, true)
    }

    /// Returns what waits, for whoever writes it now.
    pub(super) fn take_waiting(&mut self) -> Batch {
        self.awaited = false;
        let change = |(sequence, record)| match record {
            Some(bytes) => Change::Put(Table::Audit, record_key(sequence), bytes),
            None => Change::Remove(Table::Audit, record_key(sequence)),
        };
        std::mem::take(&mut self.waiting).into_iter().map(change).collect()
    }

    /// Returns the entries before this number.
    pub(super) fn newest_first(&self, before: Option<u64>) -> impl Iterator<Item = &AuditEntry> {
        self.entries.range(..before.unwrap_or(u64::MAX)).rev().map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(sequence: u64, outcome: AuditOutcome) -> AuditEntry {
        AuditEntry {
            sequence,
            at: jiff::Timestamp::UNIX_EPOCH,
            actor: "user".into(),
            uid: Some(1),
            user: None,
            pid: None,
            via: None,
            command: "version.queue".into(),
            target: "1".into(),
            key: None,
            outcome,
            reason: None,
        }
    }

    #[test]
    fn asking_in_vain_pushes_out_nothing_that_was_done() {
        let mut book = Book::default();
        for _ in 0..3 {
            let sequence = book.next();
            book.enter(entry(sequence, AuditOutcome::Done));
        }
        for _ in 0..IN_VAIN + 5 {
            let sequence = book.next();
            book.write_later(sequence, Vec::new());
            book.enter(entry(sequence, AuditOutcome::Refused));
        }
        assert_eq!(book.entries.len(), IN_VAIN + 3);
        assert_eq!(book.entries.keys().take(4).copied().collect::<Vec<_>>(), [1, 2, 3, 9]);
        assert_eq!(book.take_waiting().len(), IN_VAIN, "what is gone already is not written");
        let sequence = book.next();
        book.enter(entry(sequence, AuditOutcome::Repeated));
        assert_eq!(book.take_waiting(), [Change::Remove(Table::Audit, record_key(9))]);
    }

    #[test]
    fn what_was_done_is_bounded_too() {
        let mut book = Book::default();
        for _ in 0..DONE + 1 {
            let sequence = book.next();
            book.enter(entry(sequence, AuditOutcome::Done));
        }
        assert_eq!(
            (book.entries.len(), book.newest_first(Some(3)).next().map(|entry| entry.sequence)),
            (DONE, Some(2))
        );
    }
}
