//! Connections.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    forms::{Key, Moment, VersionName},
    request_id::RequestId,
    token::Token,
};

/// A connection in a listing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionView {
    /// The browser's logical id.
    pub request_id: RequestId,
    /// The stream's token; whoever is no operator sees 8 characters.
    #[schemars(with = "Token")]
    pub token: String,
    /// `live` or `flapping`; behind a gateway also `suspect`, and `ghost` for what is gone.
    pub state: String,
    /// When it was registered.
    #[schemars(with = "Moment")]
    pub connected_at: Timestamp,
    /// How long ago that was.
    pub age_ms: i64,
    /// When the gateway last proved to have it; null for a stream that the daemon holds itself.
    #[serde(default)]
    #[schemars(with = "Option<Moment>")]
    pub last_proven: Option<Timestamp>,
    /// Whether a restarted daemon will know it; null for a stream that the daemon holds itself.
    #[serde(default)]
    pub durable: Option<bool>,
    /// The browser's address, where known.
    pub address: Option<String>,
    /// Its `User-Agent`, where known.
    pub user_agent: Option<String>,
    /// The sequence of the newest version enqueued to it.
    pub version_sequence: Option<u64>,
    /// That version, while it is pending.
    #[serde(default)]
    #[schemars(with = "Option<VersionName>")]
    pub version: Option<String>,
    /// Events written to it: handed to the kernel, or taken by the gateway. This and what follows is null where it was
    /// not counted in time, and for a ghost.
    #[serde(default)]
    pub events: Option<u64>,
    /// Bytes written to it: all that the kernel took, head and heartbeats included; behind a gateway those of events.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Events that wait in its outbox now.
    #[serde(default)]
    pub queued_events: Option<u64>,
    /// Their bytes, which are those that the kernel or the gateway has not taken yet.
    #[serde(default)]
    pub queued_bytes: Option<u64>,
    /// What was queued for it and never sent: progress that newer progress of the same task replaced, and what is
    /// `lost`.
    #[serde(default)]
    pub drops: Option<u64>,
    /// Events that it missed: the gateway did not take them.
    #[serde(default)]
    pub lost: Option<u64>,
    /// When something was last written to it.
    #[serde(default)]
    #[schemars(with = "Option<Moment>")]
    pub last_write: Option<Timestamp>,
}

/// Who is listed besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionsAsked {
    /// Those that were found gone of late, too.
    #[serde(default)]
    pub ghosts: bool,
}

/// An order to disconnect: by ids and tokens, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    /// These request ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_ids: Vec<RequestId>,
    /// These tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Token>")]
    pub tokens: Vec<String>,
    /// Everyone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

/// What was disconnected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisconnectReceipt {
    /// The idempotency key.
    #[schemars(with = "Key")]
    pub key: String,
    /// The request ids whose connection was removed and is being closed.
    pub disconnected: Vec<RequestId>,
    /// The ids and tokens that were not connected.
    pub not_found: Vec<String>,
}
