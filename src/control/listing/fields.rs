//! What the things in lists have: the names that filters, orders and columns go by, and where each is in the JSON.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    control::types::{AuditEntry, Blocked, ConnectionLine, ConnectionView, EventLine, Member},
    task::TaskView,
    version::{PendingVersion, QueuedVersion},
};

/// How a field is read, compared and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, compared as such.
    Text,
    /// A stream's token: a capability, shown in part.
    Token,
    /// A number: `10`, `10k`, `2M`.
    Number,
    /// So many bytes: `512`, `10k`, `2M`, `1G`; `64Ki`.
    Bytes,
    /// 0 to 1: `0.5` or `50%`.
    Share,
    /// A moment, by how long ago it was: `90s`, `2h`.
    Ago,
    /// The same, shown as the moment itself.
    Moment,
    /// A span of time: `90s`, `2h`.
    Span,
    /// A short one, which may be less than nothing: `30ms`.
    Delay,
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// How it is read.
    pub kind: Kind,
    /// Where it is in the JSON; the first of these that is not null.
    places: &'static [&'static str],
    /// What stands for null.
    pub absent: &'static str,
}

/// A thing that lists have.
pub trait Listed: Serialize {
    /// Its fields.
    const FIELDS: &'static [Field];
}

/// A field's value, as it is compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rank {
    Absent,
    Number(f64),
    Text(String),
}

const fn field(name: &'static str, kind: Kind, places: &'static [&'static str]) -> Field {
    Field { name, kind, places, absent: "-" }
}

impl Listed for ConnectionView {
    const FIELDS: &'static [Field] = &[
        field("request_id", Kind::Text, &["/request_id"]),
        field("state", Kind::Text, &["/state"]),
        field("age", Kind::Ago, &["/connected_at"]),
        field("events", Kind::Number, &["/events"]),
        field("bytes", Kind::Bytes, &["/bytes"]),
        field("queued", Kind::Bytes, &["/queued_bytes"]),
        field("drops", Kind::Number, &["/drops"]),
        field("lost", Kind::Number, &["/lost"]),
        field("written", Kind::Ago, &["/last_write"]),
        field("proven", Kind::Ago, &["/last_proven"]),
        field("address", Kind::Text, &["/address"]),
        field("token", Kind::Token, &["/token"]),
        field("version", Kind::Text, &["/version"]),
        field("version_sequence", Kind::Number, &["/version_sequence"]),
        field("durable", Kind::Text, &["/durable"]),
        field("user_agent", Kind::Text, &["/user_agent"]),
        field("member", Kind::Text, &["/member"]),
    ];
}

impl Listed for Blocked {
    const FIELDS: &'static [Field] = &[
        field("request_id", Kind::Text, &["/request_id"]),
        field("until", Kind::Moment, &["/until"]),
        field("since", Kind::Ago, &["/since"]),
        field("by", Kind::Text, &["/by"]),
        field("reason", Kind::Text, &["/reason"]),
        field("member", Kind::Text, &["/member"]),
    ];
}

impl Listed for ConnectionLine {
    const FIELDS: &'static [Field] = &[
        field("type", Kind::Text, &["/type"]),
        field("request_id", Kind::Text, &["/request_id"]),
        field("state", Kind::Text, &["/state"]),
        field("before", Kind::Text, &["/before"]),
        field("reason", Kind::Text, &["/reason"]),
        field("lifetime", Kind::Span, &["/lifetime_ms"]),
        field("address", Kind::Text, &["/address"]),
        field("token", Kind::Token, &["/token"]),
        field("user_agent", Kind::Text, &["/user_agent"]),
    ];
}

impl Listed for EventLine {
    const FIELDS: &'static [Field] = &[
        field("sequence", Kind::Number, &["/sequence"]),
        field("name", Kind::Text, &["/name"]),
        field("service", Kind::Text, &["/service"]),
        Field { absent: "everyone", ..field("for", Kind::Text, &["/request_id"]) },
        field("connections", Kind::Number, &["/connections"]),
        field("bytes", Kind::Bytes, &["/bytes"]),
    ];
}

impl Listed for PendingVersion {
    const FIELDS: &'static [Field] = &[
        field("version", Kind::Text, &["/version"]),
        Field { absent: "everyone", ..field("for", Kind::Text, &["/request_id"]) },
        field("sequence", Kind::Number, &["/sequence"]),
        field("age", Kind::Ago, &["/queued_at"]),
        field("key", Kind::Text, &["/key"]),
        field("changelog", Kind::Text, &["/changelog"]),
    ];
}

