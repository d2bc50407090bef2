//! The exit codes of `ssectl`: a deploy script decides by them.

use std::process::Stdio;

use serde_json::json;

use crate::{
    fakes::{
        browser::Browser,
        control::{Manner, serve},
    },
    harness::{Daemon, Home, within},
    tasks::endless,
};

#[tokio::test]
async fn exit_1_refused_while_draining() {
    let daemon = Daemon::start(&[]).await;
    daemon.create_task(json!({"name": "held by the test"})).await;
    daemon.signal("TERM").await;
    daemon.notice("STOPPING=1").await;
    let output = daemon.cli().run(&["version", "queue", "1.0"]).await.expect_helpful(1);
    assert!(output.stderr.contains("shutting down"), "{output:?}");
}

#[tokio::test]
async fn exit_2_what_was_typed_is_wrong() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    for arguments in [
        &["nonsense"][..],
        &["version", "queue"],
        &["version", "queue", "1", "--request-id", "a:b"],
        &["connections", "list", "-o", "nonsense"],
        &["task", "progress", "x", "--value", "lots"],
        &["status", "--timeout", "soon"],
    ] {
        let output = cli.run(arguments).await.expect(2);
        assert!(output.stderr.contains("error:") && output.stdout.is_empty(), "{arguments:?} → {output:?}");
    }
    cli.run(&["task", "start", "nonsense"]).await.expect_helpful(2);
}

#[tokio::test]
async fn exit_3_there_is_no_such_thing() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    for arguments in [
        &["connections", "show", "nobody"][..],
        &["connections", "disconnect", "nobody"],
        &["task", "show", "no-such-task"],
        &["task", "cancel", "no-such-task"],
        &["task", "follow", "no-such-task"],
        &["version", "current"],
    ] {
        let output = cli.run(arguments).await.expect(3);
        assert!(output.stderr.contains("error:"), "{arguments:?} → {output:?}");
    }
}

#[tokio::test]
async fn exit_4_no_daemon_and_nothing_was_sent() {
    let home = Home::new();
    for arguments in [&["status"][..], &["version", "queue", "1"], &["connections", "list"]] {
        let output = home.cli().run(arguments).await.expect_helpful(4);
        assert!(output.stderr.contains("c.sock"), "it says where it looked: {output:?}");
    }
    // A socket that nobody listens on any more.
    drop(std::os::unix::net::UnixListener::bind(home.path("c.sock")).unwrap());
    home.cli().run(&["version", "queue", "1"]).await.expect_helpful(4);
}

#[tokio::test]
async fn exit_5_denied() {
    let home = Home::new();
    let body = r#"{"error":{"code":"denied","message":"readers may not","hint":"ask an operator"}}"#;
    let answer: &'static str = format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .leak();
    let _heard = serve(&home.path("c.sock"), Manner::Answers(answer));
    let output = home.cli().run(&["version", "queue", "1"]).await.expect_helpful(5);
    assert!(output.stderr.contains("readers may not"), "{output:?}");
}

#[tokio::test]
async fn exit_6_the_key_was_used_for_something_else() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let first = cli.run(&["version", "queue", "1", "--key", "k", "-o", "json"]).await.expect(0);
    let again = cli.run(&["version", "queue", "1", "--key", "k", "-o", "json"]).await.expect(0);
    assert_eq!(first.stdout, again.stdout);
    cli.run(&["version", "queue", "2", "--key", "k"]).await.expect_helpful(6);
    cli.run(&["version", "queue", "2", "--deploy-id", "k"]).await.expect_helpful(6);
}

