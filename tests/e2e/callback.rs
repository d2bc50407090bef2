//! `POST /api/sse/callback`: every answer that a gateway may get.

use serde_json::{Value, json};

use crate::{
    fakes::gateway::{CALLBACK, connect, disconnect},
    harness::{Daemon, Home, Response, http},
};

/// Posts bytes as a callback.
pub async fn raw(daemon: &Daemon, content_type: &str, body: &[u8]) -> Response {
    let request = http::request("POST", CALLBACK, &[("Content-Type", content_type)], body);
    http::send(daemon.internal, &request).await
}

/// Posts JSON as a callback.
pub async fn post(daemon: &Daemon, body: &Value) -> Response {
    http::post(daemon.internal, CALLBACK, body).await
}

/// A daemon in gateway mode; the gateway itself is of no interest.
pub async fn gateway_mode() -> Daemon {
    Daemon::start(&["mode=gateway", "gateway.url=http://127.0.0.1:1"]).await
}

/// Checks an answer to the byte.
pub fn says(answer: Response, status: u16, body: &str) {
    let answer = answer.expect(status);
    assert_eq!(answer.body.trim_end(), body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn cb_1_connect_and_disconnect_are_answered_with_an_empty_object() {
    let daemon = gateway_mode().await;
    says(post(&daemon, &connect("a", "t")).await, 200, "{}");
    says(post(&daemon, &disconnect("a", "t")).await, 200, "{}");
    says(post(&daemon, &disconnect("a", "unknown")).await, 200, "{}");
    assert_eq!(daemon.metrics().await.connections(), (1.0, 1.0, 0.0));
}

#[tokio::test]
async fn cb_2_what_is_no_json_is_refused_and_every_unicode_form_is_read() {
    let daemon = gateway_mode().await;
    let good = connect("a", "t").to_string();
    let missing = r#"{"error":"Missing JSON body"}"#;
    let invalid = r#"{"error":"Invalid JSON"}"#;
    says(raw(&daemon, "text/plain", good.as_bytes()).await, 400, missing);
    says(raw(&daemon, "application/json", b"null").await, 400, missing);
    let untyped = http::request("POST", CALLBACK, &[], good.as_bytes());
    says(http::send(daemon.internal, &untyped).await, 400, missing);
    for bad in [&b""[..], b"{", b"{\"action\":\"connect\"", b"\"\xff\xfe\xfd\"", b"{} {}"] {
        says(raw(&daemon, "application/json", bad).await, 400, invalid);
    }
    says(raw(&daemon, "application/json; charset=utf-8", good.as_bytes()).await, 200, "{}");
    says(raw(&daemon, "application/vnd.gateway+json", good.as_bytes()).await, 200, "{}");
    let marked = [b"\xef\xbb\xbf", good.as_bytes()].concat();
    says(raw(&daemon, "application/json", &marked).await, 200, "{}");
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    says(raw(&daemon, "application/json", &wide).await, 200, "{}");
    let marked: Vec<u8> =
        std::iter::once(0xfeff).chain(good.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    says(raw(&daemon, "application/json", &marked).await, 200, "{}");
    assert_eq!(daemon.connected().await, ["a"]);
}

#[tokio::test]
async fn cb_3_unknown_actions_are_named_as_the_seed_prints_them() {
    let daemon = gateway_mode().await;
    for (action, printed) in [
        (json!(null), "None"),
        (json!("Connect"), "Connect"),
        (json!(""), ""),
        (json!(true), "True"),
        (json!(5), "5"),
    ] {
        let mut body = connect("a", "t");
        body["action"] = action;
        says(post(&daemon, &body).await, 400, &format!(r#"{{"error":"Unknown action: {printed}"}}"#));
    }
    says(post(&daemon, &json!({})).await, 400, r#"{"error":"Unknown action: None"}"#);
}

#[tokio::test]
async fn cb_4_a_wrong_payload_says_where() {
    let daemon = gateway_mode().await;
    let with = |path: &str, value: Value| {
        let mut body = disconnect("a", "t");
        *body.pointer_mut(path).expect("a known path") = value;
        body
    };
    let without = |key: &str| {
        let mut body = disconnect("a", "t");
        body.as_object_mut().unwrap().remove(key);
        body
    };
    let url_first = json!({"action": "connect", "token": 5, "request": {"url": "/x"}});
    for body in [
        with("/token", json!(5)),
        with("/token", json!(null)),
        with("/request", json!("x")),
        with("/request/url", json!(1)),
        with("/request", json!({})),
        with("/reason", json!(null)),
        without("token"),
        without("request"),
        without("reason"),
        url_first,
    ] {
        let answer = post(&daemon, &body).await.expect(400).json();
        assert_eq!(answer["error"], "Invalid payload", "{body} → {answer}");
        let detail = &answer["details"][0];
        assert!(detail["loc"].is_array() && detail["msg"].is_string(), "{body} → {answer}");
    }
    assert_eq!(daemon.metrics().await.connections(), (0.0, 0.0, 0.0));
}

#[tokio::test]
async fn cb_5_the_id_is_found_in_any_url_and_unknown_fields_are_ignored() {
    let daemon = gateway_mode().await;
    let body = json!({
        "action": "connect", "token": "t", "extra": [1],
        "request": {"url": "http://foo/abs?x=1&request_id=&request_id=b%2Fc&request_id=d#frag", "more": null},
    });
    says(post(&daemon, &body).await, 200, "{}");
    assert_eq!(daemon.connected().await, ["b/c"]);
}

#[tokio::test]
async fn cb_6_no_id() {
    let daemon = gateway_mode().await;
    for url in ["/", "/x?request_id=", "/x?Request_Id=a", ""] {
        let body = json!({"action": "connect", "token": "t", "request": {"url": url}});
        says(post(&daemon, &body).await, 400, r#"{"error":"Missing request_id in URL"}"#);
    }
}

#[tokio::test]
async fn cb_7_a_bad_id() {
    let daemon = gateway_mode().await;
    for id in ["a%3Ab", "a:b"] {
        says(post(&daemon, &connect(id, "t")).await, 400, r#"{"error":"Invalid request_id format"}"#);
    }
    assert_eq!(daemon.metrics().await.connections(), (0.0, 0.0, 0.0));
}

#[tokio::test]
async fn cb_8_other_methods_and_paths() {
    let daemon = gateway_mode().await;
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer =
            http::send(daemon.internal, &http::request(method, CALLBACK, &[], b"")).await.expect(405);
        assert_eq!(
            answer.json(),
            json!({"details": "The HTTP method is not allowed for this endpoint", "error": "Method not allowed"})
        );
    }
    for path in ["/api/sse/callback/", "/nope", "/api/sse"] {
        let answer = http::post(daemon.internal, path, &json!({})).await.expect(404);
        assert_eq!(
            answer.json(),
            json!({"details": "The requested resource could not be found", "error": "Resource not found"})
        );
    }
}

#[tokio::test]
async fn cb_9_the_secret_is_asked_for_before_the_body_is_read() {
    let home = Home::new();
    let file = home.write("secret", "s3cr+t/=&%0123456789\n");
    let settings =
        ["mode=gateway", "gateway.url=http://127.0.0.1:1", &format!("callback.secret_file={file}")];
    let daemon = home.start(&settings).await;
    let encoded = "/api/sse/callback?secret=s3cr%2Bt/%3D%26%250123456789";
    let right = [("Authorization", "Bearer s3cr+t/=&%0123456789")];
    let wrong = [("Authorization", "Bearer nope")];
    let body = connect("a", "t");
    let unauthorized = r#"{"error":"Unauthorized"}"#;
    says(post(&daemon, &body).await, 401, unauthorized);
    says(raw(&daemon, "text/plain", b"\xff not even JSON").await, 401, unauthorized);
    for (target, headers) in [
        (CALLBACK, &wrong[..]),
        ("/api/sse/callback?secret=nope", &[]),
        ("/api/sse/callback?secret=", &[]),
        ("/api/sse/callback?secret=nope&secret=s3cr%2Bt/%3D%26%250123456789", &[]),
        (encoded, &wrong),
        ("/api/sse/callback?secret=nope", &right),
    ] {
        says(http::post_with(daemon.internal, target, headers, &body).await, 401, unauthorized);
    }
    assert_eq!(daemon.metrics().await.connections(), (0.0, 0.0, 0.0));
    says(http::post_with(daemon.internal, CALLBACK, &right, &body).await, 200, "{}");
    says(http::post(daemon.internal, encoded, &body).await, 200, "{}");
    says(http::post_with(daemon.internal, encoded, &right, &body).await, 200, "{}");
    http::get(daemon.internal, "/healthz").await.expect(200);
    assert!(!daemon.log().contains("s3cr"), "the secret is never logged");
}
