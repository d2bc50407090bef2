//! The door of the public listener: accepts, reads the head, and hands a stream to its shard or anything else,
//! bytes put back, to HTTP.
//!
//! Runs on tokio, one task per connection until it is a stream; such connections are bounded in number
//! (the lobby), size and time. What a client sends behind the head of a stream is ignored.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Admission, Admitted, Limits, Seat,
    cors::{Origins, Permission},
    head::{self, StreamHead, Verdict},
    limits, opening,
    refusal::Refusal,
    rewind::Rewind,
    shard::Arrival,
};
use crate::{
    config::StreamConfig,
    connection::{CloseReason, Connection, Origin},
    delivery::embedded::EmbeddedDelivery,
    http::server::{Persistence, serve_connection},
    lifecycle::{Lifecycle, Phase},
    metrics::Metrics,
    registry::Newcomer,
    request_url,
    token::Token,
};

/// How long admission may take.
pub const ADMISSION: Duration = Duration::from_secs(5);
/// Until a head must be there whole.
const HEAD: Duration = Duration::from_secs(10);
/// A whole exchange with HTTP: page and health are small.
const HTTP: Duration = Duration::from_secs(30);
/// How long a refused client may take to read why.
const FAREWELL: Duration = Duration::from_secs(2);
/// How much of what it still sends is read meanwhile.
const FAREWELL_BYTES: usize = 64 * 1024;
/// Out of file descriptors: others must close some first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const FIRST_READ: usize = 1024;

/// What turns a request into a stream. Absent in gateway mode, where the gateway holds the streams.
pub struct Streams {
    delivery: Arc<EmbeddedDelivery>,
    admission: Arc<dyn Admission>,
    origins: Origins,
    unread: Duration,
}

impl Streams {
    /// Returns the streams of this delivery, opened as admission allows.
    pub fn new(
        config: &StreamConfig,
        delivery: Arc<EmbeddedDelivery>,
        admission: Arc<dyn Admission>,
    ) -> Self {
        let origins = Origins::new(&config.cors_origins);
        // A browser that is there acknowledges the heartbeat; the deadline is for the bytes themselves.
        Self { delivery, admission, origins, unread: config.heartbeat + config.write_deadline }
    }
}

