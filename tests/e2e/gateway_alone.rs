//! `ssectld gateway` in front of a backend, byte for byte: what opens, what is written, what is refused.

use serde_json::json;
use tokio::net::TcpStream;

use crate::{
    fakes::{
        backend::{Backend, Say},
        browser::Browser,
    },
    harness::{
        Home, Response,
        gateway::{GatewayProcess, Wire},
        http,
    },
};

pub const CORS: &str = "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, POST, OPTIONS\r\n\
                        Access-Control-Allow-Headers: Content-Type, Cache-Control\r\n";

pub async fn pair(settings: &[&str]) -> (Backend, GatewayProcess) {
    let backend = Backend::start().await;
    let gateway = GatewayProcess::start(&backend, settings).await;
    (backend, gateway)
}

/// An open stream, its head read, and its token.
pub async fn open(backend: &Backend, gateway: &GatewayProcess, number: usize) -> (Wire, String) {
    let mut wire = Wire::get(gateway.address, &format!("/stream/{number}")).await;
    wire.until("chunked\r\n\r\n").await;
    (wire, backend.token(number).await)
}

fn chunk(block: &str) -> String {
    format!("{:x}\r\n{block}\r\n", block.len())
}

fn has_cors(response: &Response) -> bool {
    response.header("access-control-allow-origin") == Some("*")
        && response.header("access-control-allow-methods") == Some("GET, POST, OPTIONS")
        && response.header("access-control-allow-headers") == Some("Content-Type, Cache-Control")
}

