//! The connection to the NATS servers, and what the cluster's streams in them are called and like.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Client, ClientError, ConnectErrorKind, ConnectOptions, Event,
    connection::State,
    jetstream::{
        Context, ErrorCode,
        context::{ContextBuilder, CreateStreamError, CreateStreamErrorKind},
        message::PublishMessage,
        stream::{self, Stream},
    },
};
use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::pulse::Pulse;
use crate::{config::ClusterConfig, delivery::Unplaced, metrics::ClusterMetrics, noted::Noted};

/// The longest that a request to the servers may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// A server that says nothing for two of these is given up.
const PING: Duration = Duration::from_secs(2);
/// The longest pause between two attempts to reach a server.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked whether the servers are reached, where nobody says so.
const LOOK: Duration = Duration::from_millis(200);
/// Copies where the servers are a cluster and nobody said otherwise.
const COPIES: usize = 3;

/// Why the servers let this daemon not in, as they said last.
type Refusal = Arc<Mutex<Option<String>>>;

/// The servers, and whether they are reached.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) jetstream: Context,
    pub(super) metrics: ClusterMetrics,
    pulse: Arc<Pulse>,
    /// Told whenever the servers or JetStream come or go.
    changed: watch::Sender<()>,
    refusal: Refusal,
    name: String,
    /// How many servers the settings name.
    servers: usize,
    replicas: usize,
    /// What is wrong with the servers was said.
    noted: AtomicBool,
}

impl Link {
    /// Begins to connect, and goes on until it is dropped. Fails only where the credentials cannot be read.
    pub(super) async fn connect(
        config: &ClusterConfig,
        member: &str,
        metrics: ClusterMetrics,
    ) -> io::Result<Arc<Self>> {
        crate::outbound::install_provider();
        let (changed, pulse, refusal) = (watch::Sender::new(()), Arc::<Pulse>::default(), Arc::default());
        let (told, chosen) = (changed.clone(), Arc::clone(&pulse));
        let notes = Notes {
            pulse: Arc::clone(&pulse),
            metrics: metrics.clone(),
            refusal: Arc::clone(&refusal),
            noted: Noted::default(),
        };
        let mut options = ConnectOptions::new()
            .name(format!("ssectld {member}"))
            .retry_on_initial_connect()
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(PING)
            .reconnect_delay_callback(|attempt| PAUSE.min(Duration::from_millis(50 << attempt.min(5))))
            .reconnect_to_server_callback(move |servers, _| std::future::ready(chosen.next(&servers)))
            .event_callback(move |event| {
                notes.take(&event);
                told.send_replace(());
                std::future::ready(())
            });
        if config.credentials_file != Path::new("") {
            options = options.credentials_file(&config.credentials_file).await?;
        }
        let servers: Vec<_> = config.nats_url.split(',').map(|url| url.trim().to_owned()).collect();
        let count = servers.len();
        let client = options.connect(servers).await.map_err(io::Error::other)?;
        let jetstream = ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE).build(client.clone());
        let (name, replicas) = (config.name.clone(), config.replicas);
        Ok(Arc::new(Self {
            client,
            jetstream,
            metrics,
            pulse,
            changed,
            refusal,
            name,
            servers: count,
            replicas,
            noted: AtomicBool::new(false),
        }))
    }

    /// Returns whether a server is reached.
    pub(super) fn is_reached(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Returns whether a server is reached, or left for another one.
    pub(super) fn is_within_reach(&self) -> bool {
        self.is_reached() || self.pulse.is_moving()
    }

    /// Returns why the servers let this daemon not in, if that is so.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone().filter(|_| !self.is_reached())
    }

    /// Returns whether JetStream answers, as far as is known.
    pub(super) fn answers(&self) -> bool {
        self.pulse.is_there()
    }

    /// Returns whether a server is reached, and JetStream answers: what all share can be read and written.
    pub(super) fn is_up(&self) -> bool {
        self.is_reached() && self.answers()
    }

    /// Waits until a server is reached.
    pub(super) async fn reached(&self) {
        self.until(|| self.is_reached()).await;
    }

    /// Waits until a server is reached, and JetStream answers.
    pub(super) async fn up(&self) {
        self.until(|| self.is_up()).await;
    }

    /// The same for a moment only: another server may be reached in no time, a majority may not.
    pub(super) async fn up_soon(&self) -> Result<(), Unplaced> {
        let up = self.answers() && timeout(PATIENCE, self.up()).await.is_ok();
        if !up {
            self.metrics.unplaced("away");
        }
        up.then_some(()).ok_or(Unplaced::Away)
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        let mut changed = self.changed.subscribe();
        while !is_so() {
            // Not every change need be told.
            let _ = timeout(LOOK, changed.changed()).await;
        }
    }

    /// Puts something where JetStream must acknowledge it, which shows whether it answers.
    pub(super) async fn beat(&self, subject: String, payload: Bytes) -> Result<(), async_nats::Error> {
        let asked = Instant::now();
        let put = async {
            let message = PublishMessage::build().payload(payload);
            self.jetstream.send_publish(subject, message).await?.await
        };
        let error = match timeout(self.pulse.patience(), put).await {
            Ok(Ok(_)) => {
                self.acknowledged();
                return Ok(());
            }
            Ok(Err(error)) => error.into(),
            Err(late) => late.into(),
        };
        if self.is_reached() && self.pulse.unacknowledged(asked) {
            tracing::warn!(
                "JetStream does not answer: have its servers lost their majority? Orders are refused, streams go on"
            );
            self.metrics.away();
            self.changed.send_replace(());
        }
        self.look_elsewhere().await;
        Err(error)
    }

    /// JetStream has acknowledged something.
    pub(super) fn acknowledged(&self) {
        if self.pulse.acknowledged() {
            tracing::info!("JetStream answers again");
            self.metrics.connected();
            self.changed.send_replace(());
        }
    }

    /// Returns after how long it is to be seen again whether JetStream answers.
    pub(super) fn pace(&self, usual: Duration) -> Duration {
        self.pulse.pace(usual)
    }

    /// Leaves a server for another one where JetStream does not answer: its majority may be there.
    async fn look_elsewhere(&self) {
        if self.servers > 1
            && self.is_reached()
            && self.pulse.moves()
            && let Err(error) = self.client.force_reconnect().await
        {
            tracing::debug!(%error, "no other server is tried");
        }
    }

    /// Returns how often the servers were reached.
    pub(super) fn times_reached(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// Waits until the servers are reached once more than so often. What was on its way before may be lost.
    pub(super) async fn reached_anew(&self, times: u64) {
        self.until(|| self.times_reached() != times).await;
    }

    /// Returns the cluster's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns a subject of this cluster.
    pub(super) fn subject(&self, what: &str) -> String {
        format!("ssectl.{}.{what}", self.name)
    }

    /// Returns what the stream of events is like.
    pub(super) fn log(&self) -> stream::Config {
        stream::Config {
            name: format!("ssectl_{}_log", self.name),
            subjects: vec![self.subject("log")],
            max_age: Duration::from_secs(3600),
            max_bytes: 256 << 20,
            duplicate_window: Duration::from_secs(120),
            ..self.any()
        }
    }

    /// Returns what the stream behind a bucket of keys and values is like, as NATS defines it:
    /// <https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-8.md>.
    pub(super) fn bucket(&self, what: &str) -> stream::Config {
        let bucket = format!("ssectl_{}_{what}", self.name);
        stream::Config {
            subjects: vec![format!("$KV.{bucket}.>")],
            name: format!("KV_{bucket}"),
            max_messages_per_subject: 1,
            discard: stream::DiscardPolicy::New,
            duplicate_window: Duration::from_secs(120),
            allow_rollup: true,
            deny_delete: true,
            allow_direct: true,
            ..self.any()
        }
    }

    /// Returns the subject of a key.
    pub(super) fn key(&self, what: &str, key: &str) -> String {
        format!("$KV.ssectl_{}_{what}.{key}", self.name)
    }

    fn any(&self) -> stream::Config {
        stream::Config {
            description: Some("ssectld".to_owned()),
            storage: stream::StorageType::File,
            num_replicas: if self.replicas == 0 { COPIES } else { self.replicas },
            ..stream::Config::default()
        }
    }

    /// Returns a stream as it stands, made if there is none yet.
    pub(super) async fn stream(&self, config: &stream::Config) -> Result<Stream, CreateStreamError> {
        // An error is seen again when it is to be made.
        if let Ok(stream) = self.jetstream.get_stream(&config.name).await {
            return Ok(stream);
        }
        match self.jetstream.create_stream(config.clone()).await {
            // One that is a cluster has the others back sooner or later.
            Err(error)
                if self.replicas == 0 && code(&error) == Some(ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED) =>
            {
                if !self.noted.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "JetStream keeps one copy only: its server is in no cluster of NATS servers"
                    );
                }
                self.jetstream.create_stream(stream::Config { num_replicas: 1, ..config.clone() }).await
            }
            Err(error) => {
                if code(&error).is_some() && !self.noted.swap(true, Ordering::Relaxed) {
                    let copies = config.num_replicas;
                    tracing::warn!(%error, copies, "JetStream does not keep what the cluster needs: \
                        see to its servers, or say with cluster.replicas how many copies they can keep");
                }
                Err(error)
            }
            made => made,
        }
    }
}

