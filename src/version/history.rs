//! The versions of the past, as they are stored and told.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Figures;
use crate::{
    audience::Audience,
    event::VersionSequence,
    forms::{Key, LeastWritten, Moment, VersionName},
    request_id::RequestId,
};

/// What has become of a queued version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// Later connections are told of it.
    Pending,
    /// Somebody cleared it.
    Cleared,
    /// A newer one has taken its place; or a state of a newer daemon.
    #[default]
    #[serde(other)]
    Superseded,
}

impl VersionState {
    /// Returns the name in listings.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Superseded => "superseded",
            Self::Cleared => "cleared",
        }
    }
}

/// A version that was queued once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueuedVersion {
    /// Its place in the order of versions.
    pub sequence: VersionSequence,
    /// The version.
    #[schemars(with = "VersionName")]
    pub version: String,
    /// What is new in it.
    pub changelog: Option<String>,
    /// For whom it was stored: a request id, or null for everyone.
    #[serde(rename = "request_id")]
    #[schemars(with = "Option<RequestId>")]
    pub audience: Audience,
    /// Everyone connected was told, although it was stored for one.
    #[serde(default)]
    pub live_to_all: bool,
    /// When it was queued.
    #[schemars(with = "Moment")]
    pub queued_at: Timestamp,
    /// By whom: `user`, over the control socket; `token`, over the internal listener; `testing`.
    pub actor: String,
    /// The user, over the control socket.
    pub uid: Option<u32>,
    /// What that user was called.
    pub user: Option<String>,
    /// The key it was queued with.
    #[schemars(with = "Key")]
    pub key: String,
    /// What has become of it.
    #[serde(default)]
    pub state: VersionState,
    /// The sequence of the version that has taken its place.
    #[serde(default)]
    pub superseded_by: Option<VersionSequence>,
    /// When it was cleared.
    #[serde(default)]
    #[schemars(with = "Option<Moment>")]
    pub cleared_at: Option<Timestamp>,
    /// How far it has come, as far as that is known; null: the daemon was restarted too soon after it was queued.
    #[serde(default)]
    pub delivery: Option<Figures>,
}

/// How far a version has come, and whether that is far enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionDelivery {
    /// The version.
    #[schemars(with = "VersionName")]
    pub version: String,
    /// Its place in the order of versions.
    pub sequence: VersionSequence,
    /// How far it has come.
    #[serde(flatten)]
    pub figures: Figures,
    /// How far it was to come: `95%` of those that were selected and have not left, or a number.
    #[schemars(with = "LeastWritten")]
    pub min: String,
    /// How many connections that are.
    pub needed: usize,
    /// It has been written to so many.
    pub reached: bool,
    /// Nothing that still waits can change that.
    pub decided: bool,
}
