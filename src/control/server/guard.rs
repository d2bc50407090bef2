//! Says for each request who asks, and lets only those through who may.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};

use super::{Shared, failure::Rejected};
use crate::access::{Caller, Door, Peer, Role};

/// What the role of a process depends on.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) services: Shared,
    pub(super) door: Arc<Door>,
}

/// Gives the request its [`Caller`], with the role that it has at this moment.
pub(super) async fn recognise(
    State(guard): State<Guard>,
    Extension(peer): Extension<Arc<Peer>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = Caller::local(peer, &guard.door, &guard.services.access.get().roles);
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Returns these routes for callers with this role.
pub(super) fn only(role: Role, routes: Router<Shared>) -> Router<Shared> {
    routes.route_layer(from_fn_with_state(role, refuse_others))
}

async fn refuse_others(
    State(needed): State<Role>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Result<Response, Rejected> {
    caller.must_have(needed)?;
    Ok(next.run(request).await)
}
