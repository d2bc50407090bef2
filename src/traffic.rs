//! What went out to connections, as deliveries count it.

use std::time::Instant;

use crate::connection::Serial;

/// What became of what was to be sent to one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Events written: handed to the kernel, or taken by the gateway.
    pub events: u64,
    /// Bytes written: all that the kernel took, heads and heartbeats included; behind a gateway those of events.
    pub bytes: u64,
    /// Events that wait in its outbox now.
    pub queued_events: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Progress that gave way to newer progress while it waited.
    pub coalesced: u64,
    /// Events that were lost, and that nothing newer replaced.
    pub lost: u64,
    /// When something was last written.
    pub last_write: Option<Instant>,
}

/// What waits for connections that do not take it as fast as it comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// For how many something waits.
    pub connections: u64,
    /// Events, once per connection.
    pub events: u64,
    /// Their bytes; embedded, those of everything that waits.
    pub bytes: u64,
}

/// What was counted since the start, over all connections, those that are gone included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Connections that were registered.
    pub connects: u64,
    /// Those that ended; what is missing to the former is there.
    pub disconnects: u64,
    /// Those of them that a newer one of the same request id replaced,
    pub replaced: u64,
    /// and those that were ended because they did not take what was sent to them.
    pub slow: u64,
    /// Streams that were not let in.
    pub refused: u64,
    /// Events written, once per connection: handed to the kernel, or taken by the gateway.
    pub written: u64,
    /// Events that were not.
    pub failed: u64,
    /// Bytes written: all that the kernel took, heads and heartbeats included; behind a gateway those of events.
    pub bytes: u64,
    /// What waits now, as it was a moment ago.
    pub backlog: Backlog,
}

/// Whose traffic is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That of all connections.
    Everyones,
    /// That of one.
    Of(Serial),
}

/// The traffic of connections, at about one moment.
#[derive(Clone, Debug, Default)]
pub struct Traffics {
    counted: Vec<(Serial, Traffic)>,
    /// How many of those who count did not answer in time.
    pub late: usize,
}

impl Traffics {
    /// Returns what was counted, in whatever order, by those who answered.
    pub fn new(mut counted: Vec<(Serial, Traffic)>, late: usize) -> Self {
        counted.sort_unstable_by_key(|(serial, _)| *serial);
        Self { counted, late }
    }

    /// Returns the traffic of a connection, if it was counted.
    pub fn of(&self, serial: Serial) -> Option<&Traffic> {
        let place = self.counted.binary_search_by_key(&serial, |(serial, _)| *serial).ok()?;
        Some(&self.counted[place].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_whatever_the_order() {
        let traffic = |bytes| Traffic { bytes, ..Traffic::default() };
        let counted = [3, 1, 2].map(|number| (Serial(number), traffic(number * 10)));
        let traffics = Traffics::new(counted.into(), 0);
        for number in 1..=3 {
            assert_eq!(traffics.of(Serial(number)).map(|found| found.bytes), Some(number * 10));
        }
        assert!(traffics.of(Serial(4)).is_none());
    }
}
