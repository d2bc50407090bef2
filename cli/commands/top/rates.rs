//! How much there is of something in a second, and was: differences between what a daemon has counted.

use std::{collections::VecDeque, time::Instant};

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
#[derive(Debug, Default)]
pub(super) struct Rates {
    series: [VecDeque<f64>; What::ALL.len()],
    before: Option<Before>,
}

#[derive(Debug)]
struct Before {
    daemon: (u32, Timestamp),
    at: Instant,
    counters: Counters,
}

impl Rates {
    /// Takes what a daemon has counted. Another daemon counts from the beginning: that is no rate.
    pub(super) fn note(&mut self, status: &Status, at: Instant) {
        let Some(counters) = status.counters else { return };
        let daemon = (status.pid, status.started_at);
        let before = self.before.replace(Before { daemon, at, counters });
        let Some(before) = before.filter(|before| before.daemon == daemon) else { return };
        let seconds = at.saturating_duration_since(before.at).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        for (what, series) in What::ALL.into_iter().zip(&mut self.series) {
            let more = what.of(&counters).saturating_sub(what.of(&before.counters));
            series.push_front(more as f64 / seconds);
            series.truncate(REMEMBERED);
        }
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
    use std::time::Duration;

    use super::{super::model::tests::status, *};

    #[test]
    fn a_rate_is_what_came_in_a_second_and_nothing_where_the_daemon_is_another() {
        let (began, mut rates) = (Instant::now(), Rates::default());
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
