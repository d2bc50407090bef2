//! Browsers behind a gateway that holds their streams: all three on real sockets.

use serde_json::json;

use crate::{
    fakes::{browser::Browser, relay::Relay},
    harness::Daemon,
};

async fn all_three() -> (Relay, Daemon) {
    let relay = Relay::start().await;
    let daemon = Daemon::start(&["mode=gateway", &format!("gateway.url=http://{}", relay.address)]).await;
    relay.calls_back(daemon.internal);
    (relay, daemon)
}

#[tokio::test]
async fn a_browser_behind_a_gateway_hears_of_versions_and_tasks() {
    let (relay, daemon) = all_three().await;
    let mut early = Browser::open(relay.address, "early").await;
    daemon.queue(json!({"version": "1.0"})).await;
    assert_eq!(early.next_version().await, "1.0");
    let mut late = Browser::open(relay.address, "late").await;
    assert_eq!(late.next_version().await, "1.0");
    let id = daemon.start_task("demo", json!({"steps": 2})).await;
    for browser in [&mut early, &mut late] {
        let events = crate::tasks::events_of(browser, &id).await;
        assert_eq!(events.last().unwrap()["event_type"], "task_completed");
    }
    drop(late);
    daemon.until_connected(1).await;
    assert_eq!(daemon.connected().await, ["early"]);
}

#[tokio::test]
async fn a_replaced_browser_behind_a_gateway_is_let_go() {
    let (relay, daemon) = all_three().await;
    let old = Browser::open(relay.address, "same").await;
    let mut new = Browser::open(relay.address, "same").await;
    assert!(old.last_events().await.is_empty());
    daemon.event("marker", &json!(1)).await;
    assert_eq!(new.next_event().await.name, "marker");
    assert_eq!(daemon.metrics().await.connections(), (2.0, 1.0, 1.0));
}

#[tokio::test]
async fn a_refused_browser_behind_a_gateway_gets_the_daemons_status() {
    let (relay, _daemon) = all_three().await;
    assert_eq!(Browser::get(relay.address, "/api/sse/stream").await.status, 400);
}
