//! Versions on embedded streams: what is pending, what is fetched, and who is told.

use serde_json::json;

use crate::{
    fakes::{
        browser::Browser,
        frontend::{Frontend, Mood},
    },
    harness::Daemon,
};

#[tokio::test]
async fn vs_1_a_pending_version_is_sent_on_connect_and_not_cleared() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1.4.0", "request_id": "a"})).await;
    for _ in 0..2 {
        let mut browser = Browser::open(daemon.public, "a").await;
        assert_eq!(browser.next_event().await.json(), json!({"version": "1.4.0"}));
    }
    daemon.stop().await;
}

#[tokio::test]
async fn vs_2_nothing_pending_the_fetched_document_is_sent_whole() {
    let frontend = Frontend::start(Mood::Says(r#"{"version":"9.9.9","commit":"abc","n":[1,2.50]}"#)).await;
    let daemon = Daemon::start(&[&frontend.setting()]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let event = browser.next_event().await;
    assert_eq!(
        (event.name.as_str(), event.data.as_str()),
        ("version", r#"{"version":"9.9.9","commit":"abc","n":[1,2.50]}"#)
    );
}

const FETCHES: &str = "ssectld_version_fetches_total{";

/// Opens a stream on a daemon whose fetch must fail, and shows that nothing comes of it.
async fn nothing_is_sent(mood: Mood) {
    let frontend = Frontend::start(mood.clone()).await;
    let daemon = Daemon::start(&[&frontend.setting()]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    daemon
        .until_metrics("the fetch to end", |metrics| {
            metrics.samples().any(|sample| sample.starts_with(FETCHES))
        })
        .await;
    daemon.event("marker", &json!(1)).await;
    assert_eq!(browser.next_event().await.name, "marker", "{mood:?}");
    assert_eq!(daemon.metrics().await.sent("version", "success"), 0.0);
}

#[tokio::test]
async fn vs_3_bug_v5_a_failed_fetch_sends_nothing() {
    nothing_is_sent(Mood::Fails(500)).await;
}

#[tokio::test]
async fn bug_v3_only_an_object_with_a_version_is_passed_on() {
    for body in ["null", "[1]", r#"{"version":5}"#, r#"{"version":NaN}"#, "{", ""] {
        nothing_is_sent(Mood::Says(body)).await;
    }
}

#[tokio::test]
async fn bug_v4_a_dripping_server_does_not_outlast_the_limit() {
    nothing_is_sent(Mood::Drips).await;
}

#[tokio::test]
async fn bug_v6_a_hanging_server_never_becomes_an_unknown_version() {
    nothing_is_sent(Mood::Hangs).await;
}

#[tokio::test]
async fn bug_v10_a_reconnect_storm_is_one_fetch() {
    let frontend = Frontend::start(Mood::Says(r#"{"version":"9.9.9"}"#)).await;
    let daemon = Daemon::start(&[&frontend.setting()]).await;
    for tab in 0..10 {
        let mut browser = Browser::open(daemon.public, &format!("tab-{tab}")).await;
        assert_eq!(browser.next_version().await, "9.9.9");
    }
    assert_eq!(frontend.asked(), 1);
}

#[tokio::test]
async fn vs_5_a_slow_fetch_holds_up_nobody() {
    let mut frontend = Frontend::start(Mood::Hangs).await;
    let daemon = Daemon::start(&[&frontend.setting()]).await;
    let mut first = Browser::open(daemon.public, "a").await;
    frontend.was_asked(1).await;
    let mut second = Browser::open(daemon.public, "b").await;
    daemon.event("marker", &json!(1)).await;
    assert_eq!(first.next_event().await.name, "marker");
    assert_eq!(second.next_event().await.name, "marker");
}

#[tokio::test]
async fn a_fetched_version_that_comes_late_is_older_than_any_queued_one() {
    let mut frontend = Frontend::start(Mood::SaysLater(r#"{"version":"fetched"}"#)).await;
    let daemon = Daemon::start(&[&frontend.setting()]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    frontend.was_asked(1).await;
    daemon.queue(json!({"version": "queued"})).await;
    assert_eq!(browser.next_version().await, "queued");
    frontend.release();
    daemon
        .until_metrics("the fetch to end", |metrics| {
            metrics.samples().any(|sample| sample.starts_with(FETCHES))
        })
        .await;
    for round in 0..3 {
        daemon.event("marker", &json!(round)).await;
        assert_eq!(browser.next_event().await.name, "marker");
    }
}

#[tokio::test]
async fn vs_10_a_queued_version_reaches_every_connection_now_and_after_a_reconnect() {
    let daemon = Daemon::start(&[]).await;
    let mut tabs = Vec::new();
    for id in ["a", "b", "c"] {
        tabs.push(Browser::open(daemon.public, id).await);
    }
    let receipt = daemon.queue(json!({"version": "2.0.0", "key": "deploy-7"})).await;
    assert_eq!(receipt["connections"], 3, "{receipt}");
    assert_eq!((&receipt["key"], &receipt["version"]), (&json!("deploy-7"), &json!("2.0.0")));
    assert_eq!((&receipt["stored"], &receipt["durable"]), (&json!(true), &json!(true)));
    for tab in &mut tabs {
        assert_eq!(tab.next_version().await, "2.0.0");
    }
    drop(tabs);
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "2.0.0");
    assert_eq!(Browser::open(daemon.public, "new").await.next_version().await, "2.0.0");
}

#[tokio::test]
async fn vs_11_bug_v9_with_nobody_connected_it_is_only_stored() {
    let daemon = Daemon::start(&[]).await;
    let receipt = daemon.queue(json!({"version": "1.0.0"})).await;
    assert_eq!((&receipt["connections"], &receipt["stored"]), (&json!(0), &json!(true)), "{receipt}");
    assert_eq!(daemon.metrics().await.sent("version", "success"), 0.0);
}

#[tokio::test]
async fn vs_12_the_last_queued_version_wins() {
    let daemon = Daemon::start(&[]).await;
    for version in ["1", "2", "3"] {
        daemon.queue(json!({"version": version})).await;
    }
    daemon.event("marker", &json!(1)).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    assert_eq!(browser.next_event().await.json()["version"], "3");
    daemon.event("marker", &json!(2)).await;
    assert_eq!(browser.next_event().await.name, "marker", "overwritten, not appended");
}

#[tokio::test]
async fn vs_13_the_payload_is_version_and_changelog_if_there_is_one() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    for (changelog, payload) in [
        (json!("New:\n- ü"), r#"{"version":"1","changelog":"New:\n- ü"}"#),
        (json!(""), r#"{"version":"1"}"#),
        (json!(null), r#"{"version":"1"}"#),
    ] {
        daemon.queue(json!({"version": "1", "changelog": changelog})).await;
        assert_eq!(browser.next_event().await.data, payload);
    }
}

#[tokio::test]
async fn inv_2_pending_survives_reconnects_until_overwritten() {
    let daemon = Daemon::start(&[]).await;
    for version in ["1.0.0", "1.1.0"] {
        daemon.queue(json!({"version": version, "request_id": "a"})).await;
        for _ in 0..2 {
            assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, version);
        }
    }
    let pending = daemon.ask("/v1/versions").await.expect(200).json();
    assert_eq!(pending["items"].as_array().map(Vec::len), Some(1), "{pending}");
}

#[tokio::test]
async fn a_pending_version_survives_a_stop_and_a_crash() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1.0.0"})).await;
    let daemon = daemon.stop().await.start(&[]).await;
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "1.0.0");
    let receipt = daemon.queue(json!({"version": "1.1.0"})).await;
    let daemon = daemon.kill().await.start(&[]).await;
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "1.1.0");
    let next = daemon.queue(json!({"version": "1.2.0"})).await;
    assert!(next["sequence"].as_u64() > receipt["sequence"].as_u64(), "{next} after {receipt}");
}

#[tokio::test]
async fn a_targeted_version_is_for_that_request_id_alone() {
    let daemon = Daemon::start(&[]).await;
    let mut a = Browser::open(daemon.public, "a").await;
    let mut b = Browser::open(daemon.public, "b").await;
    let receipt = daemon.queue(json!({"version": "5", "request_id": "a"})).await;
    assert_eq!((&receipt["connections"], &receipt["request_id"]), (&json!(1), &json!("a")));
    daemon.event("marker", &json!(1)).await;
    assert_eq!(a.next_event().await.json()["version"], "5");
    assert_eq!(b.next_event().await.name, "marker");
    let mut late = Browser::open(daemon.public, "late").await;
    daemon.event("marker", &json!(2)).await;
    assert_eq!(late.next_event().await.name, "marker");
}

#[tokio::test]
async fn with_live_to_all_everyone_is_told_now_and_one_later() {
    let daemon = Daemon::start(&[]).await;
    let mut b = Browser::open(daemon.public, "b").await;
    daemon.queue(json!({"version": "5", "request_id": "a", "live_to_all": true})).await;
    assert_eq!(b.next_version().await, "5");
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "5");
    let mut again = Browser::open(daemon.public, "b").await;
    daemon.event("marker", &json!(1)).await;
    assert_eq!(again.next_event().await.name, "marker");
}

#[tokio::test]
async fn on_connect_the_newer_of_the_two_pending_versions_is_sent() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "all-1"})).await;
    daemon.queue(json!({"version": "mine", "request_id": "a"})).await;
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "mine");
    assert_eq!(Browser::open(daemon.public, "b").await.next_version().await, "all-1");
    daemon.queue(json!({"version": "all-2"})).await;
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "all-2");
}

#[tokio::test]
async fn a_cleared_version_is_told_to_nobody() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1"})).await;
    let receipt = daemon.tell("/v1/versions/clear", &json!({})).await.expect(200).json();
    assert_eq!(receipt["item"]["cleared"], 1, "{receipt}");
    daemon.ask("/v1/versions/current").await.expect(404);
    let mut browser = Browser::open(daemon.public, "a").await;
    daemon.event("marker", &json!(1)).await;
    assert_eq!(browser.next_event().await.name, "marker");
}
