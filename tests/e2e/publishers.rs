//! The door for application backends: bearer token, publish only.

use serde_json::json;

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, http},
};

const BEARER: [(&str, &str); 1] = [("Authorization", "Bearer open-sesame-0123456789")];

async fn with_door() -> Daemon {
    let home = Home::new();
    let file = home.write("token", "open-sesame-0123456789\n");
    home.start(&[&format!("publish.token_file={file}")]).await
}

#[tokio::test]
async fn a_backend_publishes_events_versions_and_tasks() {
    let daemon = with_door().await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let publish = async |path: &str, body| {
        http::post_with(daemon.internal, path, &BEARER, &body).await.expect(200).json()
    };
    let receipt = publish("/v1/events", json!({"name": "order.paid", "data": {"id": 7}})).await;
    assert_eq!(receipt["item"]["connections"], 1, "{receipt}");
    assert_eq!(browser.next_named("order.paid").await.json(), json!({"id": 7}));
    let receipt = publish("/v1/versions", json!({"version": "2.0", "key": "k"})).await;
    assert_eq!(receipt["item"]["durable"], true, "{receipt}");
    assert_eq!(browser.next_version().await, "2.0");
    let receipt = publish("/v1/tasks", json!({"name": "import"})).await;
    let id = receipt["item"]["task_id"].as_str().expect("an id").to_owned();
    publish(&format!("/v1/tasks/{id}/progress"), json!({"value": 0.5})).await;
    publish(&format!("/v1/tasks/{id}/complete"), json!({})).await;
    let events = crate::tasks::events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["event_type"], "task_completed");
}

#[tokio::test]
async fn without_the_right_token_nothing_is_published() {
    let daemon = with_door().await;
    let body = json!({"name": "x", "data": 1});
    for headers in
        [&[][..], &[("Authorization", "Bearer nope")], &[("Authorization", "open-sesame-0123456789")]]
    {
        for path in ["/v1/events", "/v1/versions", "/v1/tasks"] {
            let answer = http::post_with(daemon.internal, path, headers, &body).await;
            assert!([401, 403].contains(&answer.status), "{path} → {answer:?}");
        }
    }
    assert!(!daemon.log().contains("open-sesame-0123456789"));
}

#[tokio::test]
async fn nothing_administrative_is_behind_it() {
    let daemon = with_door().await;
    for path in ["/v1/connections/disconnect", "/v1/daemon/stop", "/v1/versions/clear"] {
        let answer = http::post_with(daemon.internal, path, &BEARER, &json!({})).await;
        assert!([404, 405].contains(&answer.status), "{path} → {answer:?}");
    }
    let answer = http::send(daemon.internal, &http::request("GET", "/v1/connections", &BEARER, b"")).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn without_a_token_file_there_is_no_door() {
    let daemon = Daemon::start(&[]).await;
    for path in ["/v1/events", "/v1/versions", "/v1/tasks"] {
        http::post_with(daemon.internal, path, &BEARER, &json!({"name": "x", "data": 1})).await.expect(404);
        http::post_with(daemon.public, path, &BEARER, &json!({"name": "x", "data": 1})).await.expect(404);
    }
}

#[tokio::test]
async fn the_gateways_secret_opens_no_publishers_door() {
    let home = Home::new();
    let token = home.write("token", "open-sesame-0123456789");
    let secret = home.write("secret", "callback-secret-0123");
    let daemon = home
        .start(&[&format!("publish.token_file={token}"), &format!("callback.secret_file={secret}")])
        .await;
    let body = json!({"name": "x", "data": 1});
    let other = [("Authorization", "Bearer callback-secret-0123")];
    assert_eq!(http::post_with(daemon.internal, "/v1/events", &other, &body).await.status, 401);
    http::post_with(daemon.internal, "/v1/events", &BEARER, &body).await.expect(200);
}
