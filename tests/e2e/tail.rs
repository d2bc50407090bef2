//! What is dispatched, told to those who watch; tasks that are followed over a restart; what is logged meanwhile.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout},
};

use crate::{
    fakes::browser::Browser,
    harness::{Cli, Daemon, until, within},
    tasks::endless,
};

/// An `ssectl` that goes on.
struct Follower {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    notes: Lines<BufReader<ChildStderr>>,
}

impl Follower {
    fn start(cli: &Cli, arguments: &[&str]) -> Self {
        let mut command = cli.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ssectl runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let notes = BufReader::new(child.stderr.take().expect("piped")).lines();
        Self { child, lines, notes }
    }

    async fn next(&mut self) -> Value {
        let line = within("a line", self.lines.next_line()).await.expect("readable").expect("it goes on");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Waits until it notes this.
    async fn note(&mut self, text: &str) {
        loop {
            let note = within(text, self.notes.next_line()).await.expect("readable").expect("it goes on");
            if note.contains(text) {
                return;
            }
        }
    }

    fn interrupt(&self) {
        let pid = Pid::from_raw(self.child.id().expect("it runs").cast_signed()).expect("a process");
        kill_process(pid, Signal::INT).expect("sent");
    }

    async fn code(mut self) -> Option<i32> {
        within("ssectl to end", self.child.wait()).await.expect("it ends").code()
    }
}

#[tokio::test]
async fn each_event_is_told_with_whom_it_reached() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    daemon.event("before", &json!(0)).await;
    let mut tail = Follower::start(&daemon.cli(), &["event", "tail", "-o", "jsonl"]);
    let started = tail.next().await;
    assert_eq!((&started["type"], &started["sequence"]), (&json!("started"), &json!(1)), "{started}");
    daemon.tell("/v1/events", &json!({"name": "to.one", "data": [1], "request_id": "b"})).await.expect(200);
    daemon.queue(json!({"version": "1.0"})).await;
    let one = tail.next().await;
    assert_eq!(
        json!([
            one["type"],
            one["sequence"],
            one["name"],
            one["service"],
            one["request_id"],
            one["connections"]
        ]),
        json!(["event", 2, "to.one", "event", "b", 0]),
        "{one}"
    );
    assert_eq!(json!([one["bytes"], one["data"]]), json!([3, [1]]), "{one}");
    let version = tail.next().await;
    assert_eq!(
        json!([version["service"], version["request_id"], version["connections"]]),
        json!(["version", null, 1])
    );
    tail.interrupt();
    assert_eq!(tail.code().await, Some(130));
}

#[tokio::test]
async fn what_was_dispatched_of_late_can_be_asked_for_and_filtered() {
    let daemon = Daemon::start(&[]).await;
    for (name, data) in [("a", json!(1)), ("b", json!("long enough")), ("c", json!("long enough"))] {
        daemon.event(name, &data).await;
    }
    let arguments = ["event", "tail", "-o", "jsonl", "--since", "0", "--name", "a,b", "--filter", "bytes>5"];
    let mut tail = Follower::start(&daemon.cli(), &arguments);
    assert_eq!(tail.next().await["type"], "started");
    assert_eq!(tail.next().await["name"], "b");
    daemon.event("c", &json!("not this one")).await;
    daemon.event("a", &json!("but this one")).await;
    assert_eq!(tail.next().await["data"], "but this one");
    daemon.cli().run(&["event", "tail", "--filter", "nonsense=1"]).await.expect(2);
}

#[tokio::test]
async fn watching_goes_on_over_a_restart_and_misses_nothing() {
    let daemon = Daemon::start(&[]).await;
    let mut tail = Follower::start(&daemon.cli(), &["event", "tail", "-o", "jsonl"]);
    assert_eq!(tail.next().await["type"], "started");
    daemon.event("first", &json!(1)).await;
    assert_eq!(tail.next().await["name"], "first");
    let home = daemon.kill().await;
    tail.note("waiting for it").await;
    let daemon = home.start(&[]).await;
    // Before or after it has come back: nobody can tell.
    daemon.event("second", &json!(2)).await;
    assert_eq!(tail.next().await["type"], "started");
    let second = tail.next().await;
    assert_eq!((&second["name"], &second["sequence"]), (&json!("second"), &json!(1)), "{second}");
    daemon.stop().await;
    assert_eq!(tail.next().await["type"], "end");
}

