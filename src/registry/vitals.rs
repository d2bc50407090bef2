//! How sure it is that a gateway still holds what is registered. Only gateway mode has this, and pays for it.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{
    connection::{Connection, Serial},
    traffic::Traffic,
};

/// How long a stream must have been registered, or a doubt have lasted, before the gateway is asked: one that is still
/// opening would be sent an empty event by it.
const SETTLED: Duration = Duration::from_secs(10);
/// How long a proof is good for.
const PROOF_LASTS: Duration = Duration::from_secs(5 * 60);
/// Ghosts that are still shown, and for how long.
const GHOSTS: usize = 1000;
const GHOSTS_SHOWN: Duration = Duration::from_secs(10 * 60);

/// Whether a connection is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Its connect, an event that the gateway took or its answer to a probe is the last that was heard of it.
    Live,
    /// Taken up from an earlier run and not proven since, or the last that was sent to it was answered by nothing that
    /// settles it.
    Suspect,
    /// The gateway does not know it: it was removed.
    Ghost,
}

impl Life {
    /// Returns the name in listings.
    pub fn label(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Suspect => "suspect",
            Self::Ghost => "ghost",
        }
    }
}

/// What is known of a connection's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vital {
    /// Whether it is there.
    pub life: Life,
    /// When it last was for certain.
    pub proven: Timestamp,
}

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The gateway tells of a connect.
    Callback,
    /// An earlier run, which has left it this long after it was registered.
    EarlierRun(Duration),
}

#[derive(Debug)]
struct Entry {
    connection: Arc<Connection>,
    vital: Vital,
    /// When it was proven, or last asked for in vain.
    checked: Instant,
    /// What was delivered to it; what waits is not known here.
    traffic: Traffic,
}

#[derive(Debug)]
struct Ghost {
    connection: Arc<Connection>,
    proven: Timestamp,
    found: Instant,
}

/// What is known of the life of everyone.
#[derive(Debug, Default)]
pub(super) struct Vitals {
    entries: HashMap<Serial, Entry>,
    suspects: usize,
    ghosts: VecDeque<Ghost>,
    /// Whose life is another since somebody asked, and what it was.
    changed: Vec<(Arc<Connection>, Life, Life)>,
}

impl Vitals {
    pub(super) fn enter(&mut self, connection: &Arc<Connection>, source: Source, now: Instant) {
        let (life, checked) = match source {
            Source::Callback => (Life::Live, now),
            Source::EarlierRun(age) => (Life::Suspect, now.checked_sub(age.min(SETTLED)).unwrap_or(now)),
        };
        let vital = Vital { life, proven: connection.connected_at };
        let traffic = Traffic::default();
        let entry = Entry { connection: Arc::clone(connection), vital, checked, traffic };
        self.entries.insert(connection.serial, entry);
        self.suspects += usize::from(life == Life::Suspect);
    }

    pub(super) fn leave(&mut self, serial: Serial) -> Option<Vital> {
        let left = self.entries.remove(&serial)?.vital;
        self.suspects -= usize::from(left.life == Life::Suspect);
        Some(left)
    }

    /// Keeps what the gateway does not know for the listing of ghosts.
    pub(super) fn haunt(&mut self, connection: Arc<Connection>, proven: Timestamp, now: Instant) {
        self.ghosts.push_back(Ghost { connection, proven, found: now });
        while self.ghosts.len() > GHOSTS
            || self.ghosts.front().is_some_and(|oldest| now.duration_since(oldest.found) >= GHOSTS_SHOWN)
        {
            self.ghosts.pop_front();
        }
    }

    pub(super) fn proven(&mut self, serial: Serial, at: Timestamp, now: Instant) {
        self.settle(serial, now, |entry| entry.vital = Vital { life: Life::Live, proven: at });
    }

    /// It took an event of so many bytes.
    pub(super) fn delivered(&mut self, serial: Serial, bytes: usize, at: Timestamp, now: Instant) {
        self.settle(serial, now, |entry| {
            entry.vital = Vital { life: Life::Live, proven: at };
            entry.traffic.events += 1;
            entry.traffic.bytes += bytes as u64;
            entry.traffic.last_write = Some(now);
        });
    }

    /// Changes what is counted of it.
    pub(super) fn count(&mut self, serial: Serial, change: impl FnOnce(&mut Traffic)) {
        if let Some(entry) = self.entries.get_mut(&serial) {
            change(&mut entry.traffic);
        }
    }

    /// Returns what is counted of it.
    pub(super) fn traffic(&self, serial: Serial) -> Option<Traffic> {
        self.entries.get(&serial).map(|entry| entry.traffic)
    }

    /// Returns what is counted of everyone.
    pub(super) fn traffics(&self) -> impl Iterator<Item = (Serial, Traffic)> {
        self.entries.iter().map(|(serial, entry)| (*serial, entry.traffic))
    }

    pub(super) fn doubted(&mut self, serial: Serial, now: Instant) {
        self.settle(serial, now, |entry| entry.vital.life = Life::Suspect);
    }

    fn settle(&mut self, serial: Serial, now: Instant, change: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.entries.get_mut(&serial) else { return };
        let before = entry.vital.life;
        change(entry);
        let after = entry.vital.life;
        if before != after {
            self.suspects -= usize::from(before == Life::Suspect);
            self.suspects += usize::from(after == Life::Suspect);
            self.changed.push((Arc::clone(&entry.connection), before, after));
        }
        entry.checked = now;
    }

