//! The front of the daemon's public listener: turns a wish for a stream into a registered connection on its shard,
//! or says why not.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{
    Admission, Admitted, Seat,
    cors::{Origins, Permission},
    door::{self, Hours, Porter},
    gate::Gate,
    head::{Agent, HeadFault, StreamHead, Verdict},
    opening,
    refusal::Refusal,
    request,
    shard::Arrival,
};
use crate::{
    config::StreamConfig,
    connection::{CloseReason, Connection, Origin},
    current::Current,
    delivery::embedded::EmbeddedDelivery,
    hosts::Hosts,
    http::{guard, server::Persistence},
    lifecycle::{Lifecycle, Phase},
    metrics::Metrics,
    registry::Newcomer,
    request_url,
    token::Token,
};

/// How long admission may take: a callback has 5 s of it.
pub const ADMISSION: Duration = Duration::from_millis(5500);

/// What turns a request into a stream. Absent in gateway mode, where the gateway holds the streams.
pub struct Streams {
    delivery: Arc<EmbeddedDelivery>,
    admission: Arc<dyn Admission>,
    rules: Arc<Current<Rules>>,
    unread: Duration,
    callbacks: Callbacks,
}

/// Who is let in, as far as new settings may change it at once.
#[derive(Debug)]
pub struct Rules {
    origins: Origins,
    gate: Gate,
}

impl Rules {
    /// Returns the rules of these settings.
    pub fn new(config: &StreamConfig) -> Self {
        Self { origins: Origins::new(&config.cors_origins), gate: Gate::new(config) }
    }

    /// Returns the rules of other settings, for the streams that there are.
    pub fn renewed(&self, config: &StreamConfig) -> Self {
        Self { origins: Origins::new(&config.cors_origins), gate: self.gate.renewed(config) }
    }
}

/// Whether admission repeats requests to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Callbacks {
    On,
    Off,
}

impl Streams {
    /// Returns the streams of this delivery, opened as admission allows.
    pub(crate) fn new(
        config: &StreamConfig,
        rules: Arc<Current<Rules>>,
        delivery: Arc<EmbeddedDelivery>,
        admission: Arc<dyn Admission>,
    ) -> Self {
        // A browser that is there acknowledges the heartbeat; the deadline is for the bytes themselves.
        let unread = config.heartbeat + config.write_deadline;
        let callbacks = if config.authorize_url.is_empty() { Callbacks::Off } else { Callbacks::On };
        Self { delivery, admission, rules, unread, callbacks }
    }
}

/// Serves the public listener; ends, with the listener closed, when the daemon is closed. Until then browsers
/// are told when to come back.
pub async fn serve(
    listener: TcpListener,
    streams: Option<Streams>,
    hosts: Arc<Hosts>,
    http: Router,
    metrics: Arc<Metrics>,
    lifecycle: Lifecycle,
) {
    let unread = streams.as_ref().map_or(door::HTTP, |streams| streams.unread);
    let hours = Hours { accepting_until: Phase::Closed, unread };
    let http = guard::under_known_names(http, Arc::clone(&hosts));
    let front = Front { streams, hosts, metrics, lifecycle: lifecycle.clone() };
    door::serve(listener, hours, front, http, lifecycle).await;
}

/// Stands at the door of the public listener.
struct Front {
    streams: Option<Streams>,
    hosts: Arc<Hosts>,
    metrics: Arc<Metrics>,
    lifecycle: Lifecycle,
}

impl Porter for Front {
    type Wish = StreamHead;

    fn judge(&self, request: &httparse::Request<'_, '_>) -> Verdict<StreamHead> {
        match StreamHead::judge(request) {
            Verdict::Stream(mut head) => match &self.streams {
                None => Verdict::Other,
                Some(streams) => {
                    if streams.callbacks == Callbacks::On {
                        head.repeated = Some(request::repeated(request));
                    }
                    Verdict::Stream(head)
                }
            },
            verdict => verdict,
        }
    }

