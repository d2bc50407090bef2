//! Browsers that come back: they get what they missed, or are told that something is missing.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    fakes::browser::{Browser, Event},
    harness::{Daemon, until},
};

/// Returns what is in the events: name and payload, of a task its event instead of the time.
fn contents(events: &[Event]) -> Vec<(String, Value)> {
    let content = |event: &Event| {
        let mut json = event.json();
        if event.name == "task_event" {
            json = json!([json["event_type"], json["data"]]);
        }
        (event.name.clone(), json)
    };
    events.iter().map(content).collect()
}

fn named(name: &str, payload: Value) -> (String, Value) {
    (name.to_owned(), payload)
}

async fn send(daemon: &Daemon, number: u64, to: Option<&str>) {
    let order = json!({"name": "n", "data": number, "request_id": to});
    daemon.tell("/v1/events", &order).await.expect(200);
}

/// A browser has come, and left again. Returns the id that it comes back with.
async fn visit(daemon: &Daemon, request_id: &str) -> String {
    let mut browser = Browser::open(daemon.public, request_id).await;
    browser.greeting().await.1
}

#[tokio::test]
async fn a_newcomer_is_told_the_version_and_the_tasks_and_nothing_that_was() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1"})).await;
    send(&daemon, 1, None).await;
    let running = daemon.create_task(json!({"name": "running"})).await;
    daemon.task(&running, "progress", &json!({"text": "half", "value": 0.5})).await.expect(200);
    let ended = daemon.create_task(json!({"name": "ended"})).await;
    daemon.task(&ended, "complete", &json!({"result": {"rows": 7}})).await.expect(200);
    let forgotten = daemon.create_task(json!({"name": "forgotten"})).await;
    daemon.task(&forgotten, "fail", &json!({"error": "no"})).await.expect(200);
    daemon.task(&forgotten, "remove", &json!({})).await.expect(200);
    let snapshot = [
        named("version", json!({"version": "1"})),
        named("task_event", json!(["progress_update", {"text": "half", "value": 0.5}])),
        named("task_event", json!(["task_completed", {"rows": 7}])),
    ];
    for name in ["first", "second"] {
        let mut browser = Browser::open(daemon.public, name).await;
        let (events, place) = browser.greeting().await;
        assert_eq!(contents(&events), snapshot);
        assert!(
            events.iter().all(|event| event.id.is_empty()),
            "who is cut off in between is told all again"
        );
        send(&daemon, 2, Some(name)).await;
        let next = browser.next_event().await;
        assert_eq!(contents(std::slice::from_ref(&next)), [named("n", json!(2))], "and nothing twice");
        assert!(!place.is_empty() && place != next.id);
    }
    daemon.task(&running, "complete", &json!({})).await.expect(200);
    daemon.stop().await;
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed_in_order_once() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "seen"})).await;
    let place = visit(&daemon, "a").await;
    send(&daemon, 1, None).await;
    send(&daemon, 2, Some("a")).await;
    send(&daemon, 3, Some("b")).await;
    let task = daemon.create_task(json!({"name": "t"})).await;
    for value in [0.1, 0.2, 0.3] {
        daemon.task(&task, "progress", &json!({"value": value})).await.expect(200);
    }
    send(&daemon, 4, None).await;
    let missed = [
        named("n", json!(1)),
        named("n", json!(2)),
        named("task_event", json!(["task_started", null])),
        named("task_event", json!(["progress_update", {"text": "", "value": 0.3}])),
        named("n", json!(4)),
    ];
    let mut by_header = Browser::come_back(daemon.public, "a", &place).await;
    let (events, head) = by_header.greeting().await;
    assert_eq!(contents(&events), missed, "the version was seen");
    let ids: Vec<_> = events.iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids.last(), Some(&head));
    // From any place in between; a page that is loaded anew says it in the URL.
    let target = format!("/api/sse/stream?request_id=a&last_event_id={}", ids[2]);
    let mut by_query = Browser::get(daemon.public, &target).await;
    let (events, _) = by_query.greeting().await;
    assert_eq!(contents(&events), missed[3..]);
    send(&daemon, 5, None).await;
    assert_eq!(contents(&[by_query.next_event().await]), [named("n", json!(5))]);
    daemon.task(&task, "complete", &json!({})).await.expect(200);
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.value(r#"ssectld_streams_resumed_total{result="replayed"}"#), 2.0);
    daemon.stop().await;
}

