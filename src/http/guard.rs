//! What pages must not reach, whoever had them sent it.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderMap, StatusCode,
        header::{HOST, ORIGIN},
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};

use super::reply;
use crate::hosts::Hosts;

/// What a request under a name that is not served is told.
pub(crate) const UNKNOWN_HOST: &str = "Host not allowed: if this name is yours, add it to listen.hosts";

/// Refuses requests under names that are not served.
pub(crate) fn under_known_names(router: Router, hosts: Arc<Hosts>) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| {
        let known = is_known(&hosts, request.headers());
        async move {
            if known {
                next.run(request).await
            } else {
                reply::error(StatusCode::MISDIRECTED_REQUEST, UNKNOWN_HOST)
            }
        }
    }))
}

fn is_known(hosts: &Hosts, headers: &HeaderMap) -> bool {
    headers.get_all(HOST).iter().all(|host| host.to_str().is_ok_and(|host| hosts.admits(host)))
}

/// Refuses what a page had its browser send: only programs are expected.
pub(crate) fn from_programs(router: Router) -> Router {
    router.layer(from_fn(async |request: Request, next: Next| {
        if sent_by_page(request.headers()) { no_pages().into_response() } else { next.run(request).await }
    }))
}

/// Returns whether a page had its browser send this.
pub(crate) fn sent_by_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN)
}

fn no_pages() -> Response {
    reply::error(StatusCode::FORBIDDEN, "Pages are not served here: requests with an Origin are refused")
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use tower::ServiceExt;

    use super::*;

    async fn status(router: &Router, fields: &[(&str, &str)]) -> u16 {
        let request = fields
            .iter()
            .fold(Request::get("/nowhere"), |request, (name, value)| request.header(*name, *value));
        let request = request.body(Body::empty()).expect("a request");
        router.clone().oneshot(request).await.expect("an answer").status().as_u16()
    }

    fn router() -> Router {
        Router::new().route("/", get(async || "")).fallback(async || "")
    }

    #[tokio::test]
    async fn every_host_must_be_known() {
        let hosts = Arc::new(Hosts::new("127.0.0.1:8090".parse().expect("an address"), &[]));
        let router = under_known_names(router(), hosts);
        assert_eq!(status(&router, &[]).await, 200, "HTTP/1.0 does without");
        assert_eq!(status(&router, &[("Host", "localhost:8090")]).await, 200);
        assert_eq!(status(&router, &[("Host", "evil.example")]).await, 421);
        assert_eq!(status(&router, &[("Host", "localhost"), ("Host", "evil.example")]).await, 421);
        assert_eq!(status(&router, &[("Host", "localhost\u{e9}")]).await, 421);
    }

    #[tokio::test]
    async fn pages_are_refused_whatever_their_origin() {
        let router = from_programs(router());
        assert_eq!(status(&router, &[]).await, 200);
        for origin in ["https://evil.example", "http://127.0.0.1:8091", "null", ""] {
            assert_eq!(status(&router, &[("Origin", origin)]).await, 403, "{origin:?}");
        }
    }
}
