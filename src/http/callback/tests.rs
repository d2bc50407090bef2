use std::{sync::Mutex, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Request, header::CONTENT_LENGTH},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tower::ServiceExt;

use super::*;
use crate::{
    clock::SystemClock,
    connection::Connection,
    delivery::{Directory, Dispatch, Recipients},
    http::{body::MAX_BODY, secret::tests::secrets},
    lifecycle::Phase,
    registry::{ConnectionObserver, ObserverError},
    store::MemoryStore,
};

mod bytes;
mod restart;

/// Notes what is closed; holds back while told to.
#[derive(Default)]
struct Closing {
    closed: Mutex<Vec<String>>,
    hold: Option<Arc<Notify>>,
}

impl Delivery for Closing {
    fn enqueue(&self, _: Recipients, _: Dispatch) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
    fn close(&self, connection: Arc<Connection>, reason: CloseReason) -> BoxFuture<'_, ()> {
        assert_eq!(reason, CloseReason::Replaced);
        self.closed.lock().expect("not poisoned").push(connection.token.as_str().to_owned());
        let hold = self.hold.clone();
        async move {
            if let Some(hold) = hold {
                hold.notified().await;
            }
        }
        .boxed()
    }
    fn shutdown(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}

struct House {
    desk: Desk,
    closing: Arc<Closing>,
}

impl House {
    fn new(secret: Option<&str>) -> Self {
        Self::with(secret, Mode::Gateway, Closing::default())
    }

    fn with(secret: Option<&str>, mode: Mode, closing: Closing) -> Self {
        let (lifecycle, metrics, closing) = (Lifecycle::new(), Arc::new(Metrics::new()), Arc::new(closing));
        let registry =
            Arc::new(ConnectionRegistry::new(Arc::new(SystemClock), lifecycle.clone(), Arc::clone(&metrics)));
        let delivery = Arc::clone(&closing) as Arc<dyn Delivery>;
        let blocks = Blocks::load(&MemoryStore::default(), Arc::new(SystemClock)).expect("an empty store");
        let (secrets, blocks) = (secrets(secret, None), Arc::new(blocks));
        let desk = Desk { mode, secrets, registry, delivery, blocks, lifecycle, metrics };
        Self { desk, closing }
    }

    async fn ask(&self, request: Request<Body>) -> (u16, String) {
        let response = route(self.desk.clone()).oneshot(request).await.expect("an answer");
        let code = response.status().as_u16();
        if code != 405 {
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        }
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (code, String::from_utf8(body.to_vec()).expect("text"))
    }

    async fn send(&self, body: impl Into<Body>) -> (u16, String) {
        self.ask(post_of("/api/sse/callback", body)).await
    }

    async fn connect(&self, url: &str, token: &str) -> (u16, String) {
        let body = json!({ "action": "connect", "token": token, "request": { "url": url, "headers": {} } });
        self.send(body.to_string()).await
    }

    async fn disconnect(&self, token: &str, reason: &str) -> (u16, String) {
        let request = json!({ "url": "/x?request_id=a" });
        let body = json!({ "action": "disconnect", "reason": reason, "token": token, "request": request });
        self.send(body.to_string()).await
    }

    fn registered(&self, id: &str) -> Option<String> {
        Some(self.desk.registry.find(&id.parse().expect("an id"))?.token.as_str().to_owned())
    }

    fn metric(&self, line: &str) -> bool {
        self.desk.metrics.render().lines().any(|l| l == line)
    }
}

fn post_of(uri: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(uri).header(CONTENT_TYPE, "application/json").body(body.into()).expect("a request")
}

fn fine() -> (u16, String) {
    (200, "{}\n".to_owned())
}

fn bad(error: &str) -> (u16, String) {
    (400, format!("{{\"error\":\"{error}\"}}\n"))
}

