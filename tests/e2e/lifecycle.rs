//! Shutdown: in order, within its time, with nobody left in the dark.

use serde_json::json;

use crate::{
    fakes::browser::{Browser, Item},
    harness::{Daemon, Home, http},
    tasks::{endless, events_of},
};

#[tokio::test]
async fn sh_1_an_idle_daemon_ends_well_on_either_signal() {
    Daemon::start(&[]).await.stop().await;
    let mut daemon = Daemon::start(&[]).await;
    daemon.signal("INT").await;
    daemon.notice("STOPPING=1").await;
    assert_eq!(daemon.ended().await.code(), Some(0));
}

#[tokio::test]
async fn open_streams_are_told_and_never_hold_it_up() {
    let daemon = Daemon::start(&["shutdown.spread=1s"]).await;
    let mut browsers = Vec::new();
    for tab in 0..20 {
        browsers.push(Browser::open(daemon.public, &format!("tab-{tab}")).await);
    }
    daemon.stop().await;
    for browser in browsers {
        let events = browser.last_events().await;
        let bye = events.last().expect("it says bye");
        assert_eq!((bye.name.as_str(), bye.json()), ("bye", json!({"reason": "shutdown"})));
    }
}

#[tokio::test]
async fn sh_2_a_running_task_finishes_and_its_events_are_delivered() {
    let mut daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let id = daemon.start_task("demo", json!({"steps": 5, "delay": 0.1})).await;
    browser.next_named("task_event").await;
    daemon.signal("TERM").await;
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["event_type"], "task_completed");
    assert_eq!(browser.next_event().await.name, "bye");
    assert_eq!(daemon.ended().await.code(), Some(0));
}

/// Returns a daemon that is draining: it waits for a task that only the test can end.
async fn draining(settings: &[&str]) -> (Daemon, String) {
    let daemon = Daemon::start(settings).await;
    let id = daemon.create_task(json!({"name": "held by the test"})).await;
    daemon.signal("TERM").await;
    daemon.notice("STOPPING=1").await;
    (daemon, id)
}

#[tokio::test]
async fn sh_3_bug_t9_while_draining_new_work_is_refused_by_name_and_running_work_goes_on() {
    let (mut daemon, id) = draining(&["testing=true"]).await;
    for (path, order) in
        [("/v1/versions", json!({"version": "1"})), ("/v1/tasks", json!({"builtin": "demo"}))]
    {
        let answer = daemon.tell(path, &order).await.expect(503).json();
        assert_eq!(answer["error"]["code"], "refused", "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("shutting down"), "{answer}");
    }
    let order = json!({"task_type": "demo_task", "params": {}});
    let answer = http::post(daemon.internal, "/api/testing/tasks/start", &order).await.expect(409).json();
    assert_eq!(answer["code"], "INVALID_OPERATION", "{answer}");
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.value("application_shutting_down"), 1.0);
    assert_eq!(metrics.value("active_tasks_at_shutdown"), 1.0);
    daemon.task(&id, "progress", &json!({"value": 0.9})).await.expect(200);
    let tasks = daemon.ask("/v1/tasks").await.expect(200).json();
    assert_eq!(tasks["items"].as_array().map(Vec::len), Some(1), "nothing was left behind: {tasks}");
    daemon.task(&id, "complete", &json!({})).await.expect(200);
    assert_eq!(daemon.ended().await.code(), Some(0));
}

#[tokio::test]
async fn vs_14_bug_v8_a_version_queued_while_draining_is_neither_sent_nor_stored() {
    let (mut daemon, id) = draining(&[]).await;
    daemon.tell("/v1/versions", &json!({"version": "late"})).await.expect(503);
    let pending = daemon.ask("/v1/versions").await.expect(200).json();
    assert_eq!(pending["items"], json!([]));
    daemon.task(&id, "complete", &json!({})).await.expect(200);
    assert_eq!(daemon.ended().await.code(), Some(0));
}

#[tokio::test]
async fn sh_4_bug_s4_readyz_says_no_and_healthz_yes_while_draining() {
    let daemon = Daemon::start(&[]).await;
    for listener in [daemon.public, daemon.internal] {
        let ready = http::get(listener, "/readyz").await.expect(200).json();
        assert_eq!((&ready["ready"], &ready["status"]), (&json!(true), &json!("ready")));
    }
    daemon.stop().await;
    let (daemon, _) = draining(&[]).await;
    for listener in [daemon.public, daemon.internal] {
        let ready = http::get(listener, "/readyz").await.expect(503).json();
        assert_eq!((&ready["ready"], &ready["status"]), (&json!(false), &json!("shutting down")));
        let health = http::get(listener, "/healthz").await.expect(200).json();
        assert_eq!((&health["ready"], &health["status"]), (&json!(true), &json!("alive")));
    }
}

