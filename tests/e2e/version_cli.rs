//! `ssectl version`: orders that are safe to repeat, and what became of the versions of the past.

use serde_json::{Value, json};

use crate::{
    fakes::{
        browser::Browser,
        control::{Manner, serve},
        frontend::{Frontend, Mood},
    },
    harness::{Daemon, Home},
};

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().expect("a list")
}

#[tokio::test]
async fn what_is_pending_already_is_not_told_again() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let mut tab = Browser::open(daemon.public, "a").await;
    let first = cli.json(&["version", "queue", "1", "--changelog", "new", "--if-changed"]).await;
    assert_eq!((&first["item"]["unchanged"], &first["item"]["connections"]), (&Value::Null, &json!(1)));
    assert_eq!(tab.next_version().await, "1");
    let again =
        cli.json(&["version", "queue", "1", "--changelog", "new", "--if-changed", "--key", "k"]).await;
    let item = &again["item"];
    assert_eq!(
        (&item["unchanged"], &item["sequence"], &item["connections"]),
        (&json!(true), &json!(1), &json!(0))
    );
    let words =
        cli.run(&["version", "queue", "1", "--changelog", "new", "--if-changed"]).await.expect(0).stdout;
    assert_eq!(words, "unchanged: 1 is pending for everyone already, sequence 1\n");
    let other = cli.json(&["version", "queue", "1", "--if-changed"]).await;
    assert_eq!(other["item"]["sequence"], 2, "another changelog is a change");
    assert_eq!(tab.next_version().await, "1", "nothing came in between");
    // The key holds what it was used for, whatever has changed since.
    let late = cli.json(&["version", "queue", "1", "--changelog", "new", "--if-changed", "--key", "k"]).await;
    assert_eq!((&late["item"]["unchanged"], &late["item"]["superseded_by"]), (&json!(true), &json!("1")));
    assert_eq!(items(&cli.json(&["version", "history"]).await).len(), 2);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_does_nothing() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let mut tab = Browser::open(daemon.public, "a").await;
    let answer = cli.json(&["version", "queue", "1", "--dry-run", "--key", "k"]).await;
    let item = &answer["item"];
    assert_eq!(
        (&item["dry_run"], &item["stored"], &item["connections"]),
        (&json!(true), &json!(false), &json!(1))
    );
    let words = cli.run(&["version", "queue", "1", "--dry-run", "--request-id", "x"]).await.expect(0).stdout;
    assert!(words.starts_with("would queue 1 for x: 0 connections"), "{words}");
    cli.run(&["version", "current"]).await.expect(3);
    assert!(items(&cli.json(&["version", "history"]).await).is_empty());
    assert!(items(&cli.json(&["audit"]).await).is_empty(), "nothing was ordered");
    cli.run(&["version", "queue", "2", "--key", "k"]).await.expect(0);
    assert_eq!(tab.next_version().await, "2");
}

#[tokio::test]
async fn exit_6_says_what_the_key_was_used_for_and_what_was_expected() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    cli.run(&["version", "queue", "1", "--key", "k"]).await.expect(0);
    let other =
        cli.run(&["version", "queue", "2", "--key", "k", "--request-id", "x"]).await.expect_helpful(6);
    let words = r#"the key "k" was used for 1 for everyone (sequence 1); this order is 2 for x"#;
    assert!(other.stderr.contains(words), "{other:?}");
    let changelog =
        cli.run(&["version", "queue", "1", "--key", "k", "--changelog", "c"]).await.expect_helpful(6);
    assert!(changelog.stderr.contains("with another changelog"), "{changelog:?}");
    let expected = cli.run(&["version", "queue", "2", "--expect-pending", "0"]).await.expect_helpful(6);
    assert!(expected.stderr.contains("1 is pending for everyone, not 0"), "{expected:?}");
    let none = cli.run(&["version", "queue", "2", "--expect-pending", ""]).await.expect_helpful(6);
    assert!(none.stderr.contains("not nothing"), "{none:?}");
    cli.run(&["version", "queue", "2", "--expect-pending", "1"]).await.expect(0);
}

