//! The streams: the book, the engine and the backend together. What opens, writes to and ends a stream is here.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};

use super::{
    book::{Book, Opening, Posted},
    head::Wish,
    order::{Order, Then},
};
use crate::{
    config::{Config, Framing},
    connection::{CloseReason, Connection, Origin, Serial},
    delivery::Departures,
    metrics::Metrics,
    stream::{
        Arrival, Beat, Frame, Missed, Seat, ShardParts, Shards,
        callback::{Callback, Reason},
    },
    token::Token,
};

/// How long the answer to a close waits for the stream to end: its last bytes may find no room.
const ENDED: Duration = Duration::from_secs(1);

/// Sockets of ended streams that may wait for their next request to be read; more are closed.
const RETURNED: usize = 1024;

/// Streams, and all that is needed to serve them.
pub(super) struct Streams {
    shards: Shards,
    ledger: Arc<Ledger>,
    framing: Framing,
    spread: Duration,
    last: AtomicU64,
    /// Sockets whose streams the backend has closed.
    returned: Mutex<mpsc::Receiver<std::net::TcpStream>>,
}

/// What a shard reaches when a stream has ended.
struct Ledger {
    book: Book,
    callback: Option<Callback>,
    metrics: Arc<Metrics>,
}

/// A stream that is to open.
pub(super) struct Candidate {
    connection: Arc<Connection>,
    request: Arc<str>,
    seat: Seat,
}

/// What became of an order for one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is with the kernel, or in the outbox.
    Done,
    /// It waits for the stream to open.
    Buffered,
    /// There is no such stream.
    Unknown,
    /// Too much waits for the stream to open.
    Full,
    /// Writing failed, and the stream has ended.
    Failed,
}

