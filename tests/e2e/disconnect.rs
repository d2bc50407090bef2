//! Connections that an operator ends: which, only if it is so many, for what reason, and not to come back.

use crate::{
    fakes::{
        browser::Browser,
        gateway::{CALLBACK, Gateway, connect},
    },
    harness::{Daemon, http, session::Session, until},
};
use serde_json::{Value, json};

async fn browsers(daemon: &Daemon, ids: &[&str]) -> Vec<Browser> {
    let mut all = Vec::new();
    for id in ids {
        all.push(Browser::open(daemon.public, id).await);
    }
    all
}

/// The newest entry of the audit log about connections.
async fn audited(daemon: &Daemon) -> Value {
    let log = daemon.ask("/v1/audit?filter=command~connections.").await.expect(200).json();
    log["items"][0].clone()
}

#[tokio::test]
async fn those_of_which_something_holds_are_ended() {
    let daemon = Daemon::start(&[]).await;
    let _browsers = browsers(&daemon, &["tab-1", "tab-2", "other"]).await;
    let cli = daemon.cli();
    let order = ["connections", "disconnect", "--filter", "request_id~tab", "--filter", "age<1h", "--yes"];
    let output = cli.run(&order).await.expect(0);
    assert_eq!(output.stdout, "disconnected 2 connections\n");
    assert_eq!(daemon.connected().await, ["other"]);
    let entry = audited(&daemon).await;
    assert_eq!(entry["target"], "where request_id~tab and age<1h", "{entry}");
    let output = cli.run(&order).await.expect(0);
    assert!(output.stdout.is_empty() && output.stderr.contains("nobody matches"), "{output:?}");
    let wrong = ["connections", "disconnect", "--filter", "colour=red", "--yes"];
    let output = cli.run(&wrong).await.expect(2);
    assert!(output.stderr.contains("the fields are request_id"), "{output:?}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_dry_run_names_them_and_does_nothing() {
    let daemon = Daemon::start(&[]).await;
    let mut browsers = browsers(&daemon, &["a", "b"]).await;
    let cli = daemon.cli();
    for whom in [&["--all"][..], &["--filter", "state=live"], &["a", "b"]] {
        let order = [&["connections", "disconnect", "--dry-run"], whom].concat();
        let output = cli.run(&order).await.expect(0);
        assert_eq!(output.stdout, "would disconnect 2 connections\n  a\n  b\n", "{whom:?}");
    }
    let output = cli.run(&["connections", "disconnect", "--dry-run", "a", "x", "-o", "json"]).await.expect(8);
    let told: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(told["schema"], "ssectl/connections.disconnected");
    assert_eq!(
        (&told["item"]["dry_run"], &told["item"]["disconnected"]),
        (&json!(true), &json!(["a"])),
        "{told}"
    );
    assert_eq!(told["item"]["not_found"], json!(["x"]), "{told}");
    assert_eq!(daemon.connected().await, ["a", "b"]);
    let log = daemon.ask("/v1/audit").await.expect(200).json();
    assert_eq!(log["items"], json!([]), "nothing was ordered");
    daemon.event("marker", &json!(1)).await;
    browsers[0].next_named("marker").await;
    daemon.stop().await;
}

#[tokio::test]
async fn another_number_than_expected_ends_nobody() {
    let daemon = Daemon::start(&[]).await;
    let _browsers = browsers(&daemon, &["a", "b", "c"]).await;
    let cli = daemon.cli();
    let orders: [&[&str]; 4] = [
        &["--all", "--yes", "--expect", "2"],
        &["--filter", "request_id=a", "--yes", "--expect", "0", "--no-reconnect"],
        &["a", "b", "nobody", "--expect", "3"],
        &["--all", "--dry-run", "--expect", "4"],
    ];
    for (order, numbers) in orders.iter().zip([
        "3 connections, not 2",
        "1 connections, not 0",
        "2 connections, not 3",
        "3 connections, not 4",
    ]) {
        let output = cli.run(&[&["connections", "disconnect"], *order].concat()).await.expect_helpful(6);
        assert!(output.stderr.contains(numbers), "{order:?}: {output:?}");
    }
    assert_eq!(daemon.connected().await, ["a", "b", "c"]);
    assert!(
        cli.json(&["connections", "list", "--blocked"]).await["items"].as_array().expect("a list").is_empty()
    );
    cli.run(&["connections", "disconnect", "--all", "--yes", "--expect", "3"]).await.expect(0);
    assert!(daemon.connected().await.is_empty());
    daemon.stop().await;
}

#[tokio::test]
async fn a_reason_is_audited_logged_and_told_unless_it_is_private() {
    for framing in ["framing=named", "framing=envelope"] {
        let daemon = Daemon::start(&[framing]).await;
        let told = Browser::open(daemon.public, "told").await;
        let not_told = Browser::open(daemon.public, "not-told").await;
        let cli = daemon.cli();
        let reason = r#"moved: "see" #12"#;
        cli.run(&["connections", "disconnect", "told", "--reason", reason]).await.expect(0);
        cli.run(&["connections", "disconnect", "not-told", "--reason", "abuse", "--private"]).await.expect(0);
        let bye = told.last_events().await.pop().expect("it says bye");
        assert_eq!(bye.json(), json!({"reason": "disconnected", "message": reason}));
        let bye = not_told.last_events().await.pop().expect("it says bye");
        assert_eq!(bye.json(), json!({"reason": "disconnected"}));
        let log = daemon.ask("/v1/audit").await.expect(200).json();
        assert_eq!(
            (&log["items"][0]["reason"], &log["items"][1]["reason"]),
            (&json!("abuse"), &json!(reason))
        );
        assert!(daemon.log().contains("see") && daemon.log().contains("abuse"), "{}", daemon.log());
        let long = "x".repeat(201);
        for wrong in ["", " ", "a\nb", long.as_str()] {
            cli.run(&["connections", "disconnect", "told", "--reason", wrong]).await.expect(2);
            let order = json!({"request_ids": ["told"], "reason": wrong});
            daemon.tell("/v1/connections/disconnect", &order).await.expect(400);
        }
        daemon.stop().await;
    }
}

#[tokio::test]
async fn who_is_not_to_come_back_is_answered_204_until_it_is_let_in_again() {
    let daemon = Daemon::start(&[]).await;
    let _browsers = browsers(&daemon, &["a", "b"]).await;
    let cli = daemon.cli();
    let order = ["connections", "disconnect", "a", "away", "--no-reconnect", "--reason", "abuse"];
    let output = cli.run(&order).await.expect(8);
    assert!(output.stdout.contains("not let in until "), "{output:?}");
    assert!(output.stderr.contains("not connected: away"), "{output:?}");
    for id in ["a", "away"] {
        let answer = http::get(daemon.public, &format!("/api/sse/stream?request_id={id}")).await.expect(204);
        assert!(answer.body.is_empty(), "{answer:?}");
    }
    Browser::open(daemon.public, "c").await;
    let listed = cli.json(&["connections", "list", "--blocked"]).await;
    let item = &listed["items"][0];
    assert_eq!((&item["request_id"], &item["reason"]), (&json!("a"), &json!("abuse")), "{listed}");
    let moment = |field: &str| item[field].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let span =
        moment("until").expect("a moment").as_second() - moment("since").expect("a moment").as_second();
    assert_eq!(span, 600, "ten minutes unless it is said: {item}");
    assert!(item["by"].as_str().is_some_and(|by| by.contains("uid")), "{item}");
    let table = cli.run(&["connections", "list", "--blocked"]).await.expect(0).stdout;
    assert!(table.starts_with("REQUEST ID  UNTIL"), "{table}");
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.value(r#"ssectld_streams_refused_total{reason="blocked"}"#), 2.0);

    let daemon = daemon.kill().await.start(&[]).await;
    let cli = daemon.cli();
    http::get(daemon.public, "/api/sse/stream?request_id=a").await.expect(204);
    let output = cli.run(&["connections", "unblock", "a", "b"]).await.expect(8);
    assert_eq!(output.stdout, "let in again: 1 request id\n");
    assert!(output.stderr.contains("not refused: b"), "{output:?}");
    cli.run(&["connections", "unblock", "a"]).await.expect_helpful(3);
    Browser::open(daemon.public, "a").await;
    let entry = audited(&daemon).await;
    assert_eq!(
        (&entry["command"], &entry["target"]),
        (&json!("connections.unblock"), &json!("a")),
        "{entry}"
    );
    let daemon = daemon.kill().await.start(&[]).await;
    Browser::open(daemon.public, "a").await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_refusal_is_over_when_its_time_is() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    daemon.cli().run(&["connections", "disconnect", "a", "--no-reconnect=1s"]).await.expect(0);
    until("its time to be over", async || Browser::attempt(daemon.public, "a").await).await;
    for ms in [0, 31 * 24 * 3_600_000_u64] {
        let order = json!({"request_ids": ["a"], "no_reconnect_ms": ms});
        daemon.tell("/v1/connections/disconnect", &order).await.expect(400);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn behind_a_gateway_the_connect_of_who_is_refused_is_answered_410() {
    let gateway = Gateway::start().await;
    let settings = gateway.settings();
    let daemon = Daemon::start(&[&settings[0], &settings[1]]).await;
    for id in ["a", "b"] {
        gateway.connect(daemon.internal, id, &format!("t-{id}")).await;
    }
    let cli = daemon.cli();
    cli.run(&["connections", "disconnect", "--token", "t-a", "--no-reconnect=5m", "--reason", "x"])
        .await
        .expect(0);
    gateway.closed("t-a").await;
    let answer = http::post(daemon.internal, CALLBACK, &connect("a", "t-a2")).await.expect(410);
    assert!(answer.json()["error"].is_string(), "{answer:?}");
    assert_eq!(daemon.connected().await, ["b"]);
    let order = ["connections", "disconnect", "--filter", "state=live", "--expect", "1", "--yes"];
    cli.run(&order).await.expect(0);
    gateway.closed("t-b").await;
    cli.run(&["connections", "unblock", "a"]).await.expect(0);
    gateway.connect(daemon.internal, "a", "t-a3").await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_browser_whose_id_is_the_name_of_a_path_is_shown() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    for id in ["blocked", "disconnect", "events", "unblock"] {
        let _browser = Browser::open(daemon.public, id).await;
        let shown = cli.json(&["connections", "show", id]).await;
        assert_eq!(shown["item"]["request_id"], id, "{shown}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn where_nobody_can_be_asked_many_take_a_yes_before_anything_is_done() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    let cli = daemon.cli();
    let eleven: Vec<_> = (0..11).map(|n| format!("tab-{n}")).collect();
    let eleven: Vec<_> = eleven.iter().map(String::as_str).collect();
    for whom in [&["--all"][..], &["--filter", "state=live"], &eleven] {
        let output = cli.run(&[&["connections", "disconnect"], whom].concat()).await.expect_helpful(2);
        assert!(output.stderr.contains("--yes"), "{output:?}");
    }
    assert_eq!(daemon.connected().await, ["a"]);
    cli.run(&[&["connections", "disconnect", "--yes"], &eleven[..]].concat()).await.expect(3);
    cli.run(&[&["connections", "disconnect"], &eleven[1..]].concat()).await.expect(3);
    daemon.stop().await;
}

/// Returns `ssectl connections disconnect`, at a terminal.
fn at_a_terminal(daemon: &Daemon, arguments: &[&str]) -> Session {
    Session::open(100, 24, &daemon.cli().command(&[&["connections", "disconnect"], arguments].concat()))
}

/// Returns the exit code, and all that was shown.
async fn ended(mut session: Session) -> (Option<i32>, String) {
    let code = session.ended().await.code();
    (code, session.written)
}

#[tokio::test]
async fn setsid_whoever_is_at_a_terminal_is_asked_and_no_is_the_answer_unless_it_is_yes() {
    let daemon = Daemon::start(&[]).await;
    let ids = ["a", "b", "c", "d", "e", "f"];
    let _browsers = browsers(&daemon, &ids).await;
    for (keys, wanted) in [("\n", 1), ("n\n", 1), ("nonsense\n", 1), ("\x04", 1), ("\x03", 130)] {
        let mut session = at_a_terminal(&daemon, &["--all"]);
        session.shows("This ends 6 connections: a, b, c, d, e and 1 more. Go on? [y/N]").await;
        session.press(keys);
        let (code, shown) = ended(session).await;
        assert_eq!(code, Some(wanted), "{keys:?}: {shown}");
        assert!(shown.contains("nothing was done"), "{keys:?}: {shown}");
        assert_eq!(daemon.connected().await.len(), 6, "{keys:?}");
    }
    let mut session = at_a_terminal(&daemon, &["--filter", "request_id!=a"]);
    session.shows("This ends 5 connections: b, c, d, e, f. Go on? [y/N]").await;
    session.press("y\n");
    let (code, shown) = ended(session).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("disconnected 5 connections"), "{shown}");
    assert_eq!(daemon.connected().await, ["a"]);
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_one_is_not_asked_about_and_nobody_where_input_is_forbidden() {
    let daemon = Daemon::start(&[]).await;
    let _browsers = browsers(&daemon, &["a", "b"]).await;
    let (code, shown) = ended(at_a_terminal(&daemon, &["a"])).await;
    assert_eq!(code, Some(0), "{shown}");
    let (code, shown) = ended(at_a_terminal(&daemon, &["--all", "--no-input"])).await;
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("--yes"), "{shown}");
    assert_eq!(daemon.connected().await, ["b"]);
    let (code, shown) = ended(at_a_terminal(&daemon, &["--filter", "request_id=nobody"])).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("nobody would be disconnected"), "{shown}");
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_who_is_named_and_not_connected_is_refused_all_the_same() {
    let daemon = Daemon::start(&[]).await;
    let strangers: Vec<_> = (0..11).map(|number| format!("stranger-{number}")).collect();
    let arguments: Vec<_> = strangers.iter().map(String::as_str).chain(["--no-reconnect=10m"]).collect();
    let (code, shown) = ended(at_a_terminal(&daemon, &arguments)).await;
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("not connected: stranger-0"), "{shown}");
    let blocked = daemon.cli().run(&["connections", "list", "--blocked", "-o", "name"]).await;
    assert_eq!(blocked.stdout.lines().count(), 11, "{blocked:?}");
    daemon.stop().await;
}
