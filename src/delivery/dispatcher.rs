//! The one ordering point: every event gets the next sequence number and enters the queues before the next
//! one may.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use tokio::sync::Mutex;
#[cfg(feature = "nats")]
use tokio::sync::Semaphore;

use super::{
    Delivery, Directory, Dispatch, Look, Reach, Recipients, Sequence, SharedOrder, Told, Turn, Unplaced,
    tail::Tail,
};
use crate::{audience::Audience, connection::Connection, event::Event};

/// Bytes that framing may add to name and payload, in either form: `id:`, field names, line ends, and in a
/// gateway's body the token and the quoting around them.
const FRAMING_BYTES: usize = 128;

/// What became of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatched {
    /// The event's place in the order.
    pub sequence: Sequence,
    /// How many connections were selected.
    pub connections: usize,
}

/// An event over the limit. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event has {bytes} bytes encoded, at most {limit} are allowed (events.max_bytes)")]
pub struct TooLarge {
    /// Its size, framing included.
    pub bytes: usize,
    /// The limit.
    pub limit: usize,
}

/// Sends events to audiences, in one order for all.
pub struct Dispatcher {
    last: Mutex<Sequence>,
    delivery: Arc<dyn Delivery>,
    directory: Arc<dyn Directory>,
    max_bytes: usize,
    tail: Tail,
    /// Who gives events their places, if that is not this daemon alone.
    shared: OnceLock<Arc<dyn SharedOrder>>,
    /// That it is not: nothing is told before they do.
    #[cfg(feature = "nats")]
    awaited: Option<Semaphore>,
}

impl Dispatcher {
    /// Returns a dispatcher that numbers events from 1.
    pub fn new(delivery: Arc<dyn Delivery>, directory: Arc<dyn Directory>, max_bytes: usize) -> Self {
        let (last, tail, shared) = (Mutex::new(Sequence(0)), Tail::new(), OnceLock::new());
        Self {
            last,
            delivery,
            directory,
            max_bytes,
            tail,
            shared,
            #[cfg(feature = "nats")]
            awaited: None,
        }
    }

    /// Refuses an event that is too large. To be called at the edge, before anything is stored.
    pub fn check(&self, event: &Event) -> Result<(), TooLarge> {
        let bytes = event.name.as_str().len() + event.data.as_str().len() + FRAMING_BYTES;
        if bytes > self.max_bytes { Err(TooLarge { bytes, limit: self.max_bytes }) } else { Ok(()) }
    }

    /// Refuses what would be told, while nothing can be.
    pub fn reachable(&self) -> Result<(), Unplaced> {
        self.shared.get().map_or(Ok(()), |order| order.reachable())
    }

    /// Returns how many connections an event for this audience would be sent to.
    pub fn would_select(&self, audience: &Audience) -> usize {
        self.directory.select(audience).1
    }

    /// Leaves the numbers to a cluster, which is yet to be joined: nothing is told until then.
    #[cfg(feature = "nats")]
    pub(crate) fn for_cluster(mut self) -> Self {
        let last = self.delivery.counted().map_or(Sequence(0), |(_, last)| last);
        (self.last, self.awaited) = (Mutex::new(last), Some(Semaphore::new(0)));
        self
    }

    /// Numbers events as a cluster does, from now on. To be called once.
    #[cfg(feature = "nats")]
    pub(crate) fn share(&self, order: Arc<dyn SharedOrder>) {
        let first = self.shared.set(order).is_ok();
        debug_assert!(first, "an order is shared once");
        if let Some(awaited) = &self.awaited {
            awaited.close();
        }
    }

    /// Waits until events can get their places.
    #[cfg(feature = "nats")]
    async fn joined(&self) {
        if let Some(awaited) = self.awaited.as_ref().filter(|_| self.shared.get().is_none()) {
            // An error says that it was closed, which is what is waited for.
            let _ = awaited.acquire().await;
        }
    }

