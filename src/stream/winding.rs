//! Ends all streams of a shard, evenly over a time: thousands of browsers that reconnect at one instant are a
//! burden for whoever serves them next.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::{connection::Serial, drain::staying};

/// For the last bytes of streams that do not take them, beyond the spread.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between two portions.
const PORTION: Duration = Duration::from_millis(10);

/// The streams that are yet to be ended.
#[derive(Debug)]
pub(super) struct Winding {
    left: Vec<Serial>,
    all: usize,
    began: Instant,
    spread: Duration,
    next: Instant,
    done: oneshot::Sender<()>,
}

impl Winding {
    /// Begins to end these streams, the oldest last.
    pub(super) fn new(left: Vec<Serial>, spread: Duration, done: oneshot::Sender<()>, now: Instant) -> Self {
        Self { all: left.len(), left, began: now, spread, next: now, done }
    }

    /// Returns the streams whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Serial> {
        let may_stay = staying(self.all, self.spread, now.saturating_duration_since(self.began));
        self.next = now + PORTION;
        self.left.split_off(may_stay.min(self.left.len()))
    }

    /// Returns when the next portion is due; `None` when all have been ended.
    pub(super) fn next(&self) -> Option<Instant> {
        (!self.left.is_empty()).then_some(self.next)
    }

    /// Returns whether the streams that are still there have had their time.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.began) > self.spread + PATIENCE
    }

    /// Tells that no stream is left.
    pub(super) fn done(self) {
        // Nobody may be waiting any more.
        let _ = self.done.send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn winding(streams: u64, spread: Duration) -> (Winding, Instant) {
        let now = Instant::now();
        (Winding::new((0..streams).map(Serial).collect(), spread, oneshot::channel().0, now), now)
    }

    #[test]
    fn ends_all_at_once_without_a_spread() {
        let (mut winding, now) = winding(3, Duration::ZERO);
        assert_eq!(winding.due(now).len(), 3);
        assert_eq!(winding.next(), None);
    }

    #[test]
    fn spreads_evenly_and_is_over_in_time() {
        let (mut winding, began) = winding(1000, Duration::from_secs(5));
        let mut ended = Vec::new();
        for second in 0..=5 {
            assert!(winding.next().is_some());
            ended.extend(winding.due(began + Duration::from_secs(second)));
            assert_eq!(ended.len(), usize::try_from(second * 200).expect("small"));
        }
        assert_eq!(winding.next(), None);
        assert!(!winding.is_over(began + Duration::from_secs(8)));
        assert!(winding.is_over(began + Duration::from_millis(8001)));
        ended.sort_unstable();
        assert_eq!(ended, (0..1000).map(Serial).collect::<Vec<_>>(), "each once");
    }
}
