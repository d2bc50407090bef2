//! Parts that tests hand in: a clock that goes with tokio's, a store that can be slow or broken, and a delivery
//! that remembers.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::{FutureExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    clock::{Clock, SharedClock},
    connection::{CloseReason, Connection, Origin, Serial},
    delivery::{Delivery, Directory, Dispatch, Dispatcher, Recipients},
    event::{Event, Kind, MAX_EVENT_BYTES},
    idempotency::Receipts,
    lifecycle::Lifecycle,
    metrics::Metrics,
    request_id::RequestId,
    store::{Batch, MemoryStore, Store, StoreError, Table},
    token::Token,
};

/// A wall clock that goes with tokio's, and may jump.
pub(crate) struct TestClock(Mutex<(Timestamp, Instant)>);

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        let start = "2026-11-23T08:00:00Z".parse().expect("a timestamp");
        Arc::new(Self(Mutex::new((start, Instant::now()))))
    }

    pub(crate) fn jump(&self, by: SignedDuration) {
        self.0.lock().expect("clock").0 += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let (start, since) = *self.0.lock().expect("clock");
        start + SignedDuration::try_from(since.elapsed()).expect("short")
    }
}

/// Gives way a random number of times, so that others come in between.
pub(crate) struct Dither(Option<Mutex<fastrand::Rng>>);

impl Dither {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Some(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    pub(crate) async fn pause(&self) {
        let times = self.0.as_ref().map_or(0, |rng| rng.lock().expect("rng").u32(..8));
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
    }
}

/// A store in memory that says it is durable, and breaks when told to.
pub(crate) struct TestStore {
    memory: MemoryStore,
    pub(crate) broken: AtomicBool,
    pub(crate) dither: Dither,
}

impl TestStore {
    pub(crate) fn new(dither: Dither) -> Arc<Self> {
        Arc::new(Self { memory: MemoryStore::default(), broken: AtomicBool::new(false), dither })
    }

    pub(crate) fn break_down(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }
}

impl Store for TestStore {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.memory.load(table)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        async {
            self.dither.pause().await;
            if self.broken.load(Ordering::SeqCst) {
                return Err(StoreError::Failed("the disk broke".to_owned()));
            }
            self.memory.commit(batch).await?;
            self.dither.pause().await;
            Ok(())
        }
        .boxed()
    }

    fn durable(&self) -> bool {
        true
    }
}

/// A registry and a delivery in one: keeps what every connection was sent, in order.
pub(crate) struct Wire {
    connections: Mutex<Vec<Arc<Connection>>>,
    sent: Mutex<Vec<(Serial, Arc<Event>)>>,
    last: AtomicU64,
    dither: Dither,
    clock: SharedClock,
    /// What waits to be sent, while that is slow.
    pub(crate) unsent: Mutex<Option<Vec<Arc<Event>>>>,
    /// Nothing leaves while this is locked.
    pub(crate) gate: tokio::sync::Mutex<()>,
}

impl Wire {
    /// Registers a connection; one with the same id is gone.
    pub(crate) fn connect(&self, id: &str) -> Arc<Connection> {
        let serial = Serial(self.last.fetch_add(1, Ordering::SeqCst) + 1);
        let id: RequestId = id.parse().expect("a request id");
        let connection =
            Arc::new(Connection::new(serial, id, Token::random(), Origin::default(), self.clock.now()));
        let mut connections = self.connections.lock().expect("connections");
        connections.retain(|known| known.request_id != connection.request_id);
        connections.push(Arc::clone(&connection));
        connection
    }

    /// Returns what a connection was sent.
    pub(crate) fn sent(&self, connection: &Connection) -> Vec<Arc<Event>> {
        let sent = self.sent.lock().expect("sent");
        let to_it = sent.iter().filter(|(serial, _)| *serial == connection.serial);
        to_it.map(|(_, event)| Arc::clone(event)).collect()
    }

    /// Returns the payloads that a connection was sent.
    pub(crate) fn payloads(&self, connection: &Connection) -> Vec<Value> {
        let sent = self.sent(connection);
        sent.iter().map(|event| serde_json::from_str(event.data.as_str()).expect("JSON")).collect()
    }
}

impl Directory for Wire {
    fn everyone(&self) -> Vec<Arc<Connection>> {
        self.connections.lock().expect("connections").clone()
    }

    fn find(&self, id: &RequestId) -> Option<Arc<Connection>> {
        self.everyone().into_iter().find(|connection| connection.request_id == *id)
    }

    fn count(&self) -> usize {
        self.connections.lock().expect("connections").len()
    }
}

impl Delivery for Wire {
    fn enqueue(&self, to: Recipients, dispatch: Dispatch) -> BoxFuture<'_, ()> {
        async move {
            let _open = self.gate.lock().await;
            self.dither.pause().await;
            let recipients = match to {
                Recipients::Everyone => self.everyone(),
                Recipients::One(_, found) => found.into_iter().collect(),
                Recipients::Only(connection) => vec![connection],
            };
            if let Some(unsent) = self.unsent.lock().expect("unsent").as_mut() {
                unsent.push(Arc::clone(&dispatch.event));
            }
            // What is remembered is not held.
            let event = match dispatch.event.kind {
                Kind::TaskEnd(_) => Arc::new(Event { kind: Kind::TaskState, ..(*dispatch.event).clone() }),
                _ => Arc::clone(&dispatch.event),
            };
            for connection in recipients {
                let wanted = match event.kind {
                    Kind::Version(sequence) => connection.tell_version(sequence),
                    _ => true,
                };
                if wanted {
                    let sent = (connection.serial, Arc::clone(&event));
                    self.sent.lock().expect("sent").push(sent);
                }
            }
        }
        .boxed()
    }

    fn close(&self, connection: Arc<Connection>, _: CloseReason) -> BoxFuture<'_, ()> {
        self.connections.lock().expect("connections").retain(|known| known.serial != connection.serial);
        std::future::ready(()).boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}

/// Everything that a service needs.
pub(crate) struct World {
    pub(crate) wire: Arc<Wire>,
    pub(crate) store: Arc<TestStore>,
    pub(crate) receipts: Arc<Receipts>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) metrics: Arc<Metrics>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Dither::none, TestStore::new(Dither::none()), TestClock::new())
    }

    /// A world whose store and wire let others come in between.
    pub(crate) fn dithering(seed: u64) -> Self {
        let store = TestStore::new(Dither::seeded(seed));
        Self::with(|| Dither::seeded(seed.wrapping_add(1)), store, TestClock::new())
    }

    /// The world after a restart: the same store, nobody connected.
    pub(crate) fn restarted(&self) -> Self {
        Self::with(Dither::none, Arc::clone(&self.store), Arc::clone(&self.clock))
    }

    fn with(dither: impl Fn() -> Dither, store: Arc<TestStore>, clock: Arc<TestClock>) -> Self {
        let wire = Arc::new(Wire {
            connections: Mutex::default(),
            sent: Mutex::default(),
            last: AtomicU64::new(0),
            dither: dither(),
            clock: clock.clone(),
            unsent: Mutex::default(),
            gate: tokio::sync::Mutex::new(()),
        });
        let (delivery, directory) = (Arc::clone(&wire), Arc::clone(&wire));
        let receipts = Receipts::load(store.clone(), clock.clone()).expect("loads");
        Self {
            wire,
            store,
            receipts: Arc::new(receipts),
            dispatcher: Arc::new(Dispatcher::new(delivery, directory, MAX_EVENT_BYTES)),
            lifecycle: Lifecycle::new(),
            clock,
            metrics: Arc::new(Metrics::new()),
        }
    }
}
