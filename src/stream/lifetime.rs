//! When streams have lived long enough: each of them ends at a time of its own, so that those that began together
//! do not all come back together.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use crate::connection::Serial;

/// The last part of a lifetime, in which a stream may end at any time.
const JITTER: f64 = 0.2;
/// Ends of streams that are gone already are kept beside this many others.
const SLACK: usize = 256;

/// The ends of a shard's streams.
#[derive(Debug)]
pub(super) struct Lifetimes {
    most: Duration,
    ends: BinaryHeap<Reverse<(Instant, Serial)>>,
}

impl Lifetimes {
    /// Returns the lifetimes of streams that live for at most this long; `None` where they live for ever.
    pub(super) fn new(most: Duration) -> Option<Self> {
        (!most.is_zero()).then(|| Self { most, ends: BinaryHeap::new() })
    }

    /// Notes that a stream begins; `is_open` tells which of the `open` streams are still there.
    pub(super) fn begin(
        &mut self,
        serial: Serial,
        now: Instant,
        open: usize,
        is_open: impl Fn(Serial) -> bool,
    ) {
        let lifetime = self.most.mul_f64(1.0 - JITTER * fastrand::f64());
        self.ends.push(Reverse((now + lifetime, serial)));
        if self.ends.len() > 2 * open + SLACK {
            self.ends.retain(|Reverse((_, serial))| is_open(*serial));
            self.ends.shrink_to(2 * open);
        }
    }

    /// Returns the streams whose time is over.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Serial> {
        let mut due = Vec::new();
        while self.next().is_some_and(|end| end <= now) {
            due.extend(self.ends.pop().map(|Reverse((_, serial))| serial));
        }
        due
    }

    /// Returns when the next one is over.
    pub(super) fn next(&self) -> Option<Instant> {
        self.ends.peek().map(|Reverse((end, _))| *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn streams_that_began_together_end_one_after_another_and_none_too_late() {
        let now = Instant::now();
        let mut lifetimes = Lifetimes::new(HOUR).expect("limited");
        (0..1000).for_each(|n| lifetimes.begin(Serial(n), now, 1000, |_| true));
        assert!(lifetimes.next().expect("an end") >= now + HOUR.mul_f64(0.8));
        let mut ended = 0;
        for share in 1..=10 {
            let due = lifetimes.due(now + HOUR.mul_f64(0.8 + 0.02 * f64::from(share))).len();
            assert!((50..=150).contains(&due), "a tenth each, more or less: {due}");
            ended += due;
        }
        assert_eq!((ended, lifetimes.next()), (1000, None));
    }

    #[test]
    fn streams_that_left_are_forgotten() {
        let mut lifetimes = Lifetimes::new(HOUR).expect("limited");
        for n in 0..100_000 {
            lifetimes.begin(Serial(n), Instant::now(), 10, |serial| serial.0 + 10 > n);
            assert!(lifetimes.ends.len() <= 2 * 10 + SLACK);
        }
    }

    #[test]
    fn by_default_they_live_for_ever() {
        assert!(Lifetimes::new(Duration::ZERO).is_none());
    }
}
