//! Frontend versions: what is pending, for whom, and who is told.

#[cfg(feature = "daemon")]
mod agreement;
#[cfg(feature = "daemon")]
mod event;
#[cfg(feature = "daemon")]
mod fetch;
mod figures;
mod history;
#[cfg(feature = "nats")]
mod member;
#[cfg(feature = "daemon")]
mod orders;
#[cfg(feature = "daemon")]
mod past;
#[cfg(feature = "daemon")]
mod pending;
#[cfg(feature = "daemon")]
mod service;
#[cfg(feature = "daemon")]
mod shared;
#[cfg(all(test, feature = "daemon"))]
mod tests;

#[cfg(feature = "daemon")]
pub use fetch::FrontendVersion;
pub use figures::{Figures, InvalidLeast, Least};
pub use history::{QueuedVersion, VersionDelivery, VersionState};
#[cfg(feature = "daemon")]
pub use service::{VersionError, VersionService};
#[cfg(feature = "nats")]
pub(crate) use shared::{Added, Mark, SharedVersions, Step};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    audience::Audience,
    event::VersionSequence,
    forms::{Key, Moment, VersionName},
    request_id::RequestId,
};

/// The longest version, in bytes.
pub const MAX_VERSION_BYTES: usize = 256;

/// An order to queue a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueVersion {
    /// The version, 1 to 256 bytes without control characters.
    #[schemars(with = "VersionName")]
    pub version: String,
    /// What is new in it; empty means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changelog: Option<String>,
    /// For this request id only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// With a request id: everyone connected is told now, later connections only if they have that id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub live_to_all: bool,
    /// Nothing is done where the same version, with the same changelog, is what is pending already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub if_changed: bool,
    /// Refused unless this version is what is pending; empty: unless nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_pending: Option<String>,
    /// Nothing is done: the receipt says what would be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

impl QueueVersion {
    /// Returns what it is about, for logs.
    #[cfg(feature = "daemon")]
    pub(crate) fn target(&self) -> String {
        let whom = self.request_id.as_ref().map_or("everyone", RequestId::as_str);
        let live = if self.live_to_all { ", live to all" } else { "" };
        format!("{} for {whom}{live}", self.version)
    }
}

/// A version that later connections are told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PendingVersion {
    /// The version.
    #[schemars(with = "VersionName")]
    pub version: String,
    /// What is new in it.
    pub changelog: Option<String>,
    /// For whom it is pending: a request id, or null for everyone.
    #[serde(rename = "request_id")]
    #[schemars(with = "Option<RequestId>")]
    pub audience: Audience,
    /// Its place in the order of versions.
    pub sequence: VersionSequence,
    /// When it was queued.
    #[schemars(with = "Moment")]
    pub queued_at: Timestamp,
    /// The key it was queued with.
    #[schemars(with = "Key")]
    pub key: String,
}

/// What the daemon answers to a queued version: what it did, never that a person saw something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionReceipt {
    /// The idempotency key: the same order may be repeated with it.
    #[schemars(with = "Key")]
    pub key: String,
    /// The version.
    #[schemars(with = "VersionName")]
    pub version: String,
    /// For whom it is stored.
    pub request_id: Option<RequestId>,
    /// Its place in the order of versions.
    pub sequence: VersionSequence,
    /// It is stored for later connections.
    pub stored: bool,
    /// It survives a restart.
    pub durable: bool,
    /// How many connections were selected to be told now,
    pub connections: usize,
    /// of this member; only in a cluster, whose other members select their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The same was pending already: nothing was done, and `sequence` is that of what is pending.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// Nothing was done: this is what would be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The version that is pending instead by now; only in a repeated receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<VersionName>")]
    pub superseded_by: Option<String>,
    /// How far it has come; only from `ssectl version queue --wait`.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<Waited>,
}

/// How far a version has come that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waited {
    /// To how many it was written: accepted by the kernel, or by the gateway. Not how many have received it.
    pub written: usize,
    /// For how many writing it failed.
    pub failed: usize,
    /// How many were ended because they took their bytes too slowly.
    pub overflowed: usize,
    /// How many left before, or were told a newer version instead.
    pub gone: usize,
    /// For how many it still waits.
    pub queued: usize,
    /// To how many it was to be written.
    pub needed: usize,
    /// It has been.
    pub reached: bool,
}

impl From<&VersionDelivery> for Waited {
    fn from(delivery: &VersionDelivery) -> Self {
        let Figures { written, failed, overflowed, gone, queued, .. } = delivery.figures;
        Self { written, failed, overflowed, gone, queued, needed: delivery.needed, reached: delivery.reached }
    }
}

/// An order to forget a pending version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearVersion {
    /// The one pending for this request id; without, the one for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// Every pending version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

/// What was forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClearReceipt {
    /// The idempotency key.
    #[schemars(with = "Key")]
    pub key: String,
    /// How many pending versions were removed.
    pub cleared: usize,
    /// The removal survives a restart.
    pub durable: bool,
}
