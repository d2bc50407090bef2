//! Versions: queued, listed, cleared.

use axum::{Extension, Json, extract::State};

use super::{
    Shared,
    extract::{Asked, Body, Params},
    failure::Rejected,
};
use crate::{
    access::Caller,
    control::types::{List, Single, VersionFor},
    order::{Order, Verb},
    request_id::RequestId,
    version::{ClearReceipt, ClearVersion, PendingVersion, QueueVersion, VersionReceipt},
};

/// Returns what is pending, newest first.
pub(super) async fn list(
    State(services): State<Shared>,
    Asked(asked): Asked,
) -> Result<Json<List<PendingVersion>>, Rejected> {
    Ok(Json(List::of("versions.list", services.versions.pending(), &asked, services.clock.now())?))
}

/// Returns what a newcomer would be told.
pub(super) async fn current(
    State(services): State<Shared>,
    Params(asked): Params<VersionFor>,
) -> Result<Json<Single<PendingVersion>>, Rejected> {
    let id = asked.request_id.filter(|id| !id.is_empty()).map(|id| id.parse::<RequestId>()).transpose();
    let id = id.map_err(|error| Rejected::invalid("that is no request id").cause(&error))?;
    let version = services.versions.current(id.as_ref()).ok_or_else(|| {
        Rejected::not_found("no version is pending").hint("queue one: ssectl version queue VERSION")
    })?;
    Ok(Json(Single::new("version", version)))
}

/// Stores a version and tells who is to be told.
pub(super) async fn queue(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<QueueVersion>,
) -> Result<Json<Single<VersionReceipt>>, Rejected> {
    let logged = Order::new(caller, Verb::VERSION_QUEUE, &order.target(), order.key.as_ref());
    let versions = services.versions.clone();
    let act = move |by| async move { versions.queue(by, order).await };
    Ok(Json(Single::new("receipt", logged.carry_out(&services, act).await??)))
}

/// Forgets pending versions.
pub(super) async fn clear(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<ClearVersion>,
) -> Result<Json<Single<ClearReceipt>>, Rejected> {
    let target = match &order.request_id {
        _ if order.all => "all".to_owned(),
        Some(id) => id.to_string(),
        None => "everyone".to_owned(),
    };
    let logged = Order::new(caller, Verb::VERSION_CLEAR, &target, order.key.as_ref());
    let versions = services.versions.clone();
    let act = move |by| async move { versions.clear(by, order).await };
    Ok(Json(Single::new("versions.cleared", logged.carry_out(&services, act).await??)))
}
