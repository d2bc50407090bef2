//! Store and clock at the test's mercy, and a thousand connections behind a gateway that hangs.

use std::sync::Arc;

use serde_json::{Value, json};
use ssectl_core::app::{App, Parts};
use tokio::net::UnixStream;

use crate::{
    fakes::{
        browser::Browser,
        gateway::{CALLBACK, Gateway, Mode, connect},
    },
    harness::{
        Cli, Daemon, Home, Response, finish, http,
        in_process::{Commits, FickleStore, HeldClock, Inside},
        until, within,
    },
};

async fn tell(daemon: &Inside, target: &str, order: Value) -> Response {
    let socket = UnixStream::connect(daemon.home.path("c.sock")).await.expect("the socket accepts");
    let json = [("Content-Type", "application/json")];
    http::exchange(socket, &http::request("POST", target, &json, order.to_string().as_bytes())).await
}

#[tokio::test]
async fn a_version_that_cannot_be_stored_is_told_to_nobody() {
    let store = FickleStore::new();
    let daemon = Inside::start(Parts { store: Some(store.clone()), ..Parts::default() }, |_| {}).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    store.now(Commits::Fail);
    let answer = tell(&daemon, "/v1/versions", json!({"version": "1"})).await.expect(500).json();
    assert_eq!(answer["error"]["code"], "outcome_unknown", "{answer}");
    store.now(Commits::Succeed);
    tell(&daemon, "/v1/events", json!({"name": "marker", "data": 1})).await.expect(200);
    assert_eq!(browser.next_event().await.name, "marker");
    let mut late = Browser::open(daemon.public, "late").await;
    tell(&daemon, "/v1/events", json!({"name": "marker", "data": 2})).await.expect(200);
    assert_eq!(late.next_event().await.name, "marker", "nor is it pending");
}

