//! Versions. Most of their words are where versions are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::version::{ClearReceipt, ClearVersion};
use crate::{event::VersionSequence, forms::VersionName, request_id::RequestId, version::VersionDelivery};

/// For whom the current version is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionFor {
    /// For this request id; without, or empty: for whoever has none pending for themselves.
    #[schemars(with = "Option<RequestId>")]
    pub request_id: Option<String>,
}

/// Of which version it is asked who was sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionAbout {
    /// This one; without: what is pending for everyone.
    #[schemars(with = "Option<VersionName>")]
    pub version: Option<String>,
}

/// How many of the present connections were sent which version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionStatus {
    /// The version that was asked for, or what is pending for everyone; null if nothing is.
    #[schemars(with = "Option<VersionName>")]
    pub version: Option<String>,
    /// Its place in the order of versions; null if nothing is pending.
    pub sequence: Option<VersionSequence>,
    /// Open connections.
    pub connections: usize,
    /// How many of them were sent that version last.
    pub sent: usize,
    /// By the version that was sent last, newest first. Sent is enqueued: not yet written to those that are slow.
    pub by_version: Vec<SentVersion>,
    /// How many were sent what the frontend told, and nothing that was queued.
    pub fetched: usize,
    /// How many were sent no version since this daemon was started.
    pub nothing: usize,
    /// How far that version has come with those that were selected when it was queued; null: not known.
    pub delivery: Option<VersionDelivery>,
}

/// Connections that were sent this version last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SentVersion {
    /// Its place in the order of versions.
    pub sequence: VersionSequence,
    /// The version; null if it was queued too long ago.
    #[schemars(with = "Option<VersionName>")]
    pub version: Option<String>,
    /// How many.
    pub connections: usize,
}
