//! Delivery through an external SSE gateway: one `POST {url}/internal/send` per event and connection.
//!
//! Every token has a bounded outbox. While it is not empty, one task drains it, one request at a time: so a
//! connection sees events in the order of their dispatch, and connections do not wait for one another. Over all
//! tokens at most `gateway.in_flight` requests are under way; tokens that did not answer in time, and closes
//! (which the gateway answers only after its own callback to us), may use a quarter of these only, so that they
//! never use up what the others need.
//!
//! A gateway of ours says that one `POST` may reach many tokens. Then an event for everyone is sent to many at once,
//! by one task for all of them; a token that is in such a request has one under way like any other, and what comes
//! for it meanwhile waits in its outbox.
//!
//! A request is never repeated: the gateway may have read it and written the event before the connection broke.
//! The one exception is below us and safe: an idle keep-alive connection that is found closed before a byte of
//! the request was written is replaced by a new one. (One for many tokens that is refused has written nothing, and
//! each token is tried alone.) What is lost with a failed request is counted and logged.

mod drain;
mod health;
mod message;
mod outbox;
mod peer;
mod reconcile;
mod together;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(crate) use self::peer::BATCH;
use self::{
    drain::Lanes,
    health::Health,
    message::Message,
    outbox::{Offer, Outbox, Parcel},
    peer::Peer,
};
use super::{Delivery, Dispatch, Recipients, Roster};
use crate::{
    config::GatewayConfig,
    connection::{CloseReason, Connection, Serial},
    event::Kind,
    lifecycle::Lifecycle,
    metrics::{Metrics, SendStatus},
    outbound::InvalidUrl,
    token::Token,
    traffic::{Backlog, Traffic, Traffics, Whose},
};

/// Why there can be no delivery with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGateway {
    /// The address is no good.
    #[error("gateway.url: {0}")]
    Url(#[from] InvalidUrl),
    /// Only scheme, host, port and a path prefix make sense.
    #[error("gateway.url must not have a query or a fragment: /internal/send is added to it")]
    Query,
    /// Nothing could ever be sent.
    #[error("gateway.in_flight must be at least 1")]
    InFlight,
    /// The secret cannot be used.
    #[error("{0}")]
    Secret(String),
    /// Nothing could ever succeed.
    #[error("gateway.timeout must be more than nothing: 5s for example")]
    Timeout,
}

/// Sends events through an external gateway.
pub struct GatewayDelivery(Arc<Shared>);

/// What the draining tasks share.
struct Shared {
    outboxes: Mutex<HashMap<Token, Outbox>>,
    outbox_bytes: usize,
    peer: Peer,
    lanes: Lanes,
    health: Health,
    roster: Arc<dyn Roster>,
    lifecycle: Lifecycle,
    metrics: Arc<Metrics>,
    emptied: Notify,
    abandoned: CancellationToken,
    /// What waits, as far as the metrics know.
    backlog: Mutex<Backlog>,
}

impl GatewayDelivery {
    /// Returns a delivery that has not talked to the gateway yet. From ready until the daemon closes it asks the
    /// gateway who is still there.
    pub fn new(
        config: &GatewayConfig,
        outbox_bytes: usize,
        roster: Arc<dyn Roster>,
        lifecycle: Lifecycle,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, InvalidGateway> {
        if config.in_flight == 0 {
            return Err(InvalidGateway::InFlight);
        }
        let shared = Arc::new(Shared {
            outboxes: Mutex::default(),
            outbox_bytes,
            peer: Peer::new(config)?,
            lanes: Lanes::new(config.in_flight),
            health: Health::default(),
            roster,
            lifecycle,
            metrics,
            emptied: Notify::new(),
            abandoned: CancellationToken::new(),
            backlog: Mutex::default(),
        });
        let (asking, closing) = (Arc::clone(&shared).reconcile(), shared.lifecycle.closing());
        shared.lifecycle.spawn(async move { closing.run_until_cancelled(asking).await });
        Ok(Arc::new(Self(shared)))
    }
}

impl Delivery for GatewayDelivery {
    fn enqueue(&self, to: Recipients, dispatch: Dispatch) -> BoxFuture<'_, ()> {
        let message = Arc::new(Message::encode(dispatch.event, dispatch.reach));
        match to {
            Recipients::Everyone if self.0.peer.batch().is_some() => self.0.offer_all(&message),
            Recipients::Everyone => {
                for connection in self.0.roster.everyone() {
                    self.0.offer(&connection, &message);
                }
            }
            Recipients::One(_, Some(connection)) | Recipients::Only(connection) => {
                self.0.offer(&connection, &message);
            }
            Recipients::One(_, None) => {}
        }
        std::future::ready(()).boxed()
    }

