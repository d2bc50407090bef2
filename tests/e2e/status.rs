//! The daemon at a glance: what it counts, and how that is watched.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout},
};

use crate::{
    fakes::{
        browser::Browser,
        gateway::{Gateway, Mode},
    },
    harness::{Cli, Daemon, contract, http, session::Session, until, within},
};

async fn status(daemon: &Daemon) -> Value {
    daemon.ask("/v1/status").await.expect(200).json()["item"].take()
}

async fn until_status(daemon: &Daemon, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    until(what, async || Some(status(daemon).await).filter(&holds)).await
}

#[tokio::test]
async fn what_happens_is_counted() {
    let daemon = Daemon::start(&[]).await;
    let zero = status(&daemon).await["counters"].clone();
    let names =
        ["connects", "disconnects", "replaced", "slow", "refused", "events", "written", "failed", "bytes"];
    for name in names {
        assert_eq!(zero[name], 0, "{name} in {zero}");
    }
    let mut a = Browser::open(daemon.public, "a").await;
    let mut b = Browser::open(daemon.public, "b").await;
    daemon.event("tick", &json!("x".repeat(1000))).await;
    a.next_named("tick").await;
    b.next_named("tick").await;
    http::get(daemon.public, "/api/sse/stream?request_id=").await;
    let replacing = Browser::open(daemon.public, "a").await;
    drop(b);
    let now = until_status(&daemon, "both ends", |now| now["counters"]["disconnects"] == 2).await;
    let counters = &now["counters"];
    for (name, count) in [
        ("connects", 3),
        ("replaced", 1),
        ("slow", 0),
        ("refused", 1),
        ("events", 1),
        ("written", 2),
        ("failed", 0),
    ] {
        assert_eq!(counters[name], count, "{name} in {counters}");
    }
    assert!(counters["bytes"].as_u64().expect("a number") > 2000, "{counters}");
    assert_eq!(now["connections"], 1);
    assert_eq!(now["queued"], json!({"connections": 0, "events": 0, "bytes": 0}));
    drop(replacing);
    daemon.stop().await;
}

#[tokio::test]
async fn what_waits_is_known_and_known_to_wait_no_more() {
    let daemon = Daemon::start(&["stream.outbox_bytes=4000000", "stream.write_deadline=10m"]).await;
    let stalled = Browser::open_narrow(daemon.public, "stalled").await;
    let mut quick = Browser::open(daemon.public, "quick").await;
    for _ in 0..40 {
        daemon.event("big", &json!("x".repeat(30_000))).await;
        quick.next_named("big").await;
    }
    let stuck = until_status(&daemon, "queued bytes", |now| now["queued"]["bytes"] != 0).await;
    assert_eq!(stuck["queued"]["connections"], 1, "{stuck}");
    assert!(stuck["queued"]["events"].as_u64().expect("a number") > 3, "{stuck}");
    let table = daemon.cli().run(&["status"]).await.expect(0).stdout;
    assert!(table.contains(" bytes, waiting for 1 connection\n"), "{table}");
    daemon.until_metrics("what waits", |metrics| metrics.value("ssectld_waiting_connections") == 1.0).await;
    drop(stalled);
    let idle = until_status(&daemon, "nothing to wait", |now| now["queued"]["connections"] == 0).await;
    assert_eq!(idle["queued"], json!({"connections": 0, "events": 0, "bytes": 0}));
    assert!(idle["counters"]["failed"].as_u64().expect("a number") > 3, "{idle}");
    let metrics = daemon.metrics().await;
    assert_eq!((metrics.value("ssectld_queued_bytes"), metrics.value("ssectld_queued_events")), (0.0, 0.0));
    assert!(metrics.value("ssectld_bytes_written_total") > 1_000_000.0);
    daemon.stop().await;
}

#[tokio::test]
async fn behind_a_gateway_what_it_took_and_what_waits_for_it_is_counted() {
    let gateway = Gateway::start().await;
    let settings = gateway.settings();
    let daemon = Daemon::start(&[&settings[0], &settings[1], "gateway.timeout=60s"]).await;
    gateway.connect(daemon.internal, "a", "t-a").await;
    daemon.event("tick", &json!(1)).await;
    let took = |now: &Value| now["counters"]["written"] == 1 && now["counters"]["bytes"].as_u64() > Some(0);
    until_status(&daemon, "what it took", took).await;
    gateway.set("t-a", Mode::Hang);
    for _ in 0..3 {
        daemon.event("tick", &json!(2)).await;
    }
    let waits = until_status(&daemon, "what waits", |now| now["queued"]["events"] == 2).await;
    assert_eq!(waits["queued"]["connections"], 1, "{waits}");
    assert_ne!(waits["queued"]["bytes"], 0, "{waits}");
    daemon.kill().await;
}

