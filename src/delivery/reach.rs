//! How far a version has come: what became of it for each connection that was selected for it.
//!
//! A connection is accounted for once. Whoever is first to know what became of it claims it, with one operation on
//! the connection itself: the writer, when the bytes are with the kernel or with the gateway, or the registry, when
//! it leaves. What nobody has claimed is queued. So the figures always add up to those that were selected, and
//! events that nobody asks the figures of cost nothing.

use std::sync::{
    Arc, OnceLock, Weak,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

use crate::{
    connection::{CloseReason, Connection, Serial},
    event::VersionSequence,
    version::Figures,
};

/// What became of a version for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was written: the kernel has accepted it, or the gateway.
    Written,
    /// Writing it failed, or the gateway took it in no way that settles whether it was written.
    Failed,
    /// The connection took its bytes too slowly and was ended.
    Overflowed,
    /// The connection left before, or was told a newer version instead.
    Gone,
}

impl Fate {
    /// Returns what a version has come to that a connection leaves without.
    fn of_departure(reason: CloseReason) -> Self {
        match reason {
            CloseReason::SlowConsumer => Self::Overflowed,
            CloseReason::Error => Self::Failed,
            CloseReason::ClientClosed
            | CloseReason::Replaced
            | CloseReason::Disconnected
            | CloseReason::NotFound
            | CloseReason::Lifetime
            | CloseReason::Drain
            | CloseReason::Shutdown => Self::Gone,
        }
    }
}

/// Who was selected.
#[derive(Debug)]
struct Selection {
    count: usize,
    /// The newest connection that was registered then.
    last: Serial,
    /// The only one, where it is for one.
    only: Option<Serial>,
    /// The version before, where that one is still on its way.
    before: Weak<Reach>,
    before_place: u64,
}

/// How far one version has come.
#[derive(Debug)]
pub struct Reach {
    sequence: VersionSequence,
    selection: OnceLock<Selection>,
    fates: [AtomicUsize; 4],
    changed: Notify,
}

impl Reach {
    /// Returns that of a version for which nobody was selected yet.
    pub fn new(sequence: VersionSequence) -> Self {
        Self { sequence, selection: OnceLock::new(), fates: Default::default(), changed: Notify::new() }
    }

    /// Returns the version's place in the order.
    pub fn sequence(&self) -> VersionSequence {
        self.sequence
    }

    /// Returns how far it has come, once connections were selected for it.
    pub fn known(&self) -> Option<Figures> {
        self.selection.get().map(|_| self.figures())
    }

    fn figures(&self) -> Figures {
        let count = |fate: Fate| self.fates[fate as usize].load(Ordering::Acquire);
        let [written, failed, overflowed, gone] =
            [Fate::Written, Fate::Failed, Fate::Overflowed, Fate::Gone].map(count);
        let connections = self.selection.get().map_or(0, |selection| selection.count);
        let settled = written + failed + overflowed + gone;
        let queued = connections.saturating_sub(settled);
        Figures { connections, written, failed, overflowed, gone, queued }
    }

    /// Waits until the figures are as wanted, and returns them.
    pub async fn until(&self, wanted: impl Fn(&Figures) -> bool) -> Figures {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(figures) = self.known().filter(&wanted) {
                return figures;
            }
            changed.await;
        }
    }

    /// Notes what became of it for a connection, unless that is accounted for.
    pub(crate) fn settle(&self, connection: &Connection, fate: Fate) {
        if self.claim(connection) {
            self.add(fate, 1);
        }
    }

    /// Returns whether a connection is to be counted by the caller, who knows what became of it.
    pub(crate) fn claim(&self, connection: &Connection) -> bool {
        let before = connection.settle(self.sequence);
        let Some(selection) = self.selection.get() else { return false };
        if selection.before_place > before
            && let Some(older) = selection.before.upgrade()
        {
            older.skipped(connection.serial, before);
        }
        before < self.sequence.place() && selection.has(connection.serial)
    }

    /// Counts connections that were claimed.
    pub(crate) fn add(&self, fate: Fate, count: usize) {
        self.fates[fate as usize].fetch_add(count, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    /// A connection was told a newer version, and what was accounted for before was older than this one.
    fn skipped(&self, serial: Serial, before: u64) {
        let Some(selection) = self.selection.get() else { return };
        if before < self.sequence.place() && selection.has(serial) {
            self.add(Fate::Gone, 1);
        }
        if selection.before_place > before
            && let Some(older) = selection.before.upgrade()
        {
            older.skipped(serial, before);
        }
    }

    fn is_under_way(&self) -> bool {
        self.selection.get().is_none() || self.figures().queued > 0
    }
}

impl Selection {
    fn has(&self, serial: Serial) -> bool {
        self.only.map_or(serial <= self.last, |only| only == serial)
    }
}

/// The versions that are on their way. Belongs to whoever knows who is connected, and under the same lock.
#[derive(Debug, Default)]
pub struct Underway(Vec<Arc<Reach>>);

/// Versions on their way beyond this many are not told any more who leaves.
const MOST: usize = 100;

impl Underway {
    /// Notes who was selected for a version: everyone up to this serial.
    pub fn everyone(&mut self, reach: &Arc<Reach>, count: usize, last: Serial) {
        self.enter(reach, count, last, None);
    }

    /// Notes that one connection was selected for a version, or nobody.
    pub fn one(&mut self, reach: &Arc<Reach>, only: Option<&Connection>) {
        let none = Serial(0);
        let serial = only.map(|connection| connection.serial);
        self.enter(reach, serial.iter().len(), none, serial);
    }

    fn enter(&mut self, reach: &Arc<Reach>, count: usize, last: Serial, only: Option<Serial>) {
        self.0.retain(|older| older.is_under_way());
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        let (before, before_place) = match self.0.last() {
            Some(older) => (Arc::downgrade(older), older.sequence.place()),
            None => (Weak::new(), 0),
        };
        let selection = Selection { count, last, only, before, before_place };
        if reach.selection.set(selection).is_ok() {
            self.0.push(Arc::clone(reach));
            reach.changed.notify_waiters();
        }
    }

    /// A connection is not registered any more.
    pub fn left(&mut self, connection: &Connection, reason: CloseReason) {
        let before = connection.settle_for_good();
        for reach in &self.0 {
            let Some(selection) = reach.selection.get() else { continue };
            if before < reach.sequence.place() && selection.has(connection.serial) {
                reach.add(Fate::of_departure(reason), 1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
