//! Settings that are read again: all of what may change at once, or nothing.

use serde_json::json;

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, finish, http, until},
};

const ORIGIN: &str = "https://app.example.org";

/// A daemon that has its settings from a file.
async fn configured(text: &str) -> Daemon {
    let home = Home::new();
    let file = home.write("ssectld.toml", text);
    let mut command = home.command(&[]);
    command.args(["--config", &file]);
    home.start_command(command).await
}

/// A file in its place that nobody writes: whoever reads it waits.
fn hang(daemon: &Daemon) {
    let file = daemon.home().path("ssectld.toml");
    std::fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
}

/// Opens a stream as a page of another origin.
async fn status_for_the_page(daemon: &Daemon) -> u16 {
    let stream = tokio::net::TcpStream::connect(daemon.public).await.unwrap();
    let to = daemon.public;
    let head = format!("GET /api/sse/stream?request_id=a HTTP/1.1\r\nHost: {to}\r\nOrigin: {ORIGIN}\r\n\r\n");
    Browser::begin(stream, head.as_bytes()).await.status
}

async fn status_of_publishing(daemon: &Daemon, token: &str) -> u16 {
    let token = format!("Bearer {token}");
    let event = json!({"name": "marker", "data": 1});
    http::post_with(daemon.internal, "/v1/events", &[("Authorization", &token)], &event).await.status
}

#[tokio::test]
async fn a_hangup_reloads_and_systemd_is_told() {
    let daemon = configured("").await;
    let mut open = Browser::open(daemon.public, "open").await;
    assert_eq!(status_for_the_page(&daemon).await, 403);
    daemon.home().write(
        "ssectld.toml",
        &format!("[stream]\ncors_origins = [\"{ORIGIN}\"]\n[log]\nlevel = \"debug\"\n"),
    );
    daemon.signal("HUP").await;
    let told = daemon.notice_with("RELOADING=1").await;
    assert!(told.lines().any(|line| line.starts_with("MONOTONIC_USEC=")), "{told}");
    daemon.notice("READY=1").await;
    assert_eq!(status_for_the_page(&daemon).await, 200);
    let changed = async || daemon.log().contains("stream.cors_origins, log.level").then_some(());
    until("the log to say what has changed", changed).await;
    let log = daemon.log();
    assert!(log.contains("DEBUG"), "the new level holds: {log}");
    daemon.event("marker", &json!(1)).await;
    assert_eq!(open.next_event().await.name, "marker", "open streams go on");
}

#[tokio::test]
async fn what_needs_a_restart_is_named_each_time_until_it_had_one() {
    let daemon = configured("").await;
    daemon
        .home()
        .write("ssectld.toml", "[stream]\naccept_rate = 5\nheartbeat = \"20s\"\n[tasks]\nmax_running = 2\n");
    let first = daemon.cli().run(&["daemon", "reload"]).await.expect(0);
    assert!(first.stdout.contains("stream.accept_rate"), "{first:?}");
    let warning = "stream.heartbeat, tasks.max_running";
    assert!(first.stderr.contains("restart") && first.stderr.contains(warning), "{first:?}");
    let again = daemon.cli().json(&["daemon", "reload"]).await;
    let (changed, later) = (&again["item"]["changed"], &again["item"]["after_restart"]);
    assert_eq!((changed, later), (&json!([]), &json!(["stream.heartbeat", "tasks.max_running"])), "{again}");
}

#[tokio::test]
async fn settings_that_cannot_be_change_nothing_at_all() {
    let daemon = configured("").await;
    let file = |text: &str| daemon.home().write("ssectld.toml", text);
    file(&format!(
        "[stream]\ncors_origins = [\"{ORIGIN}\"]\nheartbeat = \"0s\"\n[gateway]\nin_flight = 0\n[log]\nlevel = \"debug\"\n"
    ));
    let refused = daemon.cli().run(&["daemon", "reload"]).await.expect_helpful(1);
    for wrong in ["nothing has changed", "stream.heartbeat", "gateway.in_flight"] {
        assert!(refused.stderr.contains(wrong), "{wrong} is missing: {refused:?}");
    }
    assert_eq!(status_for_the_page(&daemon).await, 403);
    for text in ["[stream\n", "[stram]\nheartbeat = \"1s\"\n"] {
        file(text);
        daemon.cli().run(&["daemon", "reload"]).await.expect_helpful(1);
    }
    file("[publish]\ntoken_file = \"/nowhere/token\"\n");
    let refused = daemon.cli().run(&["daemon", "reload"]).await.expect_helpful(1);
    assert!(refused.stderr.contains("/nowhere/token"), "{refused:?}");
    std::fs::remove_file(daemon.home().path("ssectld.toml")).unwrap();
    daemon.signal("HUP").await;
    daemon.notice("READY=1").await;
    assert!(daemon.log().contains("not reloaded"), "{}", daemon.log());
    assert!(!daemon.log().contains("DEBUG"), "{}", daemon.log());
    daemon.stop().await;
}

