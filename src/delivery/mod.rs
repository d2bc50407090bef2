//! How bytes leave: the [`Delivery`] trait, the [`Dispatcher`] (the one ordering point) and the two deliveries.
//!
//! A delivery owns the queues of the connections and is each connection's only writer. It knows nothing of
//! services; who is connected it learns through [`Directory`], and that a connection ended it tells through
//! [`Departures`].

mod dispatcher;
pub mod embedded;
pub mod gateway;
mod reach;
mod shared;
mod tail;

use std::{sync::Arc, time::Instant};

use futures_util::future::BoxFuture;

pub use dispatcher::{Dispatched, Dispatcher, TooLarge};
pub use reach::{Fate, Reach, Underway};
pub use shared::{SharedOrder, Turn, Unplaced};
pub use tail::{Look, Told};

use crate::{
    audience::Audience,
    connection::{CloseReason, Connection, Serial},
    event::Event,
    request_id::RequestId,
    store::{Batch, StoreError},
    traffic::{Traffic, Traffics, Whose},
};

/// Number of a dispatched event: the order in which every connection sees events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

/// One event on its way, shared by all its recipients.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Its place in the order.
    pub sequence: Sequence,
    /// What is sent.
    pub event: Arc<Event>,
    /// When it was dispatched, for the send duration.
    pub at: Instant,
    /// Told what becomes of it, if somebody wants to know.
    pub reach: Option<Arc<Reach>>,
}

/// The connections an event goes to.
#[derive(Clone, Debug)]
pub enum Recipients {
    /// All that are connected now.
    Everyone,
    /// The connection of this request id, if there is one now.
    One(RequestId, Option<Arc<Connection>>),
    /// This very connection, if it is still there. Nobody else, and not it either when it comes back, has missed
    /// anything by it.
    Only(Arc<Connection>),
}

/// A way by which events reach browsers.
pub trait Delivery: Send + Sync + 'static {
    /// Enqueues an event. Called by the dispatcher only, one call at a time, in the order of the sequence
    /// numbers; waits only while a queue shared by many connections is full, never for a connection.
    fn enqueue(&self, to: Recipients, dispatch: Dispatch) -> BoxFuture<'_, ()>;

    /// Ends a stream that is no longer registered, after what is queued for it: best effort, never waits for
    /// the peer.
    fn close(&self, connection: Arc<Connection>, reason: CloseReason) -> BoxFuture<'_, ()>;

    /// Ends a stream that an operator removed, like [`Delivery::close`], and says so to the browser in these words, if
    /// there are any and this way of delivery has a place for them.
    fn dismiss(&self, connection: Arc<Connection>, words: Option<&str>) -> BoxFuture<'_, ()> {
        let _ = words;
        self.close(connection, CloseReason::Disconnected)
    }

    /// Ends what must end when the daemon does: flushes outboxes, closes embedded streams, leaves a gateway's
    /// streams open. The caller bounds the wait.
    fn shutdown(&self) -> BoxFuture<'_, ()>;

    /// Returns whether its streams may be older than this run of the daemon.
    fn outlives_runs(&self) -> bool {
        true
    }

    /// Returns what went out to these connections, and what waits for them. Waits for nobody longer than a moment.
    fn traffic(&self, whose: Whose) -> BoxFuture<'_, Traffics> {
        let _ = whose;
        Box::pin(std::future::ready(Traffics::default()))
    }

    /// Tells the metrics what waits now, where they are not told as it changes.
    fn measure(&self) {}

    /// Returns what the next run is to find in the store. To be asked when nothing is enqueued any more.
    fn legacy(&self) -> Result<Batch, StoreError> {
        Ok(Batch::new())
    }

    /// Counts events in another order from here on, that of this epoch. Those up to `after` were not enqueued here:
    /// browsers are told so, where there is a way.
    fn recount(&self, epoch: u64, after: Sequence) -> BoxFuture<'_, ()> {
        let _ = (epoch, after);
        Box::pin(std::future::ready(()))
    }

    /// Returns the last event that was enqueued, in this run or in one that left its events to it, with the epoch that
    /// it is counted in.
    fn counted(&self) -> Option<(u64, Sequence)> {
        None
    }

    /// Returns what is wrong, if anything is.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// Who is connected, as a delivery may ask it. Implemented by the registry.
pub trait Directory: Send + Sync + 'static {
    /// Returns all connections, oldest first.
    fn everyone(&self) -> Vec<Arc<Connection>>;
    /// Returns the connection of a request id.
    fn find(&self, id: &RequestId) -> Option<Arc<Connection>>;
    /// Returns how many are connected.
    fn count(&self) -> usize;

    /// Returns who an event for this audience goes to, and how many they are.
    fn select(&self, audience: &Audience) -> (Recipients, usize) {
        match audience {
            Audience::Everyone => (Recipients::Everyone, self.count()),
            Audience::One(id) => {
                let found = self.find(id);
                let count = found.iter().len();
                (Recipients::One(id.clone(), found), count)
            }
        }
    }

    /// Like [`Directory::select`], for a version of which it is counted what becomes of it: from here on it is told
    /// who leaves.
    fn select_for(&self, audience: &Audience, reach: &Arc<Reach>) -> (Recipients, usize) {
        let (to, count) = self.select(audience);
        match &to {
            Recipients::Everyone => Underway::default().everyone(reach, count, Serial(u64::MAX)),
            Recipients::One(_, found) => Underway::default().one(reach, found.as_deref()),
            Recipients::Only(connection) => Underway::default().one(reach, Some(connection)),
        }
        (to, count)
    }
}

/// Who a gateway holds, as its answers tell. Implemented by the registry.
pub trait Roster: Directory + Departures {
    /// Notes that these are there at this moment. Returns how many of them were in doubt.
    fn proven(&self, alive: &[&Connection]) -> usize;
    /// Notes that these are there at this moment, and that each took an event of so many bytes. Returns how many of
    /// them were in doubt.
    fn delivered(&self, to: &[&Connection], bytes: usize) -> usize;
    /// Counts an event that is lost for each of these.
    fn lost(&self, connections: &[&Connection]);
    /// Counts progress that gave way to newer progress before it was sent to these.
    fn coalesced(&self, connections: &[&Connection]);
    /// Returns what was delivered and lost.
    fn counts(&self, whose: Whose) -> Vec<(Serial, Traffic)>;
    /// Notes that what was sent to these was answered by nothing that settles whether they are there.
    fn doubted(&self, unsettled: &[&Connection]);
    /// Puts everyone in doubt who was not proven since then.
    fn doubt_unproven(&self, since: Instant);
    /// Returns whether this connection is in doubt.
    fn is_suspect(&self, connection: &Connection) -> bool;
    /// Returns how many are in doubt.
    fn suspects(&self) -> usize;
    /// Returns those that the gateway is to be asked for, the most doubtful first.
    fn due(&self) -> Vec<Arc<Connection>>;
}

/// Is told that a stream ended without the daemon's doing. Implemented by the registry.
pub trait Departures: Send + Sync + 'static {
    /// Notes the end of this very connection; one that is no longer registered is ignored.
    fn departed(&self, connection: &Connection, reason: CloseReason);
}
