//! What is known of each connection: what went out to it, what waits, what was dropped.

use serde_json::{Value, json};

use crate::{
    fakes::{
        browser::Browser,
        gateway::{Gateway, Mode},
    },
    harness::{Daemon, until},
};

/// Larger than what the kernel holds for a browser that does not read.
const PATIENT: [&str; 2] = ["stream.outbox_bytes=4000000", "stream.write_deadline=10m"];

async fn shown(daemon: &Daemon, id: &str) -> Value {
    daemon.ask(&format!("/v1/connections/{id}")).await.expect(200).json()["item"].take()
}

async fn until_shown(daemon: &Daemon, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    until(what, async || Some(shown(daemon, id).await).filter(&holds)).await
}

fn number(item: &Value, field: &str) -> u64 {
    item[field].as_u64().unwrap_or_else(|| panic!("no {field} in {item}"))
}

#[tokio::test]
async fn what_goes_out_to_a_browser_is_counted() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let before = shown(&daemon, "a").await;
    assert_eq!((number(&before, "events"), number(&before, "queued_bytes")), (0, 0), "{before}");
    let head = number(&before, "bytes");
    assert!(head > 100, "the head is sent: {before}");
    for round in 0..3 {
        daemon.event("tick", &json!("x".repeat(1000))).await;
        browser.next_named("tick").await;
        let now = until_shown(&daemon, "a", "an event", |item| item["events"] == round + 1).await;
        assert!(number(&now, "bytes") > head + 1000 * (round + 1), "{now}");
        assert_eq!((number(&now, "drops"), number(&now, "lost")), (0, 0), "{now}");
    }
    daemon.queue(json!({"version": "1.4.0"})).await;
    browser.next_version().await;
    let told = shown(&daemon, "a").await;
    assert_eq!((&told["version"], &told["version_sequence"]), (&json!("1.4.0"), &json!(1)), "{told}");
    daemon.cli().run(&["version", "clear"]).await.expect(0);
    let list = ["connections", "list", "-o", "name", "--filter", "version=1.4.0"];
    assert_eq!(daemon.cli().run(&list).await.expect(0).stdout, "a\n", "it is known by its name");
    let last = told["last_write"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let ago = jiff::Timestamp::now().as_second() - last.expect("a moment").as_second();
    assert!((0..60).contains(&ago), "{told}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_stalled_browser_is_found_by_what_waits_for_it() {
    let daemon = Daemon::start(&PATIENT).await;
    let stalled = Browser::open_narrow(daemon.public, "stalled").await;
    let mut quick = Browser::open(daemon.public, "quick").await;
    for _ in 0..40 {
        daemon.event("big", &json!("x".repeat(30_000))).await;
        quick.next_named("big").await;
    }
    let stuck = until_shown(&daemon, "stalled", "queued bytes", |item| item["queued_bytes"] != 0).await;
    assert!(number(&stuck, "queued_bytes") > 100_000 && number(&stuck, "queued_events") > 3, "{stuck}");
    assert!(number(&stuck, "events") + number(&stuck, "queued_events") == 40, "{stuck}");
    let cli = daemon.cli();
    for (filter, names) in [("queued>10k", "stalled\n"), ("queued=0", "quick\n"), ("queued>1G", "")] {
        let list = ["connections", "list", "-o", "name", "--filter", filter];
        assert_eq!(cli.run(&list).await.expect(0).stdout, names, "{filter}");
    }
    let sorted = ["connections", "list", "-o", "name", "--sort", "-bytes"];
    assert_eq!(cli.run(&sorted).await.expect(0).stdout, "quick\nstalled\n");
    let card = cli.run(&["connections", "show", "stalled"]).await.expect(0).stdout;
    let queued = card.lines().find(|line| line.starts_with("queued ")).expect("a line of the card");
    assert!(queued.contains(" events, ") && queued.ends_with(" bytes"), "{card}");
    drop(stalled);
    daemon.stop().await;
}

#[tokio::test]
async fn progress_that_newer_progress_replaced_is_a_drop_and_no_loss() {
    let daemon = Daemon::start(&PATIENT).await;
    let stalled = Browser::open_narrow(daemon.public, "stalled").await;
    for _ in 0..40 {
        daemon.event("big", &json!("x".repeat(30_000))).await;
    }
    until_shown(&daemon, "stalled", "queued bytes", |item| item["queued_bytes"] != 0).await;
    let task = daemon.create_task(json!({"name": "import"})).await;
    for percent in 1..=5 {
        let report = json!({"value": f64::from(percent) / 100.0, "text": "on"});
        daemon.task(&task, "progress", &report).await.expect(200);
    }
    let item = until_shown(&daemon, "stalled", "drops", |item| item["drops"] == 4).await;
    assert_eq!(item["lost"], 0, "{item}");
    drop(stalled);
    daemon.kill().await;
}

#[tokio::test]
async fn what_a_gateway_took_missed_or_has_yet_to_take_is_counted_for_each_connection() {
    let gateway = Gateway::start().await;
    let settings = gateway.settings();
    let daemon = Daemon::start(&[&settings[0], &settings[1], "gateway.timeout=20s"]).await;
    for id in ["good", "bad", "stuck"] {
        gateway.connect(daemon.internal, id, &format!("t-{id}")).await;
    }
    gateway.set("t-bad", Mode::Status(500));
    gateway.set("t-stuck", Mode::Hang);
    for round in 0..3 {
        daemon.event("tick", &json!(format!("{round:0>1000}"))).await;
    }
    let good = until_shown(&daemon, "good", "three events", |item| item["events"] == 3).await;
    assert!((3000..3100).contains(&number(&good, "bytes")), "{good}");
    assert_eq!((&good["state"], &good["drops"]), (&json!("live"), &json!(0)), "{good}");
    assert!(good["last_write"].is_string() && good["last_proven"].is_string(), "{good}");
    let bad = until_shown(&daemon, "bad", "three losses", |item| item["lost"] == 3).await;
    assert_eq!((&bad["state"], &bad["events"]), (&json!("suspect"), &json!(0)), "{bad}");
    assert_eq!((&bad["drops"], &bad["last_write"]), (&json!(3), &Value::Null), "{bad}");
    let stuck = until_shown(&daemon, "stuck", "two that wait", |item| item["queued_events"] == 2).await;
    assert!((2000..2100).contains(&number(&stuck, "queued_bytes")), "{stuck}");
    let task = daemon.create_task(json!({"name": "import"})).await;
    for percent in 1..=5 {
        let report = json!({"value": f64::from(percent) / 100.0, "text": "on"});
        daemon.task(&task, "progress", &report).await.expect(200);
    }
    let stuck = until_shown(&daemon, "stuck", "drops", |item| item["drops"] == 4).await;
    assert_eq!((&stuck["lost"], &stuck["queued_events"]), (&json!(0), &json!(4)), "{stuck}");
    let cli = daemon.cli();
    for (filter, names) in [("queued>1k", "stuck\n"), ("lost>0", "bad\n"), ("bytes>3k", "good\n")] {
        let list = ["connections", "list", "-o", "name", "--filter", filter];
        assert_eq!(cli.run(&list).await.expect(0).stdout, names, "{filter}");
    }
    gateway.forget("t-good");
    daemon.event("tick", &json!(4)).await;
    daemon.until_connected(2).await;
    let ghosts = ["connections", "list", "-o", "name", "--filter", "state=ghost"];
    assert_eq!(cli.run(&ghosts).await.expect(0).stdout, "good\n");
    daemon.kill().await;
}