/// Serves the public listener; ends, with the listener closed, when the daemon is closed. Until then browsers
/// are told when to come back.
pub async fn serve(
    listener: TcpListener,
    streams: Option<Streams>,
    http: Router,
    metrics: Arc<Metrics>,
    lifecycle: Lifecycle,
) {
    limits::prepare(&listener, streams.as_ref().map_or(HTTP, |streams| streams.unread));
    let lobby = Arc::new(Semaphore::new(Limits::of_process().lobby));
    let closed = CancellationToken::new();
    let front =
        Arc::new(Front { streams, http, metrics, lifecycle: lifecycle.clone(), closed: closed.clone() });
    let accepting = async {
        loop {
            let (socket, peer, place) = next(&listener, &lobby).await;
            let front = Arc::clone(&front);
            lifecycle.spawn(async move {
                front.receive(socket, peer).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = lifecycle.reached(Phase::Closed) => closed.cancel(),
        () = accepting => {}
    }
}

/// Returns the next connection and its place in the lobby.
async fn next(
    listener: &TcpListener,
    lobby: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = Arc::clone(lobby).acquire_owned().await.ok();
    let mut starved = false;
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => return (socket, peer, place),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                if !starved {
                    tracing::error!(%error, "cannot accept browsers; trying again until it works");
                }
                starved = true;
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What every connection of the listener needs.
struct Front {
    streams: Option<Streams>,
    http: Router,
    metrics: Arc<Metrics>,
    lifecycle: Lifecycle,
    /// Cancelled when nothing is served any more.
    closed: CancellationToken,
}

impl Front {
    /// Sees a connection to its end, or to its shard.
    async fn receive(&self, mut socket: TcpStream, peer: SocketAddr) {
        let head = timeout(HEAD, read_head(&mut socket));
        let Some(Ok(Ok((verdict, bytes)))) = self.closed.run_until_cancelled(head).await else {
            tracing::debug!(%peer, "a connection brought no request");
            return;
        };
        match (verdict, &self.streams) {
            (Verdict::Stream(head), Some(streams)) => {
                drop(bytes);
                // What opening a stream has registered must be handed over or taken back: no time-out here.
                self.open(streams, head, socket, peer).await;
            }
            (Verdict::Bad(fault), _) => {
                self.refuse(&mut socket, &Refusal::Head(fault), &Permission::SameOrigin).await;
            }
            (Verdict::Stream(_) | Verdict::Other, _) => {
                let io = Rewind::new(bytes, socket);
                let exchange =
                    serve_connection(io, self.http.clone(), Persistence::Close, self.closed.clone());
                if timeout(HTTP, exchange).await.is_err() {
                    tracing::debug!(%peer, "an HTTP exchange took too long and was cut");
                }
            }
            (Verdict::Incomplete, _) => {}
        }
    }

    async fn open(&self, streams: &Streams, head: StreamHead, mut socket: TcpStream, peer: SocketAddr) {
        let permission = streams.origins.judge(head.origin.as_deref(), &head.host);
        let transfer = head.transfer;
        let (seat, newcomer) = match self.examine(streams, head, &permission, peer) {
            Ok(fit) => fit,
            Err(refusal) => return self.refuse(&mut socket, &refusal, &permission).await,
        };
        let Some(connection) = self.ask(streams, newcomer, &mut socket, &permission).await else { return };
        let socket = match socket.into_std() {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "a stream cannot be handed over and is closed");
                return streams.delivery.abandon(&connection, CloseReason::Error);
            }
        };
        let opening = opening::opening(transfer, &permission);
        let arrival = Arrival { connection: Arc::clone(&connection), socket, opening, transfer, seat };
        streams.delivery.adopt(arrival).await;
        streams.admission.opened(&connection).await;
        streams.delivery.ready(&connection).await;
    }

    /// Checks what can be told from the head and the load, before anybody is asked.
    fn examine(
        &self,
        streams: &Streams,
        head: StreamHead,
        permission: &Permission,
        peer: SocketAddr,
    ) -> Result<(Seat, Newcomer), Refusal> {
        if *permission == Permission::Refused {
            return Err(Refusal::Origin);
        }
        let request_id = request_url::request_id(&head.target).map_err(Refusal::RequestId)?;
        self.lifecycle.accepting().map_err(|_| Refusal::Draining)?;
        let seat = streams.delivery.seat().ok_or(Refusal::Full)?;
        let origin = Origin { address: Some(peer.ip().to_canonical()), user_agent: head.user_agent };
        Ok((seat, Newcomer { request_id, token: Token::random(), origin }))
    }

    /// Asks admission. `None` if the client was refused; it has been told.
    async fn ask(
        &self,
        streams: &Streams,
        newcomer: Newcomer,
        socket: &mut TcpStream,
        permission: &Permission,
    ) -> Option<Arc<Connection>> {
        let mut asking = streams.admission.admit(newcomer);
        let (refusal, late) = match timeout(ADMISSION, &mut asking).await {
            Ok(Admitted::Open(connection)) => return Some(connection),
            Ok(Admitted::Flapping) => (Refusal::Flapping, None),
            Ok(Admitted::ShuttingDown) => (Refusal::Draining, None),
            Err(_) => (Refusal::Overloaded, Some(asking)),
        };
        self.refuse(socket, &refusal, permission).await;
        if let Some(asking) = late
            && let Admitted::Open(connection) = asking.await
        {
            streams.delivery.abandon(&connection, CloseReason::Error);
        }
        None
    }

    /// Answers, counts, and closes such that the answer arrives.
    async fn refuse(&self, socket: &mut TcpStream, refusal: &Refusal, permission: &Permission) {
        self.metrics.stream_refused(refusal.label());
        tracing::debug!(reason = refusal.label(), "a request was refused");
        let answer = refusal.answer(permission);
        // A client that does not take its answer is left.
        let _ = timeout(FAREWELL, part(socket, &answer)).await;
    }
}

/// Reads until the head is judged. Returns the verdict and everything that was read.
async fn read_head(socket: &mut TcpStream) -> io::Result<(Verdict, BytesMut)> {
    let mut bytes = BytesMut::with_capacity(FIRST_READ);
    loop {
        let before = bytes.len();
        if socket.read_buf(&mut bytes).await? == 0 {
            return Ok((Verdict::Incomplete, bytes));
        }
        // A head ends with a line end: whoever sends byte by byte does not make us read it all over each time.
        let judged = bytes[before..].contains(&b'\n') || bytes.len() >= head::HEAD_BYTES;
        match if judged { head::read(&bytes) } else { Verdict::Incomplete } {
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

#[cfg(test)]
mod tests;
