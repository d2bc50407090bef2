//! A delivery with a listener beside it, and clients that read what it writes.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use serde::Serialize;
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    time::timeout,
};

use super::*;
use crate::{
    connection::{Origin, Serial},
    delivery::Sequence,
    event::{Event, JsonLine},
    request_id::RequestId,
    stream::testing::{Message, dechunk, messages},
    token::Token,
};

/// Nothing here takes long; this only keeps a failing test from hanging.
const LIMIT: Duration = Duration::from_secs(30);
/// Buffers of a client that is to be stalled.
pub(super) const SMALL: Option<u32> = Some(4096);

/// Knows what was opened, and notes what departs.
struct Register {
    known: Mutex<Vec<Arc<Connection>>>,
    departed: mpsc::Sender<(Serial, CloseReason)>,
}

impl Directory for Register {
    fn everyone(&self) -> Vec<Arc<Connection>> {
        self.known.lock().expect("not poisoned").clone()
    }
    fn find(&self, id: &RequestId) -> Option<Arc<Connection>> {
        self.everyone().into_iter().find(|known| known.request_id == *id)
    }
    fn count(&self) -> usize {
        self.everyone().len()
    }
}

impl Departures for Register {
    fn departed(&self, connection: &Connection, reason: CloseReason) {
        let mut known = self.known.lock().expect("not poisoned");
        let before = known.len();
        known.retain(|other| other.serial != connection.serial);
        if known.len() < before {
            // The test may be over by now.
            let _ = self.departed.try_send((connection.serial, reason));
        }
    }
}

pub(super) struct House {
    pub(super) delivery: Arc<EmbeddedDelivery>,
    pub(super) metrics: Arc<Metrics>,
    register: Arc<Register>,
    departures: mpsc::Receiver<(Serial, CloseReason)>,
    listener: TcpListener,
    last: AtomicU64,
    forget: AtomicBool,
}

impl House {
    pub(super) async fn new(config: &StreamConfig, framing: Framing) -> Self {
        let (departed, departures) = mpsc::channel(1000);
        let register = Arc::new(Register { known: Mutex::default(), departed });
        let metrics = Arc::new(Metrics::new());
        let history = History::for_tests(framing);
        let delivery = EmbeddedDelivery::start(
            config,
            history,
            Duration::from_millis(100),
            Arc::clone(&register) as _,
            Arc::clone(&register) as _,
            Arc::clone(&metrics),
        )
        .expect("shards");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let (last, forget) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { delivery, metrics, register, departures, listener, last, forget }
    }

    pub(super) async fn open(&self) -> Client {
        self.open_with(Transfer::Chunked, None).await
    }

    pub(super) async fn open_with(&self, transfer: Transfer, buffers: Option<u32>) -> Client {
        let (socket, arrival) = self.pair(transfer, buffers).await;
        let client = Client {
            socket,
            connection: Arc::clone(&arrival.connection),
            transfer,
            wire: Vec::new(),
            seen: 0,
        };
        self.delivery.adopt(arrival).await;
        client
    }

    pub(super) async fn open_and_leave(&self) -> Serial {
        let (socket, arrival) = self.pair(Transfer::Chunked, None).await;
        drop(socket);
        let serial = arrival.connection.serial;
        self.delivery.adopt(arrival).await;
        serial
    }

    /// The next connection is gone from the register before it is adopted.
    pub(super) fn forget_the_next(&self) {
        self.forget.store(true, Ordering::Relaxed);
    }