    /// Returns the number after this one, where it is ours to give.
    fn after(&self, last: Sequence) -> Sequence {
        #[cfg(feature = "nats")]
        if self.awaited.is_some() {
            return last;
        }
        Sequence(last.0 + 1)
    }

    /// Sends a checked event to an audience as it is at this moment.
    pub async fn dispatch(&self, audience: &Audience, event: Event) -> Result<Dispatched, Unplaced> {
        self.dispatch_and(audience, event, || {}).await
    }

    /// Like [`Dispatcher::dispatch`], and does something at the moment at which the event has its place: who sees
    /// it done can send nothing that overtakes the event, and who gets the event finds it done.
    pub async fn dispatch_and(
        &self,
        audience: &Audience,
        event: Event,
        act: impl FnOnce(),
    ) -> Result<Dispatched, Unplaced> {
        let turn = self.turn(audience, &event).await?;
        let place = turn.as_ref().map(|turn| turn.sequence);
        let dispatched = self.dispatch_at(place, audience, event, None, act).await;
        if let Some(turn) = turn {
            turn.done();
        }
        Ok(dispatched)
    }

    /// Sends an event that has its place already; without one, it gets the next, or in a shared order that of what came
    /// before it. Counts what becomes of it, if somebody
    /// wants to know.
    pub(crate) async fn dispatch_at(
        &self,
        place: Option<Sequence>,
        audience: &Audience,
        event: Event,
        reach: Option<&Arc<Reach>>,
        act: impl FnOnce(),
    ) -> Dispatched {
        let mut last = self.last.lock().await;
        act();
        let (to, connections) = match reach {
            Some(reach) => self.directory.select_for(audience, reach),
            None => self.directory.select(audience),
        };
        *last = place.unwrap_or_else(|| self.after(*last));
        self.tail.note(Told::new(*last, &event, audience.request_id().cloned(), connections));
        self.enqueue(*last, to, event, reach.cloned()).await;
        Dispatched { sequence: *last, connections }
    }

    /// Waits for an event's turn, where its place is not ours to give.
    async fn turn(&self, audience: &Audience, event: &Event) -> Result<Option<Turn>, Unplaced> {
        #[cfg(feature = "nats")]
        self.joined().await;
        match self.shared.get() {
            Some(order) => order.place(audience, event).await.map(Some),
            None => Ok(None),
        }
    }

    /// Sends a checked event to this very connection, not to one that replaced it.
    pub async fn dispatch_to(&self, connection: Arc<Connection>, event: Event) -> Sequence {
        self.dispatch_to_counted(connection, event, None).await
    }

    /// Like [`Dispatcher::dispatch_to`], and counts what becomes of it if the connection was selected for that version.
    /// In a shared order it has the place of what came before it: it is nobody else's.
    pub async fn dispatch_to_counted(
        &self,
        connection: Arc<Connection>,
        event: Event,
        reach: Option<Arc<Reach>>,
    ) -> Sequence {
        let mut last = self.last.lock().await;
        *last = self.after(*last);
        self.tail.note(Told::new(*last, &event, Some(connection.request_id.clone()), 1));
        self.enqueue(*last, Recipients::Only(connection), event, reach).await;
        *last
    }

    /// Counts on in another order, of this epoch, whose events up to `after` were not dispatched here.
    #[cfg(feature = "nats")]
    pub(crate) async fn recount(&self, epoch: u64, after: Sequence) {
        let mut last = self.last.lock().await;
        *last = after;
        self.delivery.recount(epoch, after).await;
    }

    /// Counts on in the order that browsers know already.
    #[cfg(feature = "nats")]
    pub(crate) async fn count_on(&self, after: Sequence) {
        *self.last.lock().await = after;
    }

    /// Returns the last event that browsers may have had, with the epoch that it is counted in, as far as that is known.
    #[cfg(feature = "nats")]
    pub(crate) fn counted(&self) -> Option<(u64, Sequence)> {
        self.delivery.counted()
    }

