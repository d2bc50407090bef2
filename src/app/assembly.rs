//! Puts the parts together: registry, delivery, services, observers.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use tokio::sync::Semaphore;

use super::{Parts, StartError};
use crate::{
    access::Access,
    admission::{Backend, TellingDepartures},
    audit::AuditLog,
    blocks::Blocks,
    config::{Config, Mode, StreamConfig},
    current::Current,
    delivery::{Delivery, Departures, Dispatcher, embedded::EmbeddedDelivery, gateway::GatewayDelivery},
    drain::Drain,
    http::secret::Secrets,
    idempotency::Receipts,
    lifecycle::Lifecycle,
    log_level::LogLevel,
    metrics::Metrics,
    registry::{ConnectionObserver, ConnectionRegistry},
    services::{Bound, Services},
    store::Store,
    stream::{History, Retention, front::Rules},
    task::{Builtins, TaskService},
    version::{FrontendVersion, VersionService},
};

/// Callers who wait at once: half of the control socket's places are for others. Who comes then is answered at once,
/// and asks again.
const WAITS: usize = 128;

/// Loads the state and returns what the doors act on, and what takes streams if anything does. Registered
/// observers are the last step: before it nothing that is dropped keeps itself alive.
pub(super) async fn assemble(
    config: Arc<Config>,
    (access, secrets): (Access, Secrets),
    parts: Parts,
    store: &Arc<dyn Store>,
    lifecycle: &Lifecycle,
    bound: Bound,
) -> Result<(Arc<Services>, Option<Embedded>), StartError> {
    let Parts { clock, observers, receipts, observer_limit, settings, log, fleet, .. } = parts;
    let metrics = Arc::new(Metrics::new());
    let registry =
        Arc::new(ConnectionRegistry::new(Arc::clone(&clock), lifecycle.clone(), Arc::clone(&metrics)));
    let history = history(&config, &**store).await?;
    let (delivery, embedded) = deliveries(&config, history, &registry, lifecycle, &metrics)?;
    let dispatcher = Dispatcher::new(Arc::clone(&delivery), registry.clone(), config.events.max_bytes);
    #[cfg(feature = "nats")]
    let dispatcher = if config.cluster.nats_url.is_empty() { dispatcher } else { dispatcher.for_cluster() };
    let dispatcher = Arc::new(dispatcher);
    let receipts = Arc::new(Receipts::with_capacity(Arc::clone(store), Arc::clone(&clock), receipts)?);
    let drain = embedded.as_ref().map(|_| {
        let (directory, delivery) = (registry.clone(), Arc::clone(&delivery));
        Arc::new(Drain::new(directory, delivery, lifecycle.clone(), Arc::clone(&clock)))
    });
    let services = Services {
        drain,
        versions: Arc::new(VersionService::load(
            Arc::clone(store),
            Arc::clone(&receipts),
            Arc::clone(&dispatcher),
            lifecycle.clone(),
            Arc::clone(&clock),
            frontend(&config, &metrics)?,
        )?),
        tasks: TaskService::load(
            &config.tasks,
            if config.demo || config.testing { Builtins::On } else { Builtins::Off },
            Arc::clone(store),
            Arc::clone(&receipts),
            Arc::clone(&dispatcher),
            lifecycle.clone(),
            Arc::clone(&clock),
            Arc::clone(&metrics),
        )?,
        blocks: Arc::new(Blocks::load(&**store, Arc::clone(&clock))?),
        audit: AuditLog::load(Arc::clone(store), Arc::clone(&clock), lifecycle.clone())?,
        started_at: clock.now(),
        started: Instant::now(),
        fleet: fleet.map(OnceLock::from).unwrap_or_default(),
        waits: Semaphore::new(WAITS),
        store: Arc::clone(store),
        log: Arc::new(LogLevel::new(log, &config.log.level, lifecycle.clone(), Arc::clone(&clock))),
        lifecycle: lifecycle.clone(),
        rules: Arc::new(Current::new(Rules::new(&config.stream))),
        config,
        access: Current::new(access),
        secrets,
        settings,
        registry,
        delivery,
        dispatcher,
        receipts,
        metrics,
        clock,
        bound,
    };
    take_up(&services, observers, observer_limit)?;
    Ok((Arc::new(services), embedded))
}

/// Goes on with the connections that the gateway still has, and registers who is told of others.
fn take_up(
    services: &Services,
    observers: Vec<Arc<dyn ConnectionObserver>>,
    limit: std::time::Duration,
) -> Result<(), StartError> {
    if services.config.mode == Mode::Gateway {
        let connections = services.registry.keep(Arc::clone(&services.store))?;
        tracing::info!(connections, "connections of the gateway taken up from the last run");
    }
    let mut own: Vec<Arc<dyn ConnectionObserver>> = vec![services.versions.clone()];
    if services.config.mode == Mode::Gateway {
        // An embedded stream begins with them.
        own.push(services.tasks.clone());
    }
    services.registry.observe(own.into_iter().chain(observers).collect(), limit);
    Ok(())
}

fn frontend(config: &Config, metrics: &Arc<Metrics>) -> Result<Option<FrontendVersion>, StartError> {
    Ok(match config.frontend_version_url.as_str() {
        "" => None,
        url => Some(FrontendVersion::new(url, Arc::clone(metrics))?),
    })
}

type Deliveries = (Arc<dyn Delivery>, Option<Embedded>);

/// What holds embedded streams.
pub(super) struct Embedded {
    pub(super) delivery: Arc<EmbeddedDelivery>,
    /// Who decides which of them open, besides us.
    pub(super) backend: Option<Arc<Backend>>,
}

/// Takes the events of late out of the store, in either mode: what is left there would soon have a hole.
async fn history(config: &Config, store: &dyn Store) -> Result<History, StartError> {
    let StreamConfig { history_events: events, history_bytes: bytes, history_age: age, .. } = config.stream;
    let history = History::take(store, config.framing, Retention { events, bytes, age }).await?;
    Ok(if config.cluster.nats_url.is_empty() { history } else { history.go_on() })
}

fn deliveries(
    config: &Config,
    history: History,
    registry: &Arc<ConnectionRegistry>,
    lifecycle: &Lifecycle,
    metrics: &Arc<Metrics>,
) -> Result<Deliveries, StartError> {
    let (registry, lifecycle, metrics) = (Arc::clone(registry), lifecycle.clone(), Arc::clone(metrics));
    Ok(match config.mode {
        Mode::Embedded => {
            let backend = match config.stream.authorize_url.as_str() {
                "" => None,
                url => Some(Arc::new(Backend::new(url, lifecycle).map_err(StartError::Authorize)?)),
            };
            let departures: Arc<dyn Departures> = match &backend {
                None => Arc::clone(&registry) as _,
                Some(backend) => Arc::new(TellingDepartures {
                    registry: Arc::clone(&registry) as _,
                    backend: Arc::clone(backend),
                }),
            };
            let delivery = EmbeddedDelivery::start(
                &config.stream,
                history,
                config.shutdown.spread,
                registry,
                departures,
                metrics,
            )
            .map_err(StartError::Streams)?;
            (Arc::clone(&delivery) as _, Some(Embedded { delivery, backend }))
        }
        Mode::Gateway => {
            let outbox = config.stream.outbox_bytes;
            let gateway = GatewayDelivery::new(&config.gateway, outbox, registry, lifecycle, metrics)?;
            (gateway, None)
        }
    })
}
