use std::{io::Write, time::Duration};

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{delivery::gateway::fake::Reply, http::house::House, task::TaskStatus};

#[tokio::test]
async fn met_1_metrics_are_served_in_prometheus_text_form() {
    let house = House::start(|_| {}).await;
    house.connect("a", "t").await;
    let answer = house.get("/metrics").await;
    assert_eq!((answer.code, answer.media_type.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "# TYPE sse_gateway_connections_total counter",
        r#"sse_gateway_connections_total{action="connect"} 1"#,
        "sse_gateway_active_connections 1",
        r#"ssectld_callbacks_total{code="200"} 1"#,
    ] {
        assert!(answer.body.lines().any(|l| l == line), "{line} is missing in\n{}", answer.body);
    }
}

#[tokio::test]
async fn sh_4_health_is_served() {
    let house = House::start(|_| {}).await;
    assert_eq!(house.get("/healthz").await.body, "{\"ready\":true,\"status\":\"alive\"}\n");
    assert_eq!(house.get("/readyz").await.body, "{\"ready\":true,\"status\":\"ready\"}\n");
}

#[tokio::test]
async fn cb_8_other_paths_are_404_and_other_methods_405() {
    let house = House::start(|_| {}).await;
    for path in ["/", "/nope", "/api/sse/callback/", "/api/tasks/x/status", "/healthz/", "/v10"] {
        let answer = house.get(path).await;
        assert_eq!((answer.code, answer.media_type.as_str()), (404, "application/json"), "{path}");
        assert_eq!(
            answer.body,
            "{\"details\":\"The requested resource could not be found\",\"error\":\"Resource not found\"}\n"
        );
    }
    for (method, path) in [
        (Method::GET, "/api/sse/callback"),
        (Method::DELETE, "/metrics"),
        (Method::POST, "/healthz"),
        (Method::GET, "/api/testing/tasks/start"),
    ] {
        let answer = house.ask(house.request(method, path)).await;
        assert_eq!(answer.code, 405, "{path}");
        assert_eq!(
            answer.body,
            "{\"details\":\"The HTTP method is not allowed for this endpoint\",\"error\":\"Method not allowed\"}\n"
        );
    }
}

#[tokio::test]
async fn without_a_token_file_the_publishers_door_is_shut_and_says_how_to_open_it() {
    let house = House::start(|_| {}).await;
    for path in ["/v1/versions", "/v1", "/v1/status"] {
        let answer = house.post(path, "{}").await;
        assert_eq!(answer.code, 404, "{path}");
        assert!(answer.body.contains("publish.token_file"), "{}", answer.body);
    }
}

#[tokio::test]
async fn publishers_need_their_token_and_may_only_publish() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"t0ken-0123456789\n").expect("written");
    let house = House::start(|config| config.publish.token_file = file.path().to_owned()).await;
    for wrong in [None, Some("Bearer wrong"), Some("t0ken-0123456789")] {
        let mut request = house.request(Method::POST, "/v1/versions?secret=t0ken-0123456789").body("{}");
        if let Some(wrong) = wrong {
            request = request.header("authorization", wrong);
        }
        let answer = house.ask(request).await;
        assert_eq!((answer.code, answer.json()["error"]["code"].as_str()), (401, Some("denied")));
    }
    let publish =
        |method, path| house.request(method, path).header("authorization", "Bearer t0ken-0123456789");
    let answer = house.ask(publish(Method::POST, "/v1/versions").body(r#"{"version":"1.4.0"}"#)).await;
    assert_eq!(answer.code, 200, "{}", answer.body);
    assert_eq!(answer.json()["item"]["version"], "1.4.0");
    for (method, path) in [
        (Method::GET, "/v1/status"),
        (Method::GET, "/v1/connections"),
        (Method::POST, "/v1/daemon/stop"),
        (Method::POST, "/v1/connections/disconnect"),
    ] {
        let answer = house.ask(publish(method, path).body("{}")).await;
        assert_eq!(answer.code, 404, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn vs_1_vs_10_cm_20_a_version_reaches_who_is_there_and_who_comes_later() {
    let house = House::start(|_| {}).await;
    house.connect("a", "t1").await;
    let order = json!({ "request_id": "b", "version": "1.4.0" });
    house.post("/api/testing/deployments/version", order).await;
    let expected = |token: &str| {
        let event = json!({ "name": "version", "data": "{\"version\":\"1.4.0\"}" });
        json!({ "token": token, "event": event, "close": false })
    };
    assert_eq!(house.gateway.next().await, expected("t1"));
    house.connect("b", "t2").await;
    assert_eq!(house.gateway.next().await, expected("t2"));
    house.connect("b", "t3").await;
    let mut both = [house.gateway.next().await, house.gateway.next().await];
    both.sort_by_key(|body| body["token"].as_str().map(str::to_owned));
    assert_eq!(both, [json!({ "token": "t2", "close": true }), expected("t3")]);
}

/// Returns the task event in a body, and the token it goes to.
fn task_event(body: &Value) -> (String, String) {
    assert_eq!((body["event"]["name"].as_str(), &body["close"]), (Some("task_event"), &json!(false)));
    let data: Value = serde_json::from_str(body["event"]["data"].as_str().expect("text")).expect("JSON");
    (body["token"].as_str().expect("text").to_owned(), data["event_type"].as_str().expect("text").to_owned())
}

#[tokio::test]
async fn ts_1_inv_3_task_events_go_to_all_that_are_connected_and_are_not_kept() {
    let house = House::start(|_| {}).await;
    house.connect("a", "t1").await;
    house.connect("b", "t2").await;
    let order = json!({ "task_type": "demo_task", "params": { "steps": 2, "delay": 0 } });
    assert_eq!(house.post("/api/testing/tasks/start", order).await.code, 200);
    let mut seen: [Vec<String>; 2] = Default::default();
    while seen.iter().any(|events| events.last().is_none_or(|last| last != "task_completed")) {
        let (token, event) = task_event(&house.gateway.next().await);
        seen[usize::from(token == "t2")].push(event);
    }
    assert!(seen.iter().all(|events| events[0] == "task_started"), "{seen:?}");
    house.connect("c", "t3").await;
    house.post("/api/testing/deployments/version", json!({ "request_id": "c", "version": "1" })).await;
    for _ in 0..3 {
        assert_eq!(house.gateway.next().await["event"]["name"], "version");
    }
}

#[tokio::test]
async fn bug_m5_a_hanging_gateway_with_a_thousand_connections_delays_neither_tasks_nor_anyone_who_asks() {
    let house =
        House::with(|_| Reply::Hang, |config| config.gateway.timeout = Duration::from_secs(600)).await;
    let connects = (0..1000).map(|n| {
        let house = &house;
        async move { house.connect(&format!("r{n}"), &format!("t{n}")).await }
    });
    futures_util::stream::iter(connects).buffer_unordered(32).collect::<Vec<_>>().await;
    let order = json!({ "task_type": "demo_task", "params": { "steps": 50, "delay": 0 } });
    let id =
        house.post("/api/testing/tasks/start", order).await.json()["task_id"].as_str().map(str::to_owned);
    let id = id.expect("an id");
    // The gateway never answers a single request, yet the task gets to its end, and everyone is answered.
    let services = house.running.services();
    let (mut task, mut events) = services.tasks.follow(&id).expect("known");
    while !task.status.is_terminal() {
        let _ = events.recv().await;
        task = services.tasks.show(&id).expect("known");
    }
    assert_eq!(task.status, TaskStatus::Completed);
    house.gateway.next().await;
    assert_eq!(
        house
            .post("/api/testing/deployments/version", json!({ "request_id": "a", "version": "1" }))
            .await
            .code,
        202
    );
    assert_eq!(house.get("/readyz").await.code, 200);
    assert!(house.get("/metrics").await.body.contains("\nsse_gateway_active_connections 1000\n"));
    assert_eq!(services.registry.list().len(), 1000);
    house.connect("late", "late").await;
}

#[tokio::test]
async fn sh_1_the_daemon_ends_and_leaves_the_streams_of_the_gateway_open() {
    let house = House::start(|_| {}).await;
    house.connect("a", "t1").await;
    house.running.shutdown();
    assert_eq!(house.running.ended().await.late, Vec::<&str>::new());
    assert_eq!(house.gateway.already().await, None);
}
