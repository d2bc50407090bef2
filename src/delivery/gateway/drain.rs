//! Empties one outbox, one request at a time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Shared, message,
    outbox::{Item, Outbox, Parcel},
    peer::Outcome,
};
use crate::{connection::Connection, delivery::Fate, metrics::SendStatus, token::Token};

/// At most one line about failures in this time, with the number of those that it stands for.
const COMPLAINT_EVERY: Duration = Duration::from_secs(5);
/// What is said of a request without an answer.
pub(super) const LATE: &str = "it did not answer in time";

/// Which part of the requests under way a token may use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// For all that is expected to be answered at once.
    Main,
    /// For what is known or expected to be slow.
    Side,
}

/// What is known of an item before it is taken.
struct Next {
    /// Who is sent an event.
    recipient: Option<Arc<Connection>>,
    /// Its lane, where that does not depend on the token.
    lane: Option<Lane>,
}

/// The places for requests under way, and who may complain about them.
pub(super) struct Lanes {
    main: Arc<Semaphore>,
    side: Option<Arc<Semaphore>>,
    failures: Complaints,
}

impl Lanes {
    pub(super) fn new(in_flight: usize) -> Self {
        let side = in_flight / 4;
        Self {
            main: Arc::new(Semaphore::new(in_flight - side)),
            side: (side > 0).then(|| Arc::new(Semaphore::new(side))),
            failures: Complaints::default(),
        }
    }

    /// Waits for a place among those that the slow may use.
    pub(super) async fn side(&self) -> Option<OwnedSemaphorePermit> {
        self.place(Lane::Side).await
    }

    /// Waits for a place in a lane.
    pub(super) async fn place(&self, lane: Lane) -> Option<OwnedSemaphorePermit> {
        let places = match (lane, &self.side) {
            (Lane::Side, Some(side)) => side,
            _ => &self.main,
        };
        Arc::clone(places).acquire_owned().await.ok()
    }

    /// Returns a place among the first lane's, if one is free.
    pub(super) fn free_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.main).try_acquire_owned().ok()
    }
}

impl Shared {
    /// Sends what is in the outbox of a token until it is empty, then removes it.
    pub(super) async fn drain(self: Arc<Self>, token: Token) {
        if self.abandoned.run_until_cancelled(self.send_all(&token)).await.is_none() {
            self.outboxes().remove(&token);
            tracing::debug!(token = token.short(), "events were not sent any more: the daemon stops");
        }
        if self.outboxes().is_empty() {
            self.emptied.notify_waiters();
        }
    }

    async fn send_all(&self, token: &Token) {
        let mut lane = Lane::Main;
        while let Some(next) = self.next(token) {
            let next_lane = next.lane.unwrap_or(lane);
            let Some(mut place) = self.lanes.place(next_lane).await else { return };
            if next.recipient.is_some_and(|connection| self.is_to_wait(&connection)) {
                drop(place);
                self.wait().await;
                let Some(again) = self.lanes.place(next_lane).await else { return };
                place = again;
            }
            // Only now: progress that waits for a place is still replaced by newer.
            let item = self.outboxes().get_mut(token).and_then(Outbox::take);
            match item {
                Some(Item::Event(parcel)) => lane = self.send(token, &parcel).await,
                Some(Item::Close(_)) => self.send_close(token).await,
                None => {}
            }
            drop(place);
        }
    }

    /// Returns what is known of the next item; `None`, and the outbox is removed, if there is none.
    fn next(&self, token: &Token) -> Option<Next> {
        let mut outboxes = self.outboxes();
        match outboxes.get(token).and_then(Outbox::peek) {
            Some(Item::Close(_)) => Some(Next { recipient: None, lane: Some(Lane::Side) }),
            Some(Item::Event(parcel)) => {
                Some(Next { recipient: Some(Arc::clone(&parcel.connection)), lane: None })
            }
            None => {
                outboxes.remove(token);
                None
            }
        }
    }

    /// Sends an event. Returns the lane for the next one.
    async fn send(&self, token: &Token, parcel: &Parcel) -> Lane {
        let service = parcel.message.event.service();
        let began = Instant::now();
        let outcome = self.peer.post(parcel.message.body(token)).await;
        self.metrics.send_took(service, began.elapsed());
        let status =
            if matches!(outcome, Outcome::Accepted) { SendStatus::Success } else { SendStatus::Error };
        self.metrics.sent(service, status, 1);
        let (connection, message) = (&*parcel.connection, &parcel.message);
        match outcome {
            Outcome::Accepted => self.took(&[connection], message),
            Outcome::NotFound => self.unknown(&[connection]),
            Outcome::Failed(why) => {
                message.settle(connection, Fate::Failed);
                self.failed(&[connection], &why);
            }
            Outcome::TimedOut => {
                message.settle(connection, Fate::Failed);
                self.failed(&[connection], LATE);
                return Lane::Side;
            }
        }
        Lane::Main
    }

    /// Drops all that waits for a connection.
    pub(super) fn lose(&self, connection: &Connection) {
        let lost = self
            .outboxes()
            .get_mut(&connection.token)
            .map(|outbox| outbox.discard(connection.serial))
            .unwrap_or_default();
        for parcel in lost {
            self.metrics.sent(parcel.message.event.service(), SendStatus::Error, 1);
        }
    }

    /// An event was sent to these and is lost, as far as anybody knows.
    pub(super) fn failed(&self, connections: &[&Connection], why: &str) {
        self.unsettled(connections, why);
        self.roster.lost(connections);
        if let Some(connection) = connections.first() {
            self.complain(connection, why);
        }
    }

    pub(super) fn complain(&self, connection: &Connection, why: &str) {
        if let Some(more) = self.lanes.failures.may_speak() {
            tracing::error!(
                request_id = %connection.request_id,
                token = connection.token.short(),
                more,
                why,
                "an event was not taken by the gateway and is lost for this connection"
            );
        }
    }

    /// Ends the stream: gone already is as good.
    async fn send_close(&self, token: &Token) {
        let why = match self.peer.post(message::close(token)).await {
            Outcome::Accepted | Outcome::NotFound => return,
            Outcome::Failed(why) => why,
            Outcome::TimedOut => LATE.to_owned(),
        };
        if let Some(more) = self.lanes.failures.may_speak() {
            tracing::warn!(token = token.short(), more, why, "the gateway did not close a stream");
        }
    }
}

/// Keeps a failing gateway from filling the log: a line speaks for those that were held back before it.
#[derive(Default)]
struct Complaints(Mutex<Option<(Instant, u64)>>);

impl Complaints {
    /// Returns how many lines were held back since the last one, if there may be one now.
    fn may_speak(&self) -> Option<u64> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_mut() {
            Some((then, held_back)) if then.elapsed() < COMPLAINT_EVERY => {
                *held_back += 1;
                None
            }
            _ => last.replace((Instant::now(), 0)).map_or(Some(0), |(_, held_back)| Some(held_back)),
        }
    }
}
