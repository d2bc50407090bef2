//! Empties many outboxes at once: the same event to as many tokens as one request may name.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Instant,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Shared,
    drain::{LATE, Lane},
    is_news,
    message::Message,
    outbox::{Item, Offer, Outbox, Parcel},
    peer::Together,
};
use crate::{connection::Connection, delivery::Fate, metrics::SendStatus, token::Token};

/// Tokens that begin together. More than one request for a large audience: they are under way side by side.
const GROUP: usize = 1024;
/// What a gateway takes.
const BODY_BYTES: usize = 100 * 1024;

/// What one request carries: an event, and for whom.
struct Load {
    message: Arc<Message>,
    parcels: Vec<Parcel>,
    /// What the request has besides its punctuation.
    bytes: usize,
}

impl Load {
    fn of(message: &Arc<Message>) -> Self {
        Self { message: Arc::clone(message), parcels: Vec::with_capacity(GROUP), bytes: message.overhead() }
    }

    /// Returns whether there is room for one more. One always fits.
    fn has_room(&self, token: &Token, most: usize) -> bool {
        let fits = self.parcels.len() < most && self.bytes + quoted_length(token) <= BODY_BYTES;
        fits || self.parcels.is_empty()
    }

    fn push(&mut self, parcel: Parcel) {
        self.bytes += quoted_length(&parcel.connection.token);
        self.parcels.push(parcel);
    }

    /// Puts a parcel that is alone back, and returns its token: it needs no request for many.
    fn take_single(&mut self, outboxes: &mut HashMap<Token, Outbox>) -> Option<Token> {
        if self.parcels.len() != 1 {
            return None;
        }
        let parcel = self.parcels.pop()?;
        let token = parcel.connection.token.clone();
        outboxes.entry(token.clone()).or_default().put_back(parcel);
        Some(token)
    }

    fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.parcels.iter().map(|parcel| &parcel.connection.token)
    }
}

/// A request that may begin at once.
struct Start {
    place: OwnedSemaphorePermit,
    load: Load,
}

impl Shared {
    /// Offers an event to everyone, group by group: the first are sent to while the others are offered it.
    pub(super) fn offer_all(self: &Arc<Self>, message: &Arc<Message>) {
        for group in self.roster.everyone().chunks(GROUP) {
            self.offer_group(group, message);
        }
    }

    /// Offers an event to some. Those who have no outbox yet are served together: at once, without waiting in their
    /// outboxes first, if a request may begin.
    fn offer_group(self: &Arc<Self>, group: &[Arc<Connection>], message: &Arc<Message>) {
        let (mut waiting, mut overflowed, mut superseded) =
            (Vec::new(), Vec::new(), Vec::<&Connection>::new());
        let most = self.peer.batch().unwrap_or(0);
        let place = (most > 1 && group.len() > 1).then(|| self.lanes.free_place()).flatten();
        let mut load = Load::of(message);
        let mut outboxes = self.outboxes();
        for connection in group.iter().filter(|connection| is_news(connection, message)) {
            let parcel = Parcel { connection: Arc::clone(connection), message: Arc::clone(message) };
            let outbox = match outboxes.entry(connection.token.clone()) {
                Entry::Occupied(outbox) => outbox.into_mut(),
                Entry::Vacant(free) if place.is_some() && load.has_room(&connection.token, most) => {
                    free.insert(Outbox::default());
                    load.push(parcel);
                    continue;
                }
                Entry::Vacant(free) => {
                    waiting.push(connection.token.clone());
                    free.insert(Outbox::default())
                }
            };
            match outbox.offer(parcel, self.outbox_bytes) {
                Offer::Taken => {}
                Offer::Superseded => superseded.push(connection),
                Offer::Overflowed(lost) => overflowed.push((connection, lost)),
            }
        }
        let alone = load.take_single(&mut outboxes);
        drop(outboxes);
        if !superseded.is_empty() {
            self.roster.coalesced(&superseded);
        }
        for (connection, lost) in overflowed {
            self.overflowed(connection, lost);
        }
        self.start_alone(alone);
        if let Some(place) = place.filter(|_| !load.parcels.is_empty()) {
            self.lifecycle.spawn(Arc::clone(self).drain_together(Vec::new(), Some(Start { place, load })));
        }
        if !waiting.is_empty() {
            self.start_together(waiting);
        }
    }

    fn start_together(self: &Arc<Self>, tokens: Vec<Token>) {
        self.lifecycle.spawn(Arc::clone(self).drain_together(tokens, None));
    }

    fn start_alone(self: &Arc<Self>, tokens: impl IntoIterator<Item = Token>) {
        for token in tokens {
            self.lifecycle.spawn(Arc::clone(self).drain(token));
        }
    }

