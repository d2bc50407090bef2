//! `ssectl` at work: what it prints, for people and for scripts.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::{
    fakes::{
        browser::Browser,
        gateway::{CALLBACK, connect},
    },
    harness::{Daemon, http, within},
    tasks::endless,
};

#[tokio::test]
async fn an_operator_queues_a_version_and_a_tab_hears_of_it() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "tab").await;
    let cli = daemon.cli();
    let output = cli.run(&["version", "queue", "1.4.0", "--changelog", "Faster"]).await.expect(0);
    assert!(output.stdout.contains("1.4.0"), "{output:?}");
    assert_eq!(browser.next_event().await.json(), json!({"version": "1.4.0", "changelog": "Faster"}));
    let current = cli.json(&["version", "current"]).await;
    assert_eq!(current["item"]["version"], "1.4.0", "{current}");
    let list = cli.run(&["version", "list"]).await.expect(0);
    assert!(list.stdout.contains("1.4.0"), "{list:?}");
    cli.run(&["version", "clear"]).await.expect(0);
    cli.run(&["version", "current"]).await.expect(3);
}

#[tokio::test]
async fn a_receipt_in_json_has_the_agreed_form() {
    let daemon = Daemon::start(&[]).await;
    let receipt = daemon.cli().json(&["version", "queue", "2.0.0", "--key", "deploy-9"]).await;
    assert_eq!((&receipt["schema"], &receipt["schema_version"]), (&json!("ssectl/receipt"), &json!(1)));
    let mut item = receipt["item"].clone();
    assert!(item["sequence"].take().is_u64(), "{receipt}");
    assert_eq!(
        item,
        json!({"key": "deploy-9", "version": "2.0.0", "request_id": null, "sequence": null,
               "stored": true, "durable": true, "connections": 0})
    );
}

#[tokio::test]
async fn connections_are_listed_shown_and_disconnected() {
    let daemon = Daemon::start(&[]).await;
    let _a = Browser::open(daemon.public, "alpha").await;
    let b = Browser::open(daemon.public, "beta").await;
    let cli = daemon.cli();
    let table = cli.run(&["connections", "list"]).await.expect(0).stdout;
    assert!(table.contains("alpha") && table.contains("beta"), "{table}");
    assert_eq!(cli.run(&["connections", "list", "-o", "name"]).await.expect(0).stdout, "alpha\nbeta\n");
    let list = cli.json(&["connections", "list"]).await;
    assert_eq!(list["schema"], "ssectl/connections.list");
    let first = &list["items"][0];
    for key in ["request_id", "token", "state", "connected_at", "age_ms", "address", "user_agent"] {
        assert!(first.get(key).is_some(), "{key} is missing: {first}");
    }
    assert_eq!((&first["state"], &first["user_agent"]), (&json!("live"), &json!("Mozilla/5.0 (test)")));
    let shown = cli.json(&["connections", "show", "beta"]).await;
    assert_eq!(shown["item"]["request_id"], "beta");
    cli.run(&["connections", "disconnect", "beta"]).await.expect(0);
    assert_eq!(b.last_events().await.last().map(|event| event.name.clone()).as_deref(), Some("bye"));
    assert_eq!(cli.run(&["connections", "list", "-o", "name"]).await.expect(0).stdout, "alpha\n");
}

#[tokio::test]
async fn everyone_is_disconnected_only_with_all_and_yes() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    let cli = daemon.cli();
    cli.run(&["connections", "disconnect"]).await.expect(2);
    cli.run(&["connections", "disconnect", "--all"]).await.expect_helpful(2);
    assert_eq!(daemon.connected().await, ["a"]);
    cli.run(&["connections", "disconnect", "--all", "--yes"]).await.expect(0);
    assert!(daemon.connected().await.is_empty());
}

#[tokio::test]
async fn a_script_reports_a_task_from_begin_to_end() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let cli = daemon.cli();
    let id = cli.run(&["task", "create", "--name", "nightly", "-o", "name"]).await.expect(0).stdout;
    let id = id.trim();
    cli.run(&["task", "progress", id, "--value", "0.5", "--text", "half"]).await.expect(0);
    cli.run(&["task", "complete", id]).await.expect(0);
    let events = crate::tasks::events_of(&mut browser, id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"success": true}));
    assert_eq!(cli.json(&["task", "show", id]).await["item"]["status"], "completed");
    let list = cli.run(&["task", "list"]).await.expect(0);
    assert!(list.stdout.contains("nightly"), "{list:?}");
    cli.run(&["task", "remove", id]).await.expect(0);
    cli.run(&["task", "show", id]).await.expect(3);
}

#[tokio::test]
async fn a_followed_task_is_told_in_plain_lines_where_there_is_no_terminal() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let output = cli.run(&["task", "start", "demo", "--follow"]).await.expect(0);
    let told = format!("{}{}", output.stdout, output.stderr);
    assert!(told.contains("Step 3/3"), "{output:?}");
    assert!(!told.contains('\u{1b}') && !told.contains('\r'), "no terminal, no control: {output:?}");
    let id = daemon.start_task("demo", json!({"steps": 2})).await;
    cli.run(&["task", "follow", &id]).await.expect(0);
    cli.run(&["task", "follow", &id]).await.expect(0);
}