impl Streams {
    /// Starts the engine.
    pub(super) fn start(
        config: &Config,
        callback: Option<Callback>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Arc<Self>> {
        let stream = &config.stream;
        let book = Book::new(stream.outbox_bytes);
        let ledger = Arc::new(Ledger { book, callback, metrics: Arc::clone(&metrics) });
        let (returns, returned) = mpsc::channel(RETURNED);
        let parts = ShardParts {
            outbox_bytes: stream.outbox_bytes,
            write_deadline: stream.write_deadline,
            heartbeat: stream.heartbeat,
            max_lifetime: stream.max_lifetime,
            beat: Beat::SinceOpening,
            farewell: Frame::end,
            returns: Some(returns),
            departures: Arc::clone(&ledger) as _,
            metrics,
        };
        let shards = Shards::start(&parts, stream.max_connections)?;
        let (framing, spread) = (config.framing, config.shutdown.spread);
        Ok(Arc::new(Self {
            shards,
            ledger,
            framing,
            spread,
            last: AtomicU64::new(0),
            returned: Mutex::new(returned),
        }))
    }

    /// Returns whom to ask; `None`: nobody, and nothing opens.
    pub(super) fn callback(&self) -> Option<&Callback> {
        self.ledger.callback.as_ref()
    }

    /// Takes a place for one more stream, if there is one.
    pub(super) fn seat(&self) -> Option<Seat> {
        self.shards.seat()
    }

    /// Enters a stream in the book: orders for it are buffered from now on.
    pub(super) fn enter(&self, wish: &Wish, origin: Origin, seat: Seat) -> Candidate {
        let serial = Serial(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let token = Token::random();
        // A gateway does not look for request ids: a stream is known by its token alone.
        let id = token.as_str().parse().expect("a UUID is a valid request id");
        let connection = Arc::new(Connection::new(serial, id, token.clone(), origin, Timestamp::now()));
        let request = Arc::clone(&wish.request);
        self.ledger.book.enter(token, serial, Arc::clone(&request));
        Candidate { connection, request, seat }
    }

    /// Takes a stream back that will not open. Tells the backend where it may believe otherwise.
    pub(super) fn withdraw(&self, candidate: &Candidate, tell: Option<Reason>) {
        self.ledger.book.leave(candidate.token());
        if let (Some(reason), Some(callback)) = (tell, self.callback()) {
            callback.disconnect(candidate.token(), reason, &candidate.request);
        }
    }

    /// Hands a stream to its shard, writes what was buffered, and lets orders through.
    pub(super) async fn open(
        &self,
        candidate: Candidate,
        socket: std::net::TcpStream,
        wish: &Wish,
        opening: bytes::Bytes,
    ) {
        let Candidate { connection, seat, .. } = candidate;
        let (own, first, transfer) = (Arc::clone(&connection), Vec::new(), wish.transfer);
        let arrival = Arrival { connection: own, socket, opening, first, transfer, seat };
        let buffered = self.ledger.book.grant(&connection.token);
        self.ledger.metrics.opened(self.ledger.book.count());
        if self.shards.adopt(arrival).await.is_err() {
            return self.ledger.departed(&connection, CloseReason::Shutdown);
        }
        if let Opening::Orders(orders) = buffered
            && !self.write(&connection, orders).await
        {
            return;
        }
        if self.framing == Framing::Envelope {
            self.shards.send(connection.serial, Arc::new(Frame::ready())).await;
        }
        while let Opening::Orders(orders) = self.ledger.book.next(&connection.token) {
            if !self.write(&connection, orders).await {
                return;
            }
        }
    }

    /// Writes what was buffered. False if it ends the stream.
    async fn write(&self, connection: &Connection, orders: Vec<Order>) -> bool {
        for Order { frame, then } in orders {
            if let Some(frame) = frame {
                self.shards.send(connection.serial, frame).await;
            }
            if then == Then::Close {
                self.shards.close(connection.serial, CloseReason::Disconnected).await;
                return false;
            }
        }
        true
    }

    /// Carries out an order for one stream.
    pub(super) async fn order(&self, token: &Token, order: &Order) -> Outcome {
        let (serial, ended) = match self.ledger.book.post(token, order) {
            Posted::Unknown => return Outcome::Unknown,
            Posted::Buffered => return Outcome::Buffered,
            Posted::Taken => return Outcome::Done,
            Posted::Full => return Outcome::Full,
            Posted::Open(serial, ended) => (serial, ended),
        };
        let mut outcome = Outcome::Done;
        if let Some(frame) = &order.frame
            && let Some((_, missed)) = self.shards.deliver(&[serial], frame).await.pop()
        {
            outcome = outcome_of(missed);
        }
        if let Some(ended) = ended {
            self.shards.close(serial, CloseReason::Disconnected).await;
            // The sender is dropped when the stream has ended: nothing is ever sent.
            let _ = timeout(ENDED, ended).await;
        }
        outcome
    }

    /// Writes an event to many streams. Returns what became of it for those that did not get it.
    pub(super) async fn broadcast(&self, tokens: Vec<String>, order: &Order) -> Vec<(String, Outcome)> {
        let (mut serials, mut names, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        let posted = self.ledger.book.post_to_all(&tokens, order);
        for (text, posted) in tokens.into_iter().zip(posted) {
            match posted {
                Posted::Open(serial, _) => {
                    serials.push(serial);
                    names.push((serial, text));
                }
                Posted::Buffered | Posted::Taken => {}
                Posted::Unknown => missing.push((text, Outcome::Unknown)),
                Posted::Full => missing.push((text, Outcome::Full)),
            }
        }
        if let Some(frame) = &order.frame {
            let missed = self.shards.deliver(&serials, frame).await;
            if !missed.is_empty() {
                let missed: std::collections::HashMap<_, _> = missed.into_iter().collect();
                let named = |(serial, text)| Some((text, outcome_of(*missed.get(&serial)?)));
                missing.extend(names.into_iter().filter_map(named));
            }
        }
        missing
    }

    /// Returns the next socket whose stream the backend has closed.
    pub(super) async fn returned(&self) -> std::net::TcpStream {
        match self.returned.lock().await.recv().await {
            Some(socket) => socket,
            None => std::future::pending().await,
        }
    }

    /// Ends all streams; the backend is told of each.
    pub(super) async fn shutdown(&self) {
        self.shards.shutdown(self.spread).await;
    }

    /// Returns how many streams there are.
    pub(super) fn count(&self) -> usize {
        self.ledger.book.count()
    }

    /// Returns of how many ended streams the backend has not heard.
    pub(super) fn untold(&self) -> usize {
        self.callback().map_or(0, Callback::untold)
    }

    /// Counts a stream that was not opened.
    pub(super) fn refused(&self, label: &'static str) {
        self.ledger.metrics.stream_refused(label);
    }
}

impl Candidate {
    /// Returns the token.
    pub(super) fn token(&self) -> &Token {
        &self.connection.token
    }
}

impl Departures for Ledger {
    fn departed(&self, connection: &Connection, reason: CloseReason) {
        let Some(request) = self.book.leave(&connection.token) else { return };
        self.metrics.left(reason, self.book.count());
        tracing::debug!(token = connection.token.short(), reason = reason.label(), "stream ended");
        if let Some(callback) = &self.callback {
            callback.disconnect(&connection.token, reason.into(), &request);
        }
    }
}

fn outcome_of(missed: Missed) -> Outcome {
    match missed {
        Missed::Gone => Outcome::Unknown,
        Missed::Failed => Outcome::Failed,
    }
}