    async fn pair(&self, transfer: Transfer, buffers: Option<u32>) -> (TcpStream, Arrival) {
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = buffers {
            socket.set_recv_buffer_size(bytes).expect("an option");
        }
        let address = self.listener.local_addr().expect("an address");
        let socket = socket.connect(address).await.expect("a connection");
        let (theirs, _) = self.listener.accept().await.expect("a connection");
        if let Some(bytes) = buffers {
            let bytes = usize::try_from(bytes).expect("a size");
            SockRef::from(&theirs).set_send_buffer_size(bytes).expect("an option");
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let id = format!("id-{number}").parse().expect("an id");
        let at = jiff::Timestamp::UNIX_EPOCH;
        let connection =
            Arc::new(Connection::new(Serial(number), id, Token::random(), Origin::default(), at));
        if !self.forget.swap(false, Ordering::Relaxed) {
            self.register.known.lock().expect("not poisoned").push(Arc::clone(&connection));
        }
        let arrival = Arrival {
            connection,
            socket: theirs.into_std().expect("a socket"),
            opening: "HTTP/1.1 200 OK\r\n\r\n".into(),
            first: Vec::new(),
            transfer,
            seat: self.delivery.seat().expect("a seat"),
        };
        (socket, arrival)
    }

    pub(super) async fn publish(&self, kind: &Kind, payload: &impl Serialize) {
        self.enqueue(Recipients::Everyone, kind, payload).await;
    }

    pub(super) async fn publish_to(&self, client: &Client, kind: &Kind, payload: &impl Serialize) {
        self.enqueue(Recipients::Only(Arc::clone(&client.connection)), kind, payload).await;
    }

    async fn enqueue(&self, to: Recipients, kind: &Kind, payload: &impl Serialize) {
        let sequence = Sequence(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let data = JsonLine::encode(payload).expect("JSON");
        let event = Arc::new(Event { name: "test".parse().expect("a name"), data, kind: kind.clone() });
        self.delivery.enqueue(to, Dispatch { sequence, event, at: Instant::now(), reach: None }).await;
    }

    pub(super) async fn departure(&mut self) -> (Serial, CloseReason) {
        timeout(LIMIT, self.departures.recv()).await.expect("a departure").expect("a departure")
    }

    pub(super) fn departed_already(&mut self) -> Option<(Serial, CloseReason)> {
        self.departures.try_recv().ok()
    }

    /// Waits for a line of the metrics: a shard publishes them after it has written.
    pub(super) async fn metric(&self, line: &str) {
        let there = async {
            while !self.metrics.render().lines().any(|found| found == line) {
                tokio::task::yield_now().await;
            }
        };
        if timeout(LIMIT, there).await.is_err() {
            panic!("no {line:?} in\n{}", self.metrics.render());
        }
    }
}

/// A browser.
pub(super) struct Client {
    pub(super) connection: Arc<Connection>,
    socket: TcpStream,
    transfer: Transfer,
    wire: Vec<u8>,
    /// Where the last thing waited for was.
    seen: usize,
}

impl Client {
    /// Reads until this has arrived after what was waited for before, and the frame it is in.
    pub(super) async fn until(&mut self, needle: &str) {
        let frame_end = match self.transfer {
            Transfer::Chunked => "\n\n\r\n",
            Transfer::Plain => "\n\n",
        };
        loop {
            let text = std::str::from_utf8(&self.wire[self.seen..]).expect("ASCII");
            if let Some((place, _)) = text.match_indices(needle).next()
                && text[place..].contains(frame_end)
            {
                self.seen += place;
                return;
            }
            let count = self.read().await.expect("more bytes");
            assert!(count > 0, "the stream ended before {needle:?}");
        }
    }

    /// Reads to the end; returns what arrived.
    pub(super) async fn rest(&mut self) -> String {
        while self.read().await.expect("an orderly end") > 0 {}
        String::from_utf8(self.wire.clone()).expect("text")
    }

    pub(super) fn messages(&self) -> Vec<Message> {
        messages(&self.body().0)
    }

    /// Returns whether the body's end has arrived.
    pub(super) fn ended_well(&self) -> bool {
        self.body().1
    }

    pub(super) fn reset(&self) {
        SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)).expect("an option");
    }

    pub(super) fn half_close(&self) {
        SockRef::from(&self.socket).shutdown(std::net::Shutdown::Write).expect("a half-closed socket");
    }

    /// Returns whether the stream ends by a reset, whatever arrives before.
    pub(super) async fn is_reset(&mut self) -> bool {
        loop {
            match self.read().await {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::ConnectionReset,
            }
        }
    }

    /// Sends without end.
    pub(super) async fn flood(&mut self) {
        let rubbish = vec![b'x'; 1 << 20];
        while timeout(LIMIT, self.socket.write_all(&rubbish)).await.expect("an end").is_ok() {}
    }

    async fn read(&mut self) -> io::Result<usize> {
        self.wire.reserve(64 * 1024);
        timeout(LIMIT, self.socket.read_buf(&mut self.wire)).await.expect("bytes in time")
    }

    fn body(&self) -> (Vec<u8>, bool) {
        let end = self.wire.windows(4).position(|found| found == b"\r\n\r\n").expect("a head") + 4;
        match self.transfer {
            Transfer::Chunked => dechunk(&self.wire[end..]),
            Transfer::Plain => (self.wire[end..].to_vec(), true),
        }
    }
}
