//! Gateway mode against a gateway that fails in every way.

use serde_json::json;

use crate::{
    fakes::gateway::{CALLBACK, Gateway, Mode, connect},
    harness::{Daemon, http},
};

/// A daemon behind a fresh gateway.
pub async fn pair() -> (Gateway, Daemon) {
    let gateway = Gateway::start().await;
    let [mode, url] = gateway.settings();
    let daemon = Daemon::start(&[&mode, &url]).await;
    (gateway, daemon)
}

#[tokio::test]
async fn cm_1_a_connect_is_registered_and_the_observers_hear_of_it() {
    let (gateway, daemon) = pair().await;
    daemon.queue(json!({"version": "1.0"})).await;
    gateway.connect(daemon.internal, "a", "token-a").await;
    assert_eq!(daemon.connected().await, ["a"]);
    let events = gateway.events_to("token-a", 1).await;
    assert_eq!((events[0].name(), events[0].data()), (Some("version"), json!({"version": "1.0"})));
    assert_eq!(daemon.metrics().await.connections(), (1.0, 0.0, 1.0));
}

#[tokio::test]
async fn cm_2_a_replaced_connection_is_closed_at_the_gateway() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "old").await;
    gateway.connect(daemon.internal, "a", "new").await;
    let close = gateway.closed("old").await;
    assert_eq!(close.body, json!({"token": "old", "close": true}), "no event with it");
    daemon.event("marker", &json!(1)).await;
    gateway.events_to("new", 1).await;
    assert!(gateway.events("old").is_empty());
    assert_eq!(daemon.metrics().await.connections(), (2.0, 1.0, 1.0));
}

#[tokio::test]
async fn cm_3_a_disconnect_with_the_right_token_removes_it() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "token-a").await;
    gateway.disconnect(daemon.internal, "a", "token-a").await;
    assert!(daemon.connected().await.is_empty());
    assert_eq!(daemon.metrics().await.connections(), (1.0, 1.0, 0.0));
}

#[tokio::test]
async fn cm_4_a_stale_disconnect_changes_nothing() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "old").await;
    gateway.connect(daemon.internal, "a", "new").await;
    gateway.disconnect(daemon.internal, "a", "old").await;
    gateway.disconnect(daemon.internal, "a", "never-seen").await;
    assert_eq!(daemon.connected().await, ["a"]);
    assert_eq!(daemon.metrics().await.connections(), (2.0, 1.0, 1.0));
    daemon.event("marker", &json!(1)).await;
    gateway.events_to("new", 1).await;
}

#[tokio::test]
async fn cm_5_an_old_close_that_hangs_or_fails_does_not_stop_the_new_connection() {
    for mode in [Mode::Hang, Mode::Status(500), Mode::Drop] {
        let (gateway, daemon) = pair().await;
        gateway.connect(daemon.internal, "a", "old").await;
        gateway.set("old", mode);
        gateway.connect(daemon.internal, "a", "new").await;
        daemon.event("marker", &json!(1)).await;
        gateway.events_to("new", 1).await;
        gateway.closed("old").await;
        assert_eq!(daemon.connected().await, ["a"], "{mode:?}");
    }
}

#[tokio::test]
async fn cm_10_an_event_goes_to_every_connection() {
    let (gateway, daemon) = pair().await;
    for id in ["a", "b", "c"] {
        gateway.connect(daemon.internal, id, id).await;
    }
    daemon.queue(json!({"version": "1"})).await;
    for id in ["a", "b", "c"] {
        gateway.events_to(id, 1).await;
    }
    let metrics = daemon.until_metrics("three sends", |m| m.sent("version", "success") == 3.0).await;
    assert_eq!(metrics.value(r#"sse_gateway_send_duration_seconds_count{service="version"}"#), 3.0);
}

#[tokio::test]
async fn cm_11_with_nobody_connected_nothing_is_sent() {
    let (gateway, daemon) = pair().await;
    daemon.event("marker", &json!(1)).await;
    gateway.connect(daemon.internal, "a", "a").await;
    daemon.event("marker", &json!(2)).await;
    assert_eq!(gateway.events_to("a", 1).await[0].data(), json!(2));
    assert_eq!(gateway.sent().len(), 1);
}

#[tokio::test]
async fn cm_12_a_404_removes_that_connection_and_no_other() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "gone", "gone").await;
    gateway.connect(daemon.internal, "here", "here").await;
    gateway.forget("gone");
    daemon.event("marker", &json!(1)).await;
    gateway.events_to("here", 1).await;
    daemon.until_connected(1).await;
    assert_eq!(daemon.connected().await, ["here"]);
    daemon.event("marker", &json!(2)).await;
    gateway.events_to("here", 2).await;
    assert_eq!(gateway.events("gone").len(), 1, "never tried again");
    let metrics = daemon.until_metrics("the sends", |m| m.sent("event", "success") == 2.0).await;
    assert_eq!(metrics.sent("event", "error"), 1.0);
    assert_eq!(metrics.connections(), (2.0, 1.0, 1.0));
}