#[tokio::test]
async fn an_unreachable_daemon_is_forgiven_and_nothing_else() {
    let home = Home::new();
    let cli = home.cli();
    let forgiven = ["version", "queue", "1", "--allow-unreachable"];
    let words = cli.run(&forgiven).await.expect(0);
    assert!(words.stdout.is_empty() && words.stderr.contains("warning:"), "{words:?}");
    assert!(words.stderr.contains("nothing was sent"), "{words:?}");
    let answer = cli.json(&forgiven).await;
    assert_eq!((&answer["schema"], &answer["item"]["done"]), (&json!("ssectl/unreachable"), &json!(false)));
    for words in [
        &["event", "send", "x", "1"][..],
        &["task", "create", "--name", "import"],
        &["task", "progress", "t", "--percent", "5"],
        &["task", "complete", "t"],
        &["task", "fail", "t", "--error", "e"],
    ] {
        cli.run(words).await.expect_helpful(4);
        let forgiven = cli.run(&[words, &["--allow-unreachable"]].concat()).await.expect(0);
        assert!(forgiven.stdout.is_empty(), "{forgiven:?}");
    }
    cli.run(&["version", "queue", "1"]).await.expect_helpful(4);
    let _heard = serve(&home.path("c.sock"), Manner::HangsUp);
    cli.run(&forgiven).await.expect_helpful(7);
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    cli.run(&["version", "queue", "1", "--allow-unreachable", "--key", "k"]).await.expect(0);
    cli.run(&["version", "queue", "2", "--allow-unreachable", "--key", "k"]).await.expect_helpful(6);
    daemon.create_task(json!({"name": "held by the test"})).await;
    daemon.signal("TERM").await;
    daemon.notice("STOPPING=1").await;
    cli.run(&forgiven).await.expect_helpful(1);
}

#[tokio::test]
async fn the_past_is_told_newest_first_and_survives_a_restart() {
    let daemon = Daemon::start(&[]).await;
    let _tab = Browser::open(daemon.public, "a").await;
    let cli = daemon.cli();
    cli.run(&["version", "queue", "1", "--key", "k-1", "--wait"]).await.expect(0);
    cli.run(&["version", "queue", "x", "--request-id", "nobody"]).await.expect(0);
    cli.run(&["version", "queue", "2", "--wait"]).await.expect(0);
    cli.run(&["version", "clear"]).await.expect(0);
    cli.run(&["version", "queue", "3", "--wait"]).await.expect(0);
    let seen = |history: &Value| -> Vec<String> {
        let line = |item: &Value| {
            format!(
                "{} {} {} {} {}",
                item["sequence"],
                item["version"],
                item["state"],
                item["superseded_by"],
                item["delivery"]["written"]
            )
            .replace('"', "")
        };
        items(history).iter().map(line).collect()
    };
    let expected = ["4 3 pending null 1", "3 2 cleared null 1", "2 x superseded 3 0", "1 1 superseded 3 1"];
    let history = cli.json(&["version", "history"]).await;
    assert_eq!(seen(&history), expected);
    let first = &items(&history)[3];
    assert_eq!((&first["key"], &first["actor"]), (&json!("k-1"), &json!("user")), "{first}");
    assert!(first["uid"].is_u64() && first["queued_at"].is_string(), "{first}");
    let daemon = daemon.stop().await.start(&[]).await;
    assert_eq!(seen(&cli.json(&["version", "history"]).await), expected);
    let filtered = ["version", "history", "--filter", "state=superseded", "--limit", "1", "-o", "name"];
    assert_eq!(cli.run(&filtered).await.expect(0).stdout, "x\n");
    let table = cli.run(&["version", "history"]).await.expect(0).stdout;
    assert!(table.starts_with("VERSION  SEQUENCE  FOR"), "{table}");
    let lines = cli.run(&["version", "history", "-o", "jsonl"]).await.expect(0).stdout;
    assert_eq!(lines.lines().count(), 4);
    daemon.stop().await;
}

