//! The `id` of an event, which browsers send back as `Last-Event-ID`.

use std::{
    fmt,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::delivery::Sequence;

/// The first part of every event's id: grows from one start of the daemon to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Epoch(pub(crate) u64);

impl Epoch {
    /// Returns the epoch that begins now: milliseconds since 1970, or the one after the last, should that be later.
    pub(crate) fn after(last: Option<Self>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Self(last.map_or(now, |Self(last)| now.max(last.saturating_add(1))))
    }
}

/// An event's id, `<epoch>-<sequence>`. Later events have larger ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct EventId {
    /// Since which start of the daemon it is counted.
    pub(crate) epoch: Epoch,
    /// Its place in the order.
    pub(crate) sequence: Sequence,
}

/// A text is no event id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event id is an epoch, -, and a number")]
pub(crate) struct NoEventId;

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.epoch.0, self.sequence.0)
    }
}

impl TryFrom<String> for EventId {
    type Error = NoEventId;

    fn try_from(text: String) -> Result<Self, NoEventId> {
        text.parse()
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.to_string()
    }
}

impl FromStr for EventId {
    type Err = NoEventId;

    fn from_str(text: &str) -> Result<Self, NoEventId> {
        let (epoch, sequence) = text.split_once('-').ok_or(NoEventId)?;
        let epoch = u64::from_str_radix(epoch, 16).map_err(|_| NoEventId)?;
        let sequence = sequence.parse().map_err(|_| NoEventId)?;
        Ok(Self { epoch: Epoch(epoch), sequence: Sequence(sequence) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_written_and_ordered_by_epoch_first() {
        let id = |epoch, sequence| EventId { epoch: Epoch(epoch), sequence: Sequence(sequence) };
        for known in [id(0, 0), id(0x19a_bcde, 17), id(u64::MAX, u64::MAX)] {
            assert_eq!(known.to_string().parse(), Ok(known));
        }
        assert_eq!(id(0x19a, 17).to_string(), "19a-17");
        assert!(id(1, 9) < id(2, 0) && id(2, 0) < id(2, 1));
        for text in ["", "-", "1", "1-", "-1", "x-1", "1-x", "1-1-1", "10000000000000000-1", "1- 1"] {
            assert_eq!(text.parse::<EventId>(), Err(NoEventId), "{text:?}");
        }
    }
}
