//! The internal listener: callbacks, metrics, health, publishers, and the seed's testing endpoints. Nothing
//! administrative.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::Request,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use tower::ServiceExt;

use super::{callback, guard, health, reply, secret::Secrets, testing};
use crate::{
    access::Caller,
    control::{
        server::publisher_router,
        types::{ApiError, ErrorCode, Failure},
    },
    hosts::Hosts,
    lifecycle::Lifecycle,
    metrics::Metrics,
    services::Services,
};

/// Returns what the internal listener of a gateway serves: metrics and health, to programs, under these names.
pub(crate) fn of_gateway(lifecycle: &Lifecycle, metrics: Arc<Metrics>, hosts: Hosts) -> Router {
    guarded(watching(lifecycle, move || metrics.render()), hosts)
}

/// Refuses pages, whether they say so or have their name resolve to this machine.
fn guarded(router: Router, hosts: Hosts) -> Router {
    guard::under_known_names(guard::from_programs(router), Arc::new(hosts))
}

fn watching(lifecycle: &Lifecycle, render: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router {
    Router::new()
        .merge(health::router(lifecycle))
        .route("/metrics", get(move || std::future::ready(exposition(render()))))
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::method_not_allowed)
}

/// Returns everything that the internal listener serves.
pub fn router(services: &Arc<Services>) -> Router {
    let secrets = services.secrets.clone();
    let door = Door {
        secrets: secrets.clone(),
        publishers: publisher_router(services).layer(Extension(Caller::token())),
    };
    let asked = Arc::clone(services);
    let render = move || {
        for (part, trouble) in asked.troubles() {
            asked.metrics.degraded_now(part, trouble.is_some());
        }
        asked.delivery.measure();
        asked.metrics.render()
    };
    let router = watching(&services.lifecycle, render)
        .merge(callback::router(services, secrets))
        .merge(testing::router(services))
        .fallback(move |request| door.clone().pass(request))
        .method_not_allowed_fallback(reply::method_not_allowed);
    guarded(router, Hosts::new(services.bound.internal, &services.config.listen.hosts))
}

fn exposition(text: String) -> Response {
    let form = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(CONTENT_TYPE, form)], text).into_response()
}

/// Where application backends come in: everything below `/v1`.
#[derive(Clone)]
struct Door {
    secrets: Secrets,
    publishers: Router,
}

impl Door {
    async fn pass(self, request: Request) -> Response {
        let path = request.uri().path();
        if path != "/v1" && !path.starts_with("/v1/") {
            return reply::not_found().await;
        }
        if !self.secrets.has_publishers() {
            return shut();
        }
        if !self.secrets.admit_publisher(request.headers()) {
            return unauthorized();
        }
        self.publishers.oneshot(request).await.into_response()
    }
}

fn shut() -> Response {
    let error = ApiError {
        code: ErrorCode::NotFound,
        message: "application backends cannot publish here".to_owned(),
        cause: Some("publish.token_file is not set".to_owned()),
        hint: Some(
            "set publish.token_file to a file with a token (openssl rand -hex 32 makes one) and reload; \
             operators use ssectl"
                .to_owned(),
        ),
    };
    (StatusCode::NOT_FOUND, Json(Failure { error })).into_response()
}

fn unauthorized() -> Response {
    let error = ApiError {
        code: ErrorCode::Denied,
        message: "the publisher's token is missing or wrong".to_owned(),
        cause: None,
        hint: Some("send Authorization: Bearer with what is in publish.token_file".to_owned()),
    };
    let challenge = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
    (StatusCode::UNAUTHORIZED, challenge, Json(Failure { error })).into_response()
}

#[cfg(test)]
mod tests;