    /// Sends what may begin at once, then what is in the outboxes of these tokens and of its own until they are
    /// empty, then removes them. What cannot be sent together is left to others.
    fn drain_together(self: Arc<Self>, tokens: Vec<Token>, start: Option<Start>) -> BoxFuture<'static, ()> {
        async move {
            if self.abandoned.run_until_cancelled(self.send_together(tokens, start)).await.is_none() {
                // Nothing is sent to anybody any more.
                self.outboxes().clear();
                tracing::debug!("events were not sent any more: the daemon stops");
            }
            if self.outboxes().is_empty() {
                self.emptied.notify_waiters();
            }
        }
        .boxed()
    }

    async fn send_together(self: &Arc<Self>, mut tokens: Vec<Token>, mut start: Option<Start>) {
        let mut lane = Lane::Main;
        while start.is_some() || !tokens.is_empty() {
            let Start { place, load } = match start.take() {
                Some(start) => start,
                None => {
                    let Some(most) = self.peer.batch().filter(|_| tokens.len() > 1) else {
                        return self.start_alone(tokens);
                    };
                    let Some(place) = self.lanes.place(lane).await else { return };
                    // Only now: progress that waits for a place is still replaced by newer.
                    let Some(load) = self.load(tokens, most) else { return };
                    Start { place, load }
                }
            };
            let began = Instant::now();
            let outcome = self.peer.post_together(load.message.body_for_all(load.tokens())).await;
            self.metrics.send_took(load.message.event.service(), began.elapsed());
            drop(place);
            tokens = load.tokens().cloned().collect();
            lane = if matches!(outcome, Together::TimedOut) { Lane::Side } else { Lane::Main };
            if matches!(outcome, Together::Refused) {
                self.put_back(load.parcels);
                return self.start_alone(tokens);
            }
            self.conclude(&load, outcome);
        }
    }

    /// Takes what goes into one request from the outboxes of these tokens: what the first of them has next. Leaves
    /// the others to other tasks, and forgets the empty outboxes.
    fn load(self: &Arc<Self>, tokens: Vec<Token>, most: usize) -> Option<Load> {
        let mut others: HashMap<*const Message, Vec<Token>> = HashMap::new();
        let (mut alone, mut load) = (Vec::new(), None::<Load>);
        let mut outboxes = self.outboxes();
        for token in tokens {
            let outbox = outboxes.get_mut(&token);
            let Some(outbox) = outbox.filter(|outbox| outbox.peek().is_some()) else {
                outboxes.remove(&token);
                continue;
            };
            let Some(Item::Event(next)) = outbox.peek() else {
                alone.push(token);
                continue;
            };
            let load = load.get_or_insert_with(|| Load::of(&next.message));
            if !Arc::ptr_eq(&load.message, &next.message) || !load.has_room(&token, most) {
                others.entry(Arc::as_ptr(&next.message)).or_default().push(token);
            } else if let Some(Item::Event(parcel)) = outbox.take() {
                load.push(parcel);
            }
        }
        alone.extend(load.as_mut().and_then(|load| load.take_single(&mut outboxes)));
        drop(outboxes);
        for group in others.into_values() {
            if group.len() == 1 { alone.extend(group) } else { self.start_together(group) }
        }
        self.start_alone(alone);
        load.filter(|load| !load.parcels.is_empty())
    }

    fn conclude(&self, load: &Load, outcome: Together) {
        let service = load.message.event.service();
        let all = load.parcels.len() as u64;
        let (unknown, failed) = match outcome {
            Together::Accepted(unknown, failed) => (unknown, failed),
            Together::Failed(_) | Together::TimedOut | Together::Refused => {
                self.metrics.sent(service, SendStatus::Error, all);
                let why = if let Together::Failed(why) = &outcome { why } else { LATE };
                let everyone: Vec<_> = load.parcels.iter().map(|parcel| &*parcel.connection).collect();
                everyone.iter().for_each(|connection| load.message.settle(connection, Fate::Failed));
                self.failed(&everyone, why);
                return;
            }
        };
        let (mut reached, mut gone) = (Vec::with_capacity(load.parcels.len()), Vec::new());
        for connection in load.parcels.iter().map(|parcel| &*parcel.connection) {
            let token = connection.token.as_str();
            if unknown.contains(token) {
                gone.push(connection);
            } else if failed.contains(token) {
                load.message.settle(connection, Fate::Failed);
                self.roster.doubted(&[connection]);
                self.roster.lost(&[connection]);
                self.complain(connection, "it could not write to this connection");
            } else {
                reached.push(connection);
            }
        }
        self.took(&reached, &load.message);
        if reached.is_empty() {
            self.unknown(&gone);
        } else {
            gone.iter().for_each(|connection| self.forget(connection));
        }
        let missed = all - reached.len() as u64;
        self.metrics.sent(service, SendStatus::Success, all - missed);
        if missed > 0 {
            self.metrics.sent(service, SendStatus::Error, missed);
        }
    }

    fn put_back(&self, parcels: Vec<Parcel>) {
        let mut outboxes = self.outboxes();
        for parcel in parcels {
            // The outbox is there: only who sends from it removes it.
            outboxes.entry(parcel.connection.token.clone()).or_default().put_back(parcel);
        }
    }
}

/// Returns the most bytes that a token takes in a list, escaping included.
fn quoted_length(token: &Token) -> usize {
    let text = token.as_str();
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() + 3
}