    /// Returns whose life is another since the last call, and what it was and is.
    pub(super) fn take_changed(&mut self) -> Vec<(Arc<Connection>, Life, Life)> {
        std::mem::take(&mut self.changed)
    }

    /// Puts everyone in doubt who was not proven since then. Who was asked for lately keeps the time to settle.
    pub(super) fn doubt_unproven(&mut self, since: Instant) {
        for entry in self.entries.values_mut().filter(|entry| entry.checked < since) {
            if entry.vital.life == Life::Live {
                self.suspects += 1;
                self.changed.push((Arc::clone(&entry.connection), Life::Live, Life::Suspect));
            }
            entry.vital.life = Life::Suspect;
        }
    }

    pub(super) fn of(&self, serial: Serial) -> Option<Vital> {
        self.entries.get(&serial).map(|entry| entry.vital)
    }

    pub(super) fn suspects(&self) -> usize {
        self.suspects
    }

    /// Returns those that the gateway is to be asked for: suspects first, then those whose proof is old, the oldest of
    /// each first.
    pub(super) fn due<'a>(
        &self,
        everyone: impl Iterator<Item = &'a Arc<Connection>>,
        now: Instant,
    ) -> Vec<Arc<Connection>> {
        let place = |connection: &Arc<Connection>| {
            let entry = self.entries.get(&connection.serial)?;
            let (class, patience) = match entry.vital.life {
                Life::Suspect => (0, SETTLED),
                _ => (1, PROOF_LASTS),
            };
            let due = now.duration_since(entry.checked) >= patience;
            due.then(|| ((class, entry.checked, connection.serial), Arc::clone(connection)))
        };
        let mut due: Vec<_> = everyone.filter_map(place).collect();
        due.sort_unstable_by_key(|(place, _)| *place);
        due.into_iter().map(|(_, connection)| connection).collect()
    }

    /// Returns those that were found gone of late, oldest first.
    pub(super) fn ghosts(&self, now: Instant) -> impl Iterator<Item = (Arc<Connection>, Vital)> {
        let recent = move |ghost: &&Ghost| now.duration_since(ghost.found) < GHOSTS_SHOWN;
        self.ghosts
            .iter()
            .filter(recent)
            .map(|ghost| (Arc::clone(&ghost.connection), Vital { life: Life::Ghost, proven: ghost.proven }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Origin;

    const SECOND: Duration = Duration::from_secs(1);

    fn connection(number: u64) -> Arc<Connection> {
        let (id, token) =
            (format!("i{number}").parse().expect("an id"), format!("t{number}").parse().expect("a token"));
        Arc::new(Connection::new(Serial(number), id, token, Origin::default(), Timestamp::UNIX_EPOCH))
    }

    fn due(vitals: &Vitals, all: &[Arc<Connection>], now: Instant) -> Vec<u64> {
        vitals.due(all.iter(), now).iter().map(|connection| connection.serial.0).collect()
    }

    #[test]
    fn suspects_are_asked_for_first_and_nobody_before_ten_seconds() {
        let all: Vec<_> = (0..5).map(connection).collect();
        let (mut vitals, start) = (Vitals::default(), Instant::now());
        vitals.enter(&all[0], Source::Callback, start);
        vitals.enter(&all[1], Source::EarlierRun(Duration::ZERO), start);
        vitals.enter(&all[2], Source::EarlierRun(7 * SECOND), start);
        vitals.enter(&all[3], Source::Callback, start);
        vitals.doubted(Serial(3), start + 4 * SECOND);
        assert_eq!(vitals.suspects(), 3);
        assert!(due(&vitals, &all, start + 2 * SECOND).is_empty());
        assert_eq!(due(&vitals, &all, start + 3 * SECOND), [2]);
        assert_eq!(due(&vitals, &all, start + 14 * SECOND), [2, 1, 3]);
        assert_eq!(due(&vitals, &all, start + 5 * 60 * SECOND), [2, 1, 3, 0], "a proof grows old");
        vitals.proven(Serial(1), Timestamp::UNIX_EPOCH, start + 20 * SECOND);
        vitals.doubted(Serial(2), start + 20 * SECOND);
        assert_eq!(due(&vitals, &all, start + 25 * SECOND), [3], "asked in vain, it waits like the others");
        assert_eq!(vitals.suspects(), 2);
        vitals.doubt_unproven(start + 20 * SECOND);
        assert_eq!((vitals.suspects(), vitals.of(Serial(1)).map(|vital| vital.life)), (3, Some(Life::Live)));
        vitals.proven(Serial(0), Timestamp::UNIX_EPOCH, start + 21 * SECOND);
        vitals.leave(Serial(3));
        vitals.leave(Serial(0));
        assert_eq!((vitals.suspects(), vitals.entries.len()), (1, 2));
    }

    #[test]
    fn ghosts_are_bounded_in_number_and_time() {
        let (mut vitals, start) = (Vitals::default(), Instant::now());
        for number in 0..2000 {
            vitals.haunt(connection(number), Timestamp::UNIX_EPOCH, start);
        }
        assert_eq!(vitals.ghosts(start).count(), GHOSTS);
        assert_eq!(
            vitals.ghosts(start).next().map(|(ghost, vital)| (ghost.serial.0, vital.life)),
            Some((1000, Life::Ghost))
        );
        assert_eq!(vitals.ghosts(start + GHOSTS_SHOWN).count(), 0);
        vitals.haunt(connection(1), Timestamp::UNIX_EPOCH, start + GHOSTS_SHOWN);
        assert_eq!(vitals.ghosts.len(), 1);
    }
}
