//! The members of a cluster.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::forms::Moment;

/// A daemon of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: MemberState,
    /// Its own word for where it is in its life: `starting`, `ready`, `draining`, `closing`.
    pub phase: String,
    /// Which run of it that is: another one after each start.
    pub instance: String,
    /// The version of its ssectld.
    pub version: String,
    /// When it started.
    #[schemars(with = "Moment")]
    pub started_at: Timestamp,
    /// `embedded` or `gateway`.
    pub mode: String,
    /// Its open connections.
    pub connections: usize,
    /// How far it has read the log of events; null: not known.
    #[serde(default)]
    pub log_sequence: Option<u64>,
    /// How old the last entry of the log was when it read it.
    #[serde(default)]
    pub lag_ms: Option<u64>,
    /// How far its clock is ahead of this daemon's; less than what an answer takes is 0.
    #[serde(default)]
    pub clock_offset_ms: Option<i64>,
    /// When it was last heard of.
    #[schemars(with = "Moment")]
    pub heard_at: Timestamp,
    /// The sequence of the version that is pending for everyone there; only with the status of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_sequence: Option<u64>,
    /// What is wrong with it; only with the status of the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

/// How a member of a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// It answers, and lets browsers in.
    Answering,
    /// It answers, and does not let browsers in yet, or any more.
    Draining,
    /// It does not answer; or a state of a newer daemon.
    #[serde(other)]
    Silent,
}

/// Which members are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MembersAsked {
    /// As they were last heard of: nobody is asked.
    #[serde(default)]
    pub heard: bool,
}

/// The cluster that a daemon is a member of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterView {
    /// Its name.
    pub name: String,
    /// What this daemon is called in it.
    pub member: String,
    /// Whether NATS, which it works over, is reached.
    pub connected: bool,
    /// Why it is not, where that lasts until somebody mends it: the login is refused, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Whether JetStream, which keeps what all members share, answers: that takes a majority of the NATS servers.
    #[serde(default = "yes")]
    pub jetstream: bool,
    /// The version of the NATS server that it is connected to, or was.
    pub nats_version: Option<String>,
    /// How many copies NATS keeps of what it is given; null: not known.
    pub replicas: Option<usize>,
    /// The members; only with the status of the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
}

/// What a daemon knows that does not say it.
fn yes() -> bool {
    true
}
