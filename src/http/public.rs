//! What the public listener answers besides streams: the module for pages, the page of the demo, health, and clear words for everything else.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header::ALLOW},
    response::Response,
    routing::any,
};

use super::{
    assets::{self, Asset},
    health, module, page, reply,
};
use crate::{config::Mode, services::Services};

/// Returns the routes of the public listener. Requests that open a stream never get here.
pub fn router(services: &Arc<Services>) -> Router {
    let files: &[Asset] = if services.config.demo { &page::FILES } else { &[] };
    routes(services.config.mode, files).merge(health::router(&services.lifecycle))
}

fn routes(mode: Mode, files: &'static [Asset]) -> Router {
    let stream = match mode {
        Mode::Embedded => any(only_get),
        Mode::Gateway => any(held_by_gateway),
    };
    let router = Router::new().route("/api/sse/stream", stream);
    let router = assets::served(router, &module::FILES, module::TERMS);
    let router = assets::served(router, files, page::TERMS);
    router.fallback(reply::not_found).method_not_allowed_fallback(reply::method_not_allowed)
}

/// A stream is asked for with GET; HEAD would register a connection that nobody reads.
async fn only_get() -> Response {
    let mut response = reply::method_not_allowed().await;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    response
}

async fn held_by_gateway() -> Response {
    reply::error(
        StatusCode::NOT_FOUND,
        "This daemon runs in gateway mode: streams are opened at the SSE gateway, not here",
    )
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, header::CONTENT_SECURITY_POLICY},
    };
    use tower::ServiceExt;

    use super::*;

    async fn ask(router: Router, method: &str, path: &str) -> (StatusCode, String, Response) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let (parts, body) = router.oneshot(request).await.expect("an answer").into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        let status = parts.status;
        (status, String::from_utf8(body.to_vec()).expect("text"), Response::from_parts(parts, Body::empty()))
    }

    #[tokio::test]
    async fn bug_g8_head_and_every_other_method_register_nothing() {
        for method in ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
            let (status, _, response) =
                ask(routes(Mode::Embedded, &page::FILES), method, "/api/sse/stream?request_id=a").await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
            assert_eq!(response.headers()[ALLOW], "GET");
        }
    }

    #[tokio::test]
    async fn in_gateway_mode_the_stream_is_elsewhere() {
        let (status, body, _) = ask(routes(Mode::Gateway, &[]), "GET", "/api/sse/stream?request_id=a").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body.contains("gateway mode"), "{body}");
    }

    #[tokio::test]
    async fn the_page_is_there_for_demos_only_and_may_run_nothing_but_itself() {
        let (status, body, response) = ask(routes(Mode::Embedded, &page::FILES), "GET", "/").await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.starts_with("<!"), "{body}");
        assert!(
            response.headers()[CONTENT_SECURITY_POLICY]
                .to_str()
                .is_ok_and(|policy| policy.starts_with("default-src 'none'"))
        );
        let (status, body, _) = ask(routes(Mode::Embedded, &[]), "GET", "/api/sse/web/ssectl.js").await;
        assert!(status == StatusCode::OK && body.contains("export function connect"), "the module always is");
        let (status, body, _) = ask(routes(Mode::Embedded, &[]), "GET", "/").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body.contains("\"error\":\"Resource not found\""), "{body}");
    }
}
