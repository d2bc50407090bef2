//! Pages whose stream breaks off: what they missed is told, or that something is missing.

use std::net::TcpListener;

use serde_json::json;

use super::{content, send};
use crate::{
    fakes::line::Line,
    harness::{
        Daemon, Home,
        chromium::{Chromium, Seen},
        gateway::GatewayProcess,
    },
    our_gateway::House,
    recipes::fronts::{Front, Kind, settings},
};

/// Returns a setting with a port that stays the same over restarts.
pub(super) fn steady(setting: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("{setting}={}", listener.local_addr().expect("it is bound"))
}

#[tokio::test]
async fn chromium_misses_nothing_when_the_daemon_restarts_and_is_told_when_it_crashed() {
    let Some(chromium) = Chromium::start() else { return };
    let port = steady("listen.public");
    let daemon = Home::new().start(&[&port]).await;
    let mut tab = chromium.blank(&format!("http://{}", daemon.public)).await;
    tab.connect("page").await;
    daemon.queue(json!({"version": "1.0"})).await;
    tab.hears("version", json!({"version": "1.0"})).await;
    send(&daemon, 1).await;
    tab.hears_number(1).await;

    let home = daemon.stop().await;
    tab.hears("bye", json!({"reason": "shutdown"})).await;
    // The second time nobody is there.
    tab.sees(&[Seen::Lost, Seen::Lost]).await;
    let daemon = home.start(&[&port]).await;
    send(&daemon, 2).await;
    tab.sees(&[Seen::Opened]).await;
    tab.hears_number(2).await;
    send(&daemon, 3).await;
    tab.hears_number(3).await;

    let home = daemon.kill().await;
    tab.sees(&[Seen::Lost]).await;
    let daemon = home.start(&[&port]).await;
    send(&daemon, 4).await;
    tab.sees(&[Seen::Opened]).await;
    tab.hears("gap", json!({"reason": "restarted"})).await;
    tab.hears("version", json!({"version": "1.0"})).await;
    send(&daemon, 5).await;
    tab.hears_number(5).await;
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_stays_at_our_gateway_while_the_daemon_restarts_and_survives_the_gateway() {
    let Some(chromium) = Chromium::start() else { return };
    let port = steady("gateway_server.listen");
    let House { mut gateway, mut daemon, settings } = House::new(&[&port], &[]).await;
    let mut tab = chromium.blank(&format!("http://{}", gateway.address)).await;
    tab.connect("page").await;
    for end in ["TERM", "KILL"] {
        daemon.signal(end).await;
        daemon.ended().await;
        daemon = House::start(daemon.leave(), &settings).await;
        send(&daemon, 1).await;
        tab.hears_number(1).await;
    }
    daemon.queue(json!({"version": "1.0"})).await;
    tab.hears("version", json!({"version": "1.0"})).await;
    gateway.terminate().await;
    gateway.ended().await;
    tab.sees(&[Seen::Lost]).await;
    let callback = format!("gateway_server.callback_url=http://{}/api/sse/callback", daemon.internal);
    let _gateway = GatewayProcess::start_bare(&[&port, &callback]).await;
    tab.sees(&[Seen::Opened]).await;
    tab.hears("version", json!({"version": "1.0"})).await;
}

#[tokio::test]
async fn chromium_that_was_offline_gets_what_it_missed_once() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&[]).await;
    let line = Line::to(daemon.public).await;
    let mut tab = chromium.blank(&format!("http://{}", line.address)).await;
    tab.connect("page").await;
    send(&daemon, 1).await;
    tab.hears_number(1).await;
    line.cut();
    tab.sees(&[Seen::Lost]).await;
    for number in 2..5 {
        send(&daemon, number).await;
    }
    // It asks in vain.
    tab.sees(&[Seen::Lost]).await;
    line.mend();
    tab.sees(&[Seen::Opened]).await;
    send(&daemon, 5).await;
    let mut ids = Vec::new();
    for number in 2..=5 {
        ids.push(tab.hears_number(number).await);
    }
    assert!(ids.iter().all(|id| !id.is_empty()), "{ids:?}");
    daemon.stop().await;
}

/// By which protocol an answer came.
const PROTOCOL: &str = "new Promise((tell) => new PerformanceObserver((list) => {
    const found = list.getEntries().find((entry) => entry.name.endsWith('/api/sse/callback'));
    if (found) tell(found.nextHopProtocol);
}).observe({ type: 'resource', buffered: true }))";

/// The proxy is there, the daemon is not: what it answers must not be the end.
async fn restart_behind(kind: Kind) {
    let Some(chromium) = Chromium::start() else { return };
    let own = settings();
    let settings = [own[0].as_str(), &own[1], &steady("listen.public")];
    let daemon = Home::new().start(&settings).await;
    let Some(front) = Front::start(kind, &daemon).await else { return };
    let mut tab = chromium.blank(&front.origin()).await;
    tab.connect("page").await;
    // Answered by the proxy itself.
    tab.evaluate("void fetch('/api/sse/callback')").await;
    assert_eq!(tab.evaluate(PROTOCOL).await, "h2");
    send(&daemon, 1).await;
    tab.hears_number(1).await;
    let home = daemon.stop().await;
    tab.hears("bye", json!({"reason": "shutdown"})).await;
    tab.sees(&[Seen::Lost, Seen::Opened, Seen::Lost]).await;
    let daemon = home.start(&settings).await;
    send(&daemon, 2).await;
    let missed = loop {
        match tab.next().await {
            // It may have come in vain once more.
            Seen::Opened | Seen::Lost => {}
            Seen::Event(event) => break content(&event),
            Seen::GaveUp => panic!("the page has given up"),
        }
    };
    assert_eq!(missed, ("n".to_owned(), json!(2)));
    send(&daemon, 3).await;
    tab.hears_number(3).await;
    front.stop().await;
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_misses_nothing_when_the_daemon_restarts_behind_nginx() {
    restart_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn chromium_misses_nothing_when_the_daemon_restarts_behind_haproxy() {
    restart_behind(Kind::Haproxy).await;
}

#[tokio::test]
async fn chromium_misses_nothing_when_the_daemon_restarts_behind_caddy() {
    restart_behind(Kind::Caddy).await;
}