#[tokio::test]
async fn versions_that_were_missed_are_told_and_older_ones_are_not_told_again() {
    let daemon = Daemon::start(&[]).await;
    let place = visit(&daemon, "a").await;
    daemon.queue(json!({"version": "1"})).await;
    daemon.queue(json!({"version": "2", "request_id": "a"})).await;
    daemon.queue(json!({"version": "3", "request_id": "b"})).await;
    let mut browser = Browser::come_back(daemon.public, "a", &place).await;
    let (events, place) = browser.greeting().await;
    let versions = [named("version", json!({"version": "1"})), named("version", json!({"version": "2"}))];
    assert_eq!(contents(&events), versions);
    drop(browser);
    let mut browser = Browser::come_back(daemon.public, "a", &place).await;
    assert_eq!(browser.greeting().await, (Vec::new(), place), "it knows them");
    daemon.queue(json!({"version": "4"})).await;
    assert_eq!(browser.next_version().await, "4");
    daemon.stop().await;
}

#[tokio::test]
async fn what_cannot_be_told_any_more_is_a_gap_and_the_snapshot_follows() {
    let daemon = Daemon::start(&["stream.history_events=2"]).await;
    daemon.queue(json!({"version": "1"})).await;
    let place = visit(&daemon, "a").await;
    for number in 1..=3 {
        send(&daemon, number, None).await;
    }
    for (last, reason) in [
        (place.as_str(), "expired"),
        ("fff-1", "restarted"),
        ("7", "unknown"),
        ("ffffffffffffff-1", "unknown"),
    ] {
        let mut browser = Browser::come_back(daemon.public, "a", last).await;
        let (events, head) = browser.greeting().await;
        let gap = named("gap", json!({ "reason": reason }));
        assert_eq!(contents(&events), [gap, named("version", json!({"version": "1"}))], "{last}");
        assert_ne!(head, last);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_history_longer_than_an_outbox_is_taken_by_whoever_reads_slowly() {
    let daemon = Daemon::start(&["stream.outbox_bytes=32768"]).await;
    let place = visit(&daemon, "a").await;
    let large = "x".repeat(30_000);
    for _ in 0..100 {
        daemon.event("large", &json!(large)).await;
    }
    let mut browser = Browser::come_back(daemon.public, "a", &place).await;
    send(&daemon, 1, None).await;
    let (events, _) = browser.greeting().await;
    assert_eq!(events.len(), 100);
    assert_eq!(contents(&[browser.next_event().await]), [named("n", json!(1))]);
    daemon.stop().await;
}

#[tokio::test]
async fn a_restart_in_order_loses_nothing_and_a_crash_is_a_gap() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    send(&daemon, 1, None).await;
    let seen = browser.next_event().await.id;
    drop(browser);
    send(&daemon, 2, None).await;
    daemon.queue(json!({"version": "1"})).await;
    let daemon = daemon.stop().await.start(&[]).await;
    send(&daemon, 3, None).await;
    let mut browser = Browser::come_back(daemon.public, "a", &seen).await;
    let (events, place) = browser.greeting().await;
    let missed = [named("n", json!(2)), named("version", json!({"version": "1"})), named("n", json!(3))];
    assert_eq!(contents(&events), missed);
    drop(browser);
    let daemon = daemon.kill().await.start(&[]).await;
    let mut browser = Browser::come_back(daemon.public, "a", &place).await;
    let (events, _) = browser.greeting().await;
    let gap = named("gap", json!({"reason": "restarted"}));
    assert_eq!(contents(&events), [gap, named("version", json!({"version": "1"}))]);
    daemon.stop().await;
}

/// Reads the numbers up to the last one, leaving whenever chance says so and coming back for the rest. Returns how
/// often it came back.
async fn restless(daemon: &Daemon, name: &str, last: u64) -> usize {
    let mut browser = Browser::open(daemon.public, name).await;
    let (mut next, mut returns) = (1, 0);
    while next <= last {
        let event = browser.next_event().await;
        assert_eq!(contents(std::slice::from_ref(&event)), [named("n", json!(next))], "{name}");
        next += 1;
        if fastrand::u8(..) < 20 {
            // In the middle of whatever is on its way.
            browser.reset();
            // Two at a time would look like two tabs.
            until("it is gone", async || {
                Some(daemon.connected().await).filter(|ids| !ids.iter().any(|id| id == name))
            })
            .await;
            browser = Browser::come_back(daemon.public, name, &event.id).await;
            returns += 1;
        }
    }
    returns
}

#[tokio::test]
async fn whoever_leaves_at_whatever_moment_misses_nothing() {
    const LAST: u64 = 300;
    let daemon = Daemon::start(&[]).await;
    let names: Vec<_> = (0..20).map(|number| format!("browser-{number}")).collect();
    let publish = async {
        daemon.until_connected(names.len()).await;
        for number in 1..=LAST {
            send(&daemon, number, None).await;
        }
    };
    let browsers = join_all(names.iter().map(|name| restless(&daemon, name, LAST)));
    let ((), returns) = tokio::join!(publish, browsers);
    let returns: usize = returns.into_iter().sum();
    assert!(returns > 100, "{returns} returns are no test");
    daemon.stop().await;
}
