//! Built-in tasks: their events on streams that stay open, their one end, their limits.

use serde_json::{Value, json};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, until},
};

/// Reads a task's events up to its end.
pub async fn events_of(browser: &mut Browser, id: &str) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let event = browser.next_named("task_event").await.json();
        if event["task_id"] != id {
            continue;
        }
        let ended = matches!(event["event_type"].as_str(), Some("task_completed" | "task_failed"));
        events.push(event);
        if ended {
            return events;
        }
    }
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["event_type"].as_str()).collect()
}

/// A demo task that goes on until it is cancelled.
pub fn endless() -> Value {
    json!({"steps": 100_000, "delay": 0.05})
}

#[tokio::test]
async fn ts_2_the_demo_task_tells_its_steps_and_its_result() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let params = json!({"steps": 2, "delay": 0.1, "message": "hi"});
    let id = daemon.start_task("demo", params).await;
    let events = events_of(&mut browser, &id).await;
    let progress = ["progress_update"; 3];
    assert_eq!(types(&events), [&["task_started"], &progress[..], &["task_completed"]].concat());
    let data: Vec<_> = events.iter().map(|event| event["data"].clone()).collect();
    assert_eq!(data[0], json!(null));
    assert_eq!(data[1], json!({"text": "Starting test task", "value": 0.0}));
    assert_eq!(data[2], json!({"text": "Step 1/2", "value": 0.5}));
    assert_eq!(data[3], json!({"text": "Step 2/2", "value": 1.0}));
    assert_eq!(data[4]["message"], "hi", "{data:?}");
    assert_eq!(data[4]["steps_completed"], 2, "{data:?}");
    assert_eq!(data[4]["status"], "success", "{data:?}");
    let task = daemon.show_task(&id).await;
    assert_eq!((&task["status"], &task["result"]), (&json!("completed"), &data[4]), "{task}");
}

#[tokio::test]
async fn ts_3_the_failing_task_fails_with_its_message() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.start_task("failing", json!({"delay": 0, "error_message": "out of paper"})).await;
    let events = events_of(&mut browser, &id).await;
    assert_eq!(types(&events).last(), Some(&"task_failed"));
    assert_eq!(events.last().unwrap()["data"]["error"], "out of paper");
    let task = daemon.show_task(&id).await;
    assert_eq!((&task["status"], &task["error"]), (&json!("failed"), &json!("out of paper")));
}

#[tokio::test]
async fn bug_t4_no_trace_reaches_a_browser() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.start_task("failing", json!({"delay": 0})).await;
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"error": "Test error"}));
}

#[tokio::test]
async fn ts_10_events_have_their_keys_in_order_and_utc_times() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.start_task("demo", json!({"steps": 0})).await;
    let started = browser.next_named("task_event").await.data;
    let head = format!(r#"{{"event_type":"task_started","task_id":"{id}","timestamp":""#);
    assert!(started.starts_with(&head) && started.ends_with(r#"Z","data":null}"#), "{started}");
    let time = &started[head.len()..started.len() - r#"","data":null}"#.len()];
    time.parse::<jiff::Timestamp>().expect("an RFC 3339 time");
    let fraction = time.split_once('.').map_or(0, |(_, fraction)| fraction.len() - 1);
    assert!(fraction == 0 || fraction == 6, "{time}");
    assert_eq!(uuid::Uuid::parse_str(&id).map(|id| id.get_version_num()), Ok(4));
}

#[tokio::test]
async fn emb_5_a_task_end_to_end_leaves_the_stream_open() {
    for framing in ["framing=named", "framing=envelope"] {
        let daemon = Daemon::start(&[framing]).await;
        let mut browser = Browser::open(daemon.public, "a").await;
        let id = daemon.start_task("demo", json!({"steps": 1, "delay": 0})).await;
        let ends = |data: &str| data.contains("task_completed") && data.contains(&id);
        while !ends(&browser.next_event().await.data) {}
        daemon.event("marker", &json!("still here")).await;
        assert!(browser.next_event().await.data.contains("still here"));
    }
}

#[tokio::test]
async fn ts_1_every_connection_gets_every_task_event() {
    let daemon = Daemon::start(&[]).await;
    let mut a = Browser::open(daemon.public, "a").await;
    let mut b = Browser::open(daemon.public, "b").await;
    let id = daemon.start_task("demo", json!({"steps": 2})).await;
    assert_eq!(events_of(&mut a, &id).await, events_of(&mut b, &id).await);
    assert!(daemon.metrics().await.sent("task", "success") >= 6.0);
}

#[tokio::test]
async fn ts_4_tasks_run_without_connections() {
    let daemon = Daemon::start(&[]).await;
    let id = daemon.start_task("demo", json!({"steps": 1, "delay": 0})).await;
    daemon.until_task(&id, "completed").await;
}

#[tokio::test]
async fn ts_6_a_cancelled_task_ends_once_and_at_once() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.start_task("demo", endless()).await;
    browser.next_named("task_event").await;
    let receipt = daemon.task(&id, "cancel", &json!({})).await.expect(200).json();
    assert_eq!(receipt["item"]["status"], "cancelled", "{receipt}");
    let task = daemon.show_task(&id).await;
    assert_eq!(task["status"], "cancelled");
    assert!(task["ended_at"].is_string(), "{task}");
    daemon.task(&id, "cancel", &json!({})).await.expect(409);
    daemon.task("no-such-task", "cancel", &json!({})).await.expect(404);
    daemon.stop().await;
}

#[tokio::test]
async fn bug_t5_a_cancelled_task_has_one_terminal_event_and_none_after_it() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.start_task("demo", endless()).await;
    browser.next_named("task_event").await;
    daemon.task(&id, "cancel", &json!({})).await.expect(200);
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"]["error"], "cancelled");
    let next = daemon.start_task("demo", json!({"steps": 3})).await;
    loop {
        let event = browser.next_named("task_event").await.json();
        assert_ne!(event["task_id"], json!(id), "{event}");
        if event["task_id"] == json!(next) && event["event_type"] == "task_completed" {
            break;
        }
    }
    assert_eq!(daemon.show_task(&id).await["status"], "cancelled");
}

#[tokio::test]
async fn bug_t1_a_failure_after_the_cancel_changes_nothing() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.start_task("failing", json!({"delay": 0.3})).await;
    browser.next_named("task_event").await;
    daemon.task(&id, "cancel", &json!({})).await.expect(200);
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"]["error"], "cancelled");
    let later = daemon.start_task("failing", json!({"delay": 0.4})).await;
    daemon.until_task(&later, "failed").await;
    assert_eq!(daemon.show_task(&id).await["status"], "cancelled");
}

