//! One story on every way to a page: it hears of versions, events and tasks, is sent away, comes back, and is sent
//! away for longer.

use serde_json::json;

use super::{content, send};
use crate::{
    harness::{
        Daemon,
        chromium::{Chromium, Seen, Tab},
    },
    our_gateway::House,
    recipes::fronts::{Front, Kind, settings},
};

/// What is particular to a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// The daemon says why it ends a stream, and knows what whoever comes back has missed.
    Daemon,
    /// The gateway ends it without a word; whoever comes back is a newcomer.
    Gateway,
}

/// Reads a task's events to its end.
async fn watch_task(tab: &mut Tab<'_>, id: &str) {
    let mut types = Vec::new();
    while types.last().is_none_or(|last| last != "task_completed") {
        let (name, payload) = content(&tab.event().await);
        assert_eq!((name.as_str(), &payload["task_id"]), ("task_event", &json!(id)), "{payload}");
        types.push(payload["event_type"].as_str().expect("it has a type").to_owned());
    }
    assert_eq!(types[0], "task_started", "{types:?}");
    assert!(types[1..types.len() - 1].iter().all(|kind| kind == "progress_update"), "{types:?}");
}

async fn tell(daemon: &Daemon, holder: Holder, origin: &str) {
    let Some(chromium) = Chromium::start() else { return };
    daemon.queue(json!({"version": "1.0"})).await;
    let mut tab = chromium.blank(origin).await;
    tab.connect("page").await;
    tab.hears("version", json!({"version": "1.0"})).await;
    daemon.until_connected(1).await;
    send(daemon, 1).await;
    tab.hears_number(1).await;
    let task = daemon.start_task("demo", json!({"steps": 3, "delay": 0.02})).await;
    watch_task(&mut tab, &task).await;
    send(daemon, 2).await;
    tab.hears_number(2).await;

    let cli = daemon.cli();
    cli.run(&["connections", "disconnect", "page", "--reason", "lunch"]).await.expect(0);
    if holder == Holder::Daemon {
        tab.hears("bye", json!({"reason": "disconnected", "message": "lunch"})).await;
    }
    tab.sees(&[Seen::Lost]).await;
    send(daemon, 3).await;
    tab.sees(&[Seen::Opened]).await;
    match holder {
        Holder::Daemon => drop(tab.hears_number(3).await),
        Holder::Gateway => drop(tab.hears("version", json!({"version": "1.0"})).await),
    }
    daemon.until_connected(1).await;
    send(daemon, 4).await;
    tab.hears_number(4).await;

    cli.run(&["connections", "disconnect", "page", "--no-reconnect"]).await.expect(0);
    if holder == Holder::Daemon {
        tab.hears("bye", json!({"reason": "disconnected"})).await;
    }
    tab.sees(&[Seen::Lost, Seen::GaveUp]).await;
    daemon.until_connected(0).await;
}

#[tokio::test]
async fn chromium_hears_the_daemon() {
    let daemon = Daemon::start(&[]).await;
    tell(&daemon, Holder::Daemon, &format!("http://{}", daemon.public)).await;
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_hears_the_daemon_in_envelopes() {
    let daemon = Daemon::start(&["framing=envelope"]).await;
    tell(&daemon, Holder::Daemon, &format!("http://{}", daemon.public)).await;
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_hears_our_gateway() {
    let house = House::new(&[], &[]).await;
    tell(&house.daemon, Holder::Gateway, &format!("http://{}", house.gateway.address)).await;
}

#[tokio::test]
async fn chromium_hears_our_gateway_in_envelopes() {
    let house = House::new(&["framing=envelope"], &[]).await;
    tell(&house.daemon, Holder::Gateway, &format!("http://{}", house.gateway.address)).await;
}

#[tokio::test]
async fn chromium_shows_the_page_and_what_it_is_told() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&[]).await;
    let tab = chromium.open(&format!("http://{}/", daemon.public)).await;
    daemon.until_connected(1).await;
    daemon.queue(json!({"version": "47.11"})).await;
    tab.run("await page.getByText('47.11').filter({ visible: true }).first().waitFor()").await;
    daemon.stop().await;
}

async fn tell_through(kind: Kind) {
    let settings = settings();
    let daemon = Daemon::start(&[&settings[0], &settings[1]]).await;
    let Some(front) = Front::start(kind, &daemon).await else { return };
    tell(&daemon, Holder::Daemon, &front.origin()).await;
    front.stop().await;
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_hears_the_daemon_through_nginx() {
    tell_through(Kind::Nginx).await;
}

#[tokio::test]
async fn chromium_hears_the_daemon_through_haproxy() {
    tell_through(Kind::Haproxy).await;
}

#[tokio::test]
async fn chromium_hears_the_daemon_through_caddy() {
    tell_through(Kind::Caddy).await;
}
