//! Answers the control API.

mod asked;
mod audit;
mod cluster;
mod connections;
mod daemon;
mod drain;
mod events;
mod extract;
mod failure;
mod follow;
mod guard;
mod listener;
mod log_level;
mod members;
mod routes;
mod tail;
mod tasks;
#[cfg(test)]
mod tests;
mod versions;
mod wait;

use std::sync::Arc;

use axum::{Extension, Router, middleware::from_fn_with_state};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use asked::Asked;
use guard::{Guard, Visitor};
pub use listener::{BindError, ControlListener, PathDisplay, Rights};
use routes::Routes;

use crate::{
    accept::Stamina,
    access::Accounts,
    control::operations::Doors,
    http::server::serve_at,
    lifecycle::{Lifecycle, Phase},
    services::Services,
};

/// What handlers share.
type Shared = Arc<Services>;

/// Clients at once; more wait in the kernel's backlog. While all places are taken, nobody keeps theirs idle.
const CONNECTIONS: usize = 256;

/// Returns what application backends may do: publish. Expects the [`crate::access::Caller`] as an extension of the
/// request.
pub fn publisher_router(services: &Arc<Services>) -> Router {
    Routes::behind(Doors::Both, services).finish()
}

/// Returns the whole API. Expects the [`Visitor`] as an extension of the request.
fn router(services: &Shared, guard: Guard) -> Router {
    let own = Routes::behind(Doors::Socket, services).finish();
    members::passing_on(own, services).layer(from_fn_with_state(guard, guard::recognise))
}

/// Serves the control socket until the daemon is closed, then removes it.
pub fn serve(listener: ControlListener, services: Arc<Services>) {
    let lifecycle = services.lifecycle.clone();
    let guard = Guard { services: Arc::clone(&services), door: Arc::new(listener.door().clone()) };
    lifecycle.clone().spawn(async move {
        let closed = CancellationToken::new();
        let router = router(&services, guard);
        tokio::select! {
            () = accept_all(&listener, &router, &lifecycle, &closed) => {}
            () = lifecycle.reached(Phase::Closed) => {}
        }
        closed.cancel();
    });
}

async fn accept_all(
    listener: &ControlListener,
    router: &Router,
    lifecycle: &Lifecycle,
    closed: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let accounts = Arc::new(Accounts::start());
    let mut stamina = Stamina::new("clients on the control socket");
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await.and_then(|stream| Ok((Visitor::of(&stream, &accounts)?, stream))) {
            Ok((visitor, stream)) => {
                stamina.recovered();
                let router = router.clone().layer(Extension(Arc::new(visitor)));
                let served = serve_at(stream, router, Arc::clone(&places), closed.clone());
                lifecycle.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => stamina.endure(&error).await,
        }
    }
}
