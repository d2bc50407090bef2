//! What is pending for whom; without lock and store.

use std::collections::HashMap;

use super::PendingVersion;
use crate::{audience::Audience, event::VersionSequence, request_id::RequestId};

/// The pending versions.
#[derive(Debug, Default)]
pub(super) struct Pending {
    everyone: Option<PendingVersion>,
    by_id: HashMap<RequestId, PendingVersion>,
}

impl Pending {
    /// Makes a version pending, unless a newer one is. For everyone, it takes the place of all older ones.
    pub(super) fn put(&mut self, version: PendingVersion) {
        if !self.would_take(&version) {
            return;
        }
        match version.audience.clone() {
            Audience::One(id) => drop(self.by_id.insert(id, version)),
            Audience::Everyone => {
                self.by_id.retain(|_, known| known.sequence > version.sequence);
                self.everyone = Some(version);
            }
        }
    }

    /// Returns whether nothing newer is pending for those for whom a version is.
    pub(super) fn would_take(&self, version: &PendingVersion) -> bool {
        self.newest(version.audience.request_id()).is_none_or(|known| known.sequence < version.sequence)
    }

    /// Returns the audiences whose version gives way to another one, other than its own.
    pub(super) fn displaced_by(&self, audience: &Audience, sequence: VersionSequence) -> Vec<Audience> {
        let all = *audience == Audience::Everyone;
        let older = self.by_id.values().filter(|known| all && known.sequence < sequence);
        older.map(|known| known.audience.clone()).collect()
    }

    pub(super) fn remove(&mut self, audience: &Audience) -> bool {
        match audience {
            Audience::Everyone => self.everyone.take().is_some(),
            Audience::One(id) => self.by_id.remove(id).is_some(),
        }
    }

    /// Removes this very version, if it is pending.
    pub(super) fn take_back(&mut self, audience: &Audience, sequence: VersionSequence) {
        let newest = self.newest(audience.request_id());
        if newest.is_some_and(|known| known.sequence == sequence && known.audience == *audience) {
            self.remove(audience);
        }
    }

    pub(super) fn contains(&self, audience: &Audience) -> bool {
        match audience {
            Audience::Everyone => self.everyone.is_some(),
            Audience::One(id) => self.by_id.contains_key(id),
        }
    }

    /// Returns what an id is told: the newer of its own and everyone's.
    pub(super) fn newest(&self, id: Option<&RequestId>) -> Option<&PendingVersion> {
        let own = id.and_then(|id| self.by_id.get(id));
        own.into_iter().chain(&self.everyone).max_by_key(|version| version.sequence)
    }

    /// Returns how many are pending for single request ids.
    pub(super) fn targeted(&self) -> usize {
        self.by_id.len()
    }

    /// Returns all, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &PendingVersion> {
        self.everyone.iter().chain(self.by_id.values())
    }
}