#[tokio::test]
async fn new_streams_are_politely_refused_while_draining_and_open_ones_stay() {
    let daemon = Daemon::start(&[]).await;
    let mut open = Browser::open(daemon.public, "open").await;
    let id = daemon.create_task(json!({"name": "held by the test"})).await;
    daemon.signal("TERM").await;
    daemon.notice("STOPPING=1").await;
    let late = Browser::open(daemon.public, "late").await.rest().await;
    assert!(matches!(late[0], Item::Retry(_)), "told when to come back: {late:?}");
    assert!(late.iter().all(|item| !matches!(item, Item::Event(event) if event.name != "bye")), "{late:?}");
    daemon.task(&id, "complete", &json!({})).await.expect(200);
    let events = events_of(&mut open, &id).await;
    assert_eq!(events.last().unwrap()["event_type"], "task_completed");
}

#[tokio::test]
async fn sh_5_a_second_signal_skips_to_the_close() {
    let daemon = Daemon::start(&[]).await;
    let browser = Browser::open(daemon.public, "a").await;
    let id = daemon.create_task(json!({"name": "never ended"})).await;
    daemon.signal("TERM").await;
    daemon.notice("STOPPING=1").await;
    let mut daemon = daemon;
    daemon.signal("TERM").await;
    daemon.ended().await;
    let events = browser.last_events().await;
    assert_eq!(events.last().map(|event| event.name.as_str()), Some("bye"));
    let ends: Vec<_> = events.iter().filter(|event| event.data.contains("task_failed")).collect();
    assert!(ends.len() == 1 && ends[0].data.contains(&id), "one terminal event: {events:?}");
}

#[tokio::test]
async fn bug_s1_the_grace_is_enforced() {
    let (mut daemon, id) = draining(&["shutdown.grace=1s"]).await;
    let status = daemon.ended().await;
    assert_eq!(status.code(), Some(1), "the task was late");
    assert!(daemon.log().contains("tasks"), "and it is named");
    // What ended is on record for the next daemon.
    let daemon = daemon.leave().start(&[]).await;
    let task = daemon.show_task(&id).await;
    assert!(["failed", "cancelled"].contains(&task["status"].as_str().unwrap()), "{task}");
}

#[tokio::test]
async fn bug_s2_a_cancel_while_it_waits_is_noticed() {
    let mut daemon = Daemon::start(&[]).await;
    let id = daemon.start_task("demo", endless()).await;
    daemon.signal("TERM").await;
    daemon.notice("STOPPING=1").await;
    daemon.task(&id, "cancel", &json!({})).await.expect(200);
    assert_eq!(daemon.ended().await.code(), Some(0));
}

#[tokio::test]
async fn bug_s3_the_one_who_stops_it_gets_an_answer() {
    let mut daemon = Daemon::start(&[]).await;
    let receipt = daemon.tell("/v1/daemon/stop", &json!({"key": "k"})).await.expect(200).json();
    assert_eq!((&receipt["item"]["key"], &receipt["item"]["tasks"]), (&json!("k"), &json!(0)));
    daemon.notice("STOPPING=1").await;
    assert_eq!(daemon.ended().await.code(), Some(0));
    let mut daemon = Daemon::start(&[]).await;
    daemon.cli().run(&["daemon", "stop"]).await.expect(0);
    assert_eq!(daemon.ended().await.code(), Some(0));
}

#[tokio::test]
async fn bug_s5_in_gateway_mode_the_gateways_streams_are_left_open() {
    let (gateway, daemon) = crate::gateway_mode::pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    daemon.event("marker", &json!(1)).await;
    gateway.events_to("a", 1).await;
    daemon.stop().await;
    assert!(!gateway.sent().iter().any(|sent| sent.closes()));
}

#[tokio::test]
async fn the_state_is_closed_in_order_and_a_power_failure_is_noticed() {
    const UNCLOSED: &str = "the last run did not close the state";
    let marker = |home: &Home| std::fs::read_to_string(home.path("state/state.initialised")).unwrap();
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    daemon.queue(json!({"version": "1"})).await;
    daemon.start_task("demo", json!({"steps": 1, "delay": 0})).await;
    let home = daemon.stop().await;
    assert!(marker(&home).contains("\nclosed "), "{}", marker(&home));
    let daemon = home.start(&[]).await;
    assert!(!daemon.log().contains(UNCLOSED), "{}", daemon.log());
    let home = daemon.kill().await;
    assert!(marker(&home).contains("\nopen "), "{}", marker(&home));
    let daemon = home.start(&[]).await;
    assert!(daemon.log().contains(UNCLOSED), "{}", daemon.log());
    daemon.stop().await;
}