impl Listed for QueuedVersion {
    const FIELDS: &'static [Field] = &[
        field("version", Kind::Text, &["/version"]),
        field("sequence", Kind::Number, &["/sequence"]),
        Field { absent: "everyone", ..field("for", Kind::Text, &["/request_id"]) },
        field("age", Kind::Ago, &["/queued_at"]),
        field("state", Kind::Text, &["/state"]),
        field("by", Kind::Text, &["/user", "/uid", "/actor"]),
        field("connections", Kind::Number, &["/delivery/connections"]),
        field("written", Kind::Number, &["/delivery/written"]),
        field("failed", Kind::Number, &["/delivery/failed"]),
        field("overflowed", Kind::Number, &["/delivery/overflowed"]),
        field("gone", Kind::Number, &["/delivery/gone"]),
        field("queued", Kind::Number, &["/delivery/queued"]),
        field("key", Kind::Text, &["/key"]),
        field("superseded_by", Kind::Number, &["/superseded_by"]),
        field("changelog", Kind::Text, &["/changelog"]),
    ];
}

impl Listed for TaskView {
    const FIELDS: &'static [Field] = &[
        field("task_id", Kind::Text, &["/task_id"]),
        field("name", Kind::Text, &["/name"]),
        field("owner", Kind::Text, &["/owner"]),
        field("status", Kind::Text, &["/status"]),
        field("progress", Kind::Share, &["/progress/value"]),
        field("age", Kind::Ago, &["/created_at"]),
        field("started", Kind::Ago, &["/started_at"]),
        field("ended", Kind::Ago, &["/ended_at"]),
        field("text", Kind::Text, &["/error", "/progress/text"]),
        field("member", Kind::Text, &["/member"]),
    ];
}

impl Listed for Member {
    const FIELDS: &'static [Field] = &[
        field("name", Kind::Text, &["/name"]),
        field("state", Kind::Text, &["/state"]),
        field("phase", Kind::Text, &["/phase"]),
        field("version", Kind::Text, &["/version"]),
        field("mode", Kind::Text, &["/mode"]),
        field("connections", Kind::Number, &["/connections"]),
        field("lag", Kind::Delay, &["/lag_ms"]),
        field("clock_offset", Kind::Delay, &["/clock_offset_ms"]),
        field("log_sequence", Kind::Number, &["/log_sequence"]),
        field("started", Kind::Ago, &["/started_at"]),
        field("heard", Kind::Ago, &["/heard_at"]),
        field("instance", Kind::Text, &["/instance"]),
    ];
}

impl Listed for AuditEntry {
    const FIELDS: &'static [Field] = &[
        field("sequence", Kind::Number, &["/sequence"]),
        field("time", Kind::Moment, &["/at"]),
        field("who", Kind::Text, &["/user", "/uid", "/actor"]),
        field("command", Kind::Text, &["/command"]),
        field("target", Kind::Text, &["/target"]),
        field("outcome", Kind::Text, &["/outcome"]),
        field("reason", Kind::Text, &["/reason"]),
        field("key", Kind::Text, &["/key"]),
        field("actor", Kind::Text, &["/actor"]),
        field("uid", Kind::Number, &["/uid"]),
        field("pid", Kind::Number, &["/pid"]),
        field("via", Kind::Text, &["/via"]),
    ];
}

impl Field {
    /// Finds a field by its name.
    pub fn find(fields: &'static [Self], name: &str) -> Option<&'static Self> {
        fields.iter().find(|field| field.name == name)
    }

    /// Returns its value in an item.
    pub fn value<'a>(&self, item: &'a Value) -> Option<&'a Value> {
        self.places.iter().find_map(|place| item.pointer(place).filter(|value| !value.is_null()))
    }

    /// Returns what it is compared by.
    pub(super) fn rank(&self, item: &Value, now: Timestamp) -> Rank {
        let Some(value) = self.value(item) else { return Rank::Absent };
        match (self.kind, value) {
            (Kind::Number | Kind::Bytes | Kind::Share | Kind::Span | Kind::Delay, Value::Number(number)) => {
                number.as_f64().map_or(Rank::Absent, Rank::Number)
            }
            (Kind::Ago | Kind::Moment, Value::String(moment)) => {
                moment.parse::<Timestamp>().map_or(Rank::Absent, |then| {
                    // In milliseconds, and finer: who came within one of them are in order, too.
                    Rank::Number((now.as_nanosecond() - then.as_nanosecond()) as f64 / 1e6)
                })
            }
            (_, Value::String(text)) => Rank::Text(text.clone()),
            (_, other) => Rank::Text(other.to_string()),
        }
    }
}

impl Rank {
    /// Orders values; who has none comes last.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => one.total_cmp(two),
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            (one, two) => one.place().cmp(&two.place()),
        }
    }

    fn place(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Text(_) => 1,
            Self::Absent => 2,
        }
    }
}