#[tokio::test]
async fn bug_v1_who_connects_while_a_version_is_stored_hears_of_it() {
    let store = FickleStore::new();
    let daemon = Inside::start(Parts { store: Some(store.clone()), ..Parts::default() }, |_| {}).await;
    let mut early = Browser::open(daemon.public, "early").await;
    store.now(Commits::Hang);
    let socket = UnixStream::connect(daemon.home.path("c.sock")).await.unwrap();
    let json = [("Content-Type", "application/json")];
    let order = http::request("POST", "/v1/versions", &json, br#"{"version":"1"}"#);
    let queued = tokio::spawn(http::exchange_owned(socket, order));
    store.hangs().await;
    let mut meanwhile = Browser::open(daemon.public, "meanwhile").await;
    tell(&daemon, "/v1/events", json!({"name": "marker", "data": 1})).await.expect(200);
    assert_eq!(early.next_event().await.name, "marker", "not told before it is safe");
    store.now(Commits::Succeed);
    queued.await.unwrap().expect(200);
    assert_eq!(early.next_version().await, "1");
    assert_eq!(meanwhile.next_version().await, "1");
    assert_eq!(Browser::open(daemon.public, "after").await.next_version().await, "1");
}

#[tokio::test]
async fn a_hanging_store_holds_up_neither_connects_nor_events() {
    let store = FickleStore::new();
    let daemon = Inside::start(Parts { store: Some(store.clone()), ..Parts::default() }, |_| {}).await;
    store.now(Commits::Hang);
    let mut browser = Browser::open(daemon.public, "a").await;
    tell(&daemon, "/v1/events", json!({"name": "marker", "data": 1})).await.expect(200);
    assert_eq!(browser.next_event().await.name, "marker");
    store.now(Commits::Succeed);
}

#[tokio::test]
async fn status_tells_when_the_state_cannot_be_written() {
    let store = FickleStore::new();
    let daemon = Inside::start(Parts { store: Some(store.clone()), ..Parts::default() }, |config| {
        config.mode = ssectl_core::config::Mode::Gateway;
        config.gateway.url = "http://127.0.0.1:1".to_owned();
    })
    .await;
    let degraded = async || {
        let status = Cli { socket: daemon.home.path("c.sock") }.json(&["status"]).await;
        let reasons = status["item"]["degraded"].as_array().expect("a list").clone();
        reasons.iter().map(|reason| reason.as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    assert!(degraded().await.is_empty());
    store.now(Commits::Fail);
    http::post(daemon.internal, CALLBACK, &connect("a", "t")).await.expect(200);
    let reasons = degraded().await;
    assert!(
        reasons[0].contains("cannot be written") && reasons[0].contains("the test says so"),
        "{reasons:?}"
    );
    assert!(reasons[1].contains("not remembered"), "{reasons:?}");
    http::get(daemon.internal, "/readyz").await.expect(200);
    store.now(Commits::Succeed);
    http::post(daemon.internal, CALLBACK, &connect("b", "u")).await.expect(200);
    assert!(degraded().await.is_empty());
}

#[tokio::test]
async fn nothing_of_a_daemon_outlives_it() {
    let store = FickleStore::new();
    let (kept, parts) = (Arc::downgrade(&store), Parts { store: Some(store), ..Parts::default() });
    let daemon = Inside::start(parts, |_| {}).await;
    let _browser = Browser::open(daemon.public, "a").await;
    tell(&daemon, "/v1/versions", json!({"version": "1"})).await.expect(200);
    tell(&daemon, "/v1/tasks", json!({"name": "x"})).await.expect(200);
    let services = daemon.running.services();
    let (services, registry) = (Arc::downgrade(services), Arc::downgrade(&services.registry));
    daemon.running.shutdown();
    within("the daemon to end", daemon.running.ended()).await;
    // The threads of the engine let go of the registry just after they have said that they end.
    until("all of it to be dropped", async || {
        let kept = (kept.strong_count(), services.strong_count(), registry.strong_count());
        (kept == (0, 0, 0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_daemon_that_does_not_start_leaves_its_state_closed() {
    let home = Home::new();
    let mut config = ssectl_core::config::Config::default();
    config.listen.public.set_port(0);
    config.listen.internal.set_port(0);
    config.control.socket = home.path("c.sock");
    config.state.dir = home.path("state");
    config.frontend_version_url = "no address".to_owned();
    let failed = App::start(config, Parts::default()).await;
    assert!(failed.is_err());
    let marker = std::fs::read_to_string(home.path("state/state.initialised")).expect("the state was opened");
    assert!(marker.contains("closed "), "{marker}");
}

#[tokio::test]
async fn times_are_those_of_the_clock_that_was_handed_in() {
    let clock = HeldClock::at("2026-01-02T03:04:05Z");
    let daemon = Inside::start(Parts { clock: clock.clone(), ..Parts::default() }, |_| {}).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    tell(&daemon, "/v1/tasks", json!({"name": "x"})).await.expect(200);
    let event = browser.next_named("task_event").await;
    assert_eq!(event.json()["timestamp"], "2026-01-02T03:04:05Z", "no fraction where it is zero");
    *clock.0.lock().unwrap() = "2026-01-02T03:04:05.123456789Z".parse().unwrap();
    tell(&daemon, "/v1/tasks", json!({"name": "y"})).await.expect(200);
    let event = browser.next_named("task_event").await;
    assert_eq!(event.json()["timestamp"], "2026-01-02T03:04:05.123456Z");
}

#[tokio::test]
async fn a_thousand_connections_behind_a_hanging_gateway_delay_neither_a_task_nor_the_operator() {
    let gateway = Gateway::start().await;
    let [mode, url] = gateway.settings();
    // Nothing that happens below can be the work of a time-out.
    let daemon = Daemon::start(&[&mode, &url, "gateway.timeout=1h"]).await;
    for n in 0..1000 {
        let (id, token) = (format!("id-{n}"), format!("token-{n}"));
        gateway.set(&token, Mode::Hang);
        gateway.connect(daemon.internal, &id, &token).await;
    }
    let id = daemon.start_task("demo", json!({"steps": 20, "delay": 0})).await;
    daemon.until_task(&id, "completed").await;
    daemon.queue(json!({"version": "1"})).await;
    let status = daemon.cli().json(&["status"]).await;
    assert_eq!(status["item"]["connections"], 1000, "{status}");
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.sent("task", "success") + metrics.sent("task", "error"), 0.0, "it still hangs");
}

/// Whatever an observer may do: nothing for ever, or keep its thread.
struct Blocking(std::time::Duration);

impl ssectl_core::registry::ConnectionObserver for Blocking {
    fn name(&self) -> &'static str {
        "blocking"
    }
    fn connected<'a>(
        &'a self,
        _: &'a Arc<ssectl_core::connection::Connection>,
    ) -> futures_util::future::BoxFuture<'a, Result<(), ssectl_core::registry::ObserverError>> {
        std::thread::sleep(self.0);
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callbacks_are_answered_within_three_seconds_whatever_store_and_observers_do() {
    let store = FickleStore::new();
    let blocking = Arc::new(Blocking(std::time::Duration::from_millis(20)));
    let parts = Parts { store: Some(store.clone()), observers: vec![blocking], ..Parts::default() };
    let daemon = Inside::start(parts, |config| {
        config.mode = ssectl_core::config::Mode::Gateway;
        config.gateway.url = "http://127.0.0.1:1".to_owned();
    })
    .await;
    store.now(Commits::Hang);
    let answers = (0..100).map(|n| {
        let (to, order) = (daemon.internal, connect(&format!("id-{n}"), &format!("token-{n}")));
        tokio::spawn(async move {
            let began = std::time::Instant::now();
            http::post(to, CALLBACK, &order).await.expect(200);
            began.elapsed()
        })
    });
    for answer in answers.collect::<Vec<_>>() {
        let took = answer.await.unwrap();
        assert!(took < std::time::Duration::from_secs(3), "{took:?}");
    }
    let cli = Cli { socket: daemon.home.path("c.sock") };
    let durable = async || {
        let list = cli.json(&["connections", "list"]).await;
        let items = list["items"].as_array().expect("a list").clone();
        assert_eq!(items.len(), 100);
        items.iter().filter(|item| item["durable"] == json!(true)).count()
    };
    assert_eq!(durable().await, 0);
    let status = cli.json(&["status"]).await;
    assert!(
        status["item"]["degraded"][0].as_str().is_some_and(|why| why.contains("not remembered")),
        "{status}"
    );
    store.now(Commits::Succeed);
    until("all to be written", async || (durable().await == 100).then_some(())).await;
    assert_eq!(cli.json(&["status"]).await["item"]["degraded"], json!([]));
}

#[tokio::test]
async fn an_order_whose_outcome_is_unknown_is_repeated_as_printed_and_carried_out_once() {
    let store = FickleStore::new();
    let daemon = Inside::start(Parts { store: Some(store.clone()), ..Parts::default() }, |_| {}).await;
    let cli = Cli { socket: daemon.home.path("c.sock") };
    store.now(Commits::Hang);
    let unknown = cli.run(&["version", "queue", "1", "--timeout", "1s"]).await.expect_helpful(7);
    store.now(Commits::Succeed);
    let (_, typed) = unknown.stderr.trim().rsplit_once(": ").expect("it ends with what to type");
    let mut shell = tokio::process::Command::new("/bin/sh");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_ssectl")).parent().expect("a directory");
    shell.env_clear().env("PATH", program).args(["-c", &format!("{typed} -o json")]);
    let again = finish(shell).await.expect(0);
    assert_eq!(serde_json::from_str::<Value>(&again.stdout).unwrap()["item"]["sequence"], 1, "{again:?}");
    assert_eq!(cli.json(&["version", "list"]).await["items"][0]["sequence"], 1);
    daemon.stop().await;
}

#[tokio::test]
async fn a_key_of_which_nobody_knows_stays_unknown_until_a_restart() {
    let store = FickleStore::new();
    let daemon = Inside::start(Parts { store: Some(store.clone()), ..Parts::default() }, |_| {}).await;
    let cli = Cli { socket: daemon.home.path("c.sock") };
    store.now(Commits::Fail);
    let order = ["version", "queue", "1", "--key", "k"];
    let failed = cli.run(&order).await.expect_helpful(7);
    assert!(failed.stderr.contains("the test says so") && failed.stderr.contains("--key k"), "{failed:?}");
    store.now(Commits::Succeed);
    cli.run(&order).await.expect_helpful(7);
    cli.run(&["version", "queue", "2", "--key", "k"]).await.expect_helpful(6);
    cli.run(&["version", "queue", "2", "--key", "l"]).await.expect(0);
}

#[tokio::test]
async fn when_too_many_keys_are_young_orders_are_refused_and_no_key_is_forgotten() {
    let daemon = Inside::start(Parts { receipts: 3, ..Parts::default() }, |_| {}).await;
    let cli = Cli { socket: daemon.home.path("c.sock") };
    let mut first = None;
    for number in ["1", "2", "3"] {
        let receipt = cli.run(&["version", "queue", number, "--key", number, "-o", "json"]).await.expect(0);
        first.get_or_insert(receipt.stdout);
    }
    for arguments in [&["version", "queue", "4", "--key", "4"][..], &["task", "create", "--name", "x"]] {
        let refused = cli.run(arguments).await.expect_helpful(1);
        assert!(refused.stderr.contains("3 idempotency keys were used within 24 hours"), "{refused:?}");
    }
    let again = cli.json(&["version", "queue", "1", "--key", "1"]).await;
    assert_eq!(again["item"]["sequence"], 1, "{again} is not {first:?}");
    cli.run(&["version", "queue", "x", "--key", "1"]).await.expect_helpful(6);
    daemon.stop().await;
}
