//! `POST /api/sse/callback`: what the seed got wrong.

use serde_json::json;

use crate::{
    callback::{gateway_mode, post, raw, says},
    fakes::gateway::connect,
    harness::Daemon,
};

#[tokio::test]
async fn bug_c1_json_that_is_no_object_is_400() {
    let daemon = gateway_mode().await;
    for body in ["[]", "5", "\"x\"", "true"] {
        raw(&daemon, "application/json", body.as_bytes()).await.expect(400);
    }
}

#[tokio::test]
async fn bug_c2_a_broken_url_is_400() {
    let daemon = gateway_mode().await;
    for url in ["http://[::1/x", "http://[/", "//["] {
        let body = json!({"action": "connect", "token": "t", "request": {"url": url}});
        post(&daemon, &body).await.expect(400);
    }
}

#[tokio::test]
async fn bug_c3_headers_may_be_anything() {
    let daemon = gateway_mode().await;
    for headers in [json!({"set-cookie": ["a=1", "b=2"]}), json!({}), json!(null), json!([1]), json!("x")] {
        let mut body = connect("a", "t");
        body["request"]["headers"] = headers;
        says(post(&daemon, &body).await, 200, "{}");
    }
}

#[tokio::test]
async fn bug_c4_neither_answer_nor_log_repeats_what_was_sent() {
    let daemon = Daemon::start(&["mode=gateway", "gateway.url=http://127.0.0.1:1", "log.level=debug"]).await;
    let mut body = connect("a", "t");
    body["request"] = json!({"headers": {"cookie": "hunter2", "authorization": "Bearer hunter2"}});
    let answer = post(&daemon, &body).await.expect(400);
    assert!(!answer.body.contains("hunter2"), "{answer:?}");
    let mut good = connect("a", "t");
    good["request"]["headers"]["cookie"] = json!("hunter2");
    good["request"]["url"] = json!("/x?request_id=a&password=hunter2");
    says(post(&daemon, &good).await, 200, "{}");
    assert!(!daemon.log().contains("hunter2"));
}

#[tokio::test]
async fn bug_c5_ids_are_short_and_printable() {
    let daemon = gateway_mode().await;
    for id in ["%20", "a%00b", "a%1b%5B31mb", "a%E2%80%AEb", &"x".repeat(129)] {
        post(&daemon, &connect(id, "t")).await.expect(400);
    }
    says(post(&daemon, &connect(&"x".repeat(128), "t")).await, 200, "{}");
}

#[tokio::test]
async fn bug_c6_tokens_are_neither_empty_nor_endless() {
    let daemon = gateway_mode().await;
    for token in ["", " ", "a\nb", &"x".repeat(513)] {
        post(&daemon, &connect("a", token)).await.expect(400);
    }
    assert!(daemon.connected().await.is_empty());
}

#[tokio::test]
async fn bug_c7_no_line_of_the_log_can_be_forged() {
    let daemon = Daemon::start(&["mode=gateway", "gateway.url=http://127.0.0.1:1", "log.level=trace"]).await;
    post(&daemon, &connect("a%0d%0aFORGED", "t")).await.expect(400);
    post(&daemon, &connect("a", "t\r\nFORGED")).await.expect(400);
    post(&daemon, &json!({"action": "x\nFORGED"})).await.expect(400);
    let log = daemon.log();
    assert!(!log.lines().any(|line| line.starts_with("FORGED")), "{log}");
}
