use reqwest::Method;
use serde_json::{Value, json};

use crate::http::house::{Answer, House};

const VERSION: &str = "/api/testing/deployments/version";
const START: &str = "/api/testing/tasks/start";
const EVENT: &str = "/api/testing/sse/task-event";

/// Returns the list that is in the string that the body is.
fn faults(answer: &Answer) -> Vec<Value> {
    assert_eq!((answer.code, answer.media_type.as_str()), (400, "application/json"), "{}", answer.body);
    let text: String = serde_json::from_str(&answer.body).expect("a JSON string");
    serde_json::from_str(&text).expect("a JSON list")
}

fn places(answer: &Answer) -> Vec<String> {
    faults(answer).iter().map(|fault| fault["loc"][0].as_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn te_1_closed_unless_testing_before_anything_else() {
    let house = House::start(|config| config.testing = false).await;
    for path in [VERSION, START, EVENT] {
        let request = house.request(Method::POST, path).header("x-request-id", "corr-1").body("{");
        let answer = house.ask(request).await;
        assert_eq!(answer.code, 400);
        assert_eq!(
            answer.body,
            "{\"code\":\"ROUTE_NOT_AVAILABLE\",\"correlationId\":\"corr-1\",\"details\":{\"message\":\"Testing \
             endpoints require FLASK_ENV=testing\"},\"error\":\"This endpoint is only available when the server is \
             running in testing mode\"}\n"
        );
    }
    let generated = house.post(VERSION, "{}").await.json()["correlationId"].as_str().map(str::len);
    assert_eq!(generated, Some(36));
}

#[tokio::test]
async fn te_2_a_version_is_accepted_with_nobody_connected() {
    let house = House::start(|_| {}).await;
    for order in [
        json!({ "request_id": "a", "version": "1.4.0" }),
        json!({ "request_id": "a", "version": "", "changelog": null, "extra": 1 }),
        json!({ "request_id": "a", "version": ":", "changelog": "" }),
    ] {
        let answer = house.post(VERSION, order).await;
        assert_eq!(answer.code, 202, "{}", answer.body);
        assert_eq!(answer.body, "{\"delivered\":true,\"requestId\":\"a\",\"status\":\"delivered\"}\n");
    }
    let pending = house.running.services().versions.pending();
    assert_eq!(pending.iter().map(|p| p.version.as_str()).collect::<Vec<_>>(), [":"]);
}

#[tokio::test]
async fn te_2_vs_14_a_version_is_dropped_while_shutting_down() {
    let house = House::start(|_| {}).await;
    house.running.services().lifecycle.advance(crate::lifecycle::Phase::Draining);
    let answer = house.post(VERSION, json!({ "request_id": "a", "version": "1" })).await;
    assert_eq!(answer.code, 202);
    assert_eq!(answer.body, "{\"delivered\":false,\"requestId\":\"a\",\"status\":\"queued\"}\n");
}

#[tokio::test]
async fn te_3_bug_v12_wrong_bodies_are_a_json_string_with_the_faults() {
    let house = House::start(|_| {}).await;
    let answer = house.post(VERSION, json!({ "version": 1 })).await;
    assert_eq!(
        answer.body,
        "\"[{\\\"type\\\":\\\"missing\\\",\\\"loc\\\":[\\\"request_id\\\"],\\\"msg\\\":\\\"Field required\\\"},{\\\"type\\\":\
         \\\"string_type\\\",\\\"loc\\\":[\\\"version\\\"],\\\"msg\\\":\\\"Input should be a valid string\\\"}]\"\n"
    );
    for id in ["", "a:b", "a b", "a\n"] {
        let answer = house.post(VERSION, json!({ "request_id": id, "version": "1" })).await;
        assert_eq!(places(&answer), ["request_id"], "{id:?}");
    }
    let answer = house.post(VERSION, json!({ "request_id": "a", "version": "1", "changelog": 5 })).await;
    assert_eq!(places(&answer), ["changelog"]);
    assert_eq!(faults(&house.post(VERSION, "[]").await)[0]["type"], "model_type");
    let huge = json!({ "request_id": "a", "version": "1", "changelog": "x".repeat(40_000) });
    assert_eq!(house.post(VERSION, huge).await.code, 400);
    assert!(house.running.services().versions.pending().is_empty());
}

#[tokio::test]
async fn te_4_tasks_start_and_unknown_ones_do_not() {
    let house = House::start(|config| config.demo = false).await;
    for order in
        [json!({ "task_type": "demo_task", "params": { "steps": 0 } }), json!({}), json!({ "params": null })]
    {
        let answer = house.post(START, order).await;
        assert_eq!(answer.code, 200, "{}", answer.body);
        let id = answer.json()["task_id"].as_str().expect("an id").to_owned();
        assert_eq!(answer.body, format!("{{\"status\":\"pending\",\"task_id\":\"{id}\"}}\n"));
        assert!(house.running.services().tasks.show(&id).is_some());
    }
    let answer = house.post(START, json!({ "task_type": "nope" })).await;
    assert_eq!((answer.code, answer.body.as_str()), (400, "{\"error\":\"Unknown task type: nope\"}\n"));
    let answer = house.post(START, "{").await;
    assert_eq!((answer.code, answer.json()["error"].as_str()), (400, Some("Invalid JSON")));
    assert_eq!(answer.json()["details"], json!({ "message": "Request body must be valid JSON" }));
}

#[tokio::test]
async fn te_4_bug_t6_wrong_parameters_are_refused() {
    let house = House::start(|_| {}).await;
    for params in [json!([]), json!("x"), json!(1)] {
        let answer = house.post(START, json!({ "task_type": "demo_task", "params": params })).await;
        assert_eq!(places(&answer), ["params"]);
    }
    assert_eq!(places(&house.post(START, json!({ "task_type": null })).await), ["task_type"]);
}

#[tokio::test]
async fn te_4_sh_3_no_task_starts_while_shutting_down() {
    let house = House::start(|_| {}).await;
    house.running.services().lifecycle.advance(crate::lifecycle::Phase::Draining);
    let answer = house.post(START, json!({ "task_type": "demo_task" })).await;
    assert_eq!(answer.code, 409, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["code"], "INVALID_OPERATION");
    assert_eq!(body["error"], "Cannot start task because service is shutting down");
}

#[tokio::test]
async fn te_5_a_task_event_reaches_one_connection() {
    let house = House::start(|_| {}).await;
    house.connect("a", "t1").await;
    house.connect("b", "t2").await;
    let order = json!({
        "request_id": "b", "task_id": "x", "event_type": "progress_update", "data": { "text": "half", "value": 0.5 },
    });
    let answer = house.post(EVENT, order).await;
    assert_eq!(
        (answer.code, answer.body.as_str()),
        (
            200,
            "{\"delivered\":true,\"eventType\":\"progress_update\",\"requestId\":\"b\",\"taskId\":\"x\"}\n"
        )
    );
    let sent = house.gateway.next().await;
    assert_eq!((&sent["token"], &sent["event"]["name"]), (&json!("t2"), &json!("task_event")));
    let data: Value = serde_json::from_str(sent["event"]["data"].as_str().expect("text")).expect("JSON");
    assert_eq!(data["event_type"], "progress_update");
    assert_eq!(data["data"], json!({ "text": "half", "value": 0.5 }));
    assert_eq!(house.gateway.already().await, None);
}

#[tokio::test]
async fn te_5_without_a_connection_or_with_a_wrong_body_nothing_is_sent() {
    let house = House::start(|_| {}).await;
    let order = json!({ "request_id": "a", "task_id": "x", "event_type": "task_started" });
    let answer = house.post(EVENT, order).await;
    assert_eq!(
        (answer.code, answer.body.as_str()),
        (400, "{\"error\":\"No SSE connection registered for request_id: a\",\"status\":\"not_found\"}\n")
    );
    house.connect("a", "t").await;
    let order = json!({ "request_id": "a", "task_id": "x", "event_type": "task_started", "data": { "t": "x".repeat(40_000) } });
    let answer = house.post(EVENT, order).await;
    assert_eq!(
        (answer.code, answer.body.as_str()),
        (400, "{\"error\":\"Failed to send event to connection: a\",\"status\":\"send_failed\"}\n")
    );
    for (order, place) in [
        (json!({ "request_id": "a", "task_id": "x", "event_type": "nope" }), "event_type"),
        (json!({ "request_id": "a", "task_id": "x" }), "event_type"),
        (json!({ "request_id": "a", "event_type": "task_started" }), "task_id"),
        (json!({ "request_id": "a", "task_id": "x", "event_type": "task_started", "data": [] }), "data"),
    ] {
        assert_eq!(places(&house.post(EVENT, order).await), [place]);
    }
    assert_eq!(house.gateway.already().await, None);
}