#[tokio::test]
async fn who_does_not_read_is_told_what_is_missing_and_holds_up_nobody() {
    let daemon = Daemon::start(&[]).await;
    let mut idle = daemon.connect().await;
    idle.write_all(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut begun = [0; 12];
    within("the head", idle.read_exact(&mut begun)).await.expect("read");
    let large = json!("x".repeat(30_000));
    for _ in 0..600 {
        daemon.event("large", &large).await;
    }
    let mut text = Vec::new();
    within("the gap", async {
        let mut buffer = vec![0; 65_536];
        while !text.windows(15).any(|part| part == b"\"type\":\"lagged\"") {
            let length = idle.read(&mut buffer).await.expect("read");
            assert!(length > 0, "the stream goes on");
            text.extend_from_slice(&buffer[..length]);
        }
    })
    .await;
}

#[tokio::test]
async fn following_a_task_goes_on_over_a_restart() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let well = daemon.create_task(json!({"name": "well"})).await;
    let badly = daemon.create_task(json!({"name": "badly"})).await;
    let builtin = daemon.start_task("demo", endless()).await;
    let follow = |id: &str| Follower::start(&cli, &["task", "follow", id]);
    let mut followers = [follow(&well), follow(&badly), follow(&builtin)];
    for follower in &mut followers {
        follower.note("running").await;
    }
    let daemon = daemon.kill().await.start(&[]).await;
    for follower in &mut followers {
        follower.note("waiting for it").await;
        follower.note("the daemon is back").await;
    }
    daemon.task(&well, "complete", &json!({})).await.expect(200);
    daemon.task(&badly, "fail", &json!({"error": "no"})).await.expect(200);
    let [well, badly, builtin] = followers;
    assert_eq!(well.code().await, Some(0));
    assert_eq!(badly.code().await, Some(10));
    assert_eq!(builtin.code().await, Some(10), "nobody runs it any more");
}

#[tokio::test]
async fn who_leaves_off_following_learns_how_to_go_on() {
    let daemon = Daemon::start(&[]).await;
    let mut follower =
        Follower::start(&daemon.cli(), &["task", "start", "demo", "--param", "steps=100000", "--follow"]);
    follower.note("running").await;
    follower.interrupt();
    follower.note("goes on").await;
    follower.note("ssectl").await;
    assert_eq!(follower.code().await, Some(130));
}

#[tokio::test]
async fn more_is_logged_for_a_while() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let debugs = || daemon.log().lines().filter(|line| line.contains("DEBUG")).count();
    let shown = cli.run(&["daemon", "log-level", "-o", "name"]).await.expect(0);
    assert_eq!(shown.stdout, "info\n");
    let changed = cli.run(&["daemon", "log-level", "debug", "--for", "1h"]).await.expect(0);
    assert!(changed.stdout.contains("debug") && changed.stdout.contains("then info"), "{changed:?}");
    let status = cli.json(&["status"]).await;
    assert_eq!(status["item"]["log"]["filter"], "debug", "{status}");
    assert!(status["item"]["log"]["until"].is_string(), "{status}");
    Browser::open(daemon.public, "a").await;
    until("a line for the connection", async || (debugs() > 0).then_some(())).await;
    cli.run(&["daemon", "log-level", "debug", "--for", "1s"]).await.expect(0);
    until("the end of it", async || {
        let status = daemon.ask("/v1/status").await.json();
        status["item"]["log"].is_null().then_some(())
    })
    .await;
    cli.run(&["daemon", "log-level", "ssectl_core::task=trace"]).await.expect(0);
    let shown = cli.run(&["daemon", "log-level", "-o", "name"]).await.expect(0);
    assert_eq!(shown.stdout, "info,ssectl_core::task=trace\n");
    cli.run(&["daemon", "log-level", "--reset"]).await.expect(0);
    let wrong = cli.run(&["daemon", "log-level", "debgu"]).await.expect_helpful(2);
    assert!(wrong.stderr.contains("no level"), "{wrong:?}");
    let audit = cli.json(&["audit", "--filter", "command=daemon.log-level"]).await;
    let outcomes: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["outcome"]).collect();
    assert_eq!(outcomes, ["refused", "done", "done", "done", "done"], "{audit}");
}

#[tokio::test]
async fn a_daemon_that_takes_long_to_stop_has_said_that_it_will() {
    let daemon = Daemon::start(&[]).await;
    let id = daemon.create_task(json!({"name": "held by the test"})).await;
    let output = daemon.cli().run(&["daemon", "stop", "--timeout", "300ms"]).await.expect_helpful(1);
    assert!(output.stderr.contains("it will end"), "{output:?}");
    daemon.task(&id, "complete", &json!({})).await.expect(200);
    let mut daemon = daemon;
    assert!(daemon.ended().await.success());
}
