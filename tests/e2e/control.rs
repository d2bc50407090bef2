//! The control socket: whose it is, what it answers, and what may be repeated.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::fakes::browser::Browser;
use crate::harness::{Daemon, Home, finish, http, until};

#[tokio::test]
async fn a_second_daemon_on_the_socket_gives_up_and_harms_nobody() {
    let first = Daemon::start(&[]).await;
    let socket = format!("control.socket={}", first.home().path("c.sock").display());
    let second = finish(Home::new().command(&[&socket])).await.expect(69);
    assert!(second.stderr.contains("c.sock"), "it names the socket: {second:?}");
    assert_eq!(first.cli().json(&["status"]).await["item"]["pid"], first.pid());
    first.stop().await;
}

#[tokio::test]
async fn a_second_daemon_on_the_port_says_what_to_do() {
    let first = Daemon::start(&[]).await;
    let public = format!("listen.public={}", first.public);
    let second = finish(Home::new().command(&[&public])).await.expect(69);
    assert!(second.stderr.contains(&first.public.port().to_string()), "{second:?}");
    assert!(second.stderr.contains("listen.public"), "it names what to change: {second:?}");
    first.stop().await;
}

#[tokio::test]
async fn a_dead_daemons_socket_is_taken_over() {
    let first = Daemon::start(&[]).await;
    let home = first.kill().await;
    assert!(home.path("c.sock").exists(), "a killed daemon leaves its socket");
    let second = home.start(&[]).await;
    let home = second.stop().await;
    assert!(!home.path("c.sock").exists(), "a stopped one takes it along");
}

#[tokio::test]
async fn the_socket_is_for_owner_and_group_only() {
    let daemon = Daemon::start(&[]).await;
    let mode = std::fs::metadata(daemon.home().path("c.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
}

#[tokio::test]
async fn curl_can_speak_to_it() {
    let daemon = Daemon::start(&[]).await;
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--fail-with-body", "--unix-socket"]).arg(daemon.home().path("c.sock"));
    curl.arg("http://ssectld/v1/connections").kill_on_drop(true);
    if Command::new("curl").arg("--version").output().await.is_err() {
        eprintln!("skipped: curl is not installed");
        return;
    }
    let output = finish(curl).await.expect(0);
    let list: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(
        list,
        json!({"schema": "ssectl/connections.list", "schema_version": 1, "items": [], "total": 0,
               "warnings": []})
    );
}

#[tokio::test]
async fn the_same_key_and_body_give_the_first_receipt_again() {
    let daemon = Daemon::start(&[]).await;
    let order = json!({"version": "1", "key": "deploy-1"});
    let first = daemon.queue(order.clone()).await;
    assert_eq!(daemon.queue(order.clone()).await, first);
    let conflict = daemon.tell("/v1/versions", &json!({"version": "2", "key": "deploy-1"})).await.expect(409);
    assert_eq!(conflict.json()["error"]["code"], "conflict");
    daemon.queue(json!({"version": "3"})).await;
    let late = daemon.queue(order.clone()).await;
    assert_eq!((&late["sequence"], &late["superseded_by"]), (&first["sequence"], &json!("3")), "{late}");
    let daemon = daemon.kill().await.start(&[]).await;
    assert_eq!(daemon.queue(order).await["sequence"], first["sequence"]);
    daemon.tell("/v1/versions", &json!({"version": "2", "key": "deploy-1"})).await.expect(409);
    let pending = daemon.ask("/v1/versions/current").await.expect(200).json();
    assert_eq!(pending["item"]["version"], "3", "a repeated order changes nothing");
}

#[tokio::test]
async fn a_task_started_twice_with_one_key_runs_once() {
    let daemon = Daemon::start(&[]).await;
    let order = json!({"builtin": "demo", "params": {"steps": 0}, "key": "once"});
    let first = daemon.create_task(order.clone()).await;
    assert_eq!(daemon.create_task(order).await, first);
    let list = daemon.ask("/v1/tasks").await.json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    daemon.tell("/v1/tasks", &json!({"name": "x", "key": "once"})).await.expect(409);
}

#[tokio::test]
async fn a_key_belongs_to_its_verb() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1", "key": "k"})).await;
    daemon.create_task(json!({"name": "x", "key": "k"})).await;
}

#[tokio::test]
async fn following_a_task_ends_with_its_end_line() {
    let daemon = Daemon::start(&[]).await;
    let id = daemon.start_task("demo", json!({"steps": 2, "delay": 0.1})).await;
    let stream = daemon.ask(&format!("/v1/tasks/{id}/events")).await.expect(200);
    let lines: Vec<Value> =
        stream.body.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let kinds: Vec<_> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"task"), Some(&"end")), "{lines:?}");
    assert_eq!(lines.last().unwrap()["task"]["status"], "completed");
    let again = daemon.ask(&format!("/v1/tasks/{id}/events")).await.expect(200);
    assert!(again.body.lines().last().unwrap().contains(r#""type":"end""#), "an ended one ends at once");
    daemon.ask("/v1/tasks/unknown/events").await.expect(404);
}

#[tokio::test]
async fn bad_requests_are_refused_with_a_reason() {
    let daemon = Daemon::start(&[]).await;
    for (target, order) in [
        ("/v1/versions", json!({})),
        ("/v1/versions", json!({"version": ""})),
        ("/v1/versions", json!({"version": "a\nb"})),
        ("/v1/versions", json!({"version": "x".repeat(257)})),
        ("/v1/versions", json!({"version": "1", "request_id": "a:b"})),
        ("/v1/versions", json!({"version": "1", "unknown": 1})),
        ("/v1/versions", json!({"version": 1})),
        ("/v1/events", json!({"name": "version", "data": 1})),
        ("/v1/events", json!({"name": "a b", "data": 1})),
        ("/v1/events", json!({"name": "x"})),
        ("/v1/connections/disconnect", json!({})),
    ] {
        let answer = daemon.tell(target, &order).await.expect(400).json();
        assert_eq!(answer["error"]["code"], "invalid", "{target} {order} → {answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
    }
    let big = json!({"name": "x", "data": "x".repeat(33_000)});
    assert_eq!(daemon.tell("/v1/events", &big).await.expect(413).json()["error"]["code"], "too_large");
    let answer = daemon.ask("/v1/nonsense").await.expect(404).json();
    assert!(answer["error"]["message"].is_string(), "{answer}");
    let get = http::request("DELETE", "/v1/versions", &[], b"");
    assert_eq!(daemon.control(&get).await.status, 405);
}

#[tokio::test]
async fn bug_m9_what_is_no_json_is_refused_before_anything_is_sent() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    for data in ["NaN", "Infinity", "{", "'x'", "1 2", "\"\u{1}\""] {
        let body = format!(r#"{{"name":"bad","data":{data}}}"#);
        let json = [("Content-Type", "application/json")];
        daemon.control(&http::request("POST", "/v1/events", &json, body.as_bytes())).await.expect(400);
    }
    daemon.event("good", &json!("line\r\nbreak\r and \u{2028}")).await;
    let event = browser.next_event().await;
    assert_eq!((event.name.as_str(), event.json()), ("good", json!("line\r\nbreak\r and \u{2028}")));
}

#[tokio::test]
async fn every_mutation_is_logged_with_the_peers_uid() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1.2.3", "key": "audit-me"})).await;
    until("the mutation in the log", async || {
        let log = daemon.log();
        log.lines().any(|line| line.contains("audit-me") && line.contains("uid")).then_some(())
    })
    .await;
}
