//! `ssectld gateway`: the stream engine alone, in the place of the Node SSE gateway.
//!
//! ```text
//!   browser ── GET any path ─► porter ─► callback: connect ─► shard           (the book: token ─► stream)
//!   backend ── POST /internal/send ─► api ─► book ─► shard, or the buffer while the callback is out
//!   shard: the stream ended ─► book ─► callback: disconnect, once
//! ```
//!
//! The book is a register under one `std` mutex that is never held across an `.await`. A stream is in it before
//! its connect callback is sent, and leaves it when its shard says that it ended; whoever takes it out tells the
//! backend, so that is done once.

mod api;
mod book;
pub(crate) mod head;
pub(crate) mod order;
mod porter;
mod streams;
mod wire;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, time::timeout};

use self::{api::Api, porter::GatewayPorter, streams::Streams};
use crate::{
    accept::{self, Sockets},
    config::Config,
    hosts::Hosts,
    http,
    lifecycle::{Lifecycle, Phase, Stop},
    metrics::Metrics,
    outbound::InvalidUrl,
    secret::{Secret, SecretError},
    stream::{
        callback::Callback,
        door::{self, Hours},
        gate::Gate,
    },
};

/// For streams that do not take their last bytes, beyond the spread.
const SLACK: Duration = Duration::from_secs(4);
/// For the last callbacks and answers.
const LAST_CALLS: Duration = Duration::from_secs(10);

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is another program's.
    #[error("Failed to start server: Port {} is already in use (EADDRINUSE)", .0.port())]
    InUse(SocketAddr),
    /// The address cannot be had.
    #[error("Failed to start server: cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The callback's URL is wrong.
    #[error("gateway_server.callback_url: {0}")]
    Callback(#[from] InvalidUrl),
    /// The secret cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The stream engine cannot start.
    #[error("cannot start the stream engine: {0}")]
    Streams(io::Error),
}

/// A gateway that serves.
pub struct Gateway {
    address: SocketAddr,
    internal: Option<SocketAddr>,
    streams: Arc<Streams>,
    lifecycle: Lifecycle,
    spread: Duration,
}

impl Gateway {
    /// Binds what was not handed in, and serves. Of the settings it heeds `gateway_server`, `framing`, `stream`
    /// and `shutdown.spread`.
    pub fn start(config: &Config, sockets: Sockets) -> Result<Self, StartError> {
        let server = &config.gateway_server;
        let listener = door(sockets.public, server.listen)?;
        let address = listener.local_addr().unwrap_or(server.listen);
        let internal = match (sockets.internal, server.internal.parse()) {
            (None, Err(_)) => None,
            (given, address) => Some(door(given, address.unwrap_or(server.listen))?),
        };
        let secret = Secret::read("gateway_server.secret_file", &server.secret_file)?;
        if secret.is_none() {
            tracing::warn!(
                "/internal/send asks for no secret: whoever reaches {address} may send to every browser. Set \
                 gateway_server.secret_file, or let a proxy keep /internal to itself"
            );
        }
        let (lifecycle, metrics) = (Lifecycle::new(), Arc::new(Metrics::new()));
        let callback = match server.callback_url.as_str() {
            "" => None,
            url => Some(Callback::new(url, lifecycle.clone())?),
        };
        let configured = callback.is_some();
        let streams = Streams::start(config, callback, Arc::clone(&metrics)).map_err(StartError::Streams)?;
        let api = Api::new(Arc::clone(&streams), lifecycle.clone(), config.framing, configured, secret);
        let hours = Hours {
            accepting_until: Phase::Draining,
            unread: config.stream.heartbeat + config.stream.write_deadline,
        };
        let porter = GatewayPorter::new(
            Arc::clone(&streams),
            config.framing,
            Gate::new(&config.stream),
            lifecycle.clone(),
        );
        lifecycle.spawn(door::serve(listener, hours, porter, api.router(), lifecycle.clone()));
        let internal_address = internal.as_ref().and_then(|listener| listener.local_addr().ok());
        if let (Some(listener), Some(bound)) = (internal, internal_address) {
            let hosts = Hosts::new(bound, &config.listen.hosts);
            let router = http::internal::of_gateway(&lifecycle, metrics, hosts);
            lifecycle.spawn(http::server::serve(listener, router, lifecycle.clone()));
        }
        lifecycle.advance(Phase::Ready);
        Ok(Self { address, internal: internal_address, streams, lifecycle, spread: config.shutdown.spread })
    }

    /// Returns where browsers and backends find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns where metrics are, if anywhere.
    pub fn internal(&self) -> Option<SocketAddr> {
        self.internal
    }

    /// Returns its phase, through which it is asked to stop.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Serves until somebody asks for the end; then ends every stream, tells the backend of each, and returns how
    /// many callbacks were not answered in time.
    pub async fn ended(self) -> usize {
        self.lifecycle.stop_requested(Stop::Gracefully).await;
        tracing::info!(
            streams = self.streams.count(),
            "Shutdown signal received, closing server gracefully..."
        );
        self.lifecycle.advance(Phase::Draining);
        let closing = timeout(self.spread + SLACK, self.streams.shutdown());
        tokio::select! {
            ended = closing => {
                if ended.is_err() {
                    tracing::warn!("some streams could not be ended in time");
                }
            }
            () = self.lifecycle.stop_requested(Stop::Now) => {}
        }
        self.lifecycle.advance(Phase::Closed);
        self.lifecycle.finish(LAST_CALLS).await;
        let untold = self.streams.untold();
        if untold > 0 {
            tracing::warn!(untold, "the backend did not take all disconnect callbacks in time");
        }
        tracing::info!("Server closed, exiting process");
        untold
    }
}

/// Takes over the listener that was handed in, or listens; where there is no IPv6 "all addresses" means those of
/// IPv4.
fn door(given: Option<std::net::TcpListener>, address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = match accept::door(given, address) {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse && address.ip() == IpAddr::from([0; 16]) => {
            accept::door(None, SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
        }
        bound => bound,
    };
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => StartError::InUse(address),
        _ => StartError::Listen(address, error),
    })
}
