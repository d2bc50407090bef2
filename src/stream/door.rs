//! The door of a listener that holds streams: accepts, reads heads, and hands a wish for a stream to whoever opens
//! it, or anything else, bytes put back, to HTTP.
//!
//! Runs on tokio, one task per connection until it is a stream; such connections are bounded in number
//! (the lobby), size and time. What a client sends behind the head of a stream is ignored.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Limits,
    head::{self, HeadFault, Verdict},
    limits,
    rewind::Rewind,
    turnstile::Turnstile,
};
use crate::{
    accept::Stamina,
    http::server::{LAST_REQUEST, Persistence, serve_connection, serve_until},
    lifecycle::{Lifecycle, Phase},
};

/// Until a head must be there whole.
const HEAD: Duration = Duration::from_secs(10);
/// A whole exchange with HTTP where a connection has only one: page and health are small.
pub(super) const HTTP: Duration = Duration::from_secs(30);
/// How long a refused client may take to read why.
const FAREWELL: Duration = Duration::from_secs(2);
/// How much of what it still sends is read meanwhile.
const FAREWELL_BYTES: usize = 64 * 1024;
const FIRST_READ: usize = 1024;

/// Who stands at the door.
pub(crate) trait Porter: Send + Sync + 'static {
    /// What a request for a stream wishes.
    type Wish: Send + Unpin + 'static;

    /// Judges a whole head.
    fn judge(&self, request: &httparse::Request<'_, '_>) -> Verdict<Self::Wish>;

    /// Opens the stream, or answers why not. What opening has registered is handed over or taken back before this
    /// ends: the door sets no limit here.
    fn open(&self, wish: Self::Wish, socket: TcpStream, peer: SocketAddr) -> BoxFuture<'_, ()>;

    /// Returns the answer to a head that cannot be served.
    fn misunderstood(&self, fault: HeadFault) -> Bytes;

    /// How many requests a connection may bring that are no stream.
    fn persistence(&self) -> Persistence;

    /// Returns the next socket of a stream that has ended in order: it may bring another request.
    fn returned(&self) -> BoxFuture<'_, std::net::TcpStream> {
        std::future::pending().boxed()
    }
}

/// When a listener is closed, and with it what it still serves.
pub(crate) struct Hours {
    /// No more connections are accepted.
    pub(crate) accepting_until: Phase,
    /// How long a peer may leave bytes unacknowledged.
    pub(crate) unread: Duration,
}

/// Serves a listener; ends, with the listener closed, when its hours are over.
pub(crate) async fn serve<P: Porter>(
    listener: TcpListener,
    hours: Hours,
    porter: P,
    http: Router,
    lifecycle: Lifecycle,
) {
    limits::prepare(&listener, hours.unread);
    let lobby = Arc::new(Semaphore::new(Limits::of_process().lobby));
    let closed = CancellationToken::new();
    let door = Arc::new(Door { porter: Arc::new(porter), http, closed: closed.clone() });
    let accepting = async {
        let mut stamina = Stamina::new("browsers");
        loop {
            let (socket, peer, place) = next(&listener, &lobby, &mut stamina).await;
            let door = Arc::clone(&door);
            lifecycle.spawn(async move {
                door.receive(socket, peer).await;
                drop(place);
            });
        }
    };
    let returning = async {
        loop {
            let socket = door.porter.returned().await;
            // Accepted already: without a place it is closed, as idle connections may be.
            let Ok(place) = Arc::clone(&lobby).try_acquire_owned() else { continue };
            let Ok((socket, peer)) = TcpStream::from_std(socket).and_then(|socket| {
                let peer = socket.peer_addr()?;
                Ok((socket, peer))
            }) else {
                continue;
            };
            let door = Arc::clone(&door);
            lifecycle.spawn(async move {
                door.receive(socket, peer).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = lifecycle.reached(hours.accepting_until) => {}
        () = accepting => {}
        () = returning => {}
    }
    drop(listener);
    lifecycle.reached(Phase::Closed).await;
    closed.cancel();
}

/// Returns the next connection and its place in the lobby.
async fn next(
    listener: &TcpListener,
    lobby: &Arc<Semaphore>,
    stamina: &mut Stamina,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = Arc::clone(lobby).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                stamina.recovered();
                return (socket, peer, place);
            }
            Err(error) => stamina.endure(&error).await,
        }
    }
}

