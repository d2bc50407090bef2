//! Lists: filtered, ordered, cut, watched.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, contract, within},
};

#[tokio::test]
async fn the_daemon_filters_orders_and_cuts_a_list() {
    let daemon = Daemon::start(&[]).await;
    let _browsers = (
        Browser::open(daemon.public, "alpha").await,
        Browser::open(daemon.public, "beta").await,
        Browser::open(daemon.public, "gamma").await,
    );
    let cli = daemon.cli();
    for (arguments, names) in [
        (&["--filter", "request_id~A", "--filter", "request_id!=beta"][..], "alpha\ngamma\n"),
        (&["--filter", "state=ghost"], ""),
        (&["--filter", "age>1h"], ""),
        (&["--filter", "age<1h", "--sort", "-request_id", "--limit", "2"], "gamma\nbeta\n"),
        (&["--sort=state,-request_id"], "gamma\nbeta\nalpha\n"),
    ] {
        let all = [&["connections", "list", "-o", "name"], arguments].concat();
        assert_eq!(cli.run(&all).await.expect(0).stdout, names, "{arguments:?}");
    }
    let cut = cli.run(&["connections", "list", "--limit", "1"]).await.expect(0);
    assert_eq!(cut.stdout.lines().count(), 2, "{cut:?}");
    assert!(cut.stderr.contains("1 of 3"), "{cut:?}");
    let cut = cli.json(&["connections", "list", "--limit", "1"]).await;
    assert_eq!((cut["items"].as_array().map(Vec::len), &cut["total"]), (Some(1), &json!(3)));
    daemon.stop().await;
}

#[tokio::test]
async fn what_cannot_be_listed_is_a_wrong_use_that_names_what_can() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    for (arguments, words) in [
        (["version", "list", "--filter", "colour=x"], "the fields are version, for, sequence"),
        (["version", "list", "--sort", "colour"], "the fields are version, for, sequence"),
        (["version", "list", "--columns", "colour"], "the fields are version, for, sequence"),
        (["version", "list", "--filter", "version"], "is no filter"),
        (["version", "list", "--filter", "age>old"], "write 90s, 5m, 2h or 3d"),
        (["version", "list", "--limit", "few"], "invalid"),
        (["version", "list", "-o", "yaml"], "jsonl"),
        (["version", "list", "--watch", "--quiet"], "-o jsonl"),
    ] {
        let output = cli.run(&arguments).await.expect(2);
        assert!(output.stderr.contains(words), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_table_has_the_columns_that_are_asked_for() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "tab").await;
    let cli = daemon.cli();
    let list = ["connections", "list", "--columns", "state,request_id"];
    assert_eq!(cli.run(&list).await.expect(0).stdout, "STATE  REQUEST ID\nlive   tab\n");
    let bare = cli.run(&[&list[..], &["--no-headers"]].concat()).await.expect(0).stdout;
    assert_eq!(bare, "live  tab\n");
    let wide = cli.run(&["connections", "list", "-o", "wide"]).await.expect(0).stdout;
    assert!(
        wide.starts_with(
            "REQUEST ID  STATE  AGE  EVENTS  BYTES  QUEUED  DROPS  LOST  WRITTEN  PROVEN  ADDRESS    TOKEN "
        ),
        "{wide}"
    );
    let token = cli.json(&["connections", "list"]).await["items"][0]["token"].clone();
    assert!(wide.contains(token.as_str().expect("a token")), "{wide}");
    let none = cli.run(&["connections", "list", "--filter", "state=flapping"]).await.expect(0);
    assert_eq!(
        (&*none.stdout, &*none.stderr),
        ("", "nothing matches the filters\n"),
        "somebody is connected"
    );
    daemon.stop().await;
}

#[tokio::test]
async fn items_alone_are_lines_of_json() {
    let daemon = Daemon::start(&[]).await;
    let _browsers = (Browser::open(daemon.public, "a").await, Browser::open(daemon.public, "b").await);
    let cli = daemon.cli();
    let lines = cli.run(&["connections", "list", "-o", "jsonl"]).await.expect(0).stdout;
    let seen: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> = seen.iter().map(|item| (&item["type"], &item["request_id"])).collect();
    assert_eq!(kinds, [(&json!("connection"), &json!("a")), (&json!("connection"), &json!("b"))]);
    let status = cli.run(&["status", "-o", "jsonl"]).await.expect(0).stdout;
    let status: Value = serde_json::from_str(&status).expect("one line");
    assert_eq!((&status["type"], &status["connections"]), (&json!("status"), &json!(2)));
    let error = cli.run(&["connections", "show", "nobody", "-o", "jsonl"]).await.expect(3);
    let error: Value = serde_json::from_str(&error.stderr).expect("JSON too");
    assert_eq!(error["error"]["exit"], 3);
    daemon.stop().await;
}

#[tokio::test]
async fn a_watched_list_tells_who_comes_and_goes() {
    let daemon = Daemon::start(&[]).await;
    let _first = Browser::open(daemon.public, "first").await;
    let mut command = daemon.cli().command(&["connections", "list", "--watch=50ms", "-o", "jsonl"]);
    let mut watching = command.stdout(Stdio::piped()).spawn().expect("ssectl runs");
    let mut lines = BufReader::new(watching.stdout.take().expect("piped")).lines();
    let mut next = async || {
        let line = within("a change", lines.next_line()).await.expect("readable").expect("a line");
        let change: Value = serde_json::from_str(&line).expect("JSON");
        contract::check_value("jsonl", &change);
        format!("{} {}", change["type"], change["item"]["request_id"]).replace('"', "")
    };
    assert_eq!(next().await, "added first");
    let second = Browser::open(daemon.public, "second").await;
    assert_eq!(next().await, "added second");
    drop(second);
    assert_eq!(next().await, "removed second");
    let pid =
        rustix::process::Pid::from_raw(watching.id().expect("it runs").cast_signed()).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("sent");
    let ended = within("the watching to end", watching.wait()).await.expect("it ends");
    assert_eq!(ended.code(), Some(130));
    daemon.stop().await;
}
