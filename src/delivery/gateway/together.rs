//! Empties many outboxes at once: the same event to as many tokens as one request may name.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Instant,
};

use futures_util::{FutureExt, future::BoxFuture};

use super::{
    Shared,
    drain::{LATE, Lane},
    is_news,
    message::Message,
    outbox::{Item, Offer, Outbox, Parcel},
    peer::Together,
};
use crate::{connection::Connection, metrics::SendStatus, token::Token};

/// Tokens that begin together. More than one request for a large audience: they are under way side by side.
const GROUP: usize = 1024;
/// What a gateway takes.
const BODY_BYTES: usize = 100 * 1024;

/// What one request carries.
struct Load {
    message: Arc<Message>,
    parcels: Vec<Parcel>,
}

impl Shared {
    /// Offers an event to everyone, group by group: the first are sent to while the others are offered it.
    pub(super) fn offer_all(self: &Arc<Self>, message: &Arc<Message>) {
        for group in self.roster.everyone().chunks(GROUP) {
            self.offer_group(group, message);
        }
    }

    /// Offers an event to some. Those who have no outbox yet are served together.
    fn offer_group(self: &Arc<Self>, group: &[Arc<Connection>], message: &Arc<Message>) {
        let (mut fresh, mut overflowed) = (Vec::with_capacity(group.len()), Vec::new());
        let mut outboxes = self.outboxes();
        for connection in group.iter().filter(|connection| is_news(connection, message)) {
            let parcel = Parcel { connection: Arc::clone(connection), message: Arc::clone(message) };
            let offered = match outboxes.entry(connection.token.clone()) {
                Entry::Occupied(mut outbox) => outbox.get_mut().offer(parcel, self.outbox_bytes),
                Entry::Vacant(place) => {
                    fresh.push(connection.token.clone());
                    place.insert(Outbox::default()).offer(parcel, self.outbox_bytes)
                }
            };
            if let Offer::Overflowed(lost) = offered {
                overflowed.push((connection, lost));
            }
        }
        drop(outboxes);
        for (connection, lost) in overflowed {
            self.overflowed(connection, lost);
        }
        if !fresh.is_empty() {
            self.start_together(fresh);
        }
    }

    fn start_together(self: &Arc<Self>, tokens: Vec<Token>) {
        self.lifecycle.spawn(Arc::clone(self).drain_together(tokens));
    }

    fn start_alone(self: &Arc<Self>, tokens: impl IntoIterator<Item = Token>) {
        for token in tokens {
            self.lifecycle.spawn(Arc::clone(self).drain(token));
        }
    }

    /// Sends what is in the outboxes of these tokens until they are empty, then removes them. What cannot be sent
    /// together is left to others.
    fn drain_together(self: Arc<Self>, tokens: Vec<Token>) -> BoxFuture<'static, ()> {
        async move {
            if self.abandoned.run_until_cancelled(self.send_together(tokens)).await.is_none() {
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

    async fn send_together(self: &Arc<Self>, mut tokens: Vec<Token>) {
        let mut lane = Lane::Main;
        while !tokens.is_empty() {
            let Some(most) = self.peer.batch().filter(|_| tokens.len() > 1) else {
                return self.start_alone(tokens);
            };
            let Some(place) = self.lanes.place(lane).await else { return };
            // Only now: progress that waits for a place is still replaced by newer.
            let Some(load) = self.load(tokens, most) else { return };
            tokens = load.parcels.iter().map(|parcel| parcel.connection.token.clone()).collect();
            let began = Instant::now();
            let outcome = self.peer.post_together(load.message.body_for_all(tokens.iter())).await;
            self.metrics.send_took(load.message.event.service(), began.elapsed());
            drop(place);
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
        let (mut alone, mut parcels, mut bytes) = (Vec::new(), Vec::<Parcel>::new(), 0);
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
            let same = parcels.first().is_none_or(|first| Arc::ptr_eq(&first.message, &next.message));
            let length = next.message.overhead() + bytes + quoted_length(&token);
            if !same || parcels.len() == most || (length > BODY_BYTES && !parcels.is_empty()) {
                others.entry(Arc::as_ptr(&next.message)).or_default().push(token);
            } else if let Some(Item::Event(parcel)) = outbox.take() {
                bytes += quoted_length(&token);
                parcels.push(parcel);
            }
        }
        if let [_] = parcels[..] {
            // One alone needs no request for many.
            let parcel = parcels.remove(0);
            let token = parcel.connection.token.clone();
            outboxes.entry(token.clone()).or_default().put_back(parcel);
            alone.push(token);
        }
        drop(outboxes);
        for group in others.into_values() {
            if group.len() == 1 { alone.extend(group) } else { self.start_together(group) }
        }
        self.start_alone(alone);
        let message = Arc::clone(&parcels.first()?.message);
        Some(Load { message, parcels })
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
                self.roster.doubted(&[connection]);
                self.complain(connection, "it could not write to this connection");
            } else {
                reached.push(connection);
            }
        }
        self.reached(&reached);
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