#[tokio::test]
async fn cm_13_any_other_failure_is_counted_and_the_connection_stays() {
    for mode in [Mode::Status(500), Mode::Status(302), Mode::Status(400), Mode::Drop] {
        let (gateway, daemon) = pair().await;
        gateway.connect(daemon.internal, "bad", "bad").await;
        gateway.connect(daemon.internal, "good", "good").await;
        gateway.set("bad", mode);
        daemon.event("marker", &json!(1)).await;
        gateway.events_to("good", 1).await;
        daemon.until_metrics("the failure", |m| m.sent("event", "error") == 1.0).await;
        assert_eq!(daemon.connected().await, ["bad", "good"], "{mode:?}");
        gateway.set("bad", Mode::Faithful);
        daemon.event("marker", &json!(2)).await;
        let last = gateway
            .until("the next event", |sent| {
                sent.iter().rfind(|sent| sent.token == "bad" && sent.data() == json!(2)).cloned()
            })
            .await;
        assert_eq!(last.name(), Some("marker"), "{mode:?}");
    }
}

#[tokio::test]
async fn cm_14_a_time_out_is_an_error_with_a_duration() {
    let gateway = Gateway::start().await;
    let [mode, url] = gateway.settings();
    let daemon = Daemon::start(&[&mode, &url, "gateway.timeout=1s"]).await;
    gateway.connect(daemon.internal, "slow", "slow").await;
    gateway.set("slow", Mode::Hang);
    daemon.event("marker", &json!(1)).await;
    let metrics = daemon.until_metrics("the time-out", |m| m.sent("event", "error") == 1.0).await;
    assert_eq!(metrics.value(r#"sse_gateway_send_duration_seconds_count{service="event"}"#), 1.0);
    assert_eq!(daemon.connected().await, ["slow"]);
}

#[tokio::test]
async fn cm_15_a_targeted_send_to_nobody_selects_nobody() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    let order = json!({"name": "x", "data": 1, "request_id": "unknown"});
    let receipt = daemon.tell("/v1/events", &order).await.expect(200).json();
    assert_eq!(receipt["item"]["connections"], 0, "{receipt}");
    daemon.event("marker", &json!(1)).await;
    assert_eq!(gateway.events_to("a", 1).await[0].name(), Some("marker"));
}

#[tokio::test]
async fn cm_20_the_wire_is_what_gateways_take() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "token-a").await;
    daemon.queue(json!({"version": "1.0", "changelog": "ü\n\"x\""})).await;
    let sent = &gateway.events_to("token-a", 1).await[0];
    assert!(sent.content_type.starts_with("application/json"), "{sent:?}");
    let data = r#"{"version":"1.0","changelog":"ü\n\"x\""}"#;
    assert_eq!(
        sent.body,
        json!({"token": "token-a", "event": {"name": "version", "data": data}, "close": false})
    );
    assert!(!sent.raw.contains('\n'), "one line: {}", sent.raw);
}

#[tokio::test]
async fn the_gateway_may_buffer_before_its_stream_is_open() {
    let (gateway, daemon) = pair().await;
    daemon.queue(json!({"version": "1"})).await;
    gateway.set("a", Mode::Buffered);
    gateway.connect(daemon.internal, "a", "a").await;
    gateway.events_to("a", 1).await;
    daemon.until_metrics("the send", |m| m.sent("version", "success") == 1.0).await;
}

#[tokio::test]
async fn bug_m7_any_2xx_is_a_success() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    for status in [200, 202, 204] {
        gateway.set("a", Mode::Status(status));
        daemon.event("marker", &json!(status)).await;
    }
    let metrics = daemon.until_metrics("the sends", |m| m.sent("event", "success") == 3.0).await;
    assert_eq!(metrics.sent("event", "error"), 0.0);
}

#[tokio::test]
async fn bug_m3_the_same_connect_twice_changes_nothing() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    gateway.connect(daemon.internal, "a", "a").await;
    daemon.event("marker", &json!(1)).await;
    gateway.events_to("a", 1).await;
    assert!(!gateway.sent().iter().any(|sent| sent.closes()), "the live stream is not closed");
    assert_eq!(daemon.metrics().await.connections(), (1.0, 0.0, 1.0));
}

#[tokio::test]
async fn bug_m4_a_token_under_two_ids_leaves_nothing_dangling() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "same").await;
    gateway.connect(daemon.internal, "b", "same").await;
    assert_eq!(daemon.connected().await, ["b"]);
    gateway.disconnect(daemon.internal, "b", "same").await;
    assert!(daemon.connected().await.is_empty());
    assert_eq!(daemon.metrics().await.connections(), (2.0, 2.0, 0.0));
    let answer = http::post(daemon.internal, CALLBACK, &connect("a", "fresh")).await;
    answer.expect(200);
    assert_eq!(daemon.connected().await, ["a"]);
}
