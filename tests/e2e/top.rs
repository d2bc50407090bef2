//! `ssectl top`: what is seen, what keys do, and that the terminal is given back as it was, whatever happens.

use serde_json::json;
use tokio::process::Command;

use crate::{
    fakes::{
        browser::Browser,
        control::{Manner, serve},
    },
    harness::{
        Daemon, Home,
        session::{Session, is_stopped},
        until,
    },
    tasks::endless,
};

fn top(daemon: &Daemon, columns: u16, rows: u16) -> Session {
    Session::open(columns, rows, &daemon.cli().command(&["top", "--interval", "100ms"]))
}

async fn signal(session: &Session, name: &str) {
    signalled(session.pid(), name).await;
}

async fn signalled(pid: u32, name: &str) {
    let kill = Command::new("kill").args(["-s", name, &pid.to_string()]).status().await;
    assert!(kill.expect("kill can be run").success());
}

#[tokio::test]
async fn setsid_connections_and_tasks_are_seen_and_q_gives_the_terminal_back() {
    let daemon = Daemon::start(&[]).await;
    let mut session = top(&daemon, 80, 24);
    let empty = session.shows("nobody").await;
    assert!(empty.contains("ssectl top  ready  embedded  up "), "{empty}");
    assert!(session.screen().alternate_screen() && session.screen().hide_cursor() && !session.is_as_before());
    let mut browser = Browser::open(daemon.public, "k3v9x").await;
    session.shows("k3v9x").await;
    let id = daemon.create_task(json!({"name": "DB migration"})).await;
    daemon.task(&id, "progress", &json!({"value": 0.4, "text": "table orders"})).await.expect(200);
    session.shows("[========            ] 40%       DB migration  table orders").await;
    session.shows("tasks  1 running, 0 waiting, 0 ended").await;
    daemon.queue(json!({"version": "1.4.0"})).await;
    browser.next_version().await;
    session.shows("pending  1.4.0  sent to 1 of 1 (1 written)").await;
    drop(browser);
    session.shows("0 connections").await;
    session.press("q");
    assert_eq!(session.ended().await.code(), Some(0));
    assert!(session.is_as_before(), "{:?}", session.written);
    assert_eq!(session.contents(), "", "what was there before is there again");
}

#[tokio::test]
async fn setsid_keys_choose_what_is_seen() {
    let daemon = Daemon::start(&[]).await;
    let _browsers =
        (Browser::open(daemon.public, "first").await, Browser::open(daemon.public, "second").await);
    let mut session = top(&daemon, 100, 30);
    session.shows("connections  2, most queued first").await;
    session.press("s");
    session.shows("connections  2, newest first").await;
    session.until("the newest first", |seen| seen.find("\nsecond") < seen.find("\nfirst")).await;
    session.press("?");
    session.shows("leave, with exit code 130").await;
    session.press("?");
    session.until("no help", |seen| !seen.contains("exit code 130")).await;
    session.press("\u{1b}[B\r");
    let details = session.shows("user agent").await;
    assert!(details.contains("request id  first"), "{details}");
    session.press("q");
    assert_eq!(session.ended().await.code(), Some(0));
    let mut session = top(&daemon, 100, 30);
    session.shows("second").await;
    session.press(" ");
    session.shows("paused").await;
    let third = Browser::open(daemon.public, "third").await;
    daemon.until_connected(3).await;
    session.press("?");
    let seen = session.shows("exit code 130").await;
    assert!(!seen.contains("third"), "{seen}");
    session.press("? ");
    session.shows("third").await;
    drop(third);
    session.press("\u{3}");
    assert_eq!(session.ended().await.code(), Some(130));
    assert!(session.is_as_before());
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_every_size_is_made_use_of_and_too_small_a_one_named() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "k3v9x").await;
    let mut session = top(&daemon, 120, 40);
    session.shows("USER AGENT").await;
    session.resize(40, 10);
    session.until("a narrow one", |seen| !seen.contains("USER AGENT") && seen.contains("k3v9x")).await;
    session.resize(30, 5);
    session.shows("too small").await;
    session.resize(80, 24);
    session.shows("USER AGENT").await;
    session.press("\u{1b}");
    assert_eq!(session.ended().await.code(), Some(0));
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_a_daemon_that_is_away_is_waited_for() {
    let daemon = Daemon::start(&[]).await;
    let browser = Browser::open(daemon.public, "k3v9x").await;
    let mut session = top(&daemon, 80, 24);
    session.shows("k3v9x").await;
    let home = daemon.kill().await;
    let away = session.shows("no answer since ").await;
    assert!(away.contains(" s, trying again: ") && away.contains("k3v9x"), "{away}");
    drop(browser);
    let daemon = home.start(&[]).await;
    session.until("it to be back", |seen| !seen.contains("no answer") && !seen.contains("k3v9x")).await;
    daemon.stop().await;
    session.shows("no answer since ").await;
    session.press("q");
    assert_eq!(session.ended().await.code(), Some(0));
    assert!(session.is_as_before());
}

