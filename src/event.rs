//! What is published: a name and one line of JSON.

use std::{any::Any, fmt, str::FromStr, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest event, encoded, framing included: it always fits an empty outbox and a gateway's body limit.
pub const MAX_EVENT_BYTES: usize = 32_768;

/// Names that the daemon itself sends; applications may not.
pub const RESERVED_NAMES: [&str; 7] =
    ["version", "task_event", "ready", "rejected", "gap", "bye", "connection_close"];

/// A valid event name: 1 to 64 of `A-Z a-z 0-9 _ . -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventName(Arc<str>);

/// Why a text is no event name, or not one for applications.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEventName {
    /// A character or the length is not allowed.
    #[error("an event name is 1 to 64 of A-Z a-z 0-9 _ . -")]
    Form,
    /// One of [`RESERVED_NAMES`].
    #[error("the event name {0:?} is reserved")]
    Reserved(String),
}

impl EventName {
    /// Parses a name that an application may use.
    pub fn for_application(text: &str) -> Result<Self, InvalidEventName> {
        if RESERVED_NAMES.contains(&text) {
            return Err(InvalidEventName::Reserved(text.to_owned()));
        }
        text.parse()
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventName {
    type Err = InvalidEventName;

    fn from_str(text: &str) -> Result<Self, InvalidEventName> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidEventName::Form)
        }
    }
}

impl TryFrom<String> for EventName {
    type Error = InvalidEventName;

    fn try_from(text: String) -> Result<Self, InvalidEventName> {
        text.parse()
    }
}

impl From<EventName> for String {
    fn from(name: EventName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How deeply the JSON of an event may be nested. Readers commonly recurse.
pub const MAX_JSON_DEPTH: usize = 128;

/// One line of JSON: no line break of any kind, so no frame can be forged with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonLine(Arc<str>);

impl JsonLine {
    /// Encodes a value. `None` where serde cannot (a map with keys that are no strings).
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Option<Self> {
        serde_json::to_string(value).ok().map(|text| Self(text.into()))
    }

    /// Takes JSON as somebody wrote it: checked, no deeper than [`MAX_JSON_DEPTH`], white space between its parts
    /// removed, numbers and key order untouched.
    pub fn compact(text: &str) -> Result<Self, serde_json::Error> {
        let raw: &serde_json::value::RawValue = serde_json::from_str(text)?;
        let mut line = String::with_capacity(raw.get().len());
        let (mut in_string, mut escaped, mut depth) = (false, false, 0_usize);
        for c in raw.get().chars() {
            if in_string {
                in_string = escaped || c != '"';
                escaped = !escaped && c == '\\';
                line.push(c);
                continue;
            }
            match c {
                '"' => in_string = true,
                '[' | '{' => depth += 1,
                ']' | '}' => depth = depth.saturating_sub(1),
                c if c.is_ascii_whitespace() => continue,
                _ => {}
            }
            if depth > MAX_JSON_DEPTH {
                let message = format!("it is nested more than {MAX_JSON_DEPTH} deep");
                return Err(serde::de::Error::custom(message));
            }
            line.push(c);
        }
        Ok(Self(line.into()))
    }

    /// Returns the JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The order of versions: durable, every queued version gets the next one. A fetched version is
/// [`VersionSequence::FETCHED`], older than all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct VersionSequence(pub u64);

impl VersionSequence {
    /// The place of a version that was fetched, not queued.
    pub const FETCHED: Self = Self(0);

    /// Returns it as a connection keeps it: 0 is none.
    pub(crate) fn place(self) -> u64 {
        self.0 + 1
    }
}

/// What an event is about: decides its metrics label and what a delivery may do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A frontend version; never sent after a newer one.
    Version(VersionSequence),
    /// Progress of the task with this id; an older one may be replaced by a newer one while it waits.
    Progress(Arc<str>),
    /// A task began or ended; never dropped, never coalesced.
    TaskState,
    /// Like [`Kind::TaskState`], and somebody waits until nobody has to send it any more.
    TaskEnd(Held),
    /// Sent by an application.
    Application,
}

/// Goes with an event, and is dropped when nobody has to send that any more: it was sent, or it never will be.
#[derive(Clone, Debug)]
pub struct Held(Arc<dyn Any + Send + Sync>);

impl Held {
    /// Returns what keeps this alive.
    pub fn new(kept: impl Any + Send + Sync) -> Self {
        Self(Arc::new(kept))
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Held {}

/// The `service` label of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Task events.
    Task,
    /// Version events.
    Version,
    /// Events of applications.
    Event,
}

impl Service {
    /// Returns the label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Version => "version",
            Self::Event => "event",
        }
    }
}

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name.
    pub name: EventName,
    /// Its payload.
    pub data: JsonLine,
    /// What it is about.
    pub kind: Kind,
}

impl Event {
    /// Returns the metrics label of the event.
    pub fn service(&self) -> Service {
        match self.kind {
            Kind::Version(_) => Service::Version,
            Kind::Progress(_) | Kind::TaskState | Kind::TaskEnd(_) => Service::Task,
            Kind::Application => Service::Event,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_some_are_ours() {
        assert!("order.paid-2_X".parse::<EventName>().is_ok());
        for bad in ["", "a b", "a\nb", "ä", &"x".repeat(65)] {
            assert_eq!(bad.parse::<EventName>(), Err(InvalidEventName::Form));
        }
        assert!(matches!(EventName::for_application("version"), Err(InvalidEventName::Reserved(_))));
    }

    #[test]
    fn compact_keeps_everything_but_white_space() {
        let line = JsonLine::compact(
            "{ \"b\" : [1,\r\n 12345678901234567890123.10],\t\"a \\\" b\": \"x y\\\\\" }\n",
        );
        assert_eq!(
            line.expect("valid JSON").as_str(),
            r#"{"b":[1,12345678901234567890123.10],"a \" b":"x y\\"}"#
        );
        for bad in ["", "{", "nul", "{} {}", "NaN"] {
            assert!(JsonLine::compact(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_nested_deeper_than_readers_take() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(JsonLine::compact(&nested(MAX_JSON_DEPTH)).is_ok());
        assert!(JsonLine::compact(&nested(MAX_JSON_DEPTH + 1)).is_err());
        assert!(JsonLine::compact(&nested(500_000)).is_err(), "and not by recursion");
        assert!(
            JsonLine::compact(&format!("[{}0]", "[],{},".repeat(500))).is_ok(),
            "side by side is not deep"
        );
        assert!(JsonLine::compact(&format!("\"{}\"", "[".repeat(500))).is_ok(), "nor is text");
    }
}
