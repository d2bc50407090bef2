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
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use guard::{Guard, Visitor};
pub use listener::{BindError, ControlListener, PathDisplay, Rights};

use crate::{
    accept::Stamina,
    access::{Accounts, Role},
    http::server::serve_at,
    lifecycle::{Lifecycle, Phase},
    order::Verb,
    services::Services,
};

/// What handlers share.
type Shared = Arc<Services>;

/// Clients at once; more wait in the kernel's backlog. While all places are taken, nobody keeps theirs idle.
const CONNECTIONS: usize = 256;

/// Returns what application backends may do: publish. Expects the [`crate::access::Caller`] as an extension of the
/// request.
pub fn publisher_router(services: Arc<Services>) -> Router {
    finish(publishing(&services), services)
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
    let order = |verb, method| guard::ordering(&services, verb, method);
    let ordering = Router::new()
        .route("/v1/connections/disconnect", order(Verb::DISCONNECT, post(connections::disconnect)))
        .route("/v1/versions/clear", order(Verb::VERSION_CLEAR, post(versions::clear)))
        .route("/v1/tasks/{id}/cancel", order(Verb::TASK_CANCEL, post(tasks::cancel)))
        .route("/v1/tasks/{id}/remove", order(Verb::TASK_REMOVE, post(tasks::remove)))
        .route("/v1/daemon/drain", order(Verb::DRAIN, post(drain::begin)))
        .route("/v1/daemon/drain/cancel", order(Verb::DRAIN_CANCEL, post(drain::cancel)))
        .route("/v1/daemon/reload", order(Verb::RELOAD, post(daemon::reload)))
        .route("/v1/daemon/stop", order(Verb::STOP, post(daemon::stop)));
    let all = publishing(&services)
        .merge(guard::only(Role::Reader, watching))
        .merge(guard::only(Role::Operator, auditing))
        .merge(ordering);
    finish(all, services).layer(from_fn_with_state(guard, guard::recognise))
}

fn publishing(services: &Shared) -> Router<Shared> {
    let watching = Router::new().route("/v1/tasks/{id}", get(tasks::show));
    let telling = Router::new()
        .route("/v1/events", post(events::send))
        .route("/v1/tasks/{id}/progress", post(tasks::progress));
    let order = |verb, method| guard::ordering(services, verb, method);
    let ordering = Router::new()
        .route("/v1/versions", order(Verb::VERSION_QUEUE, post(versions::queue)))
        .route("/v1/tasks", order(Verb::TASK_CREATE, post(tasks::create)))
        .route("/v1/tasks/{id}/complete", order(Verb::TASK_COMPLETE, post(tasks::complete)))
        .route("/v1/tasks/{id}/fail", order(Verb::TASK_FAIL, post(tasks::fail)));
    guard::only(Role::Reader, watching).merge(guard::only(Role::Publisher, telling)).merge(ordering)
}

fn finish(router: Router<Shared>, services: Arc<Services>) -> Router {
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