#[tokio::test]
async fn exit_7_something_was_sent_and_nobody_answered() {
    for (manner, timeout) in [(Manner::HangsUp, "20s"), (Manner::Hangs, "1s")] {
        let home = Home::new();
        let mut heard = serve(&home.path("c.sock"), manner);
        let output = home.cli().run(&["version", "queue", "1", "--timeout", timeout]).await.expect_helpful(7);
        let request = heard.recv().await.expect("it was sent");
        let (_, rest) = request.split_once(r#""key":""#).expect("every order has a key");
        let key = rest.split('"').next().unwrap();
        assert!(output.stderr.contains(key), "repeat it with the printed key {key}: {output:?}");
    }
}

#[tokio::test]
async fn exit_7_also_on_an_interrupt_after_something_was_sent() {
    let home = Home::new();
    let mut heard = serve(&home.path("c.sock"), Manner::Hangs);
    let mut command = home.cli().command(&["version", "queue", "1", "--key", "k-1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    within("the order", heard.recv()).await.expect("it was sent");
    interrupt(child.id().unwrap()).await;
    let output = within("ssectl to end", child.wait_with_output()).await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{errors}");
    assert!(errors.contains("k-1"), "{errors}");
}

#[tokio::test]
async fn exit_7_says_for_every_order_how_to_repeat_it_to_the_same_daemon() {
    let home = Home::new();
    let socket = home.path("c.sock");
    let mut heard = serve(&socket, Manner::Hangs);
    let orders: [&[&str]; 11] = [
        &["version", "queue", "1"],
        &["version", "clear"],
        &["task", "start", "demo"],
        &["task", "create", "--name", "x"],
        &["task", "complete", "t"],
        &["task", "fail", "t", "--error", "e"],
        &["task", "cancel", "t"],
        &["task", "remove", "t"],
        &["connections", "disconnect", "a"],
        &["connections", "unblock", "a"],
        &["daemon", "stop"],
    ];
    for order in orders {
        let mut command = home.cli().command(order);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let request = within("the order", heard.recv()).await.expect("it was sent");
        let (_, rest) = request.split_once(r#""key":""#).expect("every order has a key");
        let key = rest.split('"').next().unwrap();
        interrupt(child.id().unwrap()).await;
        let output = within("ssectl to end", child.wait_with_output()).await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(7), "{order:?}: {errors}");
        let words = [&["ssectl", "--socket", socket.to_str().unwrap()], order, &["--key", key]].concat();
        assert!(errors.contains(&words.join(" ")), "{order:?}: {errors}");
    }
    let mut command = home.cli().command(&["task", "progress", "t", "--percent", "5"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    within("the report", heard.recv()).await.expect("it was sent");
    interrupt(child.id().unwrap()).await;
    let output = within("ssectl to end", child.wait_with_output()).await.unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

#[tokio::test]
async fn exit_8_partly_done() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "here").await;
    let output = daemon.cli().run(&["connections", "disconnect", "here", "nobody"]).await.expect(8);
    assert!(format!("{}{}", output.stdout, output.stderr).contains("nobody"), "{output:?}");
    assert!(daemon.connected().await.is_empty());
}

#[tokio::test]
async fn exit_10_the_followed_task_failed() {
    let daemon = Daemon::start(&[]).await;
    let output = daemon.cli().run(&["task", "start", "failing", "--follow"]).await.expect(10);
    assert!(format!("{}{}", output.stdout, output.stderr).contains("Test error"), "{output:?}");
    let id = daemon.start_task("failing", json!({"delay": 0})).await;
    daemon.until_task(&id, "failed").await;
    daemon.cli().run(&["task", "follow", &id]).await.expect(10);
}

#[tokio::test]
async fn exit_130_an_interrupted_follow_leaves_the_task_alone() {
    let daemon = Daemon::start(&[]).await;
    let id = daemon.start_task("demo", endless()).await;
    let mut command = daemon.cli().command(&["task", "follow", &id, "-o", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = tokio::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    within("a first line", tokio::io::AsyncBufReadExt::read_line(&mut stdout, &mut line)).await.unwrap();
    interrupt(child.id().unwrap()).await;
    let output = within("ssectl to end", child.wait_with_output()).await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{line}");
    let next = format!("ssectl --socket {} task follow", daemon.home().path("c.sock").display());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains(&next), "{errors}");
    assert_eq!(daemon.show_task(&id).await["status"], "running");
}

#[tokio::test]
async fn exit_130_an_interrupted_stop_says_that_the_daemon_goes_on_stopping_and_how_to_look() {
    let daemon = Daemon::start(&[]).await;
    daemon.create_task(json!({"name": "held by the test"})).await;
    let mut child = daemon.cli().command(&["daemon", "stop"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = tokio::io::BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    within("its first word", tokio::io::AsyncBufReadExt::read_line(&mut stderr, &mut said)).await.unwrap();
    interrupt(child.id().unwrap()).await;
    within("the rest", tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut said)).await.unwrap();
    assert_eq!(within("ssectl to end", child.wait()).await.unwrap().code(), Some(130), "{said}");
    let next = format!("ssectl --socket {} status", daemon.home().path("c.sock").display());
    assert!(said.contains("goes on stopping") && said.contains(&next), "{said}");
}

async fn interrupt(pid: u32) {
    let kill = tokio::process::Command::new("kill").args(["-s", "INT", &pid.to_string()]).status().await;
    assert!(kill.expect("kill can be run").success());
}