#[tokio::test]
async fn an_event_is_sent_to_all_or_to_one() {
    let daemon = Daemon::start(&[]).await;
    let mut a = Browser::open(daemon.public, "a").await;
    let mut b = Browser::open(daemon.public, "b").await;
    let cli = daemon.cli();
    cli.run(&["event", "send", "order.paid", r#"{"id": 7}"#, "--request-id", "a"]).await.expect(0);
    cli.run(&["event", "send", "tick", "1"]).await.expect(0);
    assert_eq!(a.next_event().await.data, r#"{"id":7}"#);
    assert_eq!(b.next_event().await.name, "tick");
    cli.run(&["event", "send", "version", "1"]).await.expect(2);
    cli.run(&["event", "send", "tick", "not json"]).await.expect(2);
}

#[tokio::test]
async fn a_piped_table_is_whole_and_nothing_from_the_network_controls_the_terminal() {
    let daemon = Daemon::start(&[]).await;
    let stream = tokio::net::TcpStream::connect(daemon.public).await.unwrap();
    let id = "x".repeat(128);
    let head = format!(
        "GET /api/sse/stream?request_id={id} HTTP/1.1\r\nHost: localhost\r\n\
         User-Agent: evil\tagent \u{9b}31m \u{202e}{}\r\n\r\n",
        "y".repeat(100)
    );
    let browser = Browser::begin(stream, head.as_bytes()).await;
    assert_eq!(browser.status, 200);
    for arguments in [&["connections", "list"][..], &["connections", "show", &id]] {
        let text = daemon.cli().run(arguments).await.expect(0).stdout;
        assert!(text.contains(&id), "not cut where nobody looks: {text}");
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\t']), "{text:?}");
    }
}

#[tokio::test]
async fn control_characters_of_a_reporter_are_escaped() {
    let daemon = Daemon::start(&[]).await;
    let id = daemon.create_task(json!({"name": "plain"})).await;
    let evil = "evil\u{1b}]0;title\u{7}\nforged line";
    daemon.task(&id, "progress", &json!({"text": evil, "value": 0.5})).await;
    daemon.task(&id, "fail", &json!({"error": evil})).await.expect(200);
    for (arguments, code) in
        [(&["task", "list"][..], 0), (&["task", "show", &id], 0), (&["task", "follow", &id], 10)]
    {
        let output = daemon.cli().run(arguments).await.expect(code);
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{7}']), "{output:?}");
            assert!(!text.lines().any(|line| line.starts_with("forged")), "{output:?}");
        }
    }
}

#[tokio::test]
async fn a_closed_pipe_is_no_error() {
    let daemon = Daemon::start(&["mode=gateway", "gateway.url=http://127.0.0.1:1"]).await;
    for n in 0..300 {
        let id = format!("{n}-{}", "x".repeat(100));
        http::post(daemon.internal, CALLBACK, &connect(&id, &format!("t{n}"))).await.expect(200);
    }
    let mut command = daemon.cli().command(&["connections", "list", "-o", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 10];
    stdout.read_exact(&mut first).await.unwrap();
    drop(stdout);
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
    let status = within("ssectl to end", child.wait()).await.unwrap();
    assert!(matches!(status.code(), Some(0 | 141)), "{status}: {errors}");
    assert_eq!(errors, "", "and it is silent about it");
}

#[tokio::test]
async fn an_empty_list_is_no_error() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    for what in [["connections", "list"], ["version", "list"], ["task", "list"]] {
        assert_eq!(cli.json(&what).await["items"], json!([]));
        assert_eq!(cli.run(&[what[0], what[1], "-o", "name"]).await.expect(0).stdout, "");
    }
}

#[tokio::test]
async fn status_tells_what_there_is() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    daemon.queue(json!({"version": "1"})).await;
    daemon.start_task("demo", endless()).await;
    let status = daemon.cli().json(&["status"]).await["item"].clone();
    let expected = [
        ("pid", json!(daemon.pid())),
        ("phase", json!("ready")),
        ("mode", json!("embedded")),
        ("framing", json!("named")),
        ("connections", json!(1)),
        ("pending_versions", json!(1)),
        ("durable", json!(true)),
        ("degraded", json!([])),
    ];
    for (key, value) in expected {
        assert_eq!(status[key], value, "{key} of {status}");
    }
    let tasks: Value = status["tasks"].clone();
    assert_eq!(tasks["pending"].as_u64().zip(tasks["running"].as_u64()).map(|(a, b)| a + b), Some(1));
    let text = daemon.cli().run(&["status"]).await.expect(0).stdout;
    assert!(text.contains(&daemon.public.to_string()), "{text}");
}
