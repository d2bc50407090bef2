//! The daemon itself: how it is, and its end.

use axum::{Extension, Json, extract::State, http::header::CONTENT_TYPE, response::IntoResponse};
use serde::Serialize;

use super::{Shared, extract::Body, failure::Rejected};
use crate::{
    access::Caller,
    config::{Changes, Mode},
    control::operations::DOCUMENT,
    control::types::{
        ClusterView, Counters, Footing, GatewayStatus, Keyed, Listen, Queued, ReloadReceipt, Single, Status,
        StopReceipt,
    },
    delivery::Directory,
    fleet::Link,
    idempotency::{Begun, Mandate, Mutation},
    order::{Order, Verb},
    reload::{self, Settings},
    services::Services,
    store::Batch,
    stream::Capacity,
    traffic::{Backlog, Totals},
};

/// Returns the description of the API.
pub(super) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// Returns the daemon at a glance.
pub(super) async fn status(State(services): State<Shared>) -> Json<Single<Status>> {
    // First: it may take its time, and what is counted is to be fresh.
    let disagreement = services.versions.disagreement().await;
    let (counters, queued) = counted(&services);
    let status = Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        phase: name(&services.lifecycle.phase()),
        mode: name(&services.config.mode),
        framing: name(&services.config.framing),
        started_at: services.started_at,
        listen: Listen {
            public: services.bound.public.to_string(),
            internal: services.bound.internal.to_string(),
        },
        socket: services.bound.socket.clone(),
        activated: activated(&services),
        connections: services.registry.count(),
        pending_versions: services.versions.pending().len(),
        tasks: services.tasks.counts(),
        drain: services.drain.as_ref().and_then(|drain| drain.view()),
        log: services.log.otherwise(),
        durable: services.store.durable(),
        degraded: services.degraded(),
        now: Some(services.clock.now()),
        footing: Some(footing(&services)),
        gateway: gateway(&services),
        uptime_ms: u64::try_from(services.started.elapsed().as_millis()).ok(),
        counters: Some(counters),
        queued: Some(queued),
        version_sequence: services.versions.current(None).map(|version| version.sequence.0),
        cluster: cluster(&services),
    };
    let mut answer = Single::new("status", status);
    answer.warnings.extend(disagreement);
    Json(answer)
}

/// Returns the cluster that the daemon is a member of, without its members.
pub(super) fn cluster(services: &Services) -> Option<ClusterView> {
    let fleet = services.fleet.get()?;
    let Link { connected, refusal, answers, server, replicas, .. } = fleet.link();
    Some(ClusterView {
        name: fleet.name().to_owned(),
        member: fleet.me().to_owned(),
        connected,
        refusal,
        jetstream: answers,
        nats_version: server,
        replicas,
        members: Vec::new(),
    })
}

/// Only those are looked at for whom something waits at a gateway, however many connections there are.
fn counted(services: &Services) -> (Counters, Queued) {
    services.delivery.measure();
    let Totals { connects, disconnects, replaced, slow, refused, written, failed, bytes, backlog } =
        services.metrics.totals();
    let events = services.dispatcher.dispatched();
    let counters =
        Counters { connects, disconnects, replaced, slow, refused, events, written, failed, bytes };
    let Backlog { connections, events, bytes } = backlog;
    (counters, Queued { connections, events, bytes })
}

fn footing(services: &Services) -> Footing {
    let capacity = Capacity::of_process(services.config.stream.max_connections);
    Footing {
        config: services.settings.as_ref().and_then(Settings::file),
        state: services.config.state.dir.clone(),
        max_files: capacity.files,
        max_connections: capacity.streams,
    }
}

fn gateway(services: &Services) -> Option<GatewayStatus> {
    let url = || services.config.gateway.url.clone();
    (services.config.mode == Mode::Gateway)
        .then(|| GatewayStatus { url: url(), trouble: services.delivery.trouble() })
}

/// Returns the name of a variant, as in JSON.
pub(super) fn name(variant: &impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Reads the settings again.
pub(super) async fn reload(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<Keyed>,
) -> Result<Json<Single<ReloadReceipt>>, Rejected> {
    let logged = Order::new(caller, Verb::RELOAD, &"settings", order.key.as_ref());
    let inner = services.clone();
    let act = move |by| async move { reload_once(&inner, by, order).await };
    let receipt = logged.carry_out(&services, act).await??;
    let warning = (!receipt.after_restart.is_empty())
        .then(|| format!("these hold after a restart: {}", receipt.after_restart.join(", ")));
    let mut answer = Single::new("daemon.reloaded", receipt);
    answer.warnings.extend(warning);
    Ok(Json(answer))
}

async fn reload_once(services: &Services, by: Mandate, order: Keyed) -> Result<ReloadReceipt, Rejected> {
    let mutation = Mutation::new(by, "daemon.reload", order.key.clone());
    let act = async || {
        let Changes { at_once, after_restart } = reload::reload(services).await?;
        let receipt = ReloadReceipt { key: mutation.key.clone(), changed: at_once, after_restart };
        Ok((receipt, Batch::new()))
    };
    services.receipts.once_done(&mutation, &order, act).await
}

/// Begins the graceful shutdown. Asking again does not hurry it.
pub(super) async fn stop(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<Keyed>,
) -> Result<Json<Single<StopReceipt>>, Rejected> {
    let logged = Order::new(caller, Verb::STOP, &"daemon", order.key.as_ref());
    let inner = services.clone();
    let act = move |by| async move { stop_once(&inner, by, order).await };
    let receipt = logged.carry_out(&services, act).await??;
    let warning = starts_again(&receipt.activated);
    let mut answer = Single::new("daemon.stopping", receipt);
    answer.warnings.extend(warning);
    Ok(Json(answer))
}

/// Returns a warning if connections to these sockets start the daemon again.
fn starts_again(activated: &[String]) -> Option<String> {
    let units: Vec<_> = activated.iter().map(|name| format!("ssectld-{name}.socket")).collect();
    (!units.is_empty()).then(|| {
        format!(
            "systemd holds {} open and starts ssectld again at the next connection, unless: systemctl stop {} \
             ssectld.service",
            activated.join(", "),
            units.join(" ")
        )
    })
}

fn activated(services: &Services) -> Vec<String> {
    services.bound.activated.iter().map(|&name| name.to_owned()).collect()
}

async fn stop_once(services: &Services, by: Mandate, order: Keyed) -> Result<StopReceipt, Rejected> {
    let mutation = Mutation::new(by, "daemon.stop", order.key.clone());
    let ticket = match services.receipts.begin(&mutation, &order).await? {
        Begun::Repeated(receipt) => return Ok(receipt),
        Begun::First(ticket) => ticket,
    };
    let counts = services.tasks.counts();
    let receipt = StopReceipt {
        key: mutation.key.clone(),
        tasks: counts.pending + counts.running,
        activated: activated(services),
    };
    // The receipt first: repeated to the daemon's successor, the order must not stop that one too.
    ticket.conclude(&receipt, Batch::new()).await;
    if services.lifecycle.accepting().is_ok() {
        services.lifecycle.request_stop();
    }
    Ok(receipt)
}
