//! Serves HTTP/1.1 on a TCP listener: axum's own `serve` bounds neither connections nor slow heads.
//!
//! More connections than the descriptors allow wait in the kernel's backlog; while all places are taken, each answer
//! ends its connection, so that those who wait get their turn. Every wait has a limit: a connection must bring its first request head within 10 s, may then be idle for 75 s (longer than any gateway's client keeps
//! an idle connection, so that it is never we who close one just as a callback is written), and a body must arrive
//! within 30 s.

use std::{
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{
        HeaderValue,
        header::{CONNECTION, TRANSFER_ENCODING},
    },
};
use bytes::Bytes;
use hyper::{
    Request,
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{accept::Stamina, lifecycle::Lifecycle, stream::Limits};

/// Until the head of the first request is there.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// From the end of one request to the end of the next one's head.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// The same where anybody connects: beside streams, idle connections must not fill the lobby.
const IDLE: Duration = Duration::from_secs(10);
/// Until a body is there whole.
const BODY: Duration = Duration::from_secs(30);
/// For requests under way when the daemon closes.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// For the first request of a connection that was accepted just before the daemon closed: closed with the request on
/// its way, it would be reset.
pub(crate) const LAST_REQUEST: Duration = Duration::from_millis(500);
/// How long a peer may refuse to take an answer.
#[cfg(target_os = "linux")]
const UNREAD_ANSWER: Duration = Duration::from_secs(30);
const HEADERS: usize = 100;
const HEAD_BYTES: usize = 16 * 1024;

/// Whether a connection serves more than one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// As many as the peer sends.
    KeepAlive,
    /// One, answered `Connection: close`.
    Close,
}

/// Who connected to a listener of limited places.
#[derive(Clone)]
struct Visitor {
    /// Unless they came over a local socket.
    peer: Option<SocketAddr>,
    places: Arc<Semaphore>,
}

/// Serves every connection of a listener; ends, with the listener closed, when the daemon is closing.
/// Handlers find the peer's address as `ConnectInfo<SocketAddr>`.
pub async fn serve(listener: TcpListener, router: Router, lifecycle: Lifecycle) {
    let closing = lifecycle.closing();
    let places = Arc::new(Semaphore::new(Limits::of_process().internal));
    let mut stamina = Stamina::new("HTTP connections");
    while let Some((stream, peer, place)) = next(&listener, &places, &closing, &mut stamina).await {
        prepare(&stream);
        let (router, closing) = (router.clone(), closing.clone());
        let visitor = Visitor { peer: Some(peer), places: Arc::clone(&places) };
        lifecycle.spawn(async move {
            drive(stream, router, Some(visitor), Persistence::KeepAlive, closing).await;
            drop(place);
        });
    }
}

/// Serves one connection that was accepted elsewhere.
pub async fn serve_connection<I>(io: I, router: Router, persistence: Persistence, closing: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    drive(io, router, None, persistence, closing).await;
}

/// Serves one connection that was accepted elsewhere and has one of these places. While all are taken, each answer ends
/// its connection.
pub(crate) async fn serve_at<I>(io: I, router: Router, places: Arc<Semaphore>, closing: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    drive(io, router, Some(Visitor { peer: None, places }), Persistence::KeepAlive, closing).await;
}

/// Serves one connection that was accepted elsewhere, request by request, until `io` yields the end. Returns it
/// then, still open for answers.
pub(crate) async fn serve_until<I>(io: I, router: Router, closing: CancellationToken) -> Option<I>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        // Only HTTP knows where chunks end: what follows them on the connection cannot be told apart here.
        let last = request.headers().contains_key(TRANSFER_ENCODING);
        let request = request.map(|body| Body::new(TimedBody::new(body)));
        let answer = router.clone().oneshot(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if last {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        })
    });
    let mut connection = http1_builder()
        .header_read_timeout(IDLE)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(io), service);
    let ended = tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
        () = closing.cancelled() => {
            Pin::new(&mut connection).graceful_shutdown();
            timeout(LAST_ANSWERS, poll_fn(|cx| connection.poll_without_shutdown(cx))).await.ok()?
        }
    };
    match ended {
        Ok(()) => Some(connection.into_parts().io.into_inner()),
        Err(error) => {
            tracing::debug!(%error, "an HTTP connection ended early");
            None
        }
    }
}

/// Half-closed, the end of what a peer sends does not cut off what it asked for, nor an answer under way.
fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .half_close(true)
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES);
    builder
}

/// Returns the next connection and its place, or `None` when the daemon is closing.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    closing: &CancellationToken,
    stamina: &mut Stamina,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = closing.run_until_cancelled(Arc::clone(places).acquire_owned()).await?.ok()?;
    loop {
        match closing.run_until_cancelled(listener.accept()).await? {
            Ok((stream, peer)) => {
                stamina.recovered();
                return Some((stream, peer, place));
            }
            Err(error) => closing.run_until_cancelled(stamina.endure(&error)).await?,
        }
    }
}

/// Both are improvements, not conditions: a socket that refuses them is served all the same.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD_ANSWER));
}

async fn drive<I>(
    io: I,
    router: Router,
    visitor: Option<Visitor>,
    persistence: Persistence,
    closing: CancellationToken,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let began = CancellationToken::new();
    let noting = began.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        noting.cancel();
        let mut request = request.map(|body| Body::new(TimedBody::new(body)));
        if let Some(Visitor { peer: Some(peer), .. }) = &visitor {
            request.extensions_mut().insert(ConnectInfo(*peer));
        }
        let (answer, visitor) = (router.clone().oneshot(request), visitor.clone());
        Box::pin(async move {
            let mut response = answer.await?;
            if visitor.is_some_and(|visitor| visitor.places.available_permits() == 0) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        })
    });
    let connection = http1_builder()
        .keep_alive(persistence == Persistence::KeepAlive)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = std::pin::pin!(connection);

    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = first_request_missing(&began) => return,
        () = time_is_up(&closing, &began) => None,
    };
    let ended = match ended {
        Some(ended) => Ok(ended),
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWERS, connection).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "an HTTP connection ended early"),
        Err(_) => tracing::debug!("an HTTP connection was cut at the shutdown"),
    }
}

/// Ends only if no request has begun in time.
async fn first_request_missing(began: &CancellationToken) {
    if timeout(FIRST_REQUEST, began.cancelled()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

/// Ends when the daemon is closing and the first request, if there is to be one, has begun.
async fn time_is_up(closing: &CancellationToken, began: &CancellationToken) {
    closing.cancelled().await;
    // Without a request there is nothing to answer.
    let _ = timeout(LAST_REQUEST, began.cancelled()).await;
}

/// The body did not arrive in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the request's body did not arrive within {} s", BODY.as_secs())]
pub struct BodyTooSlow;

/// A request body that fails once its time is over.
struct TimedBody {
    body: Incoming,
    limit: Pin<Box<Sleep>>,
}

impl TimedBody {
    fn new(body: Incoming) -> Self {
        Self { body, limit: Box::pin(sleep(BODY)) }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => self.limit.as_mut().poll(cx).map(|()| Some(Err(BodyTooSlow.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
