//! The front on a port of its own, with an admission that does as it is told.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use axum::{
    body::Bytes as Body,
    http::{Method, Uri},
};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
    time::timeout,
};

use super::*;
use crate::{
    clock::SystemClock,
    config::StreamConfig,
    delivery::{Delivery, Departures, Dispatch, Recipients, Sequence},
    event::{Event, JsonLine, Kind, VersionSequence},
    registry::ConnectionRegistry,
    stream::History,
};

/// Nothing here takes long; this only keeps a failing test from hanging.
const LIMIT: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Register,
    RegisterWhenTold,
    Flapping,
}

pub(super) struct House {
    pub(super) registry: Arc<ConnectionRegistry>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) lifecycle: Lifecycle,
    /// Lets a waiting admission go on.
    pub(super) told: Arc<Notify>,
    /// A connection was taken back.
    pub(super) departed: Arc<Notify>,
    behaviour: Arc<Mutex<Behaviour>>,
    delivery: Arc<EmbeddedDelivery>,
    address: SocketAddr,
}

impl House {
    pub(super) async fn new(framing: Framing) -> Self {
        Self::with(framing, |_| {}).await
    }

    pub(super) async fn with(framing: Framing, change: impl FnOnce(&mut StreamConfig)) -> Self {
        let mut config = StreamConfig::default();
        change(&mut config);
        Self::build(framing, &config, Some).await
    }

    pub(super) async fn without_streams() -> Self {
        Self::build(Framing::Named, &StreamConfig::default(), |_| None).await
    }

    async fn build(
        framing: Framing,
        config: &StreamConfig,
        keep: impl FnOnce(Streams) -> Option<Streams>,
    ) -> Self {
        let (lifecycle, metrics) = (Lifecycle::new(), Arc::new(Metrics::new()));
        let registry =
            Arc::new(ConnectionRegistry::new(Arc::new(SystemClock), lifecycle.clone(), Arc::clone(&metrics)));
        let departed = Arc::new(Notify::new());
        let departures = Arc::new(Noted { registry: Arc::clone(&registry), departed: Arc::clone(&departed) });
        let history = History::for_tests(framing);
        let delivery = EmbeddedDelivery::start(
            config,
            history,
            Duration::ZERO,
            Arc::clone(&registry) as _,
            departures,
            Arc::clone(&metrics),
        )
        .expect("shards");
        let behaviour = Arc::new(Mutex::new(Behaviour::Register));
        let told = Arc::new(Notify::new());
        let admission = Obedient {
            behaviour: Arc::clone(&behaviour),
            told: Arc::clone(&told),
            registry: Arc::clone(&registry),
            delivery: Arc::clone(&delivery),
        };
        let rules = Arc::new(Current::new(Rules::new(config)));
        let streams = keep(Streams::new(config, rules, Arc::clone(&delivery), Arc::new(admission)));
        let http = Router::new()
            .fallback(async |method: Method, uri: Uri, body: Body| format!("{method} {uri} {}", body.len()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        lifecycle.advance(Phase::Ready);
        lifecycle.spawn(serve(listener, streams, any_name(), http, Arc::clone(&metrics), lifecycle.clone()));
        Self { registry, metrics, lifecycle, told, departed, behaviour, delivery, address }
    }

    pub(super) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().expect("not poisoned") = behaviour;
    }

    pub(super) async fn publish(&self, payload: &str) {
        self.delivery.enqueue(Recipients::Everyone, dispatch(payload, Kind::Application)).await;
    }

    pub(super) async fn send(&self, request: &str) -> Browser {
        let socket = TcpStream::connect(self.address).await.expect("a connection");
        let mut browser = Browser { socket, bytes: Vec::new() };
        browser.write(request.as_bytes()).await;
        browser
    }
}

/// These tests are of a machine that browsers know by any name.
fn any_name() -> Arc<Hosts> {
    Arc::new(Hosts::new("0.0.0.0:80".parse().expect("an address"), &[]))
}

fn dispatch(payload: &str, kind: Kind) -> Dispatch {
    let data = JsonLine::encode(payload).expect("JSON");
    let event = Arc::new(Event { name: "test".parse().expect("a name"), data, kind });
    Dispatch { sequence: Sequence(1), event, at: Instant::now(), reach: None }
}

struct Noted {
    registry: Arc<ConnectionRegistry>,
    departed: Arc<Notify>,
}

impl Departures for Noted {
    fn departed(&self, connection: &Connection, reason: CloseReason) {
        self.registry.departed(connection, reason);
        self.departed.notify_one();
    }
}

/// Tells everyone who is let in of a pending version.
struct Obedient {
    behaviour: Arc<Mutex<Behaviour>>,
    told: Arc<Notify>,
    registry: Arc<ConnectionRegistry>,
    delivery: Arc<EmbeddedDelivery>,
}

impl Admission for Obedient {
    fn admit(&self, newcomer: Newcomer, _: Option<Arc<str>>) -> BoxFuture<'_, Admitted> {
        let behaviour = *self.behaviour.lock().expect("not poisoned");
        async move {
            match behaviour {
                Behaviour::Flapping => return Admitted::Flapping,
                Behaviour::RegisterWhenTold => self.told.notified().await,
                Behaviour::Register => {}
            }
            let arrival = self.registry.register(newcomer);
            for old in arrival.to_close() {
                self.delivery.close(Arc::clone(old), CloseReason::Replaced).await;
            }
            Admitted::Open(Arc::clone(arrival.connection()))
        }
        .boxed()
    }

    fn open(&self, arrival: Arrival, _: Option<String>) -> BoxFuture<'_, ()> {
        let version = dispatch("pending", Kind::Version(VersionSequence(1)));
        let newcomer = Recipients::Only(Arc::clone(&arrival.connection));
        async move {
            self.delivery.adopt(arrival).await;
            self.delivery.enqueue(newcomer, version).await;
        }
        .boxed()
    }
}

pub(super) struct Browser {
    socket: TcpStream,
    bytes: Vec<u8>,
}

impl Browser {
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.expect("a write");
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("text")
    }

    /// Reads until this has arrived.
    pub(super) async fn until(&mut self, needle: &str) {
        while !self.text().contains(needle) {
            assert!(self.read().await > 0, "the stream ended before {needle:?}: {}", self.text());
        }
    }

    /// Reads to the end.
    pub(super) async fn rest(mut self) -> String {
        while self.read().await > 0 {}
        self.text().to_owned()
    }

    /// Waits until the connection has ended, however it did.
    pub(super) async fn cut(mut self) {
        while self.receive().await.is_ok_and(|count| count > 0) {}
    }

    async fn read(&mut self) -> usize {
        self.receive().await.expect("bytes")
    }

    async fn receive(&mut self) -> std::io::Result<usize> {
        self.bytes.reserve(4096);
        timeout(LIMIT, self.socket.read_buf(&mut self.bytes)).await.expect("bytes in time")
    }
}
