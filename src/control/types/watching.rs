//! Watching connections.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Line;
use crate::{forms::Moment, request_id::RequestId, token::Token};

/// What is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WatchAsked {
    /// Only what has this: `type=disconnected`, `reason=slow_consumer`, `lifetime<5s`; as lists have it, several must
    /// all hold.
    #[serde(default)]
    pub filter: Option<Vec<String>>,
}

/// A line of `GET /v1/connections/events`: first `started`, then what happens as it happens, `heartbeat`s in between,
/// last `end`. A stream without `end` was cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConnectionLine {
    /// The stream begins.
    Started {
        /// When.
        #[schemars(with = "Moment")]
        at: Timestamp,
        /// How many connections there are.
        connections: usize,
    },
    /// A connection was registered.
    Connected(ConnectionChange),
    /// A connection was registered in the place of an older one of the same request id.
    Replaced(ConnectionChange),
    /// A connection is registered no more.
    Disconnected(ConnectionChange),
    /// The state of a connection is another.
    State(ConnectionChange),
    /// The reader was too slow: so much that happened was left out here.
    Lagged {
        /// How many lines, before they were filtered.
        missed: u64,
    },
    /// Nothing happened for a while.
    Heartbeat,
    /// The daemon stops.
    End,
}

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionChange {
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// The browser's logical id.
    pub request_id: RequestId,
    /// The stream's token; whoever is no operator sees 8 characters.
    #[schemars(with = "Token")]
    pub token: String,
    /// When it was registered.
    #[schemars(with = "Moment")]
    pub connected_at: Timestamp,
    /// The browser's address, where known.
    pub address: Option<String>,
    /// Its `User-Agent`, where known.
    pub user_agent: Option<String>,
    /// The state that it has now; null where it is gone, unless as a `ghost`.
    pub state: Option<String>,
    /// The state that it had before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Why a connection ended: `client_closed`, `replaced`, `disconnected`, `slow_consumer`, `not_found`, `error`,
    /// `lifetime`, `drain` or `shutdown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long the connection lived that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_ms: Option<i64>,
    /// The token of the one that was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Token>")]
    pub replaced: Option<String>,
}

impl Line for ConnectionLine {
    fn ends(&self) -> bool {
        matches!(self, Self::End)
    }
}