#[tokio::test]
async fn ts_8_more_than_the_limit_wait_their_turn() {
    let daemon = Daemon::start(&["tasks.max_running=1"]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let first = daemon.start_task("demo", endless()).await;
    let second = daemon.start_task("demo", json!({"steps": 0})).await;
    let third = daemon.start_task("demo", json!({"steps": 0})).await;
    assert_eq!(daemon.show_task(&second).await["status"], "pending");
    daemon.task(&first, "cancel", &json!({})).await.expect(200);
    let mut ended = Vec::new();
    while ended.len() < 3 {
        let event = browser.next_named("task_event").await.json();
        if matches!(event["event_type"].as_str(), Some("task_completed" | "task_failed")) {
            ended.push(event["task_id"].as_str().unwrap().to_owned());
        }
    }
    // The cancelled one makes room before its end is told: only those that waited have an order.
    ended.retain(|id| *id != first);
    assert_eq!(ended, [second, third]);
}

#[tokio::test]
async fn bug_t2_a_task_cancelled_while_it_waits_never_starts() {
    let daemon = Daemon::start(&["tasks.max_running=1"]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let first = daemon.start_task("demo", endless()).await;
    let second = daemon.start_task("demo", json!({"steps": 0})).await;
    daemon.task(&second, "cancel", &json!({})).await.expect(200);
    daemon.task(&first, "cancel", &json!({})).await.expect(200);
    let third = daemon.start_task("demo", json!({"steps": 0})).await;
    daemon.until_task(&third, "completed").await;
    daemon.event("marker", &json!(1)).await;
    let mut seen = Vec::new();
    loop {
        let event = browser.next_event().await;
        if event.name == "marker" {
            break;
        }
        let event = event.json();
        if event["task_id"] == json!(second) {
            seen.push(event["event_type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(seen, ["task_failed"]);
    assert_eq!(daemon.show_task(&second).await["status"], "cancelled");
}

#[tokio::test]
async fn ts_7_only_an_ended_task_can_be_removed() {
    let daemon = Daemon::start(&[]).await;
    let id = daemon.start_task("demo", endless()).await;
    daemon.task(&id, "remove", &json!({})).await.expect(409);
    daemon.task(&id, "cancel", &json!({})).await.expect(200);
    daemon.task(&id, "remove", &json!({})).await.expect(200);
    daemon.ask(&format!("/v1/tasks/{id}")).await.expect(404);
    daemon.task(&id, "remove", &json!({})).await.expect(404);
}

#[tokio::test]
async fn ts_9_ended_tasks_are_forgotten_after_a_while() {
    let daemon = Daemon::start(&["tasks.keep_finished=1s"]).await;
    daemon.start_task("demo", json!({"steps": 0})).await;
    until("an empty list", async || {
        let list = daemon.ask("/v1/tasks").await.expect(200).json();
        list["items"].as_array()?.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn bug_t10_a_builtin_that_takes_too_long_is_ended() {
    let daemon = Daemon::start(&["tasks.timeout=1s"]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.start_task("demo", endless()).await;
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["event_type"], "task_failed");
    assert_eq!(daemon.show_task(&id).await["status"], "failed");
}
