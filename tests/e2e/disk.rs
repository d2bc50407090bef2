//! Disks that fail: what was acknowledged stays, what cannot be stored is not promised, streams go on.

use std::{fs, process::Stdio};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, finish, within},
};

/// Makes the first of these system calls of each thread fail; all later ones succeed again.
async fn inject(daemon: &Daemon, calls: &str, error: &str) -> Child {
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-e",
        &format!("trace={calls}"),
        "-e",
        &format!("inject={calls}:error={error}:when=1"),
    ]);
    strace.args(["-p", &daemon.pid().to_string()]);
    let mut strace = strace.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("strace can be run");
    let mut said = BufReader::new(strace.stderr.take().expect("piped")).lines();
    within("strace to attach", async {
        while !said.next_line().await.expect("text").expect("strace goes on").contains("attached") {}
    })
    .await;
    // Or it would wait for a reader.
    tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
    strace
}

async fn degraded(daemon: &Daemon) -> String {
    daemon.ask("/v1/status").await.expect(200).json()["item"]["degraded"].to_string()
}

async fn a_write_fails_once(calls: &str, error: &str) {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1", "key": "k1"})).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    assert_eq!(browser.next_version().await, "1");
    let mut strace = inject(&daemon, calls, error).await;
    let cli = daemon.cli();
    let unknown = cli.run(&["version", "queue", "2", "--key", "k2"]).await.expect_helpful(7);
    assert!(
        unknown.stderr.contains("could not be written") && unknown.stderr.contains("--key k2"),
        "{unknown:?}"
    );
    let refused = cli.run(&["version", "queue", "3", "--key", "k3"]).await.expect_helpful(1);
    assert!(refused.stderr.contains("not done"), "{refused:?}");
    cli.run(&["task", "create", "--name", "x"]).await.expect_helpful(1);
    cli.run(&["version", "queue", "2", "--key", "k2"]).await.expect_helpful(7);
    assert!(degraded(&daemon).await.contains("cannot be written"));
    daemon.event("marker", &json!(1)).await;
    assert_eq!(browser.next_event().await.name, "marker", "streams go on, and were told no version");
    strace.kill().await.expect("strace can be killed");
    let daemon = daemon.stop().await.start(&[]).await;
    for (version, key, sequence) in [("1", "k1", 1), ("2", "k2", 2), ("3", "k3", 3)] {
        let receipt = daemon.queue(json!({"version": version, "key": key})).await;
        assert_eq!(receipt["sequence"], sequence, "{receipt}");
    }
    assert_eq!(degraded(&daemon).await, "[]");
    daemon.stop().await;
}

#[tokio::test]
async fn strace_after_a_sync_that_failed_nothing_more_is_stored() {
    a_write_fails_once("fsync,fdatasync", "EIO").await;
}

#[tokio::test]
async fn strace_after_a_write_that_failed_nothing_more_is_stored() {
    a_write_fails_once("pwrite64", "EROFS").await;
}

/// Returns the command line of a daemon whose state is on a small disk of its own. `$0` is where, `$@` the daemon.
fn on_a_disk(home: &Home, script: &str) -> Command {
    let plain = home.command(&[]);
    fs::create_dir(home.path("state")).expect("a directory to mount on");
    let mut command = Command::new("unshare");
    command.env_clear().env("HOME", home.dir.path()).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(["-Urm", "/bin/sh", "-c", script]).arg(home.path("state"));
    command.arg(plain.as_std().get_program()).args(plain.as_std().get_args());
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn unshare_what_was_acknowledged_before_the_disk_was_full_is_there_when_it_is_larger() {
    let home = Home::new();
    let script = r#"mount -t tmpfs -o size=4m none "$0" || exit; "$@"; mount -o remount,size=64m none "$0" && exec "$@""#;
    let command = on_a_disk(&home, script);
    let daemon = home.start_command(command).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let order = |number: usize| {
        let id = format!("id-{number}");
        json!({"version": "1", "changelog": "x".repeat(30_000), "request_id": id, "key": id})
    };
    let mut places = Vec::new();
    let failed = loop {
        let answer = daemon.tell("/v1/versions", &order(places.len())).await;
        if answer.status != 200 {
            break answer;
        }
        places.push(answer.json()["item"]["sequence"].clone());
        assert!(places.len() < 1000, "the disk is too large");
    };
    assert_eq!(failed.json()["error"]["code"], "outcome_unknown", "{failed:?}");
    let refused = daemon.tell("/v1/versions", &json!({"version": "2"})).await.expect(503).json();
    assert_eq!(refused["error"]["code"], "refused", "{refused}");
    assert!(degraded(&daemon).await.contains("cannot be written"));
    daemon.event("marker", &json!(1)).await;
    browser.next_named("marker").await;
    let pid = daemon.ask("/v1/status").await.expect(200).json()["item"]["pid"].to_string();
    assert!(finish(kill(&pid)).await.code == 0);
    daemon.notice("READY=1").await;
    assert!(!places.is_empty());
    for (number, place) in places.iter().enumerate() {
        assert_eq!(daemon.queue(order(number)).await["sequence"], *place, "the first receipt");
    }
    daemon.queue(order(places.len())).await;
    assert_eq!(degraded(&daemon).await, "[]");
    daemon.stop().await;
}

fn kill(pid: &str) -> Command {
    let mut kill = Command::new("kill");
    kill.args(["-s", "TERM", pid]);
    kill
}

#[tokio::test]
async fn unshare_a_state_that_cannot_be_written_is_refused_at_the_start() {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1"})).await;
    let old = daemon.stop().await;
    let mut export = old.command(&[]);
    export.args(["store", "export"]);
    let text = finish(export).await.expect(0).stdout;
    for state in ["", r#""$@" store import "$HOME/export" >/dev/null;"#] {
        let home = Home::new();
        home.write("export", &text);
        let script = format!(
            r#"mount -t tmpfs none "$0" && {state} mount -o remount,ro none "$0" || exit
            cksum "$0"/* >"$HOME/before" 2>&1; "$@"; code=$?; cksum "$0"/* >"$HOME/after" 2>&1; exit $code"#
        );
        let output = finish(on_a_disk(&home, &script)).await.expect_helpful(78);
        assert!(output.stderr.contains("Read-only file system"), "{output:?}");
        let seen = |name| fs::read_to_string(home.path(name)).expect("it was looked at");
        assert_eq!(seen("before"), seen("after"));
        assert_eq!(seen("before").contains("state.redb"), !state.is_empty());
    }
}