/// What every connection of the listener needs.
struct Door<P> {
    porter: Arc<P>,
    http: Router,
    /// Cancelled when nothing is served any more.
    closed: CancellationToken,
}

impl<P: Porter> Door<P> {
    /// Sees a connection to its end, or to its shard.
    async fn receive(&self, mut socket: TcpStream, peer: SocketAddr) {
        let head = timeout(HEAD, read_head(&mut socket, |request| self.porter.judge(request)));
        let head = tokio::select! {
            head = head => head,
            () = self.over() => return,
        };
        let Ok(Ok((verdict, bytes))) = head else {
            tracing::debug!(%peer, "a connection brought no request");
            return;
        };
        match verdict {
            // Boxed: a storm of streams must not pay for the state of an HTTP connection each.
            Verdict::Other => Box::pin(self.exchange(bytes, socket, peer)).await,
            verdict => {
                drop(bytes);
                self.settle(verdict, socket, peer).await;
            }
        }
    }

    /// Ends when nothing is served any more, and who was let in just before has had a moment to ask.
    async fn over(&self) {
        self.closed.cancelled().await;
        sleep(LAST_REQUEST).await;
    }

    /// Serves what is no stream.
    async fn exchange(&self, bytes: BytesMut, socket: TcpStream, peer: SocketAddr) {
        let (http, closed) = (self.http.clone(), self.closed.clone());
        if self.porter.persistence() == Persistence::Close {
            let exchange = serve_connection(Rewind::new(bytes, socket), http, Persistence::Close, closed);
            if timeout(HTTP, exchange).await.is_err() {
                tracing::debug!(%peer, "an HTTP exchange took too long and was cut");
            }
            return;
        }
        let porter = Arc::clone(&self.porter);
        let judge = move |bytes: &[u8]| head::read(bytes, |request| porter.judge(request));
        let io = Turnstile::new(bytes, socket, judge);
        if let Some(io) = serve_until(io, http, closed).await
            && let Some((verdict, socket)) = io.stopped()
        {
            self.settle(verdict, socket, peer).await;
        }
    }

    async fn settle(&self, verdict: Verdict<P::Wish>, mut socket: TcpStream, peer: SocketAddr) {
        match verdict {
            Verdict::Stream(wish) => self.porter.open(wish, socket, peer).await,
            Verdict::Bad(fault) => Box::pin(refuse(&mut socket, &self.porter.misunderstood(fault))).await,
            Verdict::Other | Verdict::Incomplete => {}
        }
    }
}

/// Answers, and closes such that the answer arrives.
pub(crate) async fn refuse(socket: &mut TcpStream, answer: &Bytes) {
    // A client that does not take its answer is left.
    let _ = timeout(FAREWELL, part(socket, answer)).await;
}

/// Reads until the head is judged. Returns the verdict and everything that was read.
async fn read_head<T>(
    socket: &mut TcpStream,
    judge: impl Fn(&httparse::Request<'_, '_>) -> Verdict<T>,
) -> io::Result<(Verdict<T>, BytesMut)> {
    let mut bytes = BytesMut::with_capacity(FIRST_READ);
    loop {
        let before = bytes.len();
        if socket.read_buf(&mut bytes).await? == 0 {
            return Ok((Verdict::Incomplete, bytes));
        }
        match head::read_more(&bytes, before, &judge) {
            Verdict::Incomplete => {}
            verdict => return Ok((verdict, bytes)),
        }
    }
}

/// Writes the last words. What the client still sends is read for a while: bytes left unread would turn the close
/// into a reset, which may overtake the answer.
async fn part(socket: &mut TcpStream, answer: &Bytes) -> io::Result<()> {
    socket.write_all(answer).await?;
    socket.shutdown().await?;
    let mut scratch = [0; 1024];
    let mut left = FAREWELL_BYTES;
    while left > 0 {
        match socket.read(&mut scratch).await? {
            0 => return Ok(()),
            count => left = left.saturating_sub(count),
        }
    }
    Ok(())
}
