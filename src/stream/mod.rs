//! The SSE engine: whatever a browser's `EventSource` meets.
//!
//! ```text
//!   accept ─► front (tokio): head ─► admission ─► adopt ─┐            ┌─► sockets 0, n, 2n …
//!               └─► not the stream: http                 ├─► shard 0 ─┤   (edge-triggered, slab)
//!   dispatcher ─► delivery::embedded: one frame ─────────┘            └─► outbox only for who would block
//! ```
//!
//! A *shard* is a thread that owns its sockets and is their only reader and writer: no lock, no task, no timer and
//! no buffer per connection. It is fed by one bounded queue, in which the order of commands is the order on the
//! wire. Everything that happens once per stream (accepting, parsing the head, asking whether it may be opened)
//! is done by tokio tasks of the [`front`], which keep nothing once the socket is handed over.

pub mod front;

pub(crate) mod callback;
pub(crate) mod cors;
pub(crate) mod door;
mod event_id;
mod frame;
pub(crate) mod gate;
pub(crate) mod head;
mod history;
mod lifetime;
mod limits;
mod odometer;
pub(crate) mod opening;
mod outbox;
pub(crate) mod refusal;
pub(crate) mod request;
mod rewind;
mod run;
mod shard;
mod shards;
mod socket;
mod table;
mod tally;
mod turnstile;
mod winding;

#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::BoxFuture;

#[cfg(test)]
pub(crate) use event_id::Epoch;
pub(crate) use frame::{Frame, Transfer};
pub use history::Gap;
pub(crate) use history::{History, Retention};
pub(crate) use limits::{Capacity, Limits, Seat};
pub(crate) use shard::{Arrival, Beat, Command, Missed, ShardParts, Target};
#[cfg(test)]
pub(crate) use shards::AT_ONCE;
pub(crate) use shards::Shards;

use crate::{connection::Connection, lifecycle::Shut, registry::Newcomer};

/// Decides whether a stream may be opened, between its head and its first byte.
pub(crate) trait Admission: Send + Sync + 'static {
    /// Answers a newcomer, whose request callbacks repeat, where there are any. An open connection is registered by then, and what it replaced is being closed.
    ///
    /// The front waits at most [`front::ADMISSION`], then refuses the stream; the future is completed all the
    /// same, and a connection that it opens too late is reported as departed.
    fn admit(&self, newcomer: Newcomer, request: Option<Arc<str>>) -> BoxFuture<'_, Admitted>;

    /// Opens the stream: what its browser has missed since the last event that it names, or what it is to know
    /// first, and then every event. Starts telling observers, without waiting for them. The envelope form's `ready`
    /// follows when this returns.
    fn open(&self, arrival: Arrival, last_event_id: Option<String>) -> BoxFuture<'_, ()>;
}

/// The answer to a newcomer.
#[derive(Clone, Debug)]
pub enum Admitted {
    /// It is registered.
    Open(Arc<Connection>),
    /// Its id keeps replacing itself: two tabs share it.
    Flapping,
    /// Its id is refused for a while.
    Blocked,
    /// Nobody is let in.
    Shut(Shut),
    /// The backend says no, with this status.
    Denied(StatusCode),
    /// The backend could not be asked.
    Unavailable,
}
