//! The handles that the doors (`http`, `control`) act on.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use jiff::Timestamp;

use crate::{
    clock::SharedClock,
    config::Config,
    delivery::{Delivery, Dispatcher},
    idempotency::Receipts,
    lifecycle::Lifecycle,
    metrics::Metrics,
    registry::ConnectionRegistry,
    task::TaskService,
    version::VersionService,
};

/// Everything that a request may need. Shared by all listeners.
pub struct Services {
    /// The settings in force.
    pub config: Arc<Config>,
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
    /// Receipts by key.
    pub receipts: Arc<Receipts>,
    /// The phase, and tracked tasks.
    pub lifecycle: Lifecycle,
    /// All metrics.
    pub metrics: Arc<Metrics>,
    /// The time of day.
    pub clock: SharedClock,
    /// When the daemon started.
    pub started_at: Timestamp,
    /// What is bound.
    pub bound: Bound,
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
}
