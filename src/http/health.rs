//! `/healthz` and `/readyz`, on both listeners.

use axum::{Router, http::StatusCode, response::Response, routing::get};
use serde_json::json;

use super::reply;
use crate::lifecycle::{Lifecycle, Phase};

/// Returns the two routes. `/healthz` says that the process answers; `/readyz` whether it should be given work.
pub fn router(lifecycle: &Lifecycle) -> Router {
    let lifecycle = lifecycle.clone();
    Router::new()
        .route("/healthz", get(|| std::future::ready(answer(StatusCode::OK, "alive"))))
        .route("/readyz", get(move || std::future::ready(ready(&lifecycle))))
}

fn ready(lifecycle: &Lifecycle) -> Response {
    match lifecycle.phase() {
        Phase::Starting => answer(StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Ready if lifecycle.admits().is_err() => answer(StatusCode::SERVICE_UNAVAILABLE, "draining"),
        Phase::Ready => answer(StatusCode::OK, "ready"),
        Phase::Draining | Phase::Closing | Phase::Closed => {
            answer(StatusCode::SERVICE_UNAVAILABLE, "shutting down")
        }
    }
}

fn answer(code: StatusCode, status: &str) -> Response {
    reply::json(code, json!({ "ready": code.is_success(), "status": status }))
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    async fn ask(lifecycle: &Lifecycle, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router(lifecycle).oneshot(request).await.expect("an answer");
        let code = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1000).await.expect("a body");
        (code, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn sh_4_readyz_says_503_while_shutting_down_and_healthz_stays_200() {
        let lifecycle = Lifecycle::new();
        assert_eq!(
            ask(&lifecycle, "/readyz").await,
            (503, "{\"ready\":false,\"status\":\"starting\"}\n".into())
        );
        lifecycle.advance(Phase::Ready);
        assert_eq!(ask(&lifecycle, "/readyz").await, (200, "{\"ready\":true,\"status\":\"ready\"}\n".into()));
        lifecycle.shut_out();
        assert_eq!(
            ask(&lifecycle, "/readyz").await,
            (503, "{\"ready\":false,\"status\":\"draining\"}\n".into())
        );
        for phase in [Phase::Draining, Phase::Closing] {
            lifecycle.advance(phase);
            let expected = (503, "{\"ready\":false,\"status\":\"shutting down\"}\n".into());
            assert_eq!(ask(&lifecycle, "/readyz").await, expected);
            let expected = (200, "{\"ready\":true,\"status\":\"alive\"}\n".into());
            assert_eq!(ask(&lifecycle, "/healthz").await, expected);
        }
    }
}