    fn open(&self, head: StreamHead, socket: TcpStream, peer: SocketAddr) -> BoxFuture<'_, ()> {
        async move {
            if let Some(streams) = &self.streams {
                self.open_in(streams, head, socket, peer).await;
            }
        }
        .boxed()
    }

    fn misunderstood(&self, fault: HeadFault) -> Bytes {
        self.note(&Refusal::Head(fault)).answer(&Permission::SameOrigin, Agent::Browser)
    }

    fn persistence(&self) -> Persistence {
        Persistence::Close
    }
}

impl Front {
    async fn open_in(&self, streams: &Streams, head: StreamHead, mut socket: TcpStream, peer: SocketAddr) {
        let permission = streams.rules.get().origins.judge(head.origin.as_deref(), &head.host);
        let (transfer, agent, repeated) = (head.transfer, head.agent, head.repeated.clone());
        let last = head.last_event_id.clone().or_else(|| request_url::last_event_id(&head.target));
        let (seat, newcomer) = match self.examine(streams, head, &permission, peer) {
            Ok(fit) => fit,
            Err(refusal) => return self.refuse(&mut socket, &refusal, &permission, agent).await,
        };
        let Some(connection) =
            self.ask(streams, (newcomer, repeated), &mut socket, (&permission, agent)).await
        else {
            return;
        };
        let socket = match socket.into_std() {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "a stream cannot be handed over and is closed");
                return streams.delivery.abandon(&connection, CloseReason::Error);
            }
        };
        let opening = opening::opening(transfer, &permission);
        let (own, first) = (Arc::clone(&connection), Vec::new());
        let arrival = Arrival { connection: own, socket, opening, first, transfer, seat };
        streams.admission.open(arrival, last).await;
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
        if !self.hosts.admits(&head.host) {
            return Err(Refusal::Host);
        }
        if *permission == Permission::Refused {
            return Err(Refusal::Origin);
        }
        let request_id = request_url::request_id(&head.target).map_err(Refusal::RequestId)?;
        self.lifecycle.admits().map_err(Refusal::from)?;
        let seat = streams.delivery.seat().ok_or(Refusal::Full)?;
        let rules = streams.rules.get();
        let address = rules.gate.address(peer.ip(), &head.forwarded);
        let place = rules.gate.pass(address)?;
        let origin = Origin { address: Some(address), user_agent: head.user_agent };
        Ok((seat.among(place), Newcomer { request_id, token: Token::random(), origin }))
    }

    /// Asks admission. `None` if the client was refused; it has been told.
    async fn ask(
        &self,
        streams: &Streams,
        (newcomer, repeated): (Newcomer, Option<Arc<str>>),
        socket: &mut TcpStream,
        (permission, agent): (&Permission, Agent),
    ) -> Option<Arc<Connection>> {
        let mut asking = streams.admission.admit(newcomer, repeated);
        let (refusal, late) = match timeout(ADMISSION, &mut asking).await {
            Ok(Admitted::Open(connection)) => return Some(connection),
            Ok(Admitted::Flapping) => (Refusal::Flapping, None),
            Ok(Admitted::Blocked) => (Refusal::Blocked, None),
            Ok(Admitted::Shut(shut)) => (shut.into(), None),
            Ok(Admitted::Denied(status)) => (Refusal::Denied(status), None),
            Ok(Admitted::Unavailable) => (Refusal::Unavailable, None),
            Err(_) => (Refusal::Overloaded, Some(asking)),
        };
        self.refuse(socket, &refusal, permission, agent).await;
        if let Some(asking) = late
            && let Admitted::Open(connection) = asking.await
        {
            streams.delivery.abandon(&connection, CloseReason::Error);
        }
        None
    }

    async fn refuse(&self, socket: &mut TcpStream, refusal: &Refusal, permission: &Permission, agent: Agent) {
        door::refuse(socket, &self.note(refusal).answer(permission, agent)).await;
    }

    fn note<'a>(&self, refusal: &'a Refusal) -> &'a Refusal {
        self.metrics.stream_refused(refusal.label());
        tracing::debug!(reason = refusal.label(), "a request was refused");
        refusal
    }
}

#[cfg(test)]
mod tests;