fn error(message: &str, code: &str) -> String {
    format!(r#"{{"error":{{"message":"{message}","code":"{code}"}}}}"#)
}

#[tokio::test]
async fn gw_1_healthz_is_never_a_callback() {
    let (backend, gateway) = pair(&[]).await;
    for target in ["/healthz", "/healthz/", "/HealthZ", "/healthz?x=1", "http://foo/healthz"] {
        let answer = http::get(gateway.address, target).await.expect(200);
        assert_eq!(answer.body, r#"{"status":"ok"}"#, "{target}");
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        assert!(has_cors(&answer), "{answer:?}");
    }
    http::send(gateway.address, &http::request("HEAD", "/healthz", &[], b"")).await.expect(200);
    assert!(backend.calls().is_empty());
}

#[tokio::test]
async fn gw_2_fe_6_readyz_in_both_forms() {
    for (framing, ready, not) in [
        (
            "framing=named",
            r#"{"status":"ready","configured":true}"#,
            r#"{"status":"not_ready","configured":false}"#,
        ),
        (
            "framing=envelope",
            r#"{"status":"ready","configured":true,"rabbitmq":"disabled"}"#,
            r#"{"status":"not_ready","configured":false,"rabbitmq":"disabled","reasons":["CALLBACK_URL not configured"]}"#,
        ),
    ] {
        let (_backend, gateway) = pair(&[framing]).await;
        assert_eq!(http::get(gateway.address, "/readyz").await.expect(200).body, ready);
        let gateway = GatewayProcess::start_bare(&[framing]).await;
        assert_eq!(http::get(gateway.address, "/readyz").await.expect(503).body, not);
    }
}

#[tokio::test]
async fn gw_3_gw_4_bug_g17_options_and_unknown_paths_and_no_cors_for_senders() {
    let (backend, gateway) = pair(&[]).await;
    let options = http::send(gateway.address, &http::request("OPTIONS", "/any", &[], b"")).await.expect(204);
    assert!(has_cors(&options) && options.body.is_empty());
    for (method, target) in
        [("POST", "/nope"), ("PUT", "/internal/send"), ("DELETE", "/"), ("POST", "/healthz")]
    {
        let answer = http::send(gateway.address, &http::request(method, target, &[], b"")).await.expect(404);
        assert!(answer.body.contains(&format!("Cannot {method} {target}")), "{answer:?}");
    }
    let send = gateway.send(&json!({"token": "x"})).await.expect(404);
    let preflight = http::request("OPTIONS", "/internal/send", &[], b"");
    for answer in [send, http::send(gateway.address, &preflight).await.expect(204)] {
        assert_eq!(answer.header("access-control-allow-origin"), None, "{answer:?}");
    }
    assert!(backend.calls().is_empty());
}

#[tokio::test]
async fn gw_5_without_a_callback_nothing_opens() {
    let gateway = GatewayProcess::start_bare(&[]).await;
    let answer = http::get(gateway.address, "/any").await.expect(503);
    assert_eq!(answer.body, error("Service not configured", "SERVICE_NOT_CONFIGURED"));
    assert!(has_cors(&answer));
}

#[tokio::test]
async fn gw_10_gw_11_gw_12_gw_40_a_stream_byte_for_byte() {
    for (framing, ready) in [("framing=named", ""), ("framing=envelope", "event: ready\ndata:\n\n")] {
        let (backend, gateway) = pair(&[framing]).await;
        let request = "GET //a/../s?x=%zz#f HTTP/1.1\r\nHost: a\r\nX-B: 1\r\nCookie: c=1\r\nSet-Cookie: s\r\n\
                       Cookie: d=2\r\nhost: b\r\nx-b: 2\r\n\r\n";
        let mut wire = Wire::send(gateway.address, request.as_bytes()).await;
        let head = wire.until("\r\n\r\n").await;
        assert_eq!(
            head,
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\
                 Connection: keep-alive\r\nX-Accel-Buffering: no\r\n{CORS}Transfer-Encoding: chunked\r\n\r\n"
            )
        );
        let token = backend.token(1).await;
        let connect = &backend.calls()[0];
        assert_eq!(connect.line, "POST /api/sse/callback?secret=x%20y HTTP/1.1");
        assert_eq!(connect.content_type, "application/json");
        assert_eq!(
            connect.raw,
            format!(
                r#"{{"action":"connect","token":"{token}","request":{{"url":"//a/../s?x=%zz#f","headers":{{"host":"a","x-b":"1, 2","cookie":"c=1; d=2","set-cookie":["s"]}}}}}}"#
            )
        );
        let uuid = uuid::Uuid::parse_str(&token).expect("a UUID");
        assert_eq!((uuid.get_version_num(), uuid.to_string()), (4, token.clone()));
        gateway.send(&json!({"token": token, "event": {"data": "x"}})).await.expect(200);
        let before = if ready.is_empty() { String::new() } else { chunk(ready) };
        assert_eq!(wire.until(&chunk("data: x\n\n")).await, before + &chunk("data: x\n\n"));
    }
}

#[tokio::test]
async fn gw_13_gw_14_any_path_is_a_stream_of_its_own() {
    let (backend, gateway) = pair(&[]).await;
    let mut streams = Vec::new();
    for (number, target) in
        ["/", "/favicon.ico", "/internal/send", "/s?request_id=a", "/s?request_id=a"].into_iter().enumerate()
    {
        let browser = Browser::get(gateway.address, target).await;
        assert_eq!(browser.status, 200, "{target}");
        streams.push((browser, backend.token(number + 1).await));
    }
    for (number, (_, token)) in streams.iter().enumerate() {
        gateway.send(&json!({"token": token, "event": {"data": number.to_string()}})).await.expect(200);
    }
    for (number, (browser, _)) in streams.iter_mut().enumerate() {
        assert_eq!(browser.next_event().await.data, number.to_string());
    }
}

#[tokio::test]
async fn gw_15_any_2xx_opens() {
    let (backend, gateway) = pair(&[]).await;
    for status in [200, 201, 204, 299] {
        backend.says(Say::status(status));
        assert_eq!(Browser::get(gateway.address, "/s").await.status, 200, "{status}");
    }
}

#[tokio::test]
async fn gw_16_gw_38_nothing_before_the_callback_answers_and_events_are_buffered() {
    let (backend, gateway) = pair(&["framing=envelope"]).await;
    backend.says(Say::Nothing);
    let mut wire = Wire::get(gateway.address, "/s").await;
    let token = backend.token(1).await;
    let invalid = gateway.send(&json!({"token": token, "event": {"data": 1}})).await.expect(400);
    assert!(invalid.body.contains("INVALID_EVENT_DATA_MISSING"), "validation comes first");
    for data in ["one", "two"] {
        let answer = gateway.send(&json!({"token": token, "event": {"data": data}})).await.expect(200);
        assert_eq!(answer.body, r#"{"status":"buffered"}"#);
    }
    let empty = gateway.send(&json!({"token": token})).await.expect(200);
    assert_eq!(empty.body, r#"{"status":"buffered"}"#);
    backend.says(Say::status(200));
    wire.until("chunked\r\n\r\n").await;
    let expected = chunk("data: one\n\n") + &chunk("data: two\n\n") + &chunk("event: ready\ndata:\n\n");
    assert_eq!(wire.until("ready\ndata:\n\n\r\n").await, expected, "bug G3: nothing for the empty order");
}

#[tokio::test]
async fn gw_38_bug_g3_a_buffered_close_ends_the_stream_there() {
    let (backend, gateway) = pair(&["framing=envelope"]).await;
    backend.says(Say::Nothing);
    let mut wire = Wire::get(gateway.address, "/s").await;
    let token = backend.token(1).await;
    for order in [
        json!({"token": token, "event": {"data": "one"}}),
        json!({"token": token, "close": true}),
        json!({"token": token, "event": {"data": "late"}}),
    ] {
        assert_eq!(gateway.send(&order).await.expect(200).body, r#"{"status":"buffered"}"#);
    }
    backend.says(Say::status(200));
    wire.until("chunked\r\n\r\n").await;
    assert_eq!(wire.until("0\r\n\r\n").await, chunk("data: one\n\n") + "0\r\n\r\n");
    assert_eq!(backend.until("disconnect", 1).await[0].text("reason"), "server_closed");
}

#[tokio::test]
async fn gw_17_gw_20_bug_g9_refusals_have_the_backends_status() {
    let (backend, gateway) = pair(&["framing=named"]).await;
    for (status, code) in [
        (400, "BACKEND_ERROR"),
        (401, "BACKEND_AUTH_FAILED"),
        (403, "BACKEND_FORBIDDEN"),
        (404, "BACKEND_ERROR"),
        (500, "BACKEND_ERROR"),
    ] {
        backend.says(Say::status(status));
        let answer = http::get(gateway.address, "/s").await.expect(status);
        assert_eq!(answer.body, error(&format!("Backend returned {status}"), code));
        assert!(has_cors(&answer));
    }
    backend.says(Say::Redirect);
    http::get(gateway.address, "/s").await.expect(302);
    backend.says(Say::status(304));
    assert_eq!(http::get(gateway.address, "/s").await.expect(304).body, "");
    let calls = backend.calls();
    assert_eq!(calls.len(), 7, "no redirect is followed, and no refused stream is told of");
    let send = gateway.send(&json!({"token": calls[0].text("token")})).await.expect(404);
    assert_eq!(send.body, error("Token not found", "TOKEN_NOT_FOUND"));
}

#[tokio::test]
async fn gw_18_the_envelope_form_refuses_within_the_stream() {
    let (backend, gateway) = pair(&["framing=envelope"]).await;
    for (line, message) in [
        ("400 Bad Request", "Bad Request"),
        ("401 Unauthorized", "Unauthorized"),
        ("403 Nice \"try\"", "Nice \\\"try\\\""),
        ("401 ", "Unauthorized"),
    ] {
        backend.says(Say::Line(line.to_owned()));
        let mut wire = Wire::get(gateway.address, "/s").await;
        assert!(
            wire.until("chunked\r\n\r\n").await.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-s")
        );
        let status = &line[..3];
        let block = format!("event: rejected\ndata: {{\"status\":{status},\"message\":\"{message}\"}}\n\n");
        assert_eq!(wire.rest().await, chunk(&block) + "0\r\n\r\n");
    }
    backend.says(Say::status(404));
    http::get(gateway.address, "/s").await.expect(404);
}

#[tokio::test]
async fn gw_19_bug_g2_a_callback_without_an_answer_is_504_and_is_taken_back() {
    let (backend, gateway) = pair(&[]).await;
    backend.says(Say::Nothing);
    let answer = http::get(gateway.address, "/s").await.expect(504);
    assert_eq!(answer.body, error("Gateway timeout", "GATEWAY_TIMEOUT"));
    let token = backend.token(1).await;
    assert_eq!(backend.until("disconnect", 1).await[0].text("token"), token);
    gateway.send(&json!({"token": token})).await.expect(404);
}

#[tokio::test]
async fn gw_20_bug_g2_a_backend_that_cannot_be_asked_is_503() {
    let (backend, gateway) = pair(&[]).await;
    backend.says(Say::Cut);
    let answer = http::get(gateway.address, "/s").await.expect(503);
    assert_eq!(answer.body, error("Backend unavailable", "BACKEND_UNAVAILABLE"));
    backend.until("disconnect", 1).await;
    let nobody = "gateway_server.callback_url=http://127.0.0.1:9/x";
    let gateway = GatewayProcess::start_bare(&[nobody]).await;
    http::get(gateway.address, "/s").await.expect(503);
}

#[tokio::test]
async fn gw_22_http_1_0_gets_no_chunks() {
    let (backend, gateway) = pair(&[]).await;
    let mut wire = Wire::send(gateway.address, b"GET /s HTTP/1.0\r\n\r\n").await;
    let head = wire.until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && !head.contains("chunked"), "{head}");
    let token = backend.token(1).await;
    assert!(backend.calls()[0].raw.ends_with(r#""request":{"url":"/s","headers":{}}}"#));
    gateway.send(&json!({"token": token, "event": {"data": "x"}, "close": true})).await.expect(200);
    assert_eq!(wire.rest().await, "data: x\n\n");
}

#[tokio::test]
async fn gw_30_gw_31_gw_33_what_is_written() {
    for framing in ["named", "envelope"] {
        let (backend, gateway) = pair(&[&format!("framing={framing}")]).await;
        let (mut wire, token) = open(&backend, &gateway, 1).await;
        let mut expected =
            if framing == "envelope" { chunk("event: ready\ndata:\n\n") } else { String::new() };
        for (event, named, envelope) in [
            (json!({"data": ""}), "data: \n\n", "data: \n\n"),
            (json!({"data": "a\nb", "name": ""}), "data: a\ndata: b\n\n", "data: a\ndata: b\n\n"),
            (
                json!({"data": "{\"a\": 1.0}", "name": "n"}),
                "event: n\ndata: {\"a\": 1.0}\n\n",
                "data: {\"type\":\"n\",\"payload\":{\"a\": 1.0}}\n\n",
            ),
            (
                json!({"data": "{\"reason\":\"é\"}", "name": "connection_close"}),
                "event: connection_close\ndata: {\"reason\":\"é\"}\n\n",
                "data: {\"type\":\"connection_close\",\"payload\":{\"reason\":\"é\"}}\n\n",
            ),
            (
                json!({"data": "1", "name": "rejected"}),
                "event: rejected\ndata: 1\n\n",
                "event: rejected\ndata: 1\n\n",
            ),
        ] {
            let answer =
                gateway.send(&json!({"token": token, "event": event, "close": false})).await.expect(200);
            assert_eq!(answer.body, r#"{"status":"ok"}"#);
            gateway.send(&json!({"token": token})).await.expect(200);
            expected.push_str(&chunk(if framing == "named" { named } else { envelope }));
        }
        gateway.send(&json!({"token": token, "close": true})).await.expect(200);
        assert_eq!(wire.until("0\r\n\r\n").await, expected + "0\r\n\r\n");
    }
}

#[tokio::test]
async fn gw_32_bug_g6_bug_g10_a_bad_order_harms_nobody() {
    let (backend, gateway) = pair(&["framing=envelope"]).await;
    let (mut wire, token) = open(&backend, &gateway, 1).await;
    for (order, code) in [
        (json!({"token": ""}), "INVALID_TOKEN_MISSING"),
        (json!([]), "INVALID_TOKEN_MISSING"),
        (json!({"token": token, "event": null}), "INVALID_EVENT_TYPE"),
        (json!({"token": token, "event": []}), "INVALID_EVENT_DATA_MISSING"),
        (json!({"token": token, "event": {"data": "", "name": null}}), "INVALID_EVENT_NAME_TYPE"),
        (json!({"token": token, "close": null}), "INVALID_CLOSE_TYPE"),
        (json!({"token": token, "event": {"data": "", "name": "rejected"}}), "INVALID_EVENT_DATA"),
        (json!({"token": token, "event": {"data": "text", "name": "n"}}), "INVALID_EVENT_DATA"),
    ] {
        let answer = gateway.send(&order).await.expect(400);
        assert_eq!(answer.json()["error"]["code"], code, "{order}");
    }
    gateway.send(&json!({"token": token, "event": {"data": "still here"}})).await.expect(200);
    wire.until("data: still here\n\n").await;
}

#[tokio::test]
async fn gw_34_gw_35_bug_g7_bodies() {
    let (backend, gateway) = pair(&[]).await;
    let (mut wire, token) = open(&backend, &gateway, 1).await;
    let body = json!({"token": token, "event": {"data": "é"}}).to_string();
    let send = async |kind: &[(&str, &str)], body: &[u8]| {
        http::send(gateway.address, &http::request("POST", "/Internal/Send/?x", kind, body)).await
    };
    let kind = "Content-Type";
    for fine in ["application/json", "Application/JSON; charset=UTF-8"] {
        send(&[(kind, fine)], body.as_bytes()).await.expect(200);
        wire.until("data: é\n\n").await;
    }
    let chunked = format!(
        "POST /internal/send HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    http::send(gateway.address, chunked.as_bytes()).await.expect(200);
    for foreign in [&[][..], &[(kind, "text/plain")], &[(kind, "application/json; charset=latin1")]] {
        assert!(send(foreign, body.as_bytes()).await.expect(415).json()["error"]["code"].is_string());
    }
    for bad in ["{", "null", "1", "\"x\"", "{\"token\": \"\u{0}"] {
        let answer = send(&[(kind, "application/json")], bad.as_bytes()).await.expect(400);
        assert_eq!(answer.json()["error"]["code"], "INVALID_JSON", "{bad:?}");
    }
    let padded = |length: usize| format!("{}{}", body, " ".repeat(length - body.len()));
    send(&[(kind, "application/json")], padded(102_400).as_bytes()).await.expect(200);
    let large = send(&[(kind, "application/json")], padded(102_401).as_bytes()).await.expect(413);
    assert_eq!(large.json()["error"]["code"], "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn gw_39_two_hundred_streams_each_in_order() {
    let (backend, gateway) = pair(&[]).await;
    let mut streams = Vec::new();
    for number in 1..=200 {
        streams.push(open(&backend, &gateway, number).await);
    }
    for round in 0..3 {
        for (number, (_, token)) in streams.iter().enumerate() {
            let event = json!({"data": format!("{number}.{round}")});
            gateway.send(&json!({"token": token, "event": event})).await.expect(200);
        }
    }
    for (number, (wire, _)) in streams.iter_mut().enumerate() {
        let expected: String = (0..3).map(|round| chunk(&format!("data: {number}.{round}\n\n"))).collect();
        assert_eq!(wire.until(&format!("{number}.2\n\n\r\n")).await, expected);
    }
}

#[tokio::test]
async fn gw_45_heartbeats_come_an_interval_after_the_opening() {
    let (backend, gateway) = pair(&["stream.heartbeat=1s"]).await;
    let (mut wire, _) = open(&backend, &gateway, 1).await;
    let opened = std::time::Instant::now();
    assert_eq!(wire.until(": heartbeat\n\n\r\n").await, chunk(": heartbeat\n\n"));
    assert!(opened.elapsed().as_millis() > 900, "not before its interval");
    assert_eq!(wire.until(": heartbeat\n\n\r\n").await, chunk(": heartbeat\n\n"));
    assert_eq!(backend.calls().len(), 1, "nobody is told");
}

#[tokio::test]
async fn bug_g8_head_registers_nothing() {
    let (backend, gateway) = pair(&[]).await;
    http::send(gateway.address, &http::request("HEAD", "/s", &[], b"")).await.expect(405);
    http::send(gateway.address, &http::request("HEAD", "/", &[], b"")).await.expect(405);
    assert!(backend.calls().is_empty());
}

#[tokio::test]
async fn bug_g16_streams_are_bounded_and_browsers_told_when_to_come_back() {
    let (backend, gateway) = pair(&["stream.max_connections=1"]).await;
    let (_wire, _) = open(&backend, &gateway, 1).await;
    let answer = http::get(gateway.address, "/s").await.expect(200);
    assert!(answer.body.starts_with("retry: ") && has_cors(&answer), "{answer:?}");
    assert_eq!(backend.calls().len(), 1);
}

#[tokio::test]
async fn bug_g17_with_a_secret_only_who_knows_it_sends() {
    let secret = Home::new().write("secret", "s3cret-0123456789\n");
    let home = Home::new();
    let path = home.write("secret", "s3cret-0123456789\n");
    drop(secret);
    let (backend, gateway) = pair(&[&format!("gateway_server.secret_file={path}")]).await;
    let (_wire, token) = open(&backend, &gateway, 1).await;
    let order = json!({"token": token});
    gateway.send(&order).await.expect(401);
    let wrong = [("Authorization", "Bearer wrong")];
    http::post_with(gateway.address, "/internal/send", &wrong, &order).await.expect(401);
    let right = [("Authorization", "Bearer s3cret-0123456789")];
    http::post_with(gateway.address, "/internal/send", &right, &order).await.expect(200);
    http::post(gateway.address, "/internal/send?secret=s3cret-0123456789", &order).await.expect(200);
    assert!(!gateway.log().contains("asks for no secret"));
    let (_, open) = pair(&[]).await;
    assert!(open.log().contains("asks for no secret"));
}

#[tokio::test]
async fn one_connection_may_bring_orders_and_then_a_stream() {
    let (backend, gateway) = pair(&[]).await;
    let order = r#"{"token":"x"}"#;
    let post = format!(
        "POST /internal/send HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{order}",
        order.len()
    );
    let pipelined =
        format!("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n{post}GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut wire = Wire::send(gateway.address, pipelined.as_bytes()).await;
    wire.until(r#"{"status":"ok"}"#).await;
    wire.until("TOKEN_NOT_FOUND").await;
    wire.until("text/event-stream").await;
    let token = backend.token(1).await;
    gateway.send(&json!({"token": token, "event": {"data": "x"}})).await.expect(200);
    wire.until("data: x\n\n").await;
}

#[tokio::test]
async fn the_node_gateways_variables_work() {
    let backend = Backend::start().await;
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("bound").port()
    };
    let command = |port: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ssectld"));
        command.arg("gateway").env_clear().env("PORT", port).env("CALLBACK_URL", backend.url());
        command.kill_on_drop(true);
        command
    };
    let gateway = GatewayProcess::spawn(Home::new(), command(&free.to_string())).await;
    assert_eq!(gateway.address.port(), free);
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], free));
    assert_eq!(Browser::get(to, "/s").await.status, 200);
    assert!(TcpStream::connect(("127.0.0.1", free)).await.is_ok());
    for (port, words) in [
        (free.to_string(), format!("Failed to start server: Port {free} is already in use (EADDRINUSE)")),
        ("x".to_owned(), "Invalid PORT value: \"x\". Must be an integer between 1 and 65535.".to_owned()),
    ] {
        let output = command(&port).output().await.expect("it can be run");
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains(&words), "{output:?}");
    }
}
