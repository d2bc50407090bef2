//! Embedded streams: opening, replacing, refusing, leaving.

use serde_json::json;

use crate::{
    fakes::browser::{Browser, Event, Item},
    harness::{Daemon, http},
};

#[tokio::test]
async fn emb_1_the_head_comes_at_once_and_says_what_browsers_need() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    assert_eq!(browser.header("content-type"), Some("text/event-stream"));
    assert_eq!(browser.header("cache-control"), Some("no-cache"));
    assert_eq!(browser.header("x-accel-buffering"), Some("no"));
    assert_eq!(browser.header("content-length"), None);
    assert!(matches!(browser.next_item().await, Some(Item::Retry(_))), "a retry comes first");
    daemon.event("first", &json!({"a": [1, 2]})).await;
    let event = browser.next_event().await;
    assert_eq!((event.name.as_str(), event.data.as_str()), ("first", r#"{"a":[1,2]}"#));
}

#[tokio::test]
async fn emb_2_the_envelope_form_says_ready_after_the_pending_version() {
    let daemon = Daemon::start(&["framing=envelope"]).await;
    daemon.queue(json!({"version": "1.4.0", "changelog": "x"})).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let version = browser.next_event().await;
    assert_eq!(version.data, r#"{"type":"version","payload":{"version":"1.4.0","changelog":"x"}}"#);
    assert_eq!(version.name, "message");
    assert_eq!(browser.next_event().await.name, "ready");
    daemon.event("order.paid", &json!(null)).await;
    assert_eq!(browser.next_event().await.opened(), ("order.paid".to_owned(), json!(null)));
}

#[tokio::test]
async fn emb_3_events_carry_ids_that_grow() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let mut last = 0;
    for round in 0..3 {
        daemon.event("tick", &json!(round)).await;
        let event = browser.next_event().await;
        let (_, sequence) = event.id.rsplit_once('-').expect("an id is <epoch>-<sequence>");
        let sequence: u64 = sequence.parse().expect("a number");
        assert!(sequence > last, "{event:?}");
        last = sequence;
    }
}

#[tokio::test]
async fn emb_4_a_replaced_stream_says_bye_and_ends() {
    for framing in ["framing=named", "framing=envelope"] {
        let daemon = Daemon::start(&[framing]).await;
        let old = Browser::open(daemon.public, "a").await;
        let mut new = Browser::open(daemon.public, "a").await;
        let events = old.last_events().await;
        let bye = events.last().expect("a replaced stream says something");
        assert_eq!((bye.name.as_str(), bye.json()), ("bye", json!({"reason": "replaced"})));
        assert!(events.iter().all(|event| event.name != "connection_close"));
        daemon.queue(json!({"version": "1"})).await;
        while !new.next_event().await.data.contains(r#""version":"1""#) {}
        assert_eq!(daemon.metrics().await.connections(), (2.0, 1.0, 1.0));
    }
}

#[tokio::test]
async fn two_tabs_with_one_id_do_not_ping_pong() {
    let daemon = Daemon::start(&[]).await;
    let mut holder = Browser::open(daemon.public, "same").await;
    for _ in 0..10 {
        let mut newcomer = Browser::open(daemon.public, "same").await;
        if matches!(newcomer.next_item().await, Some(Item::Retry(60_000))) {
            assert_eq!(
                newcomer.next_item().await,
                None,
                "a refused tab is told when to come back, and no more"
            );
            let list = daemon.ask("/v1/connections").await.json();
            assert_eq!(list["items"][0]["state"], "flapping", "{list}");
            daemon.event("marker", &json!(1)).await;
            holder.next_named("marker").await;
            return;
        }
        let bye = holder.last_events().await.pop().expect("the replaced one says bye");
        assert_eq!(bye.name, "bye");
        holder = newcomer;
    }
    panic!("ten replacements, and still they go on");
}

#[tokio::test]
async fn emb_6_idle_streams_get_heartbeats() {
    let daemon = Daemon::start(&["stream.heartbeat=1s"]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    for _ in 0..2 {
        browser.next_comment().await;
    }
}

#[tokio::test]
async fn emb_7_refused_ids_are_plain_http_errors_in_both_framings() {
    for framing in ["framing=named", "framing=envelope"] {
        let daemon = Daemon::start(&[framing]).await;
        let long = format!("request_id={}", "x".repeat(129));
        for query in ["", "request_id=", "request_id=a%3Ab", "request_id=a%0Ab", "request_id=a+b", &long] {
            let answer = http::get(daemon.public, &format!("/api/sse/stream?{query}")).await.expect(400);
            assert!(answer.json()["error"].is_string(), "{answer:?}");
        }
        assert_eq!(daemon.metrics().await.connections(), (0.0, 0.0, 0.0));
    }
}

#[tokio::test]
async fn emb_8_whoever_leaves_is_unregistered_however_they_leave() {
    let daemon = Daemon::start(&[]).await;
    drop(Browser::open(daemon.public, "closes").await);
    daemon.until_connected(0).await;
    Browser::open(daemon.public, "resets").await.reset();
    daemon.until_connected(0).await;
    let mut half = Browser::open(daemon.public, "half").await;
    half.half_close().await;
    daemon.until_connected(0).await;
    assert_eq!(daemon.metrics().await.connections(), (3.0, 3.0, 0.0));
}

#[tokio::test]
async fn emb_9_fifty_streams_get_everything_in_one_order() {
    let daemon = Daemon::start(&[]).await;
    let mut browsers = Vec::new();
    for tab in 0..50 {
        browsers.push(Browser::open(daemon.public, &format!("tab-{tab}")).await);
    }
    for round in 0..20 {
        daemon.event("tick", &json!(round)).await;
    }
    for browser in &mut browsers {
        for round in 0..20 {
            assert_eq!(browser.next_event().await.json(), json!(round));
        }
    }
    assert_eq!(daemon.metrics().await.connections(), (50.0, 0.0, 50.0));
}

#[tokio::test]
async fn a_head_request_registers_and_replaces_nobody() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    http::send(daemon.public, &http::request("HEAD", "/api/sse/stream?request_id=a", &[], b"")).await;
    daemon.event("marker", &json!(1)).await;
    assert_eq!(browser.next_event().await.name, "marker");
    assert_eq!(daemon.metrics().await.connections(), (1.0, 0.0, 1.0));
}

#[tokio::test]
async fn a_disconnected_stream_says_bye_and_others_stay() {
    let daemon = Daemon::start(&[]).await;
    let a = Browser::open(daemon.public, "a").await;
    let mut b = Browser::open(daemon.public, "b").await;
    let order = json!({"request_ids": ["a", "nobody"]});
    let receipt = daemon.tell("/v1/connections/disconnect", &order).await.expect(200).json();
    assert_eq!(receipt["item"]["disconnected"], json!(["a"]), "{receipt}");
    assert_eq!(receipt["item"]["not_found"], json!(["nobody"]), "{receipt}");
    assert_eq!(daemon.connected().await, ["b"]);
    let bye = a.last_events().await.pop().expect("it says bye");
    assert_eq!((bye.name.as_str(), bye.json()), ("bye", json!({"reason": "disconnected"})));
    daemon.event("marker", &json!(1)).await;
    assert_eq!(b.next_event().await.name, "marker");
}

#[tokio::test]
async fn a_slow_reader_is_dropped_and_nobody_else_notices() {
    let daemon = Daemon::start(&[]).await;
    let stuck = Browser::open_narrow(daemon.public, "stuck").await;
    let mut quick = Browser::open(daemon.public, "quick").await;
    let text = json!("x".repeat(30_000));
    let mut sent = 0;
    while daemon.connected().await != ["quick"] {
        assert!(sent < 5_000, "150 MB wait for one connection");
        for _ in 0..20 {
            daemon.event("big", &text).await;
            quick.next_named("big").await;
            sent += 1;
        }
    }
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.value(r#"ssectld_connections_closed_total{reason="slow_consumer"}"#), 1.0);
    assert!(metrics.sent("event", "error") >= 1.0, "an overflow is an error");
    drop(stuck);
}

#[tokio::test]
async fn http_1_0_gets_the_same_stream() {
    let daemon = Daemon::start(&[]).await;
    let stream = tokio::net::TcpStream::connect(daemon.public).await.unwrap();
    let mut browser = Browser::begin(stream, b"GET /api/sse/stream?request_id=a HTTP/1.0\r\n\r\n").await;
    assert_eq!((browser.status, browser.header("transfer-encoding")), (200, None));
    daemon.event("marker", &json!(1)).await;
    let Event { name, data, .. } = browser.next_event().await;
    assert_eq!((name.as_str(), data.as_str()), ("marker", "1"));
}
