//! Versions as browsers are told of them.

use std::sync::LazyLock;

use crate::{
    browser,
    event::{Event, EventName, JsonLine, Kind, VersionSequence},
};

static NAME: LazyLock<EventName> = LazyLock::new(|| "version".parse().expect("a valid event name"));

/// Returns what is told of a version; `None` if that cannot be encoded.
pub(super) fn of(version: &str, changelog: Option<&str>, sequence: VersionSequence) -> Option<Event> {
    let payload = browser::Version { version, changelog: changelog.filter(|text| !text.is_empty()) };
    JsonLine::encode(&payload).map(|data| with(data, sequence))
}

/// Returns what is told with these data.
pub(super) fn with(data: JsonLine, sequence: VersionSequence) -> Event {
    Event { name: NAME.clone(), data, kind: Kind::Version(sequence) }
}
