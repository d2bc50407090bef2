//! The seed's testing endpoints, byte for byte, so that existing browser suites drive the daemon unchanged.

use serde_json::json;

use crate::{
    fakes::{
        browser::Browser,
        gateway::{Gateway, Mode},
    },
    harness::{Daemon, http},
};

const VERSION: &str = "/api/testing/deployments/version";
const START: &str = "/api/testing/tasks/start";
const EVENT: &str = "/api/testing/sse/task-event";

#[tokio::test]
async fn te_1_without_testing_they_are_not_available() {
    let daemon = Daemon::start(&[]).await;
    for path in [VERSION, START, EVENT] {
        let headers = [("X-Request-Id", "corr-1")];
        let answer = http::post_with(daemon.internal, path, &headers, &json!("anything")).await.expect(400);
        assert_eq!(
            answer.body.trim_end(),
            concat!(
                r#"{"code":"ROUTE_NOT_AVAILABLE","correlationId":"corr-1","#,
                r#""details":{"message":"Testing endpoints require FLASK_ENV=testing"},"#,
                r#""error":"This endpoint is only available when the server is running in testing mode"}"#
            )
        );
    }
}

#[tokio::test]
async fn te_2_a_version_is_queued_for_one_and_told_to_all() {
    let daemon = Daemon::start(&["testing=true"]).await;
    let mut other = Browser::open(daemon.public, "other").await;
    let order = json!({"request_id": "a", "version": "3.0.0", "changelog": null, "more": 1});
    let answer = http::post(daemon.internal, VERSION, &order).await.expect(202);
    assert_eq!(answer.body.trim_end(), r#"{"delivered":true,"requestId":"a","status":"delivered"}"#);
    assert_eq!(other.next_version().await, "3.0.0");
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "3.0.0");
}

#[tokio::test]
async fn te_3_an_invalid_version_is_refused_with_a_list_of_errors() {
    let daemon = Daemon::start(&["testing=true"]).await;
    for order in [json!({}), json!({"request_id": "a"}), json!({"request_id": 5, "version": "1"}), json!([])]
    {
        let answer = http::post(daemon.internal, VERSION, &order).await.expect(400).json();
        let errors = answer.as_str().unwrap_or_else(|| panic!("a JSON string: {answer}"));
        let errors: serde_json::Value = serde_json::from_str(errors).expect("that holds JSON");
        assert!(errors.as_array().is_some_and(|errors| !errors.is_empty()), "{errors}");
    }
}

#[tokio::test]
async fn bug_v12_an_id_that_can_never_connect_is_refused() {
    let daemon = Daemon::start(&["testing=true"]).await;
    let order = json!({"request_id": "a:b", "version": "1"});
    http::post(daemon.internal, VERSION, &order).await.expect(400);
}

#[tokio::test]
async fn te_4_tasks_are_started_by_type() {
    let daemon = Daemon::start(&["testing=true"]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    for (order, end) in [
        (json!({"task_type": "demo_task", "params": {"steps": 1, "delay": 0}}), "task_completed"),
        (json!({"task_type": "failing_task", "params": {"delay": 0}}), "task_failed"),
    ] {
        let answer = http::post(daemon.internal, START, &order).await.expect(200);
        let id = answer.json()["task_id"].as_str().expect("an id").to_owned();
        assert_eq!(answer.body.trim_end(), format!(r#"{{"status":"pending","task_id":"{id}"}}"#));
        let events = crate::tasks::events_of(&mut browser, &id).await;
        assert_eq!(events.last().unwrap()["event_type"], end);
    }
    let answer = http::post(daemon.internal, START, &json!({"task_type": "nonsense", "params": {}})).await;
    assert_eq!(answer.expect(400).body.trim_end(), r#"{"error":"Unknown task type: nonsense"}"#);
    let headers = [("Content-Type", "application/json"), ("X-Request-Id", "corr-2")];
    let answer = http::send(daemon.internal, &http::request("POST", START, &headers, b"{")).await.expect(400);
    assert_eq!(
        answer.body.trim_end(),
        r#"{"correlationId":"corr-2","details":{"message":"Request body must be valid JSON"},"error":"Invalid JSON"}"#
    );
}

#[tokio::test]
async fn te_5_a_task_event_is_sent_to_one_connection() {
    let daemon = Daemon::start(&["testing=true"]).await;
    let mut a = Browser::open(daemon.public, "a").await;
    let mut b = Browser::open(daemon.public, "b").await;
    let order = json!({
        "request_id": "a", "task_id": "t1", "event_type": "progress_update", "data": {"text": "x", "value": 0.5},
    });
    let answer = http::post(daemon.internal, EVENT, &order).await.expect(200);
    assert_eq!(
        answer.body.trim_end(),
        r#"{"delivered":true,"eventType":"progress_update","requestId":"a","taskId":"t1"}"#
    );
    let event = a.next_named("task_event").await.json();
    assert_eq!((&event["task_id"], &event["data"]["text"]), (&json!("t1"), &json!("x")));
    daemon.event("marker", &json!(1)).await;
    assert_eq!(b.next_event().await.name, "marker", "nobody else");
    let order = json!({"request_id": "nobody", "task_id": "t1", "event_type": "task_started"});
    let answer = http::post(daemon.internal, EVENT, &order).await.expect(400);
    assert_eq!(
        answer.body.trim_end(),
        r#"{"error":"No SSE connection registered for request_id: nobody","status":"not_found"}"#
    );
    let order = json!({"request_id": "a", "task_id": "t1", "event_type": "task_exploded"});
    http::post(daemon.internal, EVENT, &order).await.expect(400);
}

#[tokio::test]
async fn te_5_works_through_a_gateway_too() {
    let gateway = Gateway::start().await;
    let [mode, url] = gateway.settings();
    let daemon = Daemon::start(&[&mode, &url, "testing=true"]).await;
    gateway.connect(daemon.internal, "a", "a").await;
    gateway.set("a", Mode::Faithful);
    let order = json!({"request_id": "a", "task_id": "t1", "event_type": "task_started"});
    http::post(daemon.internal, EVENT, &order).await.expect(200);
    let sent = &gateway.events_to("a", 1).await[0];
    assert_eq!((sent.name(), sent.data()["event_type"].as_str()), (Some("task_event"), Some("task_started")));
}