/// `ssectl status --watch -o jsonl`.
struct Watcher {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    notes: Lines<BufReader<ChildStderr>>,
}

impl Watcher {
    fn start(cli: &Cli) -> Self {
        let mut command = cli.command(&["status", "--watch=100ms", "-o", "jsonl"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ssectl runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let notes = BufReader::new(child.stderr.take().expect("piped")).lines();
        Self { child, lines, notes }
    }

    async fn next(&mut self) -> Value {
        let line = within("a line", self.lines.next_line()).await.expect("readable").expect("it goes on");
        let value: Value = serde_json::from_str(&line).expect("JSON");
        contract::check_value("jsonl", &value);
        value
    }

    async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        within("such a status", async {
            loop {
                let now = self.next().await;
                if holds(&now["item"]) {
                    return now;
                }
            }
        })
        .await
    }

    async fn note(&mut self) -> String {
        within("a note", self.notes.next_line()).await.expect("readable").expect("it goes on")
    }

    fn interrupt(&self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("it runs");
        kill_process(pid, Signal::INT).expect("sent");
    }
}

#[tokio::test]
async fn each_line_is_a_whole_answer_and_goes_on_over_a_restart() {
    let daemon = Daemon::start(&[]).await;
    let mut watcher = Watcher::start(&daemon.cli());
    let first = watcher.next().await;
    assert_eq!((&first["schema"], &first["schema_version"]), (&json!("ssectl/status"), &json!(1)), "{first}");
    assert_eq!(first["warnings"], json!([]), "{first}");
    let browser = Browser::open(daemon.public, "a").await;
    watcher.until(|now| now["connections"] == 1).await;
    drop(browser);
    watcher.until(|now| now["connections"] == 0 && now["counters"]["disconnects"] == 1).await;
    let home = daemon.kill().await;
    assert_eq!(watcher.note().await, "the daemon cannot be reached; waiting for it");
    let daemon = home.start(&[]).await;
    assert_eq!(watcher.note().await, "the daemon is back");
    let pid = daemon.pid();
    watcher.until(|now| now["pid"] == pid && now["counters"]["connects"] == 0).await;
    watcher.interrupt();
    assert_eq!(within("its end", watcher.child.wait()).await.expect("it ends").code(), Some(130));
    daemon.stop().await;
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_ends_it_in_silence() {
    let daemon = Daemon::start(&[]).await;
    let mut watcher = Watcher::start(&daemon.cli());
    watcher.next().await;
    drop(watcher.lines);
    assert_eq!(within("its end", watcher.child.wait()).await.expect("it ends").code(), Some(0));
    let said = within("the end of its notes", watcher.notes.next_line()).await.expect("readable");
    assert_eq!(said, None);
    let output = daemon.cli().run(&["status", "--watch"]).await.expect_helpful(2);
    assert!(output.stderr.contains("--watch -o jsonl"), "{output:?}");
    daemon.cli().run(&["status", "--watch", "-o", "json"]).await.expect(2);
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_on_a_terminal_it_is_drawn_in_its_place() {
    let daemon = Daemon::start(&[]).await;
    let mut session = Session::open(60, 8, &daemon.cli().command(&["status", "--watch=100ms"]));
    let first = session.shows("more lines").await;
    assert!(first.starts_with("daemon ") && first.lines().count() == 7, "{first}");
    session.resize(80, 30);
    session.shows("connections       0\n").await;
    let browser = Browser::open(daemon.public, "a").await;
    let now = session.shows("connections       1\n").await;
    assert_eq!(now.matches("connections  ").count(), 1, "not below the one before: {now}");
    drop(browser);
    session.shows("connections       0\n").await;
    let home = daemon.kill().await;
    session.shows("the daemon cannot be reached; waiting for it").await;
    let daemon = home.start(&[]).await;
    let process = format!("process {}\n", daemon.pid());
    let is_back = |screen: &str| screen.contains(&process) && !screen.contains("waiting for it");
    session.until("the daemon to be back", is_back).await;
    session.press("\u{3}");
    assert_eq!(session.ended().await.code(), Some(130));
    daemon.stop().await;
}
