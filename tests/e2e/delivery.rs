//! How far a version has come, and a deploy that waits for it.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, process::Child};

use crate::{
    fakes::{
        browser::Browser,
        gateway::{Gateway, Mode},
    },
    harness::{Cli, Daemon, Output, until, within},
};

/// A browser that does not read may stay for as long as the test takes.
const PATIENT: [&str; 2] = ["stream.outbox_bytes=4000000", "stream.write_deadline=10m"];

/// Opens a stream that nobody reads, and sends it more than the kernel takes.
pub async fn stalled(daemon: &Daemon) -> Browser {
    let stalled = Browser::open_narrow(daemon.public, "stalled").await;
    until("bytes that wait", async || {
        for _ in 0..10 {
            daemon.event("big", &json!("x".repeat(30_000))).await;
        }
        let shown = daemon.ask("/v1/connections/stalled").await.expect(200).json();
        (shown["item"]["queued_bytes"].as_u64() > Some(100_000)).then_some(())
    })
    .await;
    stalled
}

/// Starts `ssectl` and leaves it running.
pub fn start(cli: &Cli, arguments: &[&str]) -> Child {
    let mut command = cli.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ssectl can be run")
}

/// Waits for its end.
pub async fn end(child: Child) -> Output {
    let output = within("ssectl to end", child.wait_with_output()).await.expect("its output");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

pub async fn interrupt(child: &Child) {
    let pid = child.id().expect("it runs").to_string();
    let kill = tokio::process::Command::new("kill").args(["-s", "INT", &pid]).status().await;
    assert!(kill.expect("kill can be run").success());
}

fn item(output: &Output) -> Value {
    let answer: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    answer["item"].clone()
}

/// Returns written, failed, overflowed, gone and queued, after checking that they are all who were selected.
fn figures(item: &Value) -> [u64; 5] {
    let counts = ["written", "failed", "overflowed", "gone", "queued"]
        .map(|name| item[name].as_u64().unwrap_or_else(|| panic!("no {name} in {item}")));
    assert_eq!(counts.iter().sum::<u64>(), item["connections"].as_u64().expect("a number"), "{item}");
    counts
}

async fn delivery(daemon: &Daemon, sequence: u64) -> Value {
    daemon.ask(&format!("/v1/versions/{sequence}/delivery")).await.expect(200).json()["item"].take()
}

/// Waits until a version of this name is queued.
async fn queued(daemon: &Daemon, version: &str) {
    until("the version to be queued", async || {
        let current = daemon.ask("/v1/versions/current").await;
        (current.status == 200 && current.json()["item"]["version"] == version).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deploy_that_waits_learns_that_everyone_was_written_to() {
    let daemon = Daemon::start(&[]).await;
    let mut tabs = [Browser::open(daemon.public, "a").await, Browser::open(daemon.public, "b").await];
    let output = daemon.cli().run(&["version", "queue", "1", "--wait", "-o", "json"]).await.expect(0);
    let receipt = item(&output);
    assert_eq!((figures(&receipt), &receipt["reached"]), ([2, 0, 0, 0, 0], &json!(true)));
    for tab in &mut tabs {
        assert_eq!(tab.next_version().await, "1");
    }
    let words = daemon.cli().run(&["version", "queue", "2", "--wait"]).await.expect(0).stdout;
    assert!(words.ends_with("written to 2 of 2 connections\n"), "{words}");
    let alone = Daemon::start(&[]).await;
    let words = alone.cli().run(&["version", "queue", "1", "--wait"]).await.expect(0).stdout;
    assert!(words.ends_with("written to 0 of 0 connections\n"), "{words}");
}

#[tokio::test]
async fn a_stalled_browser_keeps_a_deploy_from_all_but_not_from_half() {
    let daemon = Daemon::start(&PATIENT).await;
    let stalled = stalled(&daemon).await;
    let _quick = Browser::open(daemon.public, "quick").await;
    let cli = daemon.cli();
    let queue = |version: &'static str, more: &[&'static str]| {
        let words = [&["version", "queue", version, "--wait", "-o", "json"], more].concat();
        let cli = cli.clone();
        async move { cli.run(&words).await }
    };
    let all = queue("1", &["--timeout", "300ms"]).await.expect(8);
    assert_eq!(figures(&item(&all)), [1, 0, 0, 0, 1], "the receipt is there all the same");
    assert!(all.stderr.contains("1 still queued") && all.stderr.contains("ssectl"), "{all:?}");
    queue("2", &["--min-written", "50%"]).await.expect(0);
    queue("3", &["--min-written", "1"]).await.expect(0);
    // More than there are: nobody waits for that.
    let more = queue("4", &["--min-written", "3", "--timeout", "1h"]).await.expect(8);
    assert!(more.stderr.contains("3 were asked for"), "{more:?}");
    let waiting = start(&cli, &["version", "queue", "5", "--wait", "--timeout", "1h", "-o", "json"]);
    queued(&daemon, "5").await;
    drop(stalled);
    let rest = end(waiting).await.expect(0);
    assert_eq!(figures(&item(&rest)), [1, 0, 0, 1, 0], "who left does not count");
    for sequence in 1..=5 {
        assert_eq!(figures(&delivery(&daemon, sequence).await), [1, 0, 0, 1, 0]);
    }
}

#[tokio::test]
async fn a_browser_that_is_ended_for_being_slow_ends_the_waiting_too() {
    let daemon = Daemon::start(&PATIENT).await;
    let _stalled = stalled(&daemon).await;
    let waiting = start(&daemon.cli(), &["version", "queue", "1", "--wait", "--timeout", "1h", "-o", "json"]);
    queued(&daemon, "1").await;
    while !daemon.connected().await.is_empty() {
        daemon.event("big", &json!("x".repeat(30_000))).await;
    }
    let output = end(waiting).await.expect(8);
    assert_eq!(figures(&item(&output)), [0, 0, 1, 0, 0]);
    assert!(output.stderr.contains("too slow"), "{output:?}");
}

#[tokio::test]
async fn who_is_replaced_does_not_count_and_who_replaces_is_told_anyway() {
    let daemon = Daemon::start(&PATIENT).await;
    let _stalled = stalled(&daemon).await;
    let waiting = start(&daemon.cli(), &["version", "queue", "1", "--wait", "--timeout", "1h", "-o", "json"]);
    queued(&daemon, "1").await;
    let mut again = Browser::open(daemon.public, "stalled").await;
    assert_eq!(again.next_version().await, "1");
    assert_eq!(figures(&item(&end(waiting).await.expect(0))), [0, 0, 0, 1, 0]);
}

#[tokio::test]
async fn exit_130_an_interrupted_wait_leaves_the_version_queued_and_says_how_to_look() {
    let daemon = Daemon::start(&PATIENT).await;
    let _stalled = stalled(&daemon).await;
    let mut waiting = start(&daemon.cli(), &["version", "queue", "1", "--wait", "--timeout", "1h"]);
    assert!(first_line(&mut waiting).await.starts_with("queued 1 for everyone: 1 connection told now"));
    interrupt(&waiting).await;
    let output = end(waiting).await.expect(130);
    let look = format!("ssectl --socket {} version status 1", daemon.home().path("c.sock").display());
    assert!(output.stderr.contains("1 is queued") && output.stderr.contains(&look), "{output:?}");
}

async fn first_line(child: &mut Child) -> String {
    let stdout = child.stdout.as_mut().expect("piped");
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        line.push(within("a first line", stdout.read_u8()).await.expect("more of it"));
    }
    String::from_utf8(line).expect("text")
}

#[tokio::test]
async fn exit_7_a_daemon_that_is_killed_meanwhile_knows_only_that_the_version_is_queued() {
    let daemon = Daemon::start(&PATIENT).await;
    let stalled = stalled(&daemon).await;
    let mut waiting =
        start(&daemon.cli(), &["version", "queue", "1", "--wait", "--timeout", "1h", "--key", "k"]);
    first_line(&mut waiting).await;
    let daemon = daemon.kill().await.start(&[]).await;
    drop(stalled);
    let output = end(waiting).await.expect(7);
    assert!(output.stderr.contains("1 is queued, but to how many"), "{output:?}");
    // Repeated, it is the same.
    daemon.cli().run(&["version", "queue", "1", "--wait", "--key", "k"]).await.expect(7);
    let unchanged = ["version", "queue", "1", "--wait", "--if-changed"];
    daemon.cli().run(&unchanged).await.expect(0);
    let nobody_knows = daemon.cli().run(&["wait", "version", "1", "--min-written", "1"]).await.expect(10);
    assert!(nobody_knows.stderr.contains("nobody knows"), "{nobody_knows:?}");
}

#[tokio::test]
async fn what_was_written_is_known_after_a_restart() {
    let daemon = Daemon::start(&[]).await;
    let _tab = Browser::open(daemon.public, "a").await;
    daemon.cli().run(&["version", "queue", "1", "--wait"]).await.expect(0);
    let daemon = daemon.stop().await.start(&[]).await;
    assert_eq!(figures(&delivery(&daemon, 1).await), [1, 0, 0, 0, 0]);
    daemon.ask("/v1/versions/2/delivery").await.expect(404);
    daemon.ask("/v1/versions/x/delivery").await.expect(400);
    daemon.ask("/v1/versions/1/delivery?min=most").await.expect(400);
}

#[tokio::test]
async fn behind_a_gateway_written_is_what_it_took() {
    let gateway = Gateway::start().await;
    let settings = gateway.settings();
    let daemon = Daemon::start(&[&settings[0], &settings[1], "gateway.timeout=1s"]).await;
    for id in ["good", "bad", "late", "gone"] {
        gateway.connect(daemon.internal, id, &format!("t-{id}")).await;
    }
    gateway.set("t-bad", Mode::Status(500));
    gateway.set("t-late", Mode::Hang);
    gateway.forget("t-gone");
    let cli = daemon.cli();
    let all = cli.run(&["version", "queue", "1", "--wait", "-o", "json"]).await.expect(8);
    // As soon as one has failed, all is out of reach; the others go on.
    assert!(item(&all)["failed"].as_u64() >= Some(1), "{all:?}");
    let wait = ["wait", "version", "1", "--min-written", "3", "-o", "json"];
    let decided = cli.run(&wait).await.expect(10);
    assert!(decided.stderr.contains("3"), "{decided:?}");
    let settled = until("all to be settled", async || {
        Some(delivery(&daemon, 1).await).filter(|delivery| delivery["queued"] == 0)
    })
    .await;
    assert_eq!(figures(&settled), [1, 2, 0, 1, 0]);
    gateway.set("t-bad", Mode::Faithful);
    gateway.set("t-late", Mode::Faithful);
    let words = cli.run(&["version", "queue", "2", "--wait"]).await.expect(0).stdout;
    assert!(words.ends_with("written to 3 of 3 connections\n"), "{words}");
}