#[tokio::test]
async fn start_check_and_reload_refuse_the_same() {
    let daemon = configured("mode = \"gateway\"\n").await;
    for (settings, told) in [
        ("[control]\ngroup = \"no-such-group\"\n", "control.group: there is no group"),
        ("[gateway]\nsecret_file = \"/nowhere/secret\"\n", "gateway.secret_file \"/nowhere/secret\""),
        ("[gateway]\nurl = \"http://127.0.0.1:9/?x=1\"\n", "gateway.url"),
        ("[access]\nreaders = [\"no-such-user\"]\n", "access.readers: there is no user"),
    ] {
        let file = daemon.home().write("ssectld.toml", &format!("mode = \"gateway\"\n{settings}"));
        let refused = daemon.cli().run(&["daemon", "reload"]).await.expect_helpful(1);
        assert!(refused.stderr.contains(told), "{refused:?}");
        for arguments in [&[][..], &["config", "check"]] {
            let mut other = Home::new().command(&[]);
            other.args(["--config", &file]).args(arguments);
            let refused = finish(other).await.expect(78);
            assert!(refused.stderr.contains(told), "{arguments:?}: {refused:?}");
        }
    }
    let mut check = Home::new().command(&["gateway_server.secret_file=/nowhere/secret"]);
    check.args(["config", "check"]);
    let refused = finish(check).await.expect(78);
    assert!(refused.stderr.contains("gateway_server.secret_file"), "{refused:?}");
}

#[tokio::test]
async fn a_reload_that_hangs_does_not_make_the_daemon_deaf() {
    let daemon = configured("").await;
    hang(&daemon);
    daemon.signal("HUP").await;
    daemon.notice("RELOADING=1").await;
    daemon.signal("HUP").await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_reload_that_hangs_is_given_up_and_another_is_possible_once_it_does_not() {
    let daemon = configured("").await;
    hang(&daemon);
    let refused = daemon.cli().run(&["daemon", "reload"]).await.expect_helpful(1);
    assert!(refused.stderr.contains("longer than 5s"), "{refused:?}");
    let refused = daemon.cli().run(&["daemon", "reload"]).await.expect_helpful(1);
    assert!(refused.stderr.contains("has hung since"), "{refused:?}");
    let file = daemon.home().path("ssectld.toml");
    drop(std::fs::OpenOptions::new().read(true).write(true).open(&file).unwrap());
    std::fs::remove_file(&file).unwrap();
    daemon.home().write("ssectld.toml", "[stream]\naccept_rate = 5\n");
    let reloaded = until("the one that hung to end", async || {
        let again = daemon.cli().run(&["daemon", "reload"]).await;
        (again.code == 0).then_some(again)
    });
    assert!(reloaded.await.stdout.contains("stream.accept_rate"));
}

#[tokio::test]
async fn secrets_are_read_again() {
    let home = Home::new();
    let token = home.write("token", "the-first-of-the-two-tokens-of-this-test");
    let daemon = home.start(&[&format!("publish.token_file={token}")]).await;
    assert_eq!(status_of_publishing(&daemon, "the-first-of-the-two-tokens-of-this-test").await, 200);
    daemon.home().write("token", "the-other-of-the-two-tokens-of-this-test");
    assert_eq!(status_of_publishing(&daemon, "the-other-of-the-two-tokens-of-this-test").await, 401);
    let answer = daemon.cli().run(&["daemon", "reload"]).await.expect(0);
    assert!(answer.stdout.contains("no setting has changed"), "{answer:?}");
    assert_eq!(status_of_publishing(&daemon, "the-other-of-the-two-tokens-of-this-test").await, 200);
    assert_eq!(status_of_publishing(&daemon, "the-first-of-the-two-tokens-of-this-test").await, 401);
}
