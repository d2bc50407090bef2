//! What has passed over one stream. Small: every byte is paid for each idle browser.

use std::time::{Duration, Instant};

use crate::traffic::Traffic;

/// How fine the time of a write is kept.
const GRAIN: Duration = Duration::from_millis(100);

/// A moment, in tenths of a second since a shard began: good for 13 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tick(u32);

impl Tick {
    /// Returns this moment.
    pub(super) fn at(began: Instant, now: Instant) -> Self {
        let grains = now.saturating_duration_since(began).as_millis() / GRAIN.as_millis();
        Self(u32::try_from(grains).unwrap_or(u32::MAX))
    }

    fn since(self, began: Instant) -> Instant {
        began + GRAIN * self.0
    }
}

/// Counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Odometer {
    bytes: u64,
    events: u32,
    coalesced: u32,
    last: Tick,
}

impl Odometer {
    /// The kernel took so many bytes, and with them the ends of so many events.
    pub(super) fn wrote(&mut self, bytes: usize, events: u32, now: Tick) {
        self.bytes += bytes as u64;
        self.events = self.events.saturating_add(events);
        self.last = now;
    }

    /// Progress that waited gave way to newer.
    pub(super) fn coalesced(&mut self) {
        self.coalesced = self.coalesced.saturating_add(1);
    }

    /// Returns the counts of a stream whose shard began at this moment. Nothing waits.
    pub(super) fn read(self, began: Instant) -> Traffic {
        Traffic {
            events: self.events.into(),
            bytes: self.bytes,
            coalesced: self.coalesced.into(),
            last_write: (self.bytes > 0).then(|| self.last.since(began)),
            ..Traffic::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_write_is_known_to_a_tenth_of_a_second() {
        let began = Instant::now();
        let mut odometer = Odometer::default();
        assert_eq!(odometer.read(began).last_write, None);
        odometer.wrote(10, 1, Tick::at(began, began + Duration::from_millis(12_345)));
        odometer.wrote(0, 2, Tick::at(began, began + Duration::from_millis(99_999)));
        let read = odometer.read(began);
        assert_eq!((read.events, read.bytes), (3, 10));
        assert_eq!(read.last_write, Some(began + Duration::from_millis(99_900)));
    }

    #[test]
    fn it_stays_small() {
        assert_eq!(size_of::<Odometer>(), 24);
    }
}
