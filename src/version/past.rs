//! The versions that were queued of late, and how far they have come; without store and clock.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;

use super::{PendingVersion, QueuedVersion, VersionState};
use crate::{
    audience::Audience,
    delivery::Reach,
    event::VersionSequence,
    store::{self, Change, StoreError, Table},
};

/// How many are remembered.
pub(super) const REMEMBERED: usize = 100;

/// The versions that were queued of late, oldest first.
#[derive(Debug, Default)]
pub(super) struct Past(VecDeque<Entry>);

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    record: QueuedVersion,
    /// How far it has come, since this run queued it.
    pub(super) reach: Option<Arc<Reach>>,
}

impl Past {
    /// Returns what earlier runs have left.
    pub(super) fn load(mut records: Vec<QueuedVersion>) -> Self {
        records.sort_by_key(|record| record.sequence);
        Self(records.into_iter().map(|record| Entry { record, reach: None }).collect())
    }

    /// Returns whether a version that is stored as pending is not: it was cleared, or one for everyone took its place,
    /// while it was being stored.
    pub(super) fn outdates(&self, version: &PendingVersion) -> bool {
        self.0.iter().any(|Entry { record, .. }| {
            (record.sequence == version.sequence && record.cleared_at.is_some())
                || (record.sequence > version.sequence && record.audience == Audience::Everyone)
        })
    }

    /// Returns the changes by which a version is remembered, and another one forgotten.
    pub(super) fn changes(&self, record: &QueuedVersion) -> Result<Vec<Change>, StoreError> {
        let too_many = (self.0.len() + 1).saturating_sub(REMEMBERED);
        let old = self.0.iter().take(too_many);
        let mut changes: Vec<_> =
            old.map(|entry| Change::Remove(Table::Versions, record_key(entry.record.sequence))).collect();
        changes.push(put(record)?);
        Ok(changes)
    }

    /// Remembers a version that is told. False if it was cleared before it could be.
    pub(super) fn enter(&mut self, record: QueuedVersion, reach: Arc<Reach>) -> bool {
        let place = self.0.partition_point(|entry| entry.record.sequence < record.sequence);
        let entry = Entry { record, reach: Some(reach) };
        match self.0.get_mut(place).filter(|known| known.record.sequence == entry.record.sequence) {
            Some(known) if known.record.cleared_at.is_some() => return false,
            Some(known) => *known = entry,
            None => self.0.insert(place, entry),
        }
        self.shrink();
        true
    }

    fn shrink(&mut self) {
        while self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    /// Remembers a version that others have queued, and told.
    #[cfg(feature = "nats")]
    pub(super) fn adopt(&mut self, record: &QueuedVersion) {
        if self.find(record.sequence).is_some() {
            return;
        }
        let place = self.0.partition_point(|entry| entry.record.sequence < record.sequence);
        self.0.insert(place, Entry { record: record.clone(), reach: None });
        self.shrink();
    }

    /// Forgets all.
    #[cfg(feature = "nats")]
    pub(super) fn abandon(&mut self) -> Vec<Change> {
        let all = self.0.drain(..);
        all.map(|entry| Change::Remove(Table::Versions, record_key(entry.record.sequence))).collect()
    }

    /// Returns whether a version was cleared.
    #[cfg(feature = "nats")]
    pub(super) fn is_cleared(&self, sequence: VersionSequence) -> bool {
        self.find(sequence).is_some_and(|entry| entry.record.cleared_at.is_some())
    }

    /// Returns whether a version is remembered, or older than all that are.
    #[cfg(feature = "nats")]
    pub(super) fn knows(&self, sequence: VersionSequence) -> bool {
        let forgotten = self.0.len() >= REMEMBERED
            && self.0.front().is_some_and(|oldest| sequence < oldest.record.sequence);
        forgotten || self.find(sequence).is_some()
    }

    /// Notes that versions were cleared. Returns the changes by which that is remembered.
    pub(super) fn cleared(
        &self,
        sequences: &[VersionSequence],
        at: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        let gone = self.0.iter().filter(|entry| sequences.contains(&entry.record.sequence));
        gone.map(|entry| put(&QueuedVersion { cleared_at: Some(at), ..entry.now() })).collect()
    }

    /// Notes that versions were cleared.
    pub(super) fn clear(&mut self, sequences: &[VersionSequence], at: Timestamp) {
        for entry in self.0.iter_mut().filter(|entry| sequences.contains(&entry.record.sequence)) {
            entry.record.cleared_at = Some(at);
        }
    }

    /// Returns the change by which it is remembered how far a version has come.
    pub(super) fn figures(&self, sequence: VersionSequence) -> Option<Change> {
        put(&self.find(sequence)?.now()).ok()
    }

    pub(super) fn find(&self, sequence: VersionSequence) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.record.sequence == sequence)
    }

    /// Returns the number of the newest one.
    pub(super) fn newest(&self) -> Option<VersionSequence> {
        self.0.back().map(|entry| entry.record.sequence)
    }

    /// Returns the newest one of this name that was not cleared.
    pub(super) fn named(&self, version: &str) -> Option<&Entry> {
        let mut newest_first = self.0.iter().rev();
        newest_first.find(|entry| entry.record.version == version && entry.record.cleared_at.is_none())
    }

    /// Returns all, newest first.
    pub(super) fn all(&self) -> Vec<QueuedVersion> {
        self.0.iter().rev().map(Entry::now).collect()
    }
}

impl Entry {
    /// Returns it with the figures of this moment.
    pub(super) fn now(&self) -> QueuedVersion {
        let known = self.reach.as_ref().and_then(|reach| reach.known());
        QueuedVersion { delivery: known.or(self.record.delivery), ..self.record.clone() }
    }
}

/// Notes what has become of versions, which are newest first.
pub(super) fn judge(versions: &mut [QueuedVersion], pending: &[PendingVersion]) {
    for place in 0..versions.len() {
        let (newer, rest) = versions.split_at_mut(place);
        let Some(version) = rest.first_mut() else { return };
        let takes_its_place = |other: &&QueuedVersion| {
            other.audience == Audience::Everyone || other.audience == version.audience
        };
        let by = newer.iter().rev().find(takes_its_place).map(|other| other.sequence);
        let is_pending = pending.iter().any(|pending| pending.sequence == version.sequence);
        (version.state, version.superseded_by) = match version.cleared_at {
            Some(_) => (VersionState::Cleared, None),
            None if is_pending => (VersionState::Pending, None),
            None => (VersionState::Superseded, by),
        };
    }
}

fn put(record: &QueuedVersion) -> Result<Change, StoreError> {
    Ok(Change::Put(Table::Versions, record_key(record.sequence), store::encode(record)?))
}

/// In the order of the numbers.
fn record_key(sequence: VersionSequence) -> String {
    format!("{:020}", sequence.0)
}
