//! Gateway mode as the services see it: whatever the gateway does, versions and tasks stay right.

use serde_json::json;

use crate::{fakes::gateway::Mode, gateway_mode::pair, harness::within};

#[tokio::test]
async fn vs_4_a_failed_send_leaves_the_version_pending() {
    let (gateway, daemon) = pair().await;
    daemon.queue(json!({"version": "1"})).await;
    gateway.set("first", Mode::Status(500));
    gateway.connect(daemon.internal, "a", "first").await;
    daemon.until_metrics("the failure", |m| m.sent("version", "error") == 1.0).await;
    gateway.connect(daemon.internal, "a", "second").await;
    assert_eq!(gateway.events_to("second", 1).await[0].data(), json!({"version": "1"}));
}

#[tokio::test]
async fn bug_v2_the_last_version_stored_is_the_last_one_sent() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    let daemon = std::sync::Arc::new(daemon);
    let orders: Vec<_> = (0..20)
        .map(|n| {
            let daemon = std::sync::Arc::clone(&daemon);
            tokio::spawn(async move { daemon.queue(json!({"version": n.to_string()})).await })
        })
        .collect();
    let mut receipts = Vec::new();
    for order in orders {
        receipts.push(order.await.unwrap());
    }
    let last = receipts.iter().max_by_key(|receipt| receipt["sequence"].as_u64()).unwrap();
    let current = daemon.ask("/v1/versions/current").await.expect(200).json();
    assert_eq!(current["item"]["version"], last["version"]);
    let sent = gateway
        .until("the last version", |_| {
            Some(gateway.events("a"))
                .filter(|events| events.last().is_some_and(|sent| sent.data()["version"] == last["version"]))
        })
        .await;
    daemon.event("marker", &json!(1)).await;
    let after = gateway.events_to("a", sent.len() + 1).await;
    assert_eq!(after[sent.len()].name(), Some("marker"), "nothing older came after it");
}

#[tokio::test]
async fn bug_t3_a_hanging_gateway_hangs_no_list_of_tasks() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    gateway.set("a", Mode::Hang);
    let id = daemon.start_task("demo", json!({"steps": 1, "delay": 0})).await;
    gateway.events_to("a", 1).await;
    daemon.until_task(&id, "completed").await;
    let list = daemon.ask("/v1/tasks").await.expect(200).json();
    assert_eq!(list["items"][0]["status"], "completed", "{list}");
}

#[tokio::test]
async fn bug_t8_a_completed_task_stays_completed_when_nobody_can_be_told() {
    for mode in [Mode::Status(500), Mode::Drop] {
        let (gateway, daemon) = pair().await;
        gateway.connect(daemon.internal, "a", "a").await;
        gateway.set("a", mode);
        let id = daemon.start_task("demo", json!({"steps": 1, "delay": 0})).await;
        daemon.until_task(&id, "completed").await;
        daemon.until_metrics("failed sends", |m| m.sent("task", "error") >= 2.0).await;
        assert_eq!(daemon.show_task(&id).await["status"], "completed", "{mode:?}");
    }
}

#[tokio::test]
async fn ts_5_a_task_is_shown_while_it_runs_and_after() {
    let (_gateway, daemon) = pair().await;
    let id = daemon.start_task("demo", json!({"steps": 2, "delay": 0.1})).await;
    let task = daemon.show_task(&id).await;
    assert!(["pending", "running"].contains(&task["status"].as_str().unwrap()), "{task}");
    assert!(task["created_at"].is_string() && task["ended_at"].is_null(), "{task}");
    let task = daemon.until_task(&id, "completed").await;
    assert!(task["started_at"].is_string() && task["ended_at"].is_string(), "{task}");
    assert_eq!((&task["result"]["steps_completed"], &task["error"]), (&json!(2), &json!(null)));
    within("the answer", daemon.ask("/v1/tasks/unknown")).await.expect(404);
}

#[tokio::test]
async fn an_end_that_a_crash_kept_from_a_connection_is_told_after_it() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    gateway.connect(daemon.internal, "b", "b").await;
    let id = daemon.create_task(json!({"name": "x"})).await;
    gateway.events_to("b", 1).await;
    gateway.set("b", Mode::Hang);
    daemon.event("marker", &json!(1)).await;
    daemon.task(&id, "complete", &json!({"result": {"rows": 7}})).await.expect(200);
    let before = gateway.events_to("a", 3).await;
    let daemon = daemon.kill().await.start(&gateway.settings().each_ref().map(String::as_str)).await;
    gateway.set("b", Mode::Faithful);
    assert_eq!(daemon.show_task(&id).await["status"], "completed");
    // The shutdown waits for what is yet to be told.
    daemon.stop().await;
    for token in ["a", "b"] {
        let after = gateway.events(token).pop().expect("the end");
        assert_eq!(after.body["event"], before[2].body["event"], "{token}: the same, as some hear it twice");
    }
}
