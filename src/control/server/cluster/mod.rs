//! What is asked of all members of a cluster at once: each is asked, within a deadline, and what they answer is made one
//! answer, which names those that did not.

mod holder;
mod items;
mod overview;
mod parts;
mod round;
mod versions;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    body::to_bytes,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};

use round::Round;

use super::{Shared, extract::MAX_BODY, failure::Rejected};
use crate::{
    access::Caller,
    control::{
        operations::{Needs, Operation, Scope},
        types::ErrorCode,
    },
    fleet::Fleet,
    services::Services,
};

/// How long another member may take to begin its answer, and to end one that is to be part of an answer of all.
pub(super) const LIMIT: Duration = Duration::from_secs(2);

/// The same for one that is asked alone: it takes the question as soon, and may have something to wait for itself.
pub(super) const LONGER: Duration = Duration::from_secs(8);

/// Lets a method be asked of all members, if it is one of those that can be.
pub(super) fn over(
    services: &Shared,
    operation: &'static Operation,
    method: MethodRouter<Shared>,
) -> MethodRouter<Shared> {
    match operation.scope {
        Scope::Daemon => method,
        _ => method.route_layer(from_fn_with_state((Arc::clone(services), operation), everywhere)),
    }
}

/// Returns the other members, or what to say where there is no cluster.
pub(super) fn fleet(services: &Services) -> Result<Arc<dyn Fleet>, Rejected> {
    services.fleet.get().cloned().ok_or_else(|| {
        Rejected::new(ErrorCode::Refused, "this ssectld is not a member of a cluster")
            .hint("make it one: set cluster.nats_url in the settings of each member and restart them; or ask it alone")
    })
}

async fn everywhere(
    State((services, operation)): State<(Shared, &'static Operation)>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Response {
    if !is_for_all(request.uri().query().unwrap_or_default()) {
        return next.run(request).await;
    }
    let denied = caller.must_have(operation.role());
    // An order that is denied is logged where it is carried out.
    if denied.is_err() && matches!(operation.needs, Needs::Order(_)) {
        return next.run(request).await;
    }
    let answered = async {
        denied?;
        let fleet = fleet(&services)?;
        let (head, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY).await;
        let body = body.map_err(|error| {
            Rejected::invalid(format!(
                "the request's body could not be read, or has more than {MAX_BODY} bytes"
            ))
            .cause(&error)
        })?;
        together(Round { services, fleet, operation, caller, head, body, next }).await
    };
    answered.await.unwrap_or_else(IntoResponse::into_response)
}

async fn together(round: Round) -> Result<Response, Rejected> {
    match round.operation.scope {
        Scope::Daemon => Ok(round.here().await),
        Scope::Items(order) => items::list(&round, order).await,
        Scope::Versions => items::versions(&round).await,
        Scope::Newest => holder::newest(&round).await,
        Scope::Holder => holder::found(&round).await,
        Scope::Owner => holder::owner(round).await,
        Scope::Sent => versions::sent(&round).await,
        Scope::Written => versions::written(&round).await,
        Scope::Overview => overview::of_all(&round).await,
        Scope::Parts => parts::carried_out(&round).await,
    }
}

/// Returns whether a query asks all members.
fn is_for_all(query: &str) -> bool {
    query.split('&').any(|pair| matches!(pair, "cluster=true" | "cluster=1" | "cluster"))
}