    /// Returns whether nobody is connected.
    #[cfg(feature = "nats")]
    pub(crate) fn nobody_is_there(&self) -> bool {
        self.directory.count() == 0
    }

    /// Does something at one place of the order: what was dispatched before it is enqueued, and nothing else is
    /// until it is done.
    pub async fn pause<T>(&self, act: impl Future<Output = T>) -> T {
        let _last = self.last.lock().await;
        act.await
    }

    /// Returns what was dispatched after this number, as far as it is remembered, and what will be.
    pub fn look(&self, since: Option<u64>) -> Look {
        self.tail.look(since)
    }

    /// Returns whether there may be streams that are older than this run of the daemon.
    pub fn outlives_runs(&self) -> bool {
        self.delivery.outlives_runs()
    }

    /// Returns how many events were dispatched.
    pub fn dispatched(&self) -> u64 {
        self.tail.last()
    }

    async fn enqueue(&self, sequence: Sequence, to: Recipients, event: Event, reach: Option<Arc<Reach>>) {
        let dispatch = Dispatch { sequence, event: Arc::new(event), at: Instant::now(), reach };
        self.delivery.enqueue(to, dispatch).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use futures_util::future::{BoxFuture, ready};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::{
        connection::{CloseReason, Origin, Serial},
        event::{JsonLine, Kind},
        request_id::RequestId,
    };

    /// Notes what is enqueued; a broadcast waits for a permit, as for a full queue.
    struct Recorder {
        enqueued: StdMutex<Vec<(u64, &'static str)>>,
        room: Semaphore,
    }

    impl Delivery for Recorder {
        fn enqueue(&self, to: Recipients, dispatch: Dispatch) -> BoxFuture<'_, ()> {
            Box::pin(async move {
                let to = match to {
                    Recipients::Everyone => {
                        self.room.acquire().await.expect("never closed").forget();
                        "everyone"
                    }
                    Recipients::One(_, None) => return,
                    Recipients::One(_, Some(_)) | Recipients::Only(_) => "one",
                };
                self.enqueued.lock().expect("not poisoned").push((dispatch.sequence.0, to));
            })
        }
        fn close(&self, _: Arc<Connection>, _: CloseReason) -> BoxFuture<'_, ()> {
            Box::pin(ready(()))
        }
        fn shutdown(&self) -> BoxFuture<'_, ()> {
            Box::pin(ready(()))
        }
    }

    /// One connection: "known".
    struct One(Arc<Connection>);

    impl Directory for One {
        fn everyone(&self) -> Vec<Arc<Connection>> {
            vec![Arc::clone(&self.0)]
        }
        fn find(&self, id: &RequestId) -> Option<Arc<Connection>> {
            (id == &self.0.request_id).then(|| Arc::clone(&self.0))
        }
        fn count(&self) -> usize {
            1
        }
    }

    fn house(room: usize) -> (Arc<Recorder>, Dispatcher) {
        let id = "known".parse().expect("an id");
        let token = "t".parse().expect("a token");
        let at = jiff::Timestamp::UNIX_EPOCH;
        let connection = Arc::new(Connection::new(Serial(1), id, token, Origin::default(), at));
        let recorder = Arc::new(Recorder { enqueued: StdMutex::default(), room: Semaphore::new(room) });
        (Arc::clone(&recorder), Dispatcher::new(recorder, Arc::new(One(connection)), 1000))
    }

    fn event(payload: &str) -> Event {
        let data = JsonLine::encode(payload).expect("a string");
        Event { name: "test".parse().expect("a name"), data, kind: Kind::Application }
    }

    #[tokio::test]
    async fn cm_15_an_id_that_is_not_connected_selects_nobody() {
        let (recorder, dispatcher) = house(0);
        let missed = dispatcher
            .dispatch(&Audience::One("stranger".parse().expect("an id")), event("x"))
            .await
            .expect("alone");
        assert_eq!((missed.sequence, missed.connections), (Sequence(1), 0));
        let hit = dispatcher
            .dispatch(&Audience::One("known".parse().expect("an id")), event("x"))
            .await
            .expect("alone");
        assert_eq!((hit.sequence, hit.connections), (Sequence(2), 1));
        assert_eq!(*recorder.enqueued.lock().expect("not poisoned"), [(2, "one")]);
    }

    #[tokio::test]
    async fn bug_m10_a_publisher_that_waits_is_overtaken_by_nobody() {
        let (recorder, dispatcher) = house(0);
        let dispatcher = Arc::new(dispatcher);
        let known = Audience::One("known".parse().expect("an id"));
        let mut first = std::pin::pin!(dispatcher.dispatch(&Audience::Everyone, event("first")));
        assert!(futures_util::poll!(&mut first).is_pending(), "the queue is full");
        let mut second = std::pin::pin!(dispatcher.dispatch(&known, event("second")));
        assert!(futures_util::poll!(&mut second).is_pending(), "order before speed");
        recorder.room.add_permits(1);
        let (first, second) = (first.await.expect("alone"), second.await.expect("alone"));
        assert!(first.sequence < second.sequence);
        assert_eq!(*recorder.enqueued.lock().expect("not poisoned"), [(1, "everyone"), (2, "one")]);
    }

    #[tokio::test]
    async fn an_event_over_the_limit_is_refused_with_both_figures() {
        let (_, dispatcher) = house(0);
        assert_eq!(dispatcher.check(&event(&"x".repeat(1000 - 4 - 2 - FRAMING_BYTES))), Ok(()));
        let error = dispatcher.check(&event(&"x".repeat(1000))).expect_err("too large");
        assert_eq!((error.bytes, error.limit), (1000 + 4 + 2 + FRAMING_BYTES, 1000));
    }

    /// Gives the place that it is told to, or none.
    #[cfg(feature = "nats")]
    struct Shared(StdMutex<Vec<Result<Turn, Unplaced>>>);

    #[cfg(feature = "nats")]
    impl SharedOrder for Shared {
        fn reachable(&self) -> Result<(), Unplaced> {
            Ok(())
        }
        fn place<'a>(&'a self, _: &'a Audience, _: &'a Event) -> BoxFuture<'a, Result<Turn, Unplaced>> {
            Box::pin(ready(self.0.lock().expect("not poisoned").pop().expect("one more")))
        }
    }

    #[cfg(feature = "nats")]
    #[tokio::test]
    async fn in_a_shared_order_events_have_the_places_that_they_are_given_and_hold_up_those_after_them() {
        let (recorder, dispatcher) = house(0);
        let dispatcher = dispatcher.for_cluster();
        let (turn, mut over) = Turn::new(Sequence(41));
        let mut placed = std::pin::pin!(dispatcher.dispatch(&Audience::Everyone, event("placed")));
        assert!(futures_util::poll!(&mut placed).is_pending(), "nobody gives places yet");
        dispatcher.share(Arc::new(Shared(StdMutex::new(vec![Err(Unplaced::Away), Ok(turn)]))));
        assert!(futures_util::poll!(&mut placed).is_pending(), "the queue is full");
        assert!(futures_util::poll!(&mut over).is_pending(), "it is still its turn");
        recorder.room.add_permits(1);
        assert_eq!(placed.await.map(|placed| placed.sequence), Ok(Sequence(41)));
        over.await.expect("it was dispatched");
        let known = dispatcher.directory.everyone().remove(0);
        assert_eq!(
            dispatcher.dispatch_to(known, event("own")).await,
            Sequence(41),
            "it takes nobody's place"
        );
        let mut done = false;
        let unplaced = dispatcher.dispatch_and(&Audience::Everyone, event("x"), || done = true).await;
        assert_eq!((unplaced, done), (Err(Unplaced::Away), false));
        assert_eq!(*recorder.enqueued.lock().expect("not poisoned"), [(41, "everyone"), (41, "one")]);
    }
}
