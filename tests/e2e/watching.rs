//! What happens to connections, told to those who watch.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::UnixStream,
    process::{Child, ChildStderr, ChildStdout},
};

use crate::{
    fakes::{
        browser::Browser,
        gateway::{Gateway, Mode},
    },
    harness::{Cli, Daemon, within},
};

/// `ssectl connections watch`.
struct Watcher {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    notes: Lines<BufReader<ChildStderr>>,
}

impl Watcher {
    /// Starts it; it has begun when it says how many there are.
    async fn start(cli: &Cli, arguments: &[&str]) -> Self {
        let mut command = cli.command(&[&["connections", "watch"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ssectl runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let notes = BufReader::new(child.stderr.take().expect("piped")).lines();
        Self { child, lines, notes }
    }

    async fn line(&mut self) -> String {
        within("a line", self.lines.next_line()).await.expect("readable").expect("it goes on")
    }

    async fn note(&mut self) -> String {
        within("a note", self.notes.next_line()).await.expect("readable").expect("it goes on")
    }

    /// The next line but for heartbeats, as JSON.
    async fn next(&mut self) -> Value {
        within("something to happen", async {
            loop {
                let line: Value = serde_json::from_str(&self.line().await).expect("JSON");
                if line["type"] != "heartbeat" {
                    return line;
                }
            }
        })
        .await
    }

    /// The type, request id and reason of the next line.
    async fn essence(&mut self) -> String {
        let line = self.next().await;
        let words = ["type", "request_id", "reason", "before", "state"].map(|field| line[field].as_str());
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    async fn interrupt(mut self) -> Option<i32> {
        let pid = Pid::from_raw(self.child.id().expect("it runs").cast_signed()).expect("a process");
        kill_process(pid, Signal::INT).expect("sent");
        within("the watching to end", self.child.wait()).await.expect("it ends").code()
    }
}

#[tokio::test]
async fn whoever_watches_sees_them_come_go_and_be_replaced() {
    let daemon = Daemon::start(&[]).await;
    let _first = Browser::open(daemon.public, "first").await;
    let mut watcher = Watcher::start(&daemon.cli(), &["-o", "jsonl"]).await;
    let started = watcher.next().await;
    assert_eq!((&started["type"], &started["connections"]), (&json!("started"), &json!(1)), "{started}");
    let old = Browser::open(daemon.public, "tab").await;
    let connected = watcher.next().await;
    assert_eq!(
        (&connected["type"], &connected["request_id"]),
        (&json!("connected"), &json!("tab")),
        "{connected}"
    );
    assert_eq!(
        (&connected["address"], &connected["state"]),
        (&json!("127.0.0.1"), &json!("live")),
        "{connected}"
    );
    assert!(
        connected["user_agent"].as_str().is_some_and(|agent| agent.starts_with("Mozilla")),
        "{connected}"
    );
    let new = Browser::open(daemon.public, "tab").await;
    let replaced = watcher.next().await;
    assert_eq!(
        (&replaced["type"], &replaced["replaced"]),
        (&json!("replaced"), &connected["token"]),
        "{replaced}"
    );
    assert!(replaced["lifetime_ms"].is_u64() && replaced["token"] != connected["token"], "{replaced}");
    drop((old, new));
    let gone = watcher.next().await;
    assert_eq!((&gone["type"], &gone["reason"]), (&json!("disconnected"), &json!("client_closed")), "{gone}");
    assert_eq!((&gone["token"], &gone["state"]), (&replaced["token"], &Value::Null), "{gone}");
    assert!(gone["lifetime_ms"].is_u64(), "{gone}");
    daemon.cli().run(&["connections", "disconnect", "first"]).await.expect(0);
    assert_eq!(watcher.essence().await, "disconnected first disconnected");
    assert_eq!(watcher.interrupt().await, Some(130));
    daemon.stop().await;
}

#[tokio::test]
async fn people_read_a_line_for_each() {
    let daemon = Daemon::start(&[]).await;
    let mut watcher = Watcher::start(&daemon.cli(), &[]).await;
    assert_eq!(watcher.note().await, "watching: 0 connections now");
    drop(Browser::open(daemon.public, "tab").await);
    let line = watcher.line().await;
    assert!(line.ends_with("Z  connected     tab  127.0.0.1  Mozilla/5.0 (test)"), "{line}");
    let line = watcher.line().await;
    assert!(line.contains("Z  disconnected  tab  client_closed after "), "{line}");
    assert_eq!(watcher.interrupt().await, Some(130));
    let mut named = Watcher::start(&daemon.cli(), &["-o", "name"]).await;
    assert_eq!(named.note().await, "watching: 0 connections now");
    let _browser = Browser::open(daemon.public, "named").await;
    assert_eq!(named.line().await, "named");
    daemon.stop().await;
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let filters = [
        "-o",
        "jsonl",
        "--filter",
        "type=disconnected",
        "--filter",
        "request_id~b",
        "--filter",
        "lifetime<1h",
    ];
    let mut watcher = Watcher::start(&cli, &filters).await;
    assert_eq!(watcher.next().await["type"], "started");
    for id in ["a", "b", "c", "tab"] {
        drop(Browser::open(daemon.public, id).await);
        daemon.until_connected(0).await;
    }
    assert_eq!(watcher.essence().await, "disconnected b client_closed");
    assert_eq!(watcher.essence().await, "disconnected tab client_closed");
    for (filter, words) in [("queued>1k", "the fields are type, request_id"), ("lifetime>long", "write 90s")]
    {
        let output = cli.run(&["connections", "watch", "--filter", filter]).await.expect(2);
        assert!(output.stderr.contains(words), "{output:?}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn it_goes_on_over_a_restart_of_the_daemon_and_says_so() {
    let daemon = Daemon::start(&[]).await;
    let mut people = Watcher::start(&daemon.cli(), &[]).await;
    let mut program = Watcher::start(&daemon.cli(), &["-o", "jsonl"]).await;
    assert_eq!(people.note().await, "watching: 0 connections now");
    assert_eq!(program.next().await["type"], "started");
    let home = daemon.stop().await;
    assert_eq!(program.next().await, json!({"type": "end"}));
    assert_eq!(people.note().await, "the daemon is gone; waiting for it");
    let daemon = home.start(&[]).await;
    assert_eq!(people.note().await, "the daemon is back: 0 connections now");
    assert_eq!(program.next().await["type"], "started");
    let home = daemon.kill().await;
    assert_eq!(people.note().await, "the daemon is gone; waiting for it");
    let daemon = home.start(&[]).await;
    assert_eq!(people.note().await, "the daemon is back: 0 connections now");
    assert_eq!(program.next().await["type"], "started");
    let _browser = Browser::open(daemon.public, "tab").await;
    assert_eq!(program.essence().await, "connected tab live");
    assert_eq!((people.interrupt().await, program.interrupt().await), (Some(130), Some(130)));
    daemon.stop().await;
}

#[tokio::test]
async fn behind_a_gateway_doubts_and_ghosts_are_told() {
    let gateway = Gateway::start().await;
    let settings = gateway.settings();
    let daemon = Daemon::start(&[&settings[0], &settings[1]]).await;
    let mut watcher = Watcher::start(&daemon.cli(), &["-o", "jsonl"]).await;
    assert_eq!(watcher.next().await["type"], "started");
    gateway.connect(daemon.internal, "a", "t-a").await;
    assert_eq!(watcher.essence().await, "connected a live");
    gateway.set("t-a", Mode::Status(500));
    daemon.event("tick", &json!(1)).await;
    assert_eq!(watcher.essence().await, "state a live suspect");
    gateway.set("t-a", Mode::Faithful);
    daemon.event("tick", &json!(2)).await;
    assert_eq!(watcher.essence().await, "state a suspect live");
    gateway.connect(daemon.internal, "a", "t-a2").await;
    assert_eq!(watcher.essence().await, "replaced a replaced live");
    gateway.forget("t-a2");
    daemon.event("tick", &json!(3)).await;
    assert_eq!(watcher.essence().await, "disconnected a not_found ghost");
    daemon.stop().await;
}

#[tokio::test]
async fn two_tabs_that_push_each_other_out_begin_to_flap() {
    let daemon = Daemon::start(&[]).await;
    let filters = ["-o", "jsonl", "--filter", "type=state"];
    let mut watcher = Watcher::start(&daemon.cli(), &filters).await;
    assert_eq!(watcher.next().await["type"], "started");
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(Browser::open(daemon.public, "same").await);
    }
    assert_eq!(watcher.essence().await, "state same live flapping");
    daemon.stop().await;
}

#[tokio::test]
async fn who_does_not_read_holds_up_nobody_and_is_told_how_much_was_missed() {
    let daemon = Daemon::start(&[]).await;
    let mut stream: UnixStream = daemon.connect().await;
    let request = "GET /v1/connections/events HTTP/1.1\r\nHost: ssectld\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut lines = BufReader::new(stream).lines();
    let mut next = async || within("a line", lines.next_line()).await.expect("readable").expect("it goes on");
    while !next().await.contains(r#""type":"started""#) {}
    let long = "x".repeat(100);
    for round in 0..4_000 {
        Browser::open(daemon.public, &format!("{long}-{round}")).await.reset();
    }
    daemon.until_connected(0).await;
    let missed = within("the number of those that were missed", async {
        loop {
            let line = next().await;
            if line.contains(r#""type":"lagged""#) {
                let line: Value = serde_json::from_str(&line).expect("JSON");
                return line["missed"].as_u64().expect("a number");
            }
        }
    })
    .await;
    assert!((1..8_000).contains(&missed), "{missed}");
    daemon.stop().await;
}
