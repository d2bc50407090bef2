//! What is no stream: `/internal/send`, health, and clear words for everything else.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
            CONTENT_ENCODING, CONTENT_TYPE, WWW_AUTHENTICATE,
        },
    },
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    head::{Place, place},
    order::{self, To},
    streams::{Outcome, Streams},
};
use crate::{
    config::Framing,
    delivery::gateway::BATCH,
    http::{body, guard},
    lifecycle::Lifecycle,
    request_url,
    secret::Secret,
};

/// The HTTP side of a gateway.
#[derive(Clone)]
pub(super) struct Api(Arc<Shared>);

struct Shared {
    streams: Arc<Streams>,
    lifecycle: Lifecycle,
    framing: Framing,
    configured: bool,
    secret: Option<Secret>,
}

impl Api {
    pub(super) fn new(
        streams: Arc<Streams>,
        lifecycle: Lifecycle,
        framing: Framing,
        configured: bool,
        secret: Option<Secret>,
    ) -> Self {
        Self(Arc::new(Shared { streams, lifecycle, framing, configured, secret }))
    }

    /// Returns everything that the listener answers besides streams.
    pub(super) fn router(self) -> Router {
        Router::new().fallback(move |request: Request| self.clone().answer(request))
    }

    async fn answer(self, request: Request) -> Response {
        let place = place(request.uri().path());
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let mut response = match (place, request.method()) {
            (Place::Send, &Method::POST) => return self.0.send(request).await,
            (Place::Send, &Method::OPTIONS) => return StatusCode::NO_CONTENT.into_response(),
            (_, &Method::OPTIONS) => StatusCode::NO_CONTENT.into_response(),
            (Place::Health, _) if reads => reply(StatusCode::OK, &json!({ "status": "ok" })),
            (Place::Readiness, _) if reads => self.0.readiness(),
            // A stream is asked for with GET: HEAD would register a connection that nobody reads.
            (_, &Method::HEAD) => {
                let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, OPTIONS"));
                response
            }
            (_, method) => {
                let message = format!("Cannot {method} {}", request.uri().path());
                fault(StatusCode::NOT_FOUND, &message, "NOT_FOUND")
            }
        };
        let fields = [
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
            (ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Cache-Control"),
        ];
        for (name, value) in fields {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl Shared {
    fn readiness(&self) -> Response {
        let mut reasons = Vec::new();
        if !self.configured {
            reasons.push("CALLBACK_URL not configured");
        }
        if self.lifecycle.accepting().is_err() {
            reasons.push("Shutting down");
        }
        let (code, status) = match reasons.is_empty() {
            true => (StatusCode::OK, "ready"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
        };
        let mut body = json!({ "status": status, "configured": self.configured });
        if self.framing == Framing::Envelope {
            body["rabbitmq"] = "disabled".into();
            if !reasons.is_empty() {
                body["reasons"] = reasons.into();
            }
        }
        reply(code, &body)
    }

    async fn send(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        if guard::sent_by_page(&head.headers) {
            return fault(StatusCode::FORBIDDEN, "Pages may not send events", "ORIGIN_NOT_ALLOWED");
        }
        let in_query = head.uri.query().and_then(|query| request_url::query_value(query, "secret"));
        let known =
            self.secret.as_ref().is_none_or(|secret| secret.is_shown(&head.headers, in_query.as_deref()));
        let mut response = if known {
            match read(&head.headers, body).await {
                Ok(body) => self.carry_out(body).await,
                Err(response) => response,
            }
        } else {
            unauthorized()
        };
        response.headers_mut().insert(BATCH, HeaderValue::from(order::MAX_TOKENS));
        response
    }

    async fn carry_out(&self, body: Value) -> Response {
        let (to, order) = match order::read(body, self.framing) {
            Ok(order) => order,
            Err(invalid) => return fault(StatusCode::BAD_REQUEST, &invalid.to_string(), invalid.code()),
        };
        match to {
            To::One(token) => {
                let outcome = match token {
                    Some(token) => self.streams.order(&token, &order).await,
                    None => Outcome::Unknown,
                };
                said(outcome)
            }
            To::Many(tokens) => {
                let (mut unknown, mut failed) = (Vec::new(), Vec::new());
                for (token, outcome) in self.streams.broadcast(tokens, &order).await {
                    if outcome == Outcome::Unknown { &mut unknown } else { &mut failed }.push(token);
                }
                let mut body = json!({ "status": "ok", "unknown": unknown });
                if !failed.is_empty() {
                    body["failed"] = failed.into();
                }
                reply(StatusCode::OK, &body)
            }
        }
    }
}

fn said(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Done => reply(StatusCode::OK, &json!({ "status": "ok" })),
        Outcome::Buffered => reply(StatusCode::OK, &json!({ "status": "buffered" })),
        Outcome::Unknown => fault(StatusCode::NOT_FOUND, "Token not found", "TOKEN_NOT_FOUND"),
        Outcome::Failed => {
            fault(StatusCode::INTERNAL_SERVER_ERROR, "Write failed: connection closed", "WRITE_FAILED")
        }
        Outcome::Full => fault(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many events wait for this connection to open",
            "BUFFER_FULL",
        ),
    }
}

/// Reads a body, which must be an object or an array. None at all is as good as an empty object.
async fn read(headers: &HeaderMap, body: Body) -> Result<Value, Response> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let plain = headers.get(CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
    if !(is_json(media_type) && plain) {
        let message = "Content-Type must be application/json in UTF-8, and the body not compressed";
        return Err(fault(StatusCode::UNSUPPORTED_MEDIA_TYPE, message, "UNSUPPORTED_MEDIA_TYPE"));
    }
    let bytes = body::collect(headers, body).await.map_err(|why| match why {
        body::Fault::TooLarge => {
            let message = format!("A body has at most {} bytes", body::MAX_BODY);
            fault(StatusCode::PAYLOAD_TOO_LARGE, &message, "PAYLOAD_TOO_LARGE")
        }
        body::Fault::Incomplete => fault(StatusCode::BAD_REQUEST, "Incomplete body", "INCOMPLETE_BODY"),
    })?;
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    let value: Option<Value> = body::decode(&bytes).and_then(|text| serde_json::from_str(&text).ok());
    value
        .filter(|value| value.is_object() || value.is_array())
        .ok_or_else(|| fault(StatusCode::BAD_REQUEST, "The body is not a JSON object", "INVALID_JSON"))
}

/// `application/json`, in an encoding of Unicode.
fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let charset = |part: &str| part.strip_prefix("charset=").map(|value| value.trim_matches('"').to_owned());
    parts.next().as_deref() == Some("application/json")
        && parts.filter_map(|part| charset(&part)).all(|charset| charset.starts_with("utf-"))
}

fn unauthorized() -> Response {
    let mut response = fault(StatusCode::UNAUTHORIZED, "Unauthorized", "UNAUTHORIZED");
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// Returns `{"error":{"message":…,"code":…}}`.
pub(super) fn error_body(message: &str, code: &str) -> String {
    json!({ "error": { "message": message, "code": code } }).to_string()
}

fn fault(status: StatusCode, message: &str, code: &str) -> Response {
    text(status, error_body(message, code))
}

fn reply(status: StatusCode, body: &Value) -> Response {
    text(status, body.to_string())
}

fn text(status: StatusCode, body: String) -> Response {
    let form = HeaderValue::from_static("application/json; charset=utf-8");
    (status, [(CONTENT_TYPE, form)], body).into_response()
}
