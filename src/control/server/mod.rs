//! Answers the control API.

mod audit;
mod connections;
mod daemon;
mod drain;
mod events;
mod extract;
mod failure;
mod follow;
mod guard;
mod listener;
mod tasks;
#[cfg(test)]
mod tests;
mod versions;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use interprocess::local_socket::tokio::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use guard::{Guard, Visitor};
pub use listener::{BindError, ControlListener, PathDisplay, Rights};

use crate::{
    accept::Stamina,
    access::{Accounts, Role},
    http::server::{Persistence, serve_connection},
    lifecycle::{Lifecycle, Phase},
    services::Services,
};

/// What handlers share.
type Shared = Arc<Services>;

/// Clients at once; more wait in the kernel's backlog.
const CONNECTIONS: usize = 256;

/// Returns what application backends may do: publish. Expects the [`crate::access::Caller`] as an extension of the
/// request.
pub fn publisher_router(services: Arc<Services>) -> Router {
    finish(publishing(), services)
}

/// Returns the whole API. Expects the [`Visitor`] as an extension of the request.
fn router(services: Arc<Services>, guard: Guard) -> Router {
    let watching = Router::new()
        .route("/v1/status", get(daemon::status))
        .route("/v1/daemon/drain", get(drain::forecast))
        .route("/v1/connections", get(connections::list))
        .route("/v1/connections/{request_id}", get(connections::show))
        .route("/v1/connections/disconnect", get(connections::show_disconnect))
        .route("/v1/versions", get(versions::list))
        .route("/v1/versions/current", get(versions::current))
        .route("/v1/tasks", get(tasks::list))
        .route("/v1/tasks/{id}/events", get(follow::events));
    let auditing = Router::new().route("/v1/audit", get(audit::list));
    let ordering = Router::new()
        .route("/v1/connections/disconnect", post(connections::disconnect))
        .route("/v1/versions/clear", post(versions::clear))
        .route("/v1/tasks/{id}/cancel", post(tasks::cancel))
        .route("/v1/tasks/{id}/remove", post(tasks::remove))
        .route("/v1/daemon/drain", post(drain::begin))
        .route("/v1/daemon/drain/cancel", post(drain::cancel))
        .route("/v1/daemon/reload", post(daemon::reload))
        .route("/v1/daemon/stop", post(daemon::stop));
    let all = publishing()
        .merge(guard::only(Role::Reader, watching))
        .merge(guard::only(Role::Operator, auditing))
        .merge(ordering);
    finish(all, services).layer(from_fn_with_state(guard, guard::recognise))
}

/// Whoever gives an order that is none of theirs is refused by it, as it is then known what was asked for.
fn publishing() -> Router<Arc<Services>> {
    let watching = Router::new().route("/v1/tasks/{id}", get(tasks::show));
    let telling = Router::new()
        .route("/v1/events", post(events::send))
        .route("/v1/tasks/{id}/progress", post(tasks::progress));
    let ordering = Router::new()
        .route("/v1/versions", post(versions::queue))
        .route("/v1/tasks", post(tasks::create))
        .route("/v1/tasks/{id}/complete", post(tasks::complete))
        .route("/v1/tasks/{id}/fail", post(tasks::fail));
    guard::only(Role::Reader, watching).merge(guard::only(Role::Publisher, telling)).merge(ordering)
}

fn finish(router: Router<Arc<Services>>, services: Arc<Services>) -> Router {
    router
        .fallback(extract::no_such_path)
        .method_not_allowed_fallback(extract::no_such_method)
        .layer(DefaultBodyLimit::max(extract::MAX_BODY))
        .with_state(services)
}

/// Serves the control socket until the daemon is closed, then removes it.
pub fn serve(listener: ControlListener, services: Arc<Services>) {
    let lifecycle = services.lifecycle.clone();
    let guard = Guard { services: Arc::clone(&services), door: Arc::new(listener.door().clone()) };
    lifecycle.clone().spawn(async move {
        let closed = CancellationToken::new();
        let router = router(services, guard);
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
                lifecycle.spawn(serve_one(stream, router, closed.clone(), place));
            }
            Err(error) => stamina.endure(&error).await,
        }
    }
}

async fn serve_one(stream: Stream, router: Router, closed: CancellationToken, place: OwnedSemaphorePermit) {
    serve_connection(stream, router, Persistence::KeepAlive, closed).await;
    drop(place);
}
