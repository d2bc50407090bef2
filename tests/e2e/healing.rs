//! Gateway mode: a registry that finds out by itself who is still there.

use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use ssectl_core::{app::Parts, config::Mode as DaemonMode};

use crate::{
    fakes::gateway::{Gateway, Mode},
    gateway_mode::pair,
    harness::{
        Daemon, http,
        in_process::{FickleStore, HeldClock, Inside},
        until,
    },
};

/// Returns state and time of proof of everyone.
async fn lives(list: Value) -> Vec<(String, Timestamp)> {
    let items = list["items"].as_array().expect("a list has items").clone();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{list}")).to_owned();
    let proven = |item: &Value| text(&item["last_proven"]).parse().expect("RFC 3339");
    items.iter().map(|item| (text(&item["state"]), proven(item))).collect()
}

async fn of(daemon: &Daemon) -> Vec<(String, Timestamp)> {
    lives(daemon.ask("/v1/connections").await.expect(200).json()).await
}

#[tokio::test]
async fn the_listing_says_who_is_live_suspect_or_a_ghost_and_since_when() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "token-a").await;
    let (state, connected) = of(&daemon).await.remove(0);
    assert_eq!(state, "live");
    gateway.set("token-a", Mode::Status(500));
    daemon.event("n", &json!(1)).await;
    let doubted =
        until("the doubt", async || Some(of(&daemon).await.remove(0)).filter(|one| one.0 == "suspect"));
    assert_eq!(doubted.await.1, connected, "a failure proves nothing");
    gateway.set("token-a", Mode::Faithful);
    daemon.event("n", &json!(2)).await;
    let proven = until("the proof", async || Some(of(&daemon).await.remove(0)).filter(|one| one.0 == "live"));
    assert!(proven.await.1 > connected);
    let table = daemon.cli().run(&["connections", "list"]).await.expect(0).stdout;
    assert!(table.lines().next().is_some_and(|head| head.contains("PROVEN")), "{table}");

    gateway.forget("token-a");
    daemon.event("n", &json!(3)).await;
    daemon.until_connected(0).await;
    let ghosts = daemon.cli().json(&["connections", "list", "--ghosts"]).await;
    assert_eq!(ghosts["items"][0]["request_id"], "a", "{ghosts}");
    assert_eq!(lives(ghosts).await[0].0, "ghost");
    let embedded = Daemon::start(&[]).await;
    let _browser = crate::fakes::browser::Browser::open(embedded.public, "a").await;
    let list = embedded.ask("/v1/connections").await.json();
    assert_eq!(
        (&list["items"][0]["state"], &list["items"][0]["last_proven"]),
        (&json!("live"), &Value::Null)
    );
}

#[tokio::test]
async fn after_a_restart_all_are_served_at_once_and_proven_or_removed_by_asking() {
    let (gateway, store) = (Gateway::start().await, FickleStore::new());
    let start = async |time: &str| {
        let parts = Parts { store: Some(store.clone()), clock: HeldClock::at(time), ..Parts::default() };
        Inside::start(parts, |config| {
            config.mode = DaemonMode::Gateway;
            config.gateway.url = format!("http://{}", gateway.address);
        })
        .await
    };
    let before = start("2026-01-02T03:00:00Z").await;
    for id in ["a", "b", "gone"] {
        gateway.connect(before.internal, id, id).await;
    }
    before.stop().await;
    gateway.forget("gone");
    for id in ["a", "b", "gone"] {
        gateway.set(id, Mode::Hang);
    }
    let after = start("2026-01-02T04:00:00Z").await;
    let cli = after.home.cli();
    let connected: Timestamp = "2026-01-02T03:00:00Z".parse().unwrap();
    let suspect = ("suspect".to_owned(), connected);
    assert_eq!(lives(cli.json(&["connections", "list"]).await).await, vec![suspect; 3]);
    for id in ["a", "b", "gone"] {
        gateway.set(id, Mode::Faithful);
    }
    let live = ("live".to_owned(), connected + Span::new().hours(1));
    until("the ghost to be found", async || {
        (lives(cli.json(&["connections", "list"]).await).await == vec![live.clone(); 2]).then_some(())
    })
    .await;
    assert_eq!(gateway.sent().len(), 3, "one probe each");
    assert!(gateway.sent().iter().all(|sent| sent.body == json!({"token": sent.token})));
    let ghosts = cli.json(&["connections", "list", "--ghosts"]).await;
    assert_eq!(ghosts["items"][2]["request_id"], "gone", "{ghosts}");
    after.stop().await;
}