#[tokio::test]
async fn only_the_last_hundred_are_remembered() {
    let daemon = Daemon::start(&[]).await;
    for number in 1..=103 {
        daemon.queue(json!({"version": number.to_string()})).await;
    }
    let daemon = daemon.kill().await.start(&[]).await;
    let history = daemon.ask("/v1/versions/history").await.expect(200).json();
    let items = items(&history);
    assert_eq!((items.len(), &items[0]["version"], &items[99]["version"]), (100, &json!("103"), &json!("4")));
}

#[tokio::test]
async fn it_is_told_how_many_were_sent_which_version() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let mut tabs = Vec::new();
    for id in ["a", "b"] {
        tabs.push(Browser::open(daemon.public, id).await);
    }
    let nobody = cli.json(&["version", "status"]).await;
    assert_eq!((&nobody["item"]["version"], &nobody["item"]["nothing"]), (&Value::Null, &json!(2)));
    daemon.queue(json!({"version": "1"})).await;
    daemon.queue(json!({"version": "beta", "request_id": "a"})).await;
    for (tab, versions) in tabs.iter_mut().zip([&["1", "beta"][..], &["1"]]) {
        for version in versions {
            assert_eq!(tab.next_version().await, *version);
        }
    }
    let status = cli.json(&["version", "status"]).await;
    let item = &status["item"];
    assert_eq!((&item["version"], &item["sent"], &item["connections"]), (&json!("1"), &json!(1), &json!(2)));
    assert_eq!(
        item["by_version"],
        json!([
            {"sequence": 2, "version": "beta", "connections": 1},
            {"sequence": 1, "version": "1", "connections": 1},
        ])
    );
    assert_eq!(item["delivery"]["written"], 2, "{item}");
    let beta = cli.run(&["version", "status", "beta"]).await.expect(0).stdout;
    assert!(beta.contains("beta, sequence 2") && beta.contains("1 of 2 connections"), "{beta}");
    cli.run(&["version", "status", "9"]).await.expect_helpful(3);
}

#[tokio::test]
async fn a_frontend_that_says_something_else_is_warned_of() {
    let frontend = Frontend::start(Mood::Says(r#"{"version":"9.9.9"}"#)).await;
    let daemon = Daemon::start(&[&frontend.setting()]).await;
    let cli = daemon.cli();
    assert_eq!(cli.json(&["status"]).await["warnings"], json!([]), "nothing is pending");
    let queue = cli.run(&["version", "queue", "1.0.0"]).await.expect(0);
    assert!(queue.stderr.contains("frontend_version_url says 9.9.9"), "{queue:?}");
    for words in [&["status"][..], &["version", "current"], &["version", "status"]] {
        let answer = cli.json(words).await;
        let warning = answer["warnings"][0].as_str().unwrap_or_default();
        assert!(warning.contains("1.0.0 is pending") && warning.contains("9.9.9"), "{words:?}: {answer}");
    }
    cli.run(&["status", "--check"]).await.expect(0);
    let agreed = cli.json(&["version", "queue", "9.9.9"]).await;
    assert_eq!(agreed["warnings"], json!([]));
}

#[tokio::test]
async fn a_frontend_that_hangs_holds_up_no_answer_for_long() {
    let frontend = Frontend::start(Mood::Hangs).await;
    let daemon = Daemon::start(&[&frontend.setting()]).await;
    let receipt = daemon.queue(json!({"version": "1.0.0"})).await;
    assert_eq!(receipt["sequence"], 1);
    let status = daemon.cli().run(&["status", "--timeout", "10s", "-o", "json"]).await.expect(0);
    assert!(status.stdout.contains(r#""warnings":[]"#), "{status:?}");
}
