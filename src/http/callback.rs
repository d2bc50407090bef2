//! `POST /api/sse/callback`: the gateway tells of a connect or a disconnect.
//!
//! Order: secret (before a byte of the body is read), body, action, payload, URL, registry. The answer waits for
//! nothing else but the connect being durable: replaced streams are closed and observers told afterwards.

mod notice;
mod python;

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header::CONTENT_TYPE},
    response::Response,
    routing::post,
};
use serde_json::json;
use tokio::sync::oneshot;

use self::notice::{Notice, Refusal};
use super::{body, reply, secret::Secrets};
use crate::{
    blocks::Blocks,
    config::Mode,
    connection::CloseReason,
    delivery::Delivery,
    lifecycle::Lifecycle,
    metrics::Metrics,
    registry::{Arrival, ConnectionRegistry, Newcomer},
    request_id::RequestId,
    services::Services,
};

/// What a callback acts on.
#[derive(Clone)]
struct Desk {
    mode: Mode,
    secrets: Secrets,
    registry: Arc<ConnectionRegistry>,
    delivery: Arc<dyn Delivery>,
    blocks: Arc<Blocks>,
    lifecycle: Lifecycle,
    metrics: Arc<Metrics>,
}

/// Returns the route.
pub(super) fn router(services: &Arc<Services>, secrets: Secrets) -> Router {
    let desk = Desk {
        mode: services.config.mode,
        secrets,
        registry: Arc::clone(&services.registry),
        delivery: Arc::clone(&services.delivery),
        blocks: Arc::clone(&services.blocks),
        lifecycle: services.lifecycle.clone(),
        metrics: Arc::clone(&services.metrics),
    };
    route(desk)
}

fn route(desk: Desk) -> Router {
    let answer = move |request: Request| {
        let desk = desk.clone();
        async move {
            let response = desk.serve(request).await;
            desk.metrics.callback_answered(response.status().as_u16());
            response
        }
    };
    Router::new()
        .route("/api/sse/callback", post(answer))
        .method_not_allowed_fallback(reply::method_not_allowed)
}

impl Desk {
    async fn serve(&self, request: Request) -> Response {
        if !self.secrets.admit_callback(request.headers(), request.uri().query()) {
            return reply::error(StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        if self.mode == Mode::Embedded {
            return embedded();
        }
        let (head, body) = request.into_parts();
        let body = match body::read(&head.headers, body).await {
            Ok(body) => body,
            Err(response) => return response,
        };
        let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match notice::parse(media_type, &body) {
            Ok(Notice::Connect(newcomer)) => self.connect(newcomer).await,
            Ok(Notice::Disconnect { token, reason }) => {
                if self.registry.disconnect(&token, reason).is_none() {
                    tracing::debug!(token = token.short(), "stale disconnect ignored");
                }
                accepted()
            }
            Err(refusal) => refused(&refusal),
        }
    }

    async fn connect(&self, newcomer: Newcomer) -> Response {
        if self.blocks.has(&newcomer.request_id) {
            return blocked(&newcomer.request_id);
        }
        let Some(arrival) = self.registry.connect(newcomer) else { return accepted() };
        let id = arrival.connection().request_id.clone();
        // Whoever was refused in this very moment was not there yet when those were taken out who were.
        if self.blocks.has(&id) {
            self.take_back(arrival);
            return blocked(&id);
        }
        self.welcome(arrival).await;
        accepted()
    }

    fn take_back(&self, arrival: Arrival) {
        self.registry.disconnect(&arrival.connection().token, CloseReason::Disconnected);
        let delivery = Arc::clone(&self.delivery);
        self.lifecycle.spawn(async move {
            for old in arrival.to_close() {
                delivery.close(Arc::clone(old), CloseReason::Disconnected).await;
            }
        });
    }

    /// Waits until the connect survives a restart. The rest is done by a task of its own: the answer does not
    /// wait for it, and a gateway that hangs up leaves nothing half done.
    async fn welcome(&self, arrival: Arrival) {
        let (delivery, registry) = (Arc::clone(&self.delivery), Arc::clone(&self.registry));
        let (remembered, answer) = oneshot::channel();
        self.lifecycle.spawn(async move {
            registry.remember(&arrival).await;
            // Nobody waits any more if the gateway hung up.
            let _ = remembered.send(());
            for old in arrival.to_close() {
                delivery.close(Arc::clone(old), CloseReason::Replaced).await;
            }
            if let Arrival::New { connection, .. } = &arrival {
                registry.announce(connection);
            }
        });
        // Fails only if the task broke off: then the connection is registered all the same.
        let _ = answer.await;
    }
}

fn accepted() -> Response {
    reply::json(StatusCode::OK, json!({}))
}

fn blocked(id: &RequestId) -> Response {
    tracing::debug!(request_id = %id, "connect refused: an operator said so");
    reply::error(StatusCode::GONE, "This request id is refused for the time being")
}

fn embedded() -> Response {
    let message = "This daemon holds the streams itself (mode = \"embedded\") and takes no callbacks. Set mode = \
                   \"gateway\" if a gateway is to hold them";
    reply::json(
        StatusCode::CONFLICT,
        json!({ "error": "Callbacks are not served in embedded mode", "details": { "message": message } }),
    )
}

fn refused(refusal: &Refusal) -> Response {
    // Debug escapes what the network sent.
    tracing::debug!(?refusal, "callback refused");
    let mut body = json!({ "error": refusal.to_string() });
    if let Refusal::Payload(faults) = refusal {
        body["details"] = json!(faults);
    }
    reply::json(StatusCode::BAD_REQUEST, body)
}

/// For [`crate::fuzzing`]: the body of a callback.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(body: &[u8]) {
    if let Err(refusal) = notice::parse(Some("application/json"), body) {
        let _ = refused(&refusal);
    }
}

#[cfg(test)]
mod tests;
