//! How much there is of something in a second, and was: differences between what a daemon has counted.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ssectl_core::control::types::{Counters, Status};

/// What is remembered of each: more than the widest terminal shows.
const REMEMBERED: usize = 512;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Connects,
    Disconnects,
    Events,
    Written,
    Bytes,
}

impl What {
    pub(super) const ALL: [Self; 5] =
        [Self::Connects, Self::Disconnects, Self::Events, Self::Written, Self::Bytes];

    fn of(self, counters: &Counters) -> u64 {
        match self {
            Self::Connects => counters.connects,
            Self::Disconnects => counters.disconnects,
            Self::Events => counters.events,
            Self::Written => counters.written,
            Self::Bytes => counters.bytes,
        }
    }
}

/// The rates, newest first.
#[derive(Debug)]
pub(super) struct Rates {
    every: Duration,
    series: [VecDeque<f64>; What::ALL.len()],
    before: Option<Before>,
}

#[derive(Debug)]
struct Before {
    daemon: (u32, Timestamp),
    at: Instant,
    /// The daemon's own time, where it tells it.
    uptime: Option<Duration>,
    counters: Counters,
}

impl Before {
    /// An answer may be slow to come: the daemon knows better when it counted.
    fn since(&self, before: &Self) -> Duration {
        let told = self.uptime.zip(before.uptime).map(|(now, then)| now.saturating_sub(then));
        told.unwrap_or_else(|| self.at.saturating_duration_since(before.at))
    }
}

impl Rates {
    /// Returns none yet: there will be one so often.
    pub(super) fn new(every: Duration) -> Self {
        Self { every, series: Default::default(), before: None }
    }

    /// Takes what a daemon has counted. Another daemon counts from the beginning: that is no rate. Nor is what
    /// happened since a moment ago, when somebody asked at once: that waits for the next answer.
    pub(super) fn note(&mut self, status: &Status, at: Instant) {
        let Some(counters) = status.counters else { return };
        let daemon = (status.pid, status.started_at);
        let now = Before { daemon, at, uptime: status.uptime_ms.map(Duration::from_millis), counters };
        let Some(before) = self.before.as_ref().filter(|before| before.daemon == daemon) else {
            self.before = Some(now);
            return;
        };
        let passed = now.since(before);
        if passed.is_zero() || passed < self.every / 2 {
            return;
        }
        let seconds = passed.as_secs_f64();
        for (what, series) in What::ALL.into_iter().zip(&mut self.series) {
            let more = what.of(&counters).saturating_sub(what.of(&before.counters));
            series.push_front(more as f64 / seconds);
            series.truncate(REMEMBERED);
        }
        self.before = Some(now);
    }

    /// Returns the newest rate, if there is one.
    pub(super) fn now(&self, what: What) -> Option<f64> {
        self.series(what).front().copied()
    }

    /// Returns the rates, newest first.
    pub(super) fn series(&self, what: What) -> &VecDeque<f64> {
        let place = What::ALL.iter().position(|other| *other == what).unwrap_or_default();
        &self.series[place]
    }
}

/// Returns a rate in few digits: `0`, `0.4`, `12`, `1.2k`.
pub(super) fn words(rate: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is not negative")]
    let whole = rate.round() as u64;
    match rate {
        rate if rate > 0.0 && rate < 9.95 => format!("{rate:.1}"),
        _ => crate::text::bytes(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::model::tests::status, *};

    #[test]
    fn a_rate_is_what_came_in_a_second_and_nothing_where_the_daemon_is_another() {
        let (began, mut rates) = (Instant::now(), Rates::new(Duration::from_secs(1)));
        let mut note = |pid: u32, written: u64, seconds: u64| {
            let counters = Counters { written, ..Counters::default() };
            let now = Status { pid, counters: Some(counters), ..status() };
            rates.note(&now, began + Duration::from_secs(seconds));
            rates.series(What::Written).iter().copied().collect::<Vec<_>>()
        };
        assert!(note(1, 1000, 0).is_empty(), "how much came before is no rate");
        assert_eq!(note(1, 1010, 2), [5.0]);
        assert_eq!(note(1, 1010, 3), [0.0, 5.0]);
        assert_eq!(note(2, 4, 4), [0.0, 5.0], "another daemon");
        assert_eq!(note(2, 10, 5), [6.0, 0.0, 5.0]);
        assert_eq!(note(2, 90, 5), [6.0, 0.0, 5.0], "no time has passed");
    }

    #[test]
    fn a_moment_is_no_time_and_the_daemon_knows_best_how_much_has_passed() {
        let (began, mut rates) = (Instant::now(), Rates::new(Duration::from_secs(1)));
        let mut note = |written: u64, at: u64, uptime: Option<u64>| {
            let counters = Counters { written, ..Counters::default() };
            let now = Status { uptime_ms: uptime, counters: Some(counters), ..status() };
            rates.note(&now, began + Duration::from_millis(at));
            rates.series(What::Written).iter().copied().collect::<Vec<_>>()
        };
        assert!(note(0, 0, Some(9000)).is_empty());
        assert!(note(1, 5, Some(9005)).is_empty(), "one in 5 ms is not 200 a second");
        assert_eq!(note(10, 1000, Some(10_000)), [10.0], "nothing is forgotten");
        assert_eq!(note(20, 3000, Some(11_000)), [10.0, 10.0], "the answer was slow");
        assert_eq!(note(30, 5000, None), [5.0, 10.0, 10.0], "the answers were two seconds apart");
    }

    #[test]
    fn rates_are_short() {
        for (rate, text) in [
            (0.0, "0"),
            (0.44, "0.4"),
            (9.9, "9.9"),
            (9.97, "10"),
            (12.4, "12"),
            (1234.0, "1.2k"),
            (5e6, "5M"),
        ] {
            assert_eq!(words(rate), text);
        }
    }
}
