//! `ssectl wait`: for what is not there yet, over restarts, and no longer than it may.

use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::{
    delivery::{end, interrupt, stalled, start},
    fakes::browser::Browser,
    harness::{Daemon, Home, http, within},
};

#[tokio::test]
async fn a_daemon_that_is_not_there_yet_is_waited_for() {
    let home = Home::new();
    let cli = home.cli();
    let once = cli.run(&["wait", "ready", "--timeout", "0"]).await.expect_helpful(7);
    assert!(once.stderr.contains("c.sock"), "{once:?}");
    let waiting = start(&cli, &["wait", "ready"]);
    let daemon = home.start(&[]).await;
    assert_eq!(end(waiting).await.expect(0).stdout, "the daemon is ready\n");
    let ready = cli.json(&["wait", "ready", "--timeout", "0"]).await;
    assert_eq!((&ready["schema"], &ready["item"]["reached"]), (&json!("ssectl/waited.ready"), &json!(true)));
    daemon.stop().await;
}

#[tokio::test]
async fn one_that_is_ending_is_not_ready_and_its_successor_is() {
    let daemon = Daemon::start(&[]).await;
    daemon.create_task(json!({"name": "held by the test"})).await;
    daemon.signal("TERM").await;
    daemon.notice("STOPPING=1").await;
    let cli = daemon.cli();
    let once = cli.run(&["wait", "ready", "--timeout", "0"]).await.expect_helpful(7);
    assert!(once.stderr.contains("draining"), "{once:?}");
    let check = cli.run(&["status", "--check"]).await.expect(10);
    assert!(check.stderr.contains("draining") && check.stdout.contains("phase"), "{check:?}");
    let waiting = start(&cli, &["wait", "ready"]);
    let daemon = daemon.kill().await.start(&[]).await;
    end(waiting).await.expect(0);
    cli.run(&["status", "--check"]).await.expect(0);
    daemon.stop().await;
}

#[tokio::test]
async fn a_version_that_is_not_queued_yet_is_waited_for() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let once = cli.run(&["wait", "version", "2", "--timeout", "0"]).await.expect_helpful(7);
    assert!(once.stderr.contains("not queued"), "{once:?}");
    let waiting = start(&cli, &["wait", "version", "2", "--min-written", "100%", "-o", "json"]);
    let daemon = daemon.kill().await.start(&[]).await;
    let _tab = Browser::open(daemon.public, "a").await;
    daemon.queue(json!({"version": "1"})).await;
    daemon.queue(json!({"version": "2"})).await;
    let answer: Value = serde_json::from_str(&end(waiting).await.expect(0).stdout).expect("JSON");
    let item = &answer["item"];
    assert_eq!((&item["sequence"], &item["delivery"]["written"]), (&json!(2), &json!(1)), "{answer}");
    daemon.tell("/v1/versions/clear", &json!({})).await.expect(200);
    cli.run(&["wait", "version", "2", "--timeout", "0"]).await.expect_helpful(7);
    cli.run(&["wait", "version", "1", "--timeout", "0"]).await.expect(0);
}

#[tokio::test]
async fn a_version_that_is_still_on_its_way_is_waited_for() {
    let daemon = Daemon::start(&["stream.outbox_bytes=4000000", "stream.write_deadline=10m"]).await;
    let stalled = stalled(&daemon).await;
    daemon.queue(json!({"version": "1"})).await;
    let cli = daemon.cli();
    let words = ["wait", "version", "1", "--min-written", "100%"];
    let over = cli.run(&[&words[..], &["--timeout", "100ms"]].concat()).await.expect_helpful(7);
    assert!(over.stderr.contains("written to 0 of 1 connection: 1 still queued"), "{over:?}");
    let waiting = start(&cli, &words);
    drop(stalled);
    end(waiting).await.expect(0);
}