    fn close(&self, connection: Arc<Connection>, reason: CloseReason) -> BoxFuture<'_, ()> {
        tracing::debug!(token = connection.token.short(), reason = reason.label(), "closing at the gateway");
        self.0.with_outbox(&connection.token, |outbox| outbox.close(&connection));
        std::future::ready(()).boxed()
    }

    fn traffic(&self, whose: Whose) -> BoxFuture<'_, Traffics> {
        std::future::ready(self.0.traffic(whose)).boxed()
    }

    fn measure(&self) {
        self.0.measure();
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        // Whether this ends or is given up: what is still queued then is not sent any more.
        let abandon = self.0.abandoned.clone().drop_guard();
        async move {
            let _abandon = abandon;
            loop {
                let emptied = self.0.emptied.notified();
                if self.0.outboxes().is_empty() {
                    return;
                }
                emptied.await;
            }
        }
        .boxed()
    }

    fn trouble(&self) -> Option<String> {
        self.0.health.trouble(self.0.roster.suspects())
    }
}

impl Shared {
    fn offer(self: &Arc<Self>, connection: &Arc<Connection>, message: &Arc<Message>) {
        if !is_news(connection, message) {
            return;
        }
        let parcel = Parcel { connection: Arc::clone(connection), message: Arc::clone(message) };
        let offer = self.with_outbox(&connection.token, |outbox| outbox.offer(parcel, self.outbox_bytes));
        match offer {
            Offer::Taken => {}
            Offer::Superseded => self.roster.coalesced(&[connection]),
            Offer::Overflowed(lost) => self.overflowed(connection, lost),
        }
    }

    fn traffic(&self, whose: Whose) -> Traffics {
        let mut counted: HashMap<Serial, Traffic> = self.roster.counts(whose).into_iter().collect();
        for parcel in self.outboxes().values().flat_map(Outbox::events) {
            if let Some(traffic) = counted.get_mut(&parcel.connection.serial) {
                traffic.queued_events += 1;
                traffic.queued_bytes += parcel.message.size() as u64;
            }
        }
        Traffics::new(counted.into_iter().collect(), 0)
    }

    fn measure(&self) {
        let mut backlog = Backlog::default();
        for outbox in self.outboxes().values() {
            let (events, bytes) = outbox.waiting();
            backlog.connections += u64::from(events > 0);
            backlog.events += events as u64;
            backlog.bytes += bytes as u64;
        }
        let mut known = self.backlog.lock().unwrap_or_else(PoisonError::into_inner);
        self.metrics.backlog_changed(std::mem::replace(&mut known, backlog), backlog);
    }

    fn overflowed(&self, connection: &Connection, lost: Vec<Parcel>) {
        for parcel in lost {
            self.metrics.sent(parcel.message.event.service(), SendStatus::Error, 1);
        }
        tracing::warn!(
            request_id = %connection.request_id,
            token = connection.token.short(),
            "the gateway takes events of this connection too slowly: closing it"
        );
        self.roster.departed(connection, CloseReason::SlowConsumer);
    }

    /// Changes the outbox of a token; makes sure that somebody drains it.
    fn with_outbox<T>(self: &Arc<Self>, token: &Token, change: impl FnOnce(&mut Outbox) -> T) -> T {
        let mut outboxes = self.outboxes();
        match outboxes.entry(token.clone()) {
            Entry::Occupied(mut outbox) => change(outbox.get_mut()),
            Entry::Vacant(place) => {
                let changed = change(place.insert(Outbox::default()));
                drop(outboxes);
                self.lifecycle.spawn(Arc::clone(self).drain(token.clone()));
                changed
            }
        }
    }

    fn outboxes(&self) -> MutexGuard<'_, HashMap<Token, Outbox>> {
        self.outboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that a version is about to be enqueued to a connection; false if it is old news.
fn is_news(connection: &Connection, message: &Message) -> bool {
    match message.event.kind {
        Kind::Version(sequence) => connection.tell_version(sequence),
        Kind::Progress(_) | Kind::TaskState | Kind::TaskEnd(_) | Kind::Application => true,
    }
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
