//! Opens streams: asks the backend, watches the browser meanwhile, and says no in the words that are known.

use std::{net::SocketAddr, sync::Arc};

use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::net::TcpStream;

use super::{
    head::{self, Wish},
    streams::{Candidate, Streams},
};
use crate::{
    config::Framing,
    connection::Origin,
    http::server::Persistence,
    lifecycle::Lifecycle,
    stream::{
        Frame, Transfer,
        callback::{Answer, Reason},
        cors::Permission,
        door::{self, Porter},
        gate::Gate,
        head::{Agent, HeadFault, Verdict},
        opening::{self, Length},
        refusal::Refusal,
    },
};

/// What a client may send behind its head while the backend is asked.
const CHATTER: usize = 64 * 1024;

/// Stands at the gateway's door.
pub(super) struct GatewayPorter {
    streams: Arc<Streams>,
    framing: Framing,
    gate: Gate,
    lifecycle: Lifecycle,
}

/// Why a stream does not open.
enum No {
    /// For a reason that any listener for streams has.
    Ours(Refusal),
    /// As the protocol says it.
    Known(StatusCode, &'static str, String),
    /// In a stream of its own.
    InStream(StatusCode, String),
}

impl GatewayPorter {
    /// Returns the porter of these streams.
    pub(super) fn new(streams: Arc<Streams>, framing: Framing, gate: Gate, lifecycle: Lifecycle) -> Self {
        Self { streams, framing, gate, lifecycle }
    }

    async fn receive(&self, wish: Wish, mut socket: TcpStream, peer: SocketAddr) {
        match self.admit(&wish, &socket, peer).await {
            Ok(Some(candidate)) => self.open(candidate, &wish, socket).await,
            Ok(None) => {}
            Err(no) => {
                self.streams.refused(no.label());
                door::refuse(&mut socket, &no.answer(wish.transfer, wish.agent)).await;
            }
        }
    }

    /// Asks the backend. `None` if the client left meanwhile.
    async fn admit(
        &self,
        wish: &Wish,
        socket: &TcpStream,
        peer: SocketAddr,
    ) -> Result<Option<Candidate>, No> {
        let Some(callback) = self.streams.callback() else {
            let (code, text) = ("SERVICE_NOT_CONFIGURED", "Service not configured");
            return Err(No::Known(StatusCode::SERVICE_UNAVAILABLE, code, text.to_owned()));
        };
        self.lifecycle.accepting().map_err(|_| No::Ours(Refusal::Draining))?;
        let seat = self.streams.seat().ok_or(No::Ours(Refusal::Full))?;
        let address = self.gate.address(peer.ip(), &wish.forwarded);
        let seat = seat.among(self.gate.pass(address).map_err(No::Ours)?);
        let candidate = self.streams.enter(wish, Origin { address: Some(address), user_agent: None }, seat);
        let token = candidate.token().clone();
        let mut asking = std::pin::pin!(callback.connect(&token, &wish.request));
        let answer = tokio::select! {
            answer = &mut asking => answer,
            () = left(socket) => {
                self.streams.withdraw(&candidate, None);
                let registered = !matches!(asking.await, Answer::No(..) | Answer::Unreachable);
                self.streams.withdraw(&candidate, registered.then_some(Reason::ClientClosed));
                return Ok(None);
            }
        };
        if answer == Answer::Yes {
            if self.lifecycle.accepting().is_ok() {
                return Ok(Some(candidate));
            }
            self.streams.withdraw(&candidate, Some(Reason::ServerClosed));
            return Err(No::Ours(Refusal::Draining));
        }
        let unsure = matches!(answer, Answer::TimedOut | Answer::BrokenOff);
        self.streams.withdraw(&candidate, unsure.then_some(Reason::Error));
        Err(self.refusal(answer))
    }

