//! Connections.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    forms::{Key, Moment, Reason, VersionName},
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
    /// That version, while it is pending or one of the last hundred that were queued.
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
    /// The member of the cluster that has it; absent where there is no cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

/// Who is listed besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionsAsked {
    /// Those that were found gone of late, too.
    #[serde(default)]
    pub ghosts: bool,
}

/// An order to disconnect: by ids and tokens, by filters, or all.
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
    /// Those of which all of these hold, as lists have them: `queued>10k`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// Everyone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Only tell what would be done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Do nothing unless it is so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<usize>,
    /// Why: audited, logged, and told to the browsers of embedded streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Reason>")]
    pub reason: Option<String>,
    /// Do not tell browsers the reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// For how long their request ids are refused, in milliseconds; named ids also if they are not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_reconnect_ms: Option<u64>,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

/// What was disconnected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisconnectReceipt {
    /// The idempotency key; empty where nothing was done and none was given.
    #[schemars(with = "String")]
    pub key: String,
    /// Nothing was done: this is what would be.
    #[serde(default)]
    pub dry_run: bool,
    /// The request ids whose connection was removed and is being closed.
    pub disconnected: Vec<RequestId>,
    /// The ids and tokens that were not connected.
    pub not_found: Vec<String>,
    /// Until when their request ids, and those that were named, are refused.
    #[serde(default)]
    #[schemars(with = "Option<Moment>")]
    pub refused_until: Option<Timestamp>,
    /// Whether that, and this receipt, survive a restart.
    #[serde(default = "yes")]
    pub durable: bool,
    /// How many each member of the cluster disconnected, where all were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberReceipt>,
}

/// What one member of a cluster disconnected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberReceipt {
    /// The member.
    pub member: String,
    /// The idempotency key of its part.
    #[schemars(with = "String")]
    pub key: String,
    /// The request ids whose connection it had.
    pub disconnected: Vec<RequestId>,
    /// Whether its part survives a restart of it.
    pub durable: bool,
}

/// Earlier daemons said nothing of it.
fn yes() -> bool {
    true
}

/// A request id that is refused for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blocked {
    /// The browser's logical id.
    pub request_id: RequestId,
    /// Until then.
    #[schemars(with = "Moment")]
    pub until: Timestamp,
    /// Since then.
    #[schemars(with = "Moment")]
    pub since: Timestamp,
    /// Who ordered it.
    pub by: String,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The member of the cluster that refuses it, where all were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

/// An order to let request ids in again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unblock {
    /// These request ids.
    pub request_ids: Vec<RequestId>,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

/// Who is let in again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnblockReceipt {
    /// The idempotency key.
    #[schemars(with = "Key")]
    pub key: String,
    /// Those that were refused until now.
    pub unblocked: Vec<RequestId>,
    /// Those that were not.
    pub not_found: Vec<RequestId>,
}