#[tokio::test]
async fn setsid_a_daemon_that_hangs_holds_no_key_up() {
    let home = Home::new();
    let mut asked = serve(&home.path("c.sock"), Manner::Hangs);
    let mut session = Session::open(80, 24, &home.cli().command(&["top"]));
    session.shows("asking the daemon").await;
    asked.recv().await.expect("asked");
    session.shows("no answer since ").await;
    session.press("q");
    assert_eq!(session.ended().await.code(), Some(0));
}

#[tokio::test]
async fn setsid_where_no_daemon_is_it_says_so_and_ends() {
    let home = Home::new();
    drop(std::os::unix::net::UnixListener::bind(home.path("c.sock")).expect("a socket that nobody hears"));
    let mut session = Session::open(80, 24, &home.cli().command(&["top"]));
    assert_eq!(session.ended().await.code(), Some(4));
    assert!(session.is_as_before() && session.contents().contains("daemon"), "{:?}", session.written);
}

#[tokio::test]
async fn setsid_signals_leave_the_terminal_as_it_was() {
    let daemon = Daemon::start(&[]).await;
    for (name, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let mut session = top(&daemon, 80, 24);
        session.shows("nobody").await;
        signal(&session, name).await;
        assert_eq!(session.ended().await.code(), Some(code), "{name}");
        assert!(session.is_as_before(), "{name}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_it_is_suspended_and_goes_on() {
    let daemon = Daemon::start(&[]).await;
    let mut session = top(&daemon, 80, 24);
    session.shows("nobody").await;
    let pid = session.pid();
    for how in ["a signal", "a key"] {
        match how {
            "a key" => session.press("\u{1a}"),
            _ => signal(&session, "TSTP").await,
        }
        until("it to stop", async || is_stopped(pid)?.then_some(())).await;
        session.until("the terminal to be given back", |seen| seen.is_empty()).await;
        assert!(session.is_as_before(), "{how}");
        signalled(pid, "CONT").await;
        session.shows("nobody").await;
        assert!(!session.is_as_before(), "{how}");
    }
    session.press("q");
    assert_eq!(session.ended().await.code(), Some(0));
    assert!(session.is_as_before());
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_what_others_wrote_and_colours_that_nobody_wants_are_not_drawn() {
    let daemon = Daemon::start(&[]).await;
    daemon.create_task(json!({"name": "forged\u{202e}name"})).await;
    let mut command = daemon.cli().command(&["top"]);
    command.env("NO_COLOR", "1");
    let mut session = Session::open(80, 24, &command);
    session.shows(r"forged\u{202e}name").await;
    session.press("q");
    session.ended().await;
    assert!(!session.written.contains("\u{202e}"), "{:?}", session.written);
    for colour in ["\u{1b}[3", "\u{1b}[9", "\u{1b}[4"] {
        let coloured = session.written.match_indices(colour).any(|(at, _)| {
            let rest = &session.written[at + colour.len()..];
            rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("8;")
        });
        assert!(!coloured, "{:?}", session.written);
    }
    daemon.start_task("demo", endless()).await;
    let mut coloured = top(&daemon, 80, 24);
    coloured.shows("ready").await;
    coloured.press("q");
    coloured.ended().await;
    assert!(coloured.written.contains("\u{1b}[38;5;"), "{:?}", coloured.written);
}

#[tokio::test]
async fn without_a_terminal_what_a_program_asks_for_is_named() {
    let daemon = Daemon::start(&[]).await;
    let output = daemon.cli().run(&["top"]).await.expect_helpful(2);
    assert!(output.stderr.contains("status --watch -o jsonl"), "{output:?}");
    daemon.stop().await;
}