#[tokio::test]
async fn connections_younger_than_ten_seconds_are_not_probed_after_a_restart() {
    let (gateway, store) = (Gateway::start().await, FickleStore::new());
    let start = async |time: &str| {
        let parts = Parts { store: Some(store.clone()), clock: HeldClock::at(time), ..Parts::default() };
        Inside::start(parts, |config| {
            config.mode = DaemonMode::Gateway;
            config.gateway.url = format!("http://{}", gateway.address);
        })
        .await
    };
    let before = start("2026-01-02T03:00:00Z").await;
    gateway.connect(before.internal, "old", "old").await;
    before.stop().await;
    let middle = start("2026-01-02T03:00:08Z").await;
    gateway.connect(middle.internal, "young", "young").await;
    middle.stop().await;
    let after = start("2026-01-02T03:00:11Z").await;
    gateway.until("the probe", |sent| sent.first().cloned()).await;
    let cli = after.home.cli();
    until("the proof", async || {
        let list = lives(cli.json(&["connections", "list"]).await).await;
        (list[0].0 == "live").then_some(())
    })
    .await;
    assert_eq!(gateway.sent().iter().map(|sent| sent.token.as_str()).collect::<Vec<_>>(), ["old"]);
    after.stop().await;
}

#[tokio::test]
async fn a_restarted_gateway_is_recognised_and_said_once() {
    let (gateway, daemon) = pair().await;
    for n in 0..300 {
        gateway.connect(daemon.internal, &format!("id-{n}"), &format!("token-{n}")).await;
    }
    for n in 0..300 {
        gateway.forget(&format!("token-{n}"));
    }
    daemon.event("n", &json!(1)).await;
    gateway.until("the first", |sent| sent.first().cloned()).await;
    gateway.connect(daemon.internal, "new", "new").await;
    daemon.event("n", &json!(2)).await;
    assert_eq!(gateway.events_to("new", 1).await[0].data(), json!(2));
    daemon.until_connected(1).await;
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.connections(), (301.0, 300.0, 1.0));
    assert_eq!(metrics.value("ssectld_gateway_forgot_total"), 1.0);
    assert_eq!(metrics.value(r#"ssectld_connections_closed_total{reason="not_found"}"#), 300.0);
    assert_eq!(daemon.log().matches("does not know").count(), 1, "one line, however many there were");
    until("nothing to be wrong any more", async || {
        let status = daemon.cli().json(&["status"]).await;
        status["item"]["degraded"].as_array().is_some_and(Vec::is_empty).then_some(())
    })
    .await;
    http::get(daemon.internal, "/readyz").await.expect(200);
}

#[tokio::test]
async fn a_connect_after_the_end_of_its_own_stream_registers_nobody() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "first").await;
    gateway.disconnect(daemon.internal, "b", "overtaken").await;
    gateway.connect(daemon.internal, "b", "overtaken").await;
    assert_eq!(daemon.connected().await, ["a"]);
    gateway.connect(daemon.internal, "a", "second").await;
    gateway.connect(daemon.internal, "a", "first").await;
    let list = daemon.ask("/v1/connections").await.expect(200).json();
    assert_eq!(list["items"][0]["token"], "second", "a callback that comes twice throws nobody out: {list}");
    gateway.connect(daemon.internal, "b", "anew").await;
    assert_eq!(daemon.connected().await, ["a", "b"]);
    let metrics = daemon.metrics().await;
    assert_eq!((metrics.connections(), metrics.value("ssectld_late_connects_total")), ((3.0, 1.0, 2.0), 2.0));
}
