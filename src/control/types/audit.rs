//! The audit log.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::forms::Moment;

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was carried out.
    Done,
    /// It was carried out before; the first receipt was given again.
    Repeated,
    /// It was not carried out.
    Refused,
    /// It was tried, and whether it was done is not known; or an outcome of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// An order, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Its number; larger ones are newer.
    pub sequence: u64,
    /// When it was given.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// `user`, over the control socket; `token`, over the internal listener; `testing`.
    pub actor: String,
    /// The user, over the control socket.
    pub uid: Option<u32>,
    /// What that user was called.
    pub user: Option<String>,
    /// The process, which may be gone, and its number another's.
    pub pid: Option<u32>,
    /// The member of the cluster that passed it on; absent for who asked here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// `version.queue`, `task.cancel`…
    pub command: String,
    /// What it was about.
    pub target: String,
    /// The idempotency key, if there was one.
    pub key: Option<String>,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// Why it was refused; of what was done, why, if that was said.
    pub reason: Option<String>,
}

/// Where in the log to look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditPlace {
    /// Not older than this.
    #[schemars(with = "Option<Moment>")]
    pub since: Option<Timestamp>,
    /// Older than the entry with this number.
    pub before: Option<u64>,
}
