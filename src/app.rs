//! Assembles the daemon from a [`Config`] and sees it through to its end. Knows no flags and no signals.

mod assembly;
mod doors;
mod loadable;
mod shutdown;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use self::doors::Doors;
pub use self::{
    loadable::{Loadable, loadable},
    shutdown::Ended,
};

use crate::{
    accept::Sockets,
    admission::RegistryAdmission,
    clock::{SharedClock, SystemClock},
    config::Config,
    control::{self, server::BindError},
    delivery::gateway::InvalidGateway,
    fleet::Fleet,
    hosts::Hosts,
    http,
    idempotency::Receipts,
    lifecycle::{Lifecycle, Phase},
    log_level::LogFilter,
    named::{Misnamed, Named},
    outbound::InvalidUrl,
    registry::ConnectionObserver,
    reload::Settings,
    secret::SecretError,
    services::Services,
    store::{RedbStore, Store, StoreError},
    stream::front::{self, Streams},
};

/// What is handed in.
pub struct Parts {
    /// Listeners that are open already.
    pub sockets: Sockets,
    /// The store; `None`: the file in the state directory.
    pub store: Option<Arc<dyn Store>>,
    /// The time of day.
    pub clock: SharedClock,
    /// Where the settings are from; `None`: they are not read again.
    pub settings: Option<Settings>,
    /// What decides which lines are logged; `None`: nothing does.
    pub log: Option<Arc<dyn LogFilter>>,
    /// The other members of a cluster; `None`: there is none.
    pub fleet: Option<Arc<dyn Fleet>>,
    /// Observers besides the daemon's own, told after them.
    pub observers: Vec<Arc<dyn ConnectionObserver>>,
    /// How many idempotency keys are remembered.
    pub receipts: usize,
    /// How long one observer may take.
    pub observer_limit: Duration,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            sockets: Sockets::default(),
            store: None,
            settings: None,
            log: None,
            fleet: None,
            clock: Arc::new(SystemClock),
            observers: Vec::new(),
            receipts: Receipts::CAPACITY,
            observer_limit: Duration::from_secs(5),
        }
    }
}

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A TCP address cannot be had.
    #[error("cannot listen on {address} ({setting}): {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The setting that says so.
        setting: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The control socket cannot be had.
    #[error(transparent)]
    Control(#[from] BindError),
    /// The state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The settings name what is not there.
    #[error(transparent)]
    Named(#[from] Misnamed),
    /// Callers need not show a secret where they must.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The gateway's address is wrong.
    #[error(transparent)]
    Gateway(#[from] InvalidGateway),
    /// `frontend_version_url` is wrong.
    #[error(transparent)]
    FrontendVersion(#[from] InvalidUrl),
    /// `stream.authorize_url` is wrong.
    #[error("stream.authorize_url: {0}")]
    Authorize(InvalidUrl),
    /// The daemon cannot be a member of its cluster.
    #[error("{0}")]
    Cluster(String),
    /// The stream engine cannot start.
    #[error("cannot start the stream engine: {0}")]
    Streams(std::io::Error),
}

/// A daemon that serves.
pub struct Running {
    services: Arc<Services>,
    supervisor: tokio::task::JoinHandle<Ended>,
}

/// The daemon, assembled.
pub struct App;

impl App {
    /// Binds, loads, assembles, serves. `config.control.socket` and `config.state.dir` must be set.
    pub async fn start(config: Config, mut parts: Parts) -> Result<Running, StartError> {
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let config = Arc::new(config);
        let Named { access, secrets, rights } = Named::find(&config)?;
        let doors = Doors::open(&config, rights, std::mem::take(&mut parts.sockets))?;
        secrets.guard(doors.bound.internal)?;
        let store: Arc<dyn Store> = match parts.store.take() {
            Some(store) => store,
            None => Arc::new(RedbStore::open(&config.state.dir)?),
        };
        let lifecycle = Lifecycle::new();
        let assembled =
            assembly::assemble(config, (access, secrets), parts, &store, &lifecycle, doors.bound.clone())
                .await;
        let joined = match assembled {
            Ok((services, embedded)) => join(&services).await.map(|()| (services, embedded)),
            Err(error) => Err(error),
        };
        match joined {
            Ok((services, embedded)) => Ok(Running::begin(services, doors, embedded)),
            Err(error) => {
                // What was loaded may have begun to run.
                lifecycle.advance(Phase::Closed);
                lifecycle.finish(shutdown::SLACK).await;
                store.close().await;
                Err(error)
            }
        }
    }
}

impl Running {
    fn begin(services: Arc<Services>, doors: Doors, embedded: Option<assembly::Embedded>) -> Self {
        let lifecycle = services.lifecycle.clone();
        lifecycle.spawn(serve_public(doors.public, embedded, Arc::clone(&services)));
        let internal = http::internal::router(&services);
        lifecycle.spawn(http::server::serve(doors.internal, internal, lifecycle.clone()));
        control::server::serve(doors.control, Arc::clone(&services));
        lifecycle.advance(Phase::Ready);
        #[expect(clippy::disallowed_methods, reason = "it waits for all tracked tasks, so it cannot be one")]
        let supervisor = tokio::spawn(shutdown::supervise(Arc::clone(&services)));
        Self { services, supervisor }
    }

    /// Returns the handles that the doors act on.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Asks for the end: the first time gracefully, again: as soon as streams are closed.
    pub fn shutdown(&self) {
        self.services.lifecycle.request_stop();
    }

    /// Waits for the end, whoever asked for it.
    pub async fn ended(self) -> Ended {
        self.supervisor.await.unwrap_or_else(|_| Ended { late: vec!["supervisor"] })
    }
}

/// Joins the cluster, if there is one.
async fn join(services: &Arc<Services>) -> Result<(), StartError> {
    #[cfg(feature = "nats")]
    if !services.config.cluster.nats_url.is_empty() {
        crate::cluster::join(services).await.map_err(|why| StartError::Cluster(why.to_string()))?;
    }
    let _ = services;
    Ok(())
}

async fn serve_public(listener: TcpListener, embedded: Option<assembly::Embedded>, services: Arc<Services>) {
    let stream = &services.config.stream;
    let streams = embedded.map(|assembly::Embedded { delivery, backend }| {
        let admission = Arc::new(RegistryAdmission::new(&services, Arc::clone(&delivery), backend));
        Streams::new(stream, Arc::clone(&services.rules), delivery, admission)
    });
    let hosts = Arc::new(Hosts::new(services.bound.public, &services.config.listen.hosts));
    let (metrics, lifecycle) = (Arc::clone(&services.metrics), services.lifecycle.clone());
    front::serve(listener, streams, hosts, http::public::router(&services), metrics, lifecycle).await;
}