#[tokio::test]
async fn a_task_is_waited_for_over_a_restart_and_its_end_is_the_answer() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let id = daemon.create_task(json!({"name": "import"})).await;
    let over = cli.run(&["wait", "task", &id, "--timeout", "0"]).await.expect_helpful(7);
    assert!(over.stderr.contains("it is running"), "{over:?}");
    let waiting = start(&cli, &["wait", "task", &id]);
    let daemon = daemon.kill().await.start(&[]).await;
    daemon.task(&id, "complete", &json!({})).await.expect(200);
    assert!(end(waiting).await.expect(0).stdout.contains("completed"));
    let id = daemon.create_task(json!({"name": "import"})).await;
    let waiting = start(&cli, &["wait", "task", &id]);
    daemon.task(&id, "fail", &json!({"error": "out of paper"})).await.expect(200);
    let failed = end(waiting).await.expect(10);
    assert!(failed.stderr.contains("out of paper") && failed.stdout.contains("failed"), "{failed:?}");
    let nobody = cli.run(&["wait", "task", "nobody", "--timeout", "0"]).await.expect_helpful(7);
    assert!(nobody.stderr.contains("no such task"), "{nobody:?}");
}

#[tokio::test]
async fn no_stream_is_left_once_all_are_gone_or_the_daemon_is() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    cli.run(&["wait", "drained"]).await.expect(0);
    let tab = Browser::open(daemon.public, "a").await;
    let over = cli.run(&["wait", "drained", "--timeout", "0"]).await.expect_helpful(7);
    assert!(over.stderr.contains("1 stream"), "{over:?}");
    let waiting = start(&cli, &["wait", "drained"]);
    drop(tab);
    assert_eq!(end(waiting).await.expect(0).stdout, "no stream is left\n");
    let _tab = Browser::open(daemon.public, "a").await;
    let waiting = start(&cli, &["wait", "drained", "-o", "json"]);
    let _home = daemon.stop().await;
    let answer: Value = serde_json::from_str(&end(waiting).await.expect(0).stdout).expect("JSON");
    assert_eq!((&answer["item"]["reached"], &answer["item"]["connections"]), (&json!(true), &json!(0)));
    let gone = cli.run(&["wait", "drained", "--timeout", "0"]).await.expect(0);
    assert!(gone.stderr.contains("warning"), "{gone:?}");
}

#[tokio::test]
async fn exit_130_waiting_can_be_interrupted() {
    let home = Home::new();
    // It says with -v where it looks: then it listens for the interrupt.
    let mut command = home.cli().command(&["wait", "ready", "--timeout", "1h"]);
    let child = command.stderr(std::process::Stdio::piped()).spawn().expect("ssectl can be run");
    crate::harness::until("it to listen", async || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?.trim().to_owned();
        (u64::from_str_radix(&caught, 16).ok()? & 2 != 0).then_some(())
    })
    .await;
    interrupt(&child).await;
    assert_eq!(end(child).await.code, 130);
}

#[tokio::test]
async fn however_many_wait_others_are_answered() {
    let daemon = Daemon::start(&[]).await;
    let _tab = Browser::open(daemon.public, "a").await;
    let target = "/v1/wait/drained?timeout_ms=60000";
    let waiting = futures_util::stream::FuturesUnordered::from_iter((0..300).map(|_| daemon.ask(target)));
    // Who finds no place is answered at once.
    let answered: Vec<_> = within("answers", waiting.take(172).collect()).await;
    assert!(answered.iter().all(|answer| answer.json()["item"]["reached"] == false));
    daemon.cli().run(&["status"]).await.expect(0);
}

#[tokio::test]
async fn a_publisher_waits_for_what_it_has_queued() {
    let home = Home::new();
    let token = format!("publish.token_file={}", home.write("token", "open-sesame-0123456789\n"));
    let daemon = home.start(&[&token]).await;
    let _tab = Browser::open(daemon.public, "a").await;
    let bearer = [("Authorization", "Bearer open-sesame-0123456789")];
    http::post_with(daemon.internal, "/v1/versions", &bearer, &json!({"version": "1"})).await.expect(200);
    let asked = http::request("GET", "/v1/versions/1/delivery?timeout_ms=20000", &bearer, b"");
    let delivery = http::send(daemon.internal, &asked).await.expect(200).json();
    assert_eq!(delivery["item"]["written"], 1, "{delivery}");
    let waited = http::request("GET", "/v1/wait/ready", &bearer, b"");
    http::send(daemon.internal, &waited).await.expect(404);
}
