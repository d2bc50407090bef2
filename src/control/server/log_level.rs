//! What is logged: shown, and changed while the daemon runs.

use std::{sync::Arc, time::Duration};

use axum::{Extension, Json, extract::State};

use super::{Shared, extract::Body, failure::Rejected};
use crate::{
    access::Caller,
    control::types::{LogLevelReceipt, LogLevelView, SetLogLevel, Single},
    idempotency::{Mandate, Mutation},
    log_level::InvalidFilter,
    order::{Order, Verb},
    services::Services,
    store::Batch,
};

/// Returns what is logged.
pub(super) async fn show(State(services): State<Shared>) -> Json<Single<LogLevelView>> {
    Json(Single::new("daemon.log_level", services.log.view()))
}

/// Has something else logged.
pub(super) async fn set(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<SetLogLevel>,
) -> Result<Json<Single<LogLevelReceipt>>, Rejected> {
    let filter = order.filter.as_deref().unwrap_or("as the settings say");
    let target = match order.for_ms {
        Some(ms) => format!("{filter}, for {:?}", Duration::from_millis(ms)),
        None => filter.to_owned(),
    };
    let logged = Order::new(caller, Verb::LOG_LEVEL, &target, order.key.as_ref());
    let inner = Arc::clone(&services);
    let act = move |by| async move { once(&inner, by, order).await };
    Ok(Json(Single::new("daemon.log_level.receipt", logged.carry_out(&services, act).await??)))
}

async fn once(services: &Services, by: Mandate, order: SetLogLevel) -> Result<LogLevelReceipt, Rejected> {
    let mutation = Mutation::new(by, "daemon.log-level", order.key.clone());
    let act = async || {
        let time = order.for_ms.map(Duration::from_millis);
        let view = match (&order.filter, time) {
            (Some(filter), time) => services.log.set(filter, time)?,
            (None, None) => services.log.reset(),
            (None, Some(_)) => return Err(Rejected::invalid("a time needs a filter that is to hold for it")),
        };
        Ok((LogLevelReceipt { key: mutation.key.clone(), level: view }, Batch::new()))
    };
    services.receipts.once_done(&mutation, &order, act).await
}

impl From<InvalidFilter> for Rejected {
    fn from(error: InvalidFilter) -> Self {
        Self::invalid("that is no filter for the log")
            .cause(&error)
            .hint("write a level, or targets with levels: ssectl daemon log-level ssectl_core::task=debug --for 10m")
    }
}