/// Notes what the client of the servers tells.
struct Notes {
    pulse: Arc<Pulse>,
    metrics: ClusterMetrics,
    refusal: Refusal,
    noted: Noted,
}

impl Notes {
    fn take(&self, event: &Event) {
        match event {
            // It is on its way from one server to the other, and says when it has found what it looks for.
            Event::Connected | Event::Disconnected if self.pulse.is_moving() => {
                tracing::debug!(%event, "NATS");
            }
            Event::Connected => {
                tracing::info!("the cluster's NATS servers are reached");
                if self.pulse.is_there() {
                    self.metrics.connected();
                }
            }
            Event::Disconnected => {
                tracing::warn!(
                    "the cluster's NATS servers cannot be reached: orders are refused, streams go on"
                );
                self.pulse.lost();
                self.metrics.away();
            }
            Event::ServerError(error) => self.warn(&error.to_string()),
            Event::ClientError(error) => {
                self.warn(&error.to_string());
                *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal(error);
            }
            other => tracing::debug!(%other, "NATS"),
        }
    }

    /// Says what is wrong, once: it comes again at each attempt.
    fn warn(&self, error: &str) {
        if self.noted.is_new(error) {
            tracing::warn!(error, "the cluster's NATS servers");
        }
    }
}

/// Returns what an attempt failed of that fails until somebody mends it.
fn refusal(error: &ClientError) -> Option<String> {
    const LASTING: [ConnectErrorKind; 4] = [
        ConnectErrorKind::AuthorizationViolation,
        ConnectErrorKind::Authentication,
        ConnectErrorKind::Tls,
        ConnectErrorKind::Dns,
    ];
    let ClientError::Other(what) = error else { return None };
    LASTING.iter().any(|kind| kind.to_string() == *what).then(|| what.clone())
}

/// Returns what JetStream says is wrong.
fn code(error: &CreateStreamError) -> Option<ErrorCode> {
    match error.kind() {
        CreateStreamErrorKind::JetStream(error) => Some(error.error_code()),
        _ => None,
    }
}
