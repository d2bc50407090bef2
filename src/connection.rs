//! One open stream of one browser, as everything that is told about it sees it.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{event::VersionSequence, request_id::RequestId, token::Token};

/// Number of a connection, unique in the life of the daemon: the key that deliveries use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial(pub u64);

/// Where a connection came from; whatever the holder of the stream knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The browser's address.
    pub address: Option<IpAddr>,
    /// Its `User-Agent`, cut to 256 bytes. Shared by the connections that have the same.
    pub user_agent: Option<Arc<str>>,
}

/// A registered connection.
#[derive(Debug)]
pub struct Connection {
    /// Its number.
    pub serial: Serial,
    /// The browser's logical id.
    pub request_id: RequestId,
    /// The stream's token.
    pub token: Token,
    /// Where it came from.
    pub origin: Origin,
    /// When it was registered.
    pub connected_at: jiff::Timestamp,
    /// The place of the newest version enqueued to it; 0 is none.
    told: AtomicU64,
    /// The place of the newest version of which it is accounted for what became of it; all, once it has left.
    settled: AtomicU64,
}

impl Connection {
    /// Returns a connection that was told nothing yet.
    pub fn new(
        serial: Serial,
        request_id: RequestId,
        token: Token,
        origin: Origin,
        connected_at: jiff::Timestamp,
    ) -> Self {
        Self {
            serial,
            request_id,
            token,
            origin,
            connected_at,
            told: AtomicU64::new(0),
            settled: AtomicU64::new(0),
        }
    }

    /// Notes that a version is about to be enqueued to this connection. False, and nothing noted, if it was
    /// told that one or a newer one already: then it must not be sent.
    ///
    /// Called by the connection's only writer, in dispatch order.
    pub fn tell_version(&self, sequence: VersionSequence) -> bool {
        let place = sequence.place();
        self.told.fetch_max(place, Ordering::Relaxed) < place
    }

    /// Notes that it is accounted for what became of a version, and of all older ones. Returns the place up to
    /// which it was before: what lies between is the caller's to account for.
    pub fn settle(&self, sequence: VersionSequence) -> u64 {
        self.settled.fetch_max(sequence.place(), Ordering::AcqRel)
    }

    /// Notes that it has left: whatever happens to it from here on counts for no version. Returns as
    /// [`Connection::settle`] does.
    pub fn settle_for_good(&self) -> u64 {
        self.settled.swap(u64::MAX, Ordering::AcqRel)
    }

    /// Returns the newest version enqueued to it.
    pub fn told_version(&self) -> Option<VersionSequence> {
        self.told.load(Ordering::Relaxed).checked_sub(1).map(VersionSequence)
    }
}

/// Why a stream was or is to be closed. A closed set: also a metrics label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The browser left.
    ClientClosed,
    /// A newer connection has the same request id.
    Replaced,
    /// The operator asked for it.
    Disconnected,
    /// Its outbox overflowed or grew too old.
    SlowConsumer,
    /// The gateway does not know the token.
    NotFound,
    /// Writing failed.
    Error,
    /// It has lived for `stream.max_lifetime`.
    Lifetime,
    /// The operator drains the daemon.
    Drain,
    /// The daemon stops.
    Shutdown,
}

impl CloseReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::ClientClosed,
        Self::Replaced,
        Self::Disconnected,
        Self::SlowConsumer,
        Self::NotFound,
        Self::Error,
        Self::Lifetime,
        Self::Drain,
        Self::Shutdown,
    ];

    /// Returns the name in metrics, logs and the `bye` frame.
    pub fn label(self) -> &'static str {
        match self {
            Self::ClientClosed => "client_closed",
            Self::Replaced => "replaced",
            Self::Disconnected => "disconnected",
            Self::SlowConsumer => "slow_consumer",
            Self::NotFound => "not_found",
            Self::Error => "error",
            Self::Lifetime => "lifetime",
            Self::Drain => "drain",
            Self::Shutdown => "shutdown",
        }
    }
}
