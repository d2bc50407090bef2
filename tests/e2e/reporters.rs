//! Tasks that a script or a backend reports.

use serde_json::{Value, json};

use crate::{fakes::browser::Browser, harness::Daemon, tasks::events_of};

#[tokio::test]
async fn a_reporters_task_is_told_from_begin_to_end() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.create_task(json!({"name": "migrate"})).await;
    for report in
        [json!({"text": "copying", "value": 0.25}), json!({"value": 0.5}), json!({"text": "checking"})]
    {
        daemon.task(&id, "progress", &report).await.expect(200);
        // Awaited one by one: progress may be coalesced while it waits.
        while browser.next_named("task_event").await.json()["event_type"] != "progress_update" {}
    }
    let receipt = daemon.task(&id, "complete", &json!({"result": {"success": true, "rows": 7}})).await;
    assert_eq!(receipt.expect(200).json()["item"]["status"], "completed");
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"success": true, "rows": 7}));
    let task = daemon.show_task(&id).await;
    assert_eq!((&task["owner"], &task["name"]), (&json!("reporter"), &json!("migrate")), "{task}");
    daemon.queue(json!({"version": "1"})).await;
    assert_eq!(browser.next_version().await, "1", "the stream stays open");
}

#[tokio::test]
async fn a_failed_report_ends_the_task_and_nothing_comes_after() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.create_task(json!({"name": "migrate"})).await;
    daemon.task(&id, "fail", &json!({"error": "disk full"})).await.expect(200);
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"error": "disk full"}));
    daemon.task(&id, "complete", &json!({})).await.expect(409);
    daemon.task(&id, "progress", &json!({"value": 1.0})).await.expect(409);
    assert_eq!(daemon.show_task(&id).await["status"], "failed");
}

#[tokio::test]
async fn bug_t7_progress_never_goes_backwards_nor_out_of_range() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.create_task(json!({"name": "x"})).await;
    let mut last = 0.0;
    for value in [0.5, 0.3, 7.0, -1.0, 0.6] {
        let answer = daemon.task(&id, "progress", &json!({"text": "at", "value": value})).await;
        assert!([200, 400].contains(&answer.status), "{answer:?}");
        if answer.status == 400 {
            continue;
        }
        let progress = loop {
            let event = browser.next_named("task_event").await.json();
            if event["event_type"] == "progress_update" {
                break event["data"]["value"].as_f64().expect("progress has a value");
            }
        };
        assert!((last..=1.0).contains(&progress), "{progress} after {last}");
        last = progress;
    }
    assert_eq!(daemon.show_task(&id).await["status"], "running", "a bad value does not end the task");
}

#[tokio::test]
async fn a_reporter_that_falls_silent_has_lost_its_task() {
    let daemon = Daemon::start(&["tasks.lease=1s"]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.create_task(json!({"name": "x"})).await;
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"error": "reporter lost"}));
    assert_eq!(daemon.show_task(&id).await["status"], "failed");
    daemon.task(&id, "progress", &json!({"value": 0.5})).await.expect(409);
}

#[tokio::test]
async fn a_reporter_goes_on_after_a_crash_of_the_daemon() {
    let daemon = Daemon::start(&[]).await;
    let id = daemon.create_task(json!({"name": "x"})).await;
    let builtin = daemon.start_task("demo", crate::tasks::endless()).await;
    let daemon = daemon.kill().await.start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    daemon.task(&id, "progress", &json!({"value": 0.5, "text": "still here"})).await.expect(200);
    let ended = daemon.until_task(&builtin, "failed").await;
    assert_eq!(ended["error"], "daemon restarted", "nobody runs it any more");
    daemon.task(&id, "complete", &json!({})).await.expect(200);
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"success": true}));
}

#[tokio::test]
async fn bug_t11_who_connects_later_hears_of_what_runs() {
    let daemon = Daemon::start(&[]).await;
    let id = daemon.create_task(json!({"name": "x"})).await;
    daemon.task(&id, "progress", &json!({"value": 0.5, "text": "half"})).await.expect(200);
    let mut browser = Browser::open(daemon.public, "late").await;
    loop {
        let event = browser.next_named("task_event").await.json();
        assert_eq!(event["task_id"], json!(id));
        if event["event_type"] == "progress_update" {
            assert_eq!(event["data"], json!({"text": "half", "value": 0.5}));
            return;
        }
    }
}

#[tokio::test]
async fn bug_t6_bad_orders_are_refused_by_name() {
    let daemon = Daemon::start(&[]).await;
    let bad: [Value; 6] = [
        json!({"builtin": "demo", "params": null}),
        json!({"builtin": "demo", "params": [1]}),
        json!({"builtin": "nonsense"}),
        json!({"builtin": "demo", "name": "x"}),
        json!({}),
        json!([]),
    ];
    for order in bad {
        let answer = daemon.tell("/v1/tasks", &order).await;
        assert_eq!(answer.status, 400, "{order} → {answer:?}");
        assert!(answer.json()["error"]["message"].is_string(), "{answer:?}");
    }
}
