//! Events of applications.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::Line;
use crate::{event::EventName, forms::Moment, request_id::RequestId};

/// An event of an application.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendEvent {
    /// Its name; reserved ones are refused.
    #[schemars(with = "EventName")]
    pub name: String,
    /// Its payload: any JSON.
    pub data: Box<RawValue>,
    /// For this request id only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventReceipt {
    /// Its place in the order of events.
    pub sequence: u64,
    /// How many connections were selected,
    pub connections: usize,
    /// of this member; only in a cluster, whose other members select their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

/// What of the events is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TailAsked {
    /// First those after this number, as far as they are remembered: the last 500, 1 MiB of payload at most.
    #[serde(default)]
    pub since: Option<u64>,
    /// The daemon whose number that is, as `started` names it: of another one, all that are remembered.
    #[serde(default)]
    #[schemars(with = "Option<Moment>")]
    pub of: Option<Timestamp>,
    /// Only these names, separated by commas.
    #[serde(default)]
    pub names: Option<String>,
    /// Only what has this: `name=order.paid`, `service=task`; as lists have it, several must all hold.
    #[serde(default)]
    pub filter: Option<Vec<String>>,
}

/// A line of `GET /v1/events`: first `started`, then each event in the order of dispatch, `heartbeat`s in between, last
/// `end`. A stream without `end` was cut off.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventLine {
    /// The stream begins.
    Started {
        /// When.
        #[schemars(with = "Moment")]
        at: Timestamp,
        /// When the daemon started: numbers are its own.
        #[schemars(with = "Moment")]
        daemon: Timestamp,
        /// The number of the newest event; 0: there was none.
        sequence: u64,
    },
    /// An event was dispatched.
    Event(ToldEvent),
    /// So many events are missing here: the reader was too slow, or they are remembered no more.
    Lagged {
        /// How many, before they were filtered.
        missed: u64,
    },
    /// Nothing happened for a while.
    Heartbeat,
    /// The daemon stops.
    End,
}

/// An event as it was dispatched.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ToldEvent {
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// Its place in the order of events.
    pub sequence: u64,
    /// Its name.
    #[schemars(with = "EventName")]
    pub name: String,
    /// What it is about: `task`, `version`, or `event` of an application.
    pub service: String,
    /// Who it is for; null: everyone.
    pub request_id: Option<RequestId>,
    /// How many connections were selected.
    pub connections: usize,
    /// The size of its payload.
    pub bytes: usize,
    /// Its payload; null for readers and publishers where an application sent it.
    #[serde(default, deserialize_with = "raw")]
    pub data: Option<Box<RawValue>>,
}

/// Reads what is in a tagged object, where serde knows values only.
fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    value.map(|value| serde_json::value::to_raw_value(&value)).transpose().map_err(serde::de::Error::custom)
}

impl Line for EventLine {
    fn ends(&self) -> bool {
        matches!(self, Self::End)
    }
}
