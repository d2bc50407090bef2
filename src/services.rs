//! The handles that the doors (`http`, `control`) act on.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    access::Access,
    audit::AuditLog,
    blocks::Blocks,
    clock::SharedClock,
    config::Config,
    current::Current,
    delivery::{Delivery, Directory, Dispatcher},
    drain::Drain,
    fleet::Fleet,
    http::secret::Secrets,
    idempotency::Receipts,
    lifecycle::{Lifecycle, Phase},
    log_level::LogLevel,
    metrics::Metrics,
    registry::ConnectionRegistry,
    reload::Settings,
    store::{Batch, Store},
    stream::front::Rules,
    task::TaskService,
    version::VersionService,
};

/// Everything that a request may need. Shared by all listeners.
pub struct Services {
    /// The settings in force.
    pub config: Arc<Config>,
    /// Who may do what.
    pub access: Current<Access>,
    /// What callers of the internal listener must show.
    pub secrets: Secrets,
    /// Which streams are let in.
    pub rules: Arc<Current<Rules>>,
    /// Where the settings are from; none: they are never read again.
    pub settings: Option<Settings>,
    /// Who is connected.
    pub registry: Arc<ConnectionRegistry>,
    /// The way out.
    pub delivery: Arc<dyn Delivery>,
    /// The ordering point.
    pub dispatcher: Arc<Dispatcher>,
    /// Pending versions.
    pub versions: Arc<VersionService>,
    /// Tasks.
    pub tasks: Arc<TaskService>,
    /// The state, to be asked how it is: what is in it belongs to the services.
    pub store: Arc<dyn Store>,
    /// Who ordered what.
    pub audit: Arc<AuditLog>,
    /// Request ids that are refused for a while.
    pub blocks: Arc<Blocks>,
    /// Receipts by key.
    pub receipts: Arc<Receipts>,
    /// Sends embedded streams away; none behind a gateway, which holds the streams.
    pub drain: Option<Arc<Drain>>,
    /// The other members of the cluster; none without one.
    pub fleet: OnceLock<Arc<dyn Fleet>>,
    /// Places for callers who wait for something to happen.
    pub waits: Semaphore,
    /// What is logged.
    pub log: Arc<LogLevel>,
    /// The phase, and tracked tasks.
    pub lifecycle: Lifecycle,
    /// All metrics.
    pub metrics: Arc<Metrics>,
    /// The time of day.
    pub clock: SharedClock,
    /// When the daemon started.
    pub started_at: Timestamp,
    /// The same on the clock that never jumps.
    pub started: Instant,
    /// What is bound.
    pub bound: Bound,
}

/// What is wrong with one that reaches a server, of which there are too few.
const NO_MAJORITY: &str = "JetStream of the cluster's NATS servers does not answer, a majority of them may be lost: \
                           streams go on, events and orders about versions are refused until it does";

impl Services {
    /// Returns what is wrong at the moment; nothing when all is well.
    pub fn degraded(&self) -> Vec<String> {
        self.troubles().into_iter().filter_map(|(_, trouble)| trouble).collect()
    }

    /// Returns what is wrong with each part that may be; the parts are labels of a metric.
    pub fn troubles(&self) -> [(&'static str, Option<String>); 5] {
        let volatile = (!self.store.durable())
            .then(|| "state is kept in memory only: it does not survive a restart".to_owned());
        let failed = self.store.failure().map(|why| {
            format!("the state cannot be written, orders are refused until ssectld is restarted ({why})")
        });
        // Streams end when the daemon does.
        let delivery = if self.lifecycle.phase() < Phase::Closing { self.delivery.trouble() } else { None };
        let rival = self.fleet.get().and_then(|fleet| fleet.trouble());
        [
            ("memory", volatile),
            ("store", failed),
            ("registry", self.registry.trouble()),
            ("delivery", delivery),
            ("cluster", self.cut_off().or(rival)),
        ]
    }

    /// Returns what is wrong with the way to what all members share.
    fn cut_off(&self) -> Option<String> {
        self.dispatcher.reachable().err()?;
        let link = self.fleet.get().map(|fleet| fleet.link()).unwrap_or_default();
        if link.connected && !link.answers {
            return Some(NO_MAJORITY.to_owned());
        }
        let why = link.refusal.map_or_else(String::new, |why| format!(" ({why})"));
        Some(format!(
            "the cluster's NATS servers cannot be reached{why}: streams go on, events and orders about versions are \
             refused until they can"
        ))
    }

    /// Asks the parts that would hold everybody up. Fails with the name of the first that does not answer in time.
    pub async fn pulse(&self, patience: Duration) -> Result<(), &'static str> {
        let registry = Arc::clone(&self.registry);
        // Its lock, never let go of, would keep a thread that others need.
        let asked = tokio::task::spawn_blocking(move || registry.count());
        timeout(patience, asked).await.map_err(|_| "registry")?.map_err(|_| "registry")?;
        // A store that has given up answers, too.
        timeout(patience, self.store.commit(Batch::new())).await.map(drop).map_err(|_| "store")
    }
}

/// What the daemon is bound to.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Streams, page, health.
    pub public: SocketAddr,
    /// Callbacks, metrics, publishers.
    pub internal: SocketAddr,
    /// The control socket.
    pub socket: PathBuf,
    /// Which of them a service manager holds open: `public`, `internal`, `control`.
    pub activated: Vec<&'static str>,
}
