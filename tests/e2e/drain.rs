//! The drain: browsers are sent away evenly, none is let in, and all else goes on.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{
    fakes::browser::{Browser, Item},
    gateway_mode::pair,
    harness::{Daemon, http, within},
};

/// Opens this many streams.
async fn browsers(daemon: &Daemon, count: usize) -> Vec<Browser> {
    let mut browsers = Vec::new();
    for tab in 0..count {
        browsers.push(Browser::open(daemon.public, &format!("tab-{tab}")).await);
    }
    browsers
}

async fn drain(daemon: &Daemon) -> Value {
    daemon.ask("/v1/status").await.expect(200).json()["item"]["drain"].take()
}

#[tokio::test]
async fn browsers_are_sent_away_politely_and_none_is_let_in() {
    let daemon = Daemon::start(&[]).await;
    let browsers = browsers(&daemon, 20).await;
    let drained = daemon.cli().run(&["daemon", "drain", "--over", "1s"]).await.expect(0);
    assert!(drained.stdout.contains("no stream is left"), "{drained:?}");
    assert!(drained.stderr.contains("20 streams over 1s, 20.0 reconnects a second"), "{drained:?}");
    assert!(drained.stderr.contains(" of 20 streams left"), "it shows how far it is: {drained:?}");
    for browser in browsers {
        let items = browser.rest().await;
        let [.., Item::Retry(retry), Item::Event(bye)] = &items[..] else { panic!("{items:?}") };
        assert!((2000..=5000).contains(retry), "{items:?}");
        assert_eq!((bye.name.as_str(), bye.json()), ("bye", json!({"reason": "drain"})));
    }
    let late = Browser::open(daemon.public, "late").await.rest().await;
    let [Item::Retry(retry)] = late[..] else { panic!("told when to ask again, and no more: {late:?}") };
    assert!(
        (15_000..=45_000).contains(&retry),
        "as long as the drain lasts, not every few seconds: {late:?}"
    );
    for listener in [daemon.public, daemon.internal] {
        let ready = http::get(listener, "/readyz").await.expect(503).json();
        assert_eq!(ready["status"], "draining", "{ready}");
    }
    daemon.queue(json!({"version": "1"})).await;
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.value("ssectld_streams_refused_total{reason=\"drained\"}"), 1.0);
    assert_eq!(metrics.connections(), (20.0, 20.0, 0.0));
    let status = daemon.cli().run(&["status"]).await.expect(0).stdout;
    assert!(status.contains("0 of 20 streams left, none is let in"), "{status}");

    let back = daemon.cli().run(&["daemon", "drain", "--cancel"]).await.expect(0);
    assert!(back.stdout.contains("new ones are let in"), "{back:?}");
    http::get(daemon.public, "/readyz").await.expect(200);
    assert_eq!(Browser::open(daemon.public, "back").await.next_version().await, "1");
    let again = daemon.cli().run(&["daemon", "drain", "--cancel"]).await.expect(0);
    assert!(again.stdout.contains("no drain"), "{again:?}");
}

#[tokio::test]
async fn a_drain_outlives_its_command_and_is_taken_back_by_another() {
    let daemon = Daemon::start(&[]).await;
    let mut browsers = browsers(&daemon, 4).await;
    let mut command = daemon.cli().command(&["daemon", "drain", "--over", "1h"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let begun = within("its first word", said.next_line()).await.unwrap().unwrap();
    assert_eq!(begun, "draining 4 streams over 1h, 0.0 reconnects a second");
    let pid = child.id().expect("it is running").to_string();
    assert!(Command::new("kill").args(["-s", "INT", &pid]).status().await.unwrap().success());
    assert_eq!(within("it to end", child.wait()).await.unwrap().code(), Some(130));
    let mut last = String::new();
    while let Some(line) = said.next_line().await.unwrap() {
        last += &line;
    }
    assert!(last.contains("the drain goes on") && last.contains("drain --cancel"), "{last}");

    let going = drain(&daemon).await;
    assert_eq!((&going["connections"], &going["over_ms"]), (&json!(4), &json!(3_600_000)), "{going}");
    let joined = daemon.cli().json(&["daemon", "drain", "--no-wait", "--key", "k"]).await;
    assert_eq!(joined["item"]["drain"]["began_at"], going["began_at"], "the same one: {joined}");
    let repeated = daemon.cli().json(&["daemon", "drain", "--no-wait", "--key", "k"]).await;
    assert_eq!(repeated, joined);
    let back = daemon.cli().json(&["daemon", "drain", "--cancel"]).await;
    // The first goes at once.
    assert_eq!(back["item"]["drain"]["left"], 3, "{back}");
    daemon.until_connected(3).await;
    daemon.event("marker", &json!(1)).await;
    assert_eq!(browsers[0].next_named("marker").await.json(), json!(1));
}

#[tokio::test]
async fn whoever_can_no_longer_watch_a_drain_knows_that_it_was_begun() {
    let daemon = Daemon::start(&[]).await;
    let _browsers = browsers(&daemon, 2).await;
    let limited =
        daemon.cli().run(&["daemon", "drain", "--over", "1h", "--timeout", "5s"]).await.expect_helpful(1);
    assert!(limited.stderr.contains("the drain goes on"), "{limited:?}");
    let mut command = daemon.cli().command(&["daemon", "drain"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    within("its first word", said.next_line()).await.unwrap().unwrap();
    let _home = daemon.kill().await;
    assert_eq!(within("it to end", child.wait()).await.unwrap().code(), Some(1));
    let mut last = String::new();
    while let Some(line) = said.next_line().await.unwrap() {
        last += &line;
    }
    assert!(last.contains("the drain was begun") && last.contains("drain --cancel"), "{last}");
}

#[tokio::test]
async fn a_dry_run_says_what_would_come_of_it_and_does_nothing() {
    let daemon = Daemon::start(&[]).await;
    let _browsers = browsers(&daemon, 3).await;
    let words = daemon.cli().run(&["daemon", "drain", "--dry-run", "--over", "2s"]).await.expect(0).stdout;
    assert!(words.contains("3 streams over 2s, 1.5 reconnects a second"), "{words}");
    assert!(words.contains("heeds /readyz, else here again"), "{words}");
    let json = daemon.cli().json(&["daemon", "drain", "--dry-run"]).await;
    assert_eq!((&json["item"]["over_ms"], &json["item"]["left"]), (&json!(60_000), &json!(3)), "{json}");
    assert_eq!(drain(&daemon).await, Value::Null);
    http::get(daemon.public, "/readyz").await.expect(200);
}

#[tokio::test]
async fn behind_a_gateway_there_is_nothing_to_drain() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    for arguments in
        [&["daemon", "drain"][..], &["daemon", "drain", "--dry-run"], &["daemon", "drain", "--cancel"]]
    {
        let refused = daemon.cli().run(arguments).await.expect_helpful(1);
        assert!(refused.stderr.contains("the gateway holds the streams"), "{refused:?}");
    }
    http::get(daemon.internal, "/readyz").await.expect(200);
}

#[tokio::test]
async fn a_daemon_that_drains_stops_as_ever() {
    let daemon = Daemon::start(&[]).await;
    let browsers = browsers(&daemon, 2).await;
    daemon.cli().run(&["daemon", "drain", "--over", "1h", "--no-wait"]).await.expect(0);
    daemon.stop().await;
    for browser in browsers {
        assert_eq!(
            browser.last_events().await.last().map(|event| event.name.clone()),
            Some("bye".to_owned())
        );
    }
}