#[tokio::test]
async fn cb_1_cm_1_cm_3_connect_and_disconnect_answer_an_empty_object() {
    let house = House::new(None);
    assert_eq!(house.connect("/api/sse/stream?request_id=a", "t1").await, fine());
    assert_eq!(house.registered("a").as_deref(), Some("t1"));
    assert!(house.metric(r#"sse_gateway_connections_total{action="connect"} 1"#));
    assert_eq!(house.disconnect("t1", "client_closed").await, fine());
    assert_eq!(house.registered("a"), None);
    assert!(house.metric(r#"sse_gateway_connections_total{action="disconnect"} 1"#));
    assert!(house.metric("sse_gateway_active_connections 0"));
    assert!(house.metric(r#"ssectld_callbacks_total{code="200"} 2"#));
}

#[tokio::test]
async fn cb_2_only_json_is_read_in_whatever_encoding() {
    let house = House::new(None);
    let text = r#"{"action":"connect","token":"t","request":{"url":"/?request_id=é"}}"#;
    let utf16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<_>>();
    let marked = |mark: &[u8], body: Vec<u8>| [mark, &body].concat();
    for body in [
        marked(&[0xef, 0xbb, 0xbf], text.as_bytes().to_vec()),
        marked(&[0xff, 0xfe], utf16(u16::to_le_bytes)),
        marked(&[0xfe, 0xff], utf16(u16::to_be_bytes)),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
    ] {
        assert_eq!(house.send(body).await, fine());
        assert_eq!(house.registered("é").as_deref(), Some("t"));
    }
    let with_type = |media_type: &str| {
        let request = Request::post("/api/sse/callback").header(CONTENT_TYPE, media_type);
        house.ask(request.body(Body::from(text)).expect("a request"))
    };
    for good in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"] {
        assert_eq!(with_type(good).await, fine(), "{good}");
    }
    for other in ["", "text/plain", "text/json", "application/jsonx", "application/x-www-form-urlencoded"] {
        assert_eq!(with_type(other).await, bad("Missing JSON body"), "{other}");
    }
    assert_eq!(house.send("null").await, bad("Missing JSON body"));
    for broken in
        [&b""[..], b" ", b"{", b"{}x", b"\xff", b"\"\xc3\x28\"", b"\xff\xfe\x00", b"NaN", b"\"\\ud800\""]
    {
        assert_eq!(house.send(broken).await, bad("Invalid JSON"), "{broken:?}");
    }
}

#[tokio::test]
async fn cb_3_unknown_actions_are_named() {
    let house = House::new(None);
    for (action, printed) in
        [(json!("Connect"), "Connect"), (json!(null), "None"), (json!(1), "1"), (json!([true]), "[True]")]
    {
        let answer = house.send(json!({ "action": action }).to_string()).await;
        assert_eq!(answer, bad(&format!("Unknown action: {printed}")));
    }
    assert_eq!(house.send("{}").await, bad("Unknown action: None"));
    assert_eq!(house.send(r#"{"action":"é"}"#).await, bad("Unknown action: \\u00e9"));
}

async fn faults(house: &House, body: Value) -> Vec<(String, String)> {
    let (code, answer) = house.send(body.to_string()).await;
    assert_eq!(code, 400, "{body}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["error"], "Invalid payload", "{body}");
    let list = answer["details"].as_array().expect("a list");
    list.iter()
        .map(|fault| {
            let loc = fault["loc"].as_array().expect("a list");
            let loc: Vec<_> = loc.iter().map(|part| part.as_str().expect("text")).collect();
            (loc.join("."), fault["type"].as_str().expect("text").to_owned())
        })
        .collect()
}

#[tokio::test]
async fn cb_4_wrong_payloads_are_described() {
    let house = House::new(None);
    let request = json!({ "url": "/?request_id=a" });
    for (body, expected) in [
        (json!({ "action": "connect" }), &[("token", "missing"), ("request", "missing")][..]),
        (json!({ "action": "connect", "token": 5, "request": request }), &[("token", "string_type")]),
        (json!({ "action": "connect", "token": null, "request": request }), &[("token", "string_type")]),
        (json!({ "action": "connect", "token": "t", "request": "/x" }), &[("request", "model_type")]),
        (json!({ "action": "connect", "token": "t", "request": {} }), &[("request.url", "missing")]),
        (
            json!({ "action": "connect", "token": "t", "request": { "url": 1 } }),
            &[("request.url", "string_type")],
        ),
        (json!({ "action": "disconnect", "token": "t", "request": request }), &[("reason", "missing")]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(l, t)| ((*l).to_owned(), (*t).to_owned())).collect();
        assert_eq!(faults(&house, body).await, expected);
    }
    let extra =
        r#"{"x":1,"action":"connect","token":"t","request":{"url":"/?request_id=a","y":[]},"z":null}"#;
    assert_eq!(house.send(extra).await, fine());
    assert_eq!(house.disconnect("t", "any text").await, fine());
}

#[tokio::test]
async fn cb_6_cb_7_urls_without_a_good_id_register_nothing() {
    let house = House::new(None);
    for url in ["/x", "/x?request_id=", "", "/x?Request_Id=a"] {
        assert_eq!(house.connect(url, "t").await, bad("Missing request_id in URL"), "{url:?}");
    }
    for url in ["/x?request_id=a:b", "/x?request_id=a%3Ab"] {
        assert_eq!(house.connect(url, "t").await, bad("Invalid request_id format"), "{url:?}");
    }
    assert_eq!(house.desk.registry.count(), 0);
    assert!(house.metric("sse_gateway_active_connections 0"));
    assert!(!house.desk.metrics.render().contains(r#"action="connect""#));
}

#[tokio::test]
async fn cb_8_other_methods() {
    let house = House::new(None);
    for method in ["GET", "PUT", "DELETE", "HEAD"] {
        let request = Request::builder().method(method).uri("/api/sse/callback").body(Body::empty());
        let (code, body) = house.ask(request.expect("a request")).await;
        assert_eq!(code, 405);
        if method != "HEAD" {
            assert_eq!(
                body,
                "{\"details\":\"The HTTP method is not allowed for this endpoint\",\"error\":\"Method not allowed\"}\n"
            );
        }
    }
}

#[tokio::test]
async fn cb_9_the_secret_is_asked_for_before_the_body_is_read() {
    let house = House::new(Some("s3cret"));
    let unread = Body::from_stream(futures_util::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Bytes, axum::BoxError>>> { panic!("the body was read") },
    ));
    let unauthorized = (401, "{\"error\":\"Unauthorized\"}\n".to_owned());
    assert_eq!(house.send(unread).await, unauthorized);
    assert_eq!(house.ask(post_of("/api/sse/callback?secret=wrong", "x")).await, unauthorized);
    assert_eq!(house.ask(post_of("/api/sse/callback?secret=s3cret", "x")).await, bad("Invalid JSON"));
    let mut by_header = post_of("/api/sse/callback", "x");
    by_header.headers_mut().insert("authorization", "Bearer s3cret".parse().expect("a header"));
    assert_eq!(house.ask(by_header).await, bad("Invalid JSON"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_announced_or_not() {
    let house = House::new(None);
    let mut announced = post_of("/api/sse/callback", "x");
    announced.headers_mut().insert(CONTENT_LENGTH, "102401".parse().expect("a header"));
    assert_eq!(house.ask(announced).await.0, 413);
    let (code, body) = house.send(vec![b' '; MAX_BODY + 1]).await;
    assert_eq!(code, 413);
    assert!(body.starts_with(r#"{"details":{"#), "{body}");
    let mut just = br#"{"action":"connect","token":"t","request":{"url":"/?request_id=a"}}"#.to_vec();
    just.resize(MAX_BODY, b' ');
    assert_eq!(house.send(just).await, fine());
}

#[tokio::test]
async fn embedded_mode_takes_no_callbacks() {
    let house = House::with(Some("s"), Mode::Embedded, Closing::default());
    assert_eq!(house.send("{}").await.0, 401);
    let (code, body) = house.ask(post_of("/api/sse/callback?secret=s", "{}")).await;
    assert_eq!(code, 409);
    assert!(body.contains("embedded"), "{body}");
}

#[tokio::test]
async fn sh_3_callbacks_are_served_while_draining() {
    let house = House::new(None);
    house.desk.lifecycle.advance(Phase::Draining);
    assert_eq!(house.connect("/?request_id=a", "t").await, fine());
    assert_eq!(house.disconnect("t", "client_closed").await, fine());
}

#[tokio::test]
async fn cm_4_a_stale_disconnect_changes_nothing() {
    let house = House::new(None);
    house.connect("/?request_id=a", "old").await;
    house.connect("/?request_id=a", "new").await;
    assert_eq!(house.disconnect("old", "client_closed").await, fine());
    assert_eq!(house.disconnect("never", "client_closed").await, fine());
    assert_eq!(house.registered("a").as_deref(), Some("new"));
    assert!(house.metric(r#"sse_gateway_connections_total{action="disconnect"} 1"#), "the replacement only");
}

#[tokio::test]
async fn disconnect_reasons_are_told_apart() {
    let house = House::new(None);
    for (reason, label) in [
        ("client_closed", "client_closed"),
        ("server_closed", "disconnected"),
        ("error", "error"),
        ("?", "client_closed"),
    ] {
        house.connect("/?request_id=a", "t").await;
        let line = format!(r#"ssectld_connections_closed_total{{reason="{label}"}}"#);
        let count = |house: &House| {
            let text = house.desk.metrics.render();
            text.lines().find_map(|l| l.strip_prefix(&line)?.trim().parse::<u64>().ok()).unwrap_or(0)
        };
        let before = count(&house);
        house.disconnect("t", reason).await;
        assert_eq!(count(&house), before + 1, "{reason}");
    }
}

/// Reports each connect, with what was closed by then.
struct Announced(Arc<Closing>, mpsc::Sender<(String, Vec<String>)>);

impl ConnectionObserver for Announced {
    fn name(&self) -> &'static str {
        "announced"
    }
    fn connected<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        async move {
            let closed = self.0.closed.lock().expect("not poisoned").clone();
            self.1.send((connection.token.as_str().to_owned(), closed)).await?;
            Ok(())
        }
        .boxed()
    }
}

fn observed(house: &House) -> mpsc::Receiver<(String, Vec<String>)> {
    let (tell, told) = mpsc::channel(10);
    let observer = Arc::new(Announced(Arc::clone(&house.closing), tell));
    house.desk.registry.observe(vec![observer], Duration::from_secs(60));
    told
}

#[tokio::test]
async fn cm_2_obs_1_the_old_stream_is_closed_before_observers_hear_of_the_new() {
    let house = House::new(None);
    let mut told = observed(&house);
    house.connect("/?request_id=a", "old").await;
    assert_eq!(told.recv().await, Some(("old".to_owned(), vec![])));
    house.connect("/?request_id=a", "new").await;
    assert_eq!(told.recv().await, Some(("new".to_owned(), vec!["old".to_owned()])));
}

#[tokio::test]
async fn bug_m6_obs_4_the_answer_waits_for_neither_closes_nor_observers() {
    let release = Arc::new(Notify::new());
    let closing = Closing { hold: Some(Arc::clone(&release)), ..Closing::default() };
    let house = House::with(None, Mode::Gateway, closing);
    let mut told = observed(&house);
    house.connect("/?request_id=a", "old").await;
    told.recv().await.expect("announced");
    assert_eq!(house.connect("/?request_id=a", "new").await, fine());
    assert!(told.try_recv().is_err());
    release.notify_one();
    assert_eq!(told.recv().await.expect("announced").0, "new");
}

#[tokio::test]
async fn bug_m3_the_same_connect_twice_closes_nothing() {
    let house = House::new(None);
    let mut told = observed(&house);
    for _ in 0..3 {
        assert_eq!(house.connect("/?request_id=a", "t").await, fine());
    }
    told.recv().await.expect("announced once");
    tokio::task::yield_now().await;
    assert!(told.try_recv().is_err());
    assert!(house.closing.closed.lock().expect("not poisoned").is_empty());
    assert!(house.metric("sse_gateway_active_connections 1"));
}

#[tokio::test]
async fn bug_m4_a_token_under_another_id_moves_and_is_not_closed() {
    let house = House::new(None);
    let mut told = observed(&house);
    house.connect("/?request_id=a", "t").await;
    house.connect("/?request_id=b", "t").await;
    for _ in 0..2 {
        told.recv().await.expect("announced");
    }
    assert_eq!((house.registered("a"), house.registered("b")), (None, Some("t".to_owned())));
    assert!(house.closing.closed.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn bug_c1_json_that_is_no_object_is_400() {
    let house = House::new(None);
    for body in [json!([]), json!("x"), json!(5), json!(true)] {
        assert_eq!(faults(&house, body).await, [(String::new(), "model_type".to_owned())]);
    }
}

#[tokio::test]
async fn bug_c2_any_url_is_read() {
    let house = House::new(None);
    assert_eq!(house.connect("http://[::1/?request_id=a", "t").await, fine());
    assert_eq!(house.connect("//[/x", "t").await, bad("Missing request_id in URL"));
}

#[tokio::test]
async fn bug_c3_headers_may_be_anything() {
    let house = House::new(None);
    let long = "é".repeat(200);
    for (headers, user_agent) in [
        (json!({ "set-cookie": ["a", "b"], "user-agent": "X/1" }), Some("X/1".to_owned())),
        (json!({ "user-agent": ["X/1"] }), None),
        (json!({ "user-agent": long }), Some("é".repeat(128))),
        (json!([1]), None),
        (json!("x"), None),
        (json!(null), None),
    ] {
        let request = json!({ "url": "/?request_id=a", "headers": headers });
        let token = uuid::Uuid::new_v4().to_string();
        let body = json!({ "action": "connect", "token": token, "request": request });
        assert_eq!(house.send(body.to_string()).await, fine());
        let known = house.desk.registry.find(&"a".parse().expect("an id")).expect("registered");
        assert_eq!(known.origin.user_agent.as_deref(), user_agent.as_deref());
    }
}

#[tokio::test]
async fn bug_c4_answers_never_echo_what_headers_hold() {
    let house = House::new(None);
    let headers = json!({ "cookie": "canary", "authorization": ["canary"] });
    for request in [json!({ "headers": headers }), json!({ "url": 1, "headers": headers }), json!([headers])]
    {
        let body = json!({ "action": "connect", "token": 1, "request": request });
        let (code, answer) = house.send(body.to_string()).await;
        assert_eq!(code, 400);
        assert!(!answer.contains("canary"), "{answer}");
    }
}

#[tokio::test]
async fn bug_c5_bug_c7_ids_are_bounded_and_printable() {
    let house = House::new(None);
    for id in [&"x".repeat(129), "%20", "a%00", "a%0D%0Ab", "%E2%80%AE"] {
        let answer = house.connect(&format!("/?request_id={id}"), "t").await;
        assert_eq!(answer, bad("Invalid request_id format"), "{id}");
    }
}

#[tokio::test]
async fn bug_c6_tokens_are_never_empty() {
    let house = House::new(None);
    for token in ["", "a b", "a\r\nb", &"x".repeat(513)] {
        let body = json!({ "action": "connect", "token": token, "request": { "url": "/?request_id=a" } });
        assert_eq!(faults(&house, body).await, [("token".to_owned(), "value_error".to_owned())]);
    }
}