    fn refusal(&self, answer: Answer) -> No {
        let known = |status, code, text: &str| No::Known(status, code, text.to_owned());
        match answer {
            Answer::TimedOut => known(StatusCode::GATEWAY_TIMEOUT, "GATEWAY_TIMEOUT", "Gateway timeout"),
            Answer::Yes | Answer::Unreachable | Answer::BrokenOff => {
                known(StatusCode::SERVICE_UNAVAILABLE, "BACKEND_UNAVAILABLE", "Backend unavailable")
            }
            Answer::No(status, phrase)
                if self.framing == Framing::Envelope && [400, 401, 403].contains(&status.as_u16()) =>
            {
                No::InStream(status, phrase)
            }
            Answer::No(status, _) => {
                let code = match (self.framing, status.as_u16()) {
                    (Framing::Named, 401) => "BACKEND_AUTH_FAILED",
                    (Framing::Named, 403) => "BACKEND_FORBIDDEN",
                    _ => "BACKEND_ERROR",
                };
                known(status, code, &format!("Backend returned {}", status.as_u16()))
            }
        }
    }

    async fn open(&self, candidate: Candidate, wish: &Wish, socket: TcpStream) {
        match socket.into_std() {
            Ok(socket) => {
                let head = opening::head(Length::Open(wish.transfer), &Permission::Anyone);
                self.streams.open(candidate, socket, wish, head.into()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a stream cannot be handed over and is closed");
                self.streams.withdraw(&candidate, Some(Reason::Error));
            }
        }
    }
}

impl Porter for GatewayPorter {
    type Wish = Wish;

    fn judge(&self, request: &httparse::Request<'_, '_>) -> Verdict<Wish> {
        head::judge(request)
    }

    fn open(&self, wish: Wish, socket: TcpStream, peer: SocketAddr) -> BoxFuture<'_, ()> {
        self.receive(wish, socket, peer).boxed()
    }

    fn misunderstood(&self, fault: HeadFault) -> Bytes {
        let refusal = Refusal::Head(fault);
        self.streams.refused(refusal.label());
        refusal.answer(&Permission::Anyone, Agent::Browser)
    }

    fn persistence(&self) -> Persistence {
        Persistence::KeepAlive
    }

    fn returned(&self) -> BoxFuture<'_, std::net::TcpStream> {
        self.streams.returned().boxed()
    }
}

impl No {
    fn label(&self) -> &'static str {
        match self {
            Self::Ours(refusal) => refusal.label(),
            Self::Known(..) | Self::InStream(..) => "backend",
        }
    }

    fn answer(&self, transfer: Transfer, agent: Agent) -> Bytes {
        match self {
            Self::Ours(refusal) => refusal.answer(&Permission::Anyone, agent),
            Self::Known(status, code, message) => known(*status, code, message),
            Self::InStream(status, message) => {
                let mut answer = opening::head(Length::Open(transfer), &Permission::Anyone).into_bytes();
                let end = crate::connection::CloseReason::Disconnected;
                let frame = Frame::rejected(status.as_u16(), message);
                for frame in [frame, Frame::end(end)] {
                    answer.extend_from_slice(frame.bytes(transfer));
                }
                answer.into()
            }
        }
    }
}

/// Returns `{"error":{"message":…,"code":…}}` as a whole answer.
fn known(status: StatusCode, code: &str, message: &str) -> Bytes {
    let body = super::api::error_body(message, code);
    let cors = opening::cors_fields(&Permission::Anyone);
    if status == StatusCode::NOT_MODIFIED {
        return format!("HTTP/1.1 304 Not Modified\r\n{cors}Connection: close\r\n\r\n").into();
    }
    let phrase = status.canonical_reason().unwrap_or_default();
    let length = body.len();
    format!(
        "HTTP/1.1 {} {phrase}\r\n{cors}Content-Type: application/json; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}",
        status.as_u16()
    )
    .into()
}

/// Ends when the client has left: for good, or half.
async fn left(socket: &TcpStream) {
    let (mut scratch, mut heard) = ([0; 1024], 0);
    while heard < CHATTER {
        if socket.readable().await.is_err() {
            return;
        }
        match socket.try_read(&mut scratch) {
            Ok(0) => return,
            Ok(count) => heard += count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
