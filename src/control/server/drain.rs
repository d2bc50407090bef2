//! The drain: what would come of it, its beginning, and its end before its time.

use std::{sync::Arc, time::Duration};

use axum::{Extension, Json, extract::State};

use super::{
    Shared,
    extract::{Body, Params},
    failure::Rejected,
};
use crate::{
    access::Caller,
    control::types::{BeginDrain, DrainPace, DrainReceipt, DrainView, ErrorCode, Keyed, MAX_DRAIN, Single},
    drain::Drain,
    idempotency::Mutation,
    order::{Order, Verb},
    services::Services,
    store::Batch,
};

/// Returns what would come of a drain that began now.
pub(super) async fn forecast(
    State(services): State<Shared>,
    Params(pace): Params<DrainPace>,
) -> Result<Json<Single<DrainView>>, Rejected> {
    let view = drain(&services)?.forecast(over(pace.over_ms)?);
    Ok(Json(Single::new("daemon.drain.forecast", view)))
}

/// Begins, or goes on at another pace.
pub(super) async fn begin(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<BeginDrain>,
) -> Result<Json<Single<DrainReceipt>>, Rejected> {
    let logged = Order::new(caller, Verb::DRAIN, &"streams", order.key.as_ref());
    let inner = services.clone();
    let act = move |by| async move {
        let (drain, over) = (drain(&inner)?, over(order.over_ms)?);
        let mutation = Mutation::new(by, "daemon.drain", order.key.clone());
        once(&inner, mutation, &order, || {
            inner.lifecycle.accepting()?;
            Ok(Some(drain.begin(over)))
        })
        .await
    };
    Ok(Json(Single::new("daemon.drain", logged.carry_out(&services, act).await??)))
}

/// Takes it back.
pub(super) async fn cancel(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<Keyed>,
) -> Result<Json<Single<DrainReceipt>>, Rejected> {
    let logged = Order::new(caller, Verb::DRAIN_CANCEL, &"streams", order.key.as_ref());
    let inner = services.clone();
    let act = move |by| async move {
        let drain = drain(&inner)?;
        let mutation = Mutation::new(by, "daemon.drain.cancel", order.key.clone());
        once(&inner, mutation, &order, || Ok(drain.cancel())).await
    };
    Ok(Json(Single::new("daemon.drain", logged.carry_out(&services, act).await??)))
}

/// Does it unless it was done with this key.
async fn once(
    services: &Services,
    mutation: Mutation,
    order: &impl serde::Serialize,
    act: impl FnOnce() -> Result<Option<DrainView>, Rejected>,
) -> Result<DrainReceipt, Rejected> {
    let act = async || Ok((DrainReceipt { key: mutation.key.clone(), drain: act()? }, Batch::new()));
    services.receipts.once_done(&mutation, order, act).await
}

fn drain(services: &Services) -> Result<&Arc<Drain>, Rejected> {
    services.drain.as_ref().ok_or_else(|| {
        Rejected::new(ErrorCode::Refused, "there is nothing to drain")
            .cause(&"in gateway mode the gateway holds the streams, and they outlive this daemon")
            .hint("restart the daemon whenever you like; browsers are sent away by the gateway's own end")
    })
}

fn over(ms: Option<u64>) -> Result<Option<Duration>, Rejected> {
    let over = ms.map(Duration::from_millis);
    if over.is_some_and(|over| over > MAX_DRAIN) {
        return Err(Rejected::invalid("a drain takes a day at the most"));
    }
    Ok(over)
}
