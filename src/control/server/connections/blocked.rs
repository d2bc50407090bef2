//! Request ids that are refused for a while: listed, let in again.

use axum::{Extension, Json, extract::State};

use crate::{
    access::Caller,
    control::{
        server::{
            Shared,
            extract::{Asked, Body},
            failure::Rejected,
        },
        types::{Blocked, List, Single, Unblock, UnblockReceipt},
    },
    idempotency::{Mandate, Mutation},
    order::{Order, Verb},
    services::Services,
};

/// Returns who is refused.
pub(in crate::control::server) async fn list(
    State(services): State<Shared>,
    Asked(asked): Asked,
) -> Result<Json<List<Blocked>>, Rejected> {
    Ok(Json(List::of("connections.blocked", services.blocks.list(), &asked, services.clock.now())?))
}

/// Refuses them no longer.
pub(in crate::control::server) async fn unblock(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<Unblock>,
) -> Result<Json<Single<UnblockReceipt>>, Rejected> {
    let names = super::names(order.request_ids.iter().map(|id| id.as_str()));
    let logged = Order::new(caller, Verb::UNBLOCK, &names, order.key.as_ref());
    let inner = services.clone();
    let act = move |by| async move { once(&inner, by, order).await };
    let receipt = logged.carry_out(&services, act).await??;
    Ok(Json(Single::new("connections.unblocked", receipt)))
}

async fn once(services: &Services, by: Mandate, order: Unblock) -> Result<UnblockReceipt, Rejected> {
    if order.request_ids.is_empty() {
        return Err(Rejected::invalid("name the request ids that are to be let in"));
    }
    let mutation = Mutation::new(by, "connections.unblock", order.key.clone());
    let key = mutation.key.clone();
    let act = async || {
        let (unblocked, not_found, batch) = services.blocks.unblock(&order.request_ids);
        Ok((UnblockReceipt { key, unblocked, not_found }, batch))
    };
    services.receipts.once(&mutation, &order, act).await
}
