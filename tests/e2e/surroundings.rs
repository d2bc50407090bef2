//! `ssectl` where something is missing: daemons, folders, readers, time.

use std::{
    fs,
    os::unix::{fs::DirBuilderExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{
    fakes::browser::Browser,
    fakes::control::{Manner, serve},
    harness::{Cli, Daemon, Home, Output, finish, within},
    tasks::endless,
};

/// Returns `ssectl` with nothing in its environment but two folders to look for sockets in.
fn looking_around(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ssectl"));
    command.env_clear().env("XDG_RUNTIME_DIR", home.path("x")).env("TMPDIR", home.path("t"));
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn own_places(home: &Home) -> [PathBuf; 2] {
    let uid = rustix::process::getuid().as_raw();
    [home.path("x/ssectld/control.sock"), home.path(&format!("t/ssectld-{uid}/control.sock"))]
}

fn private_folder_of(socket: &Path) {
    let folder = socket.parent().expect("it is in a folder");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).expect("created");
}

async fn signalled(pid: u32, signal: &str) {
    let kill = Command::new("kill").args(["-s", signal, &pid.to_string()]).status().await;
    assert!(kill.expect("kill can be run").success());
}

#[tokio::test]
async fn without_home_and_socket_every_place_that_was_looked_at_is_named() {
    let home = Home::new();
    for arguments in [&["status"][..], &["status", "-o", "json"], &["version", "queue", "1"]] {
        let output = finish(looking_around(&home, arguments)).await;
        // A machine may have a daemon of its own.
        if Path::new("/run/ssectld/control.sock").exists() {
            return;
        }
        let output = output.expect(4);
        let [runtime, temporary] = own_places(&home);
        for place in [&runtime, &temporary] {
            assert!(output.stderr.contains(place.to_str().expect("ASCII")), "{output:?}");
        }
        let mut without = looking_around(&home, arguments);
        without.env_remove("XDG_RUNTIME_DIR");
        let output = finish(without).await.expect(4);
        assert!(output.stderr.contains(temporary.to_str().expect("ASCII")), "{output:?}");
        assert!(!output.stderr.contains(runtime.to_str().expect("ASCII")), "{output:?}");
    }
}

#[tokio::test]
async fn of_two_daemons_none_is_chosen_until_one_is_named() {
    let (one, two, home) = (Daemon::start(&[]).await, Daemon::start(&[]).await, Home::new());
    let places = own_places(&home);
    for (place, daemon) in places.iter().zip([&one, &two]) {
        private_folder_of(place);
        std::os::unix::fs::symlink(daemon.home().path("c.sock"), place).expect("linked");
    }
    let output = finish(looking_around(&home, &["version", "queue", "1"])).await.expect_helpful(2);
    for place in &places {
        assert!(output.stderr.contains(place.to_str().expect("ASCII")), "{output:?}");
    }
    let named = ["--socket", places[1].to_str().expect("ASCII"), "version", "queue", "1"];
    finish(looking_around(&home, &named)).await.expect(0);
    assert_eq!(two.ask("/v1/versions").await.expect(200).json()["total"], 1);
    assert_eq!(one.ask("/v1/versions").await.expect(200).json()["total"], 0);
    one.stop().await;
    finish(looking_around(&home, &["status"])).await.expect(0);
    two.stop().await;
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_says_so_on_both_sides() {
    let home = Home::new();
    let long = home.path(&format!("{}/c.sock", "x".repeat(150)));
    let output = Cli { socket: long.clone() }.run(&["status"]).await.expect_helpful(2);
    assert!(output.stderr.contains("a socket's may have 107"), "{output:?}");
    let mut daemon = home.command(&[]);
    let output = finish({
        daemon.arg("--socket").arg(&long);
        daemon
    })
    .await
    .expect(78);
    assert!(output.stderr.contains("a socket's may have 107"), "{output:?}");
}

#[tokio::test]
async fn closed_and_full_streams_are_no_accident() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "k3v9x").await;
    let socket = daemon.home().path("c.sock");
    let run = async |redirected: &str, arguments: &str| {
        let mut shell = Command::new("/bin/sh");
        let script = format!("\"$0\" --socket \"$1\" {arguments} {redirected}");
        shell.env_clear().args(["-c", &script, env!("CARGO_BIN_EXE_ssectl")]).arg(&socket).kill_on_drop(true);
        finish(shell).await
    };
    for redirected in ["<&-", "<&- >&-", ">&-", "<&- >&- 2>&-"] {
        for arguments in ["status", "connections list", "version queue 1 --key k"] {
            let Output { code, stderr, .. } = run(redirected, arguments).await;
            assert_eq!((code, &*stderr), (0, ""), "{arguments} {redirected}");
        }
    }
    assert_eq!(daemon.ask("/v1/versions").await.expect(200).json()["total"], 1);
    if Path::new("/dev/full").exists() {
        let output = run("> /dev/full", "status").await.expect(1);
        assert!(output.stderr.starts_with("error: cannot write to stdout\ncause: "), "{output:?}");
    }
    let first = run("| head -n 1", "status").await.expect(0);
    assert!(first.stdout.starts_with("daemon") && first.stderr.is_empty(), "{first:?}");
    daemon.stop().await;
}

/// Begins to follow a task that does not end, and waits for the first line.
async fn following(
    daemon: &Daemon,
    ending: &str,
) -> (tokio::process::Child, BufReader<tokio::process::ChildStdout>) {
    let id = daemon.start_task("demo", endless()).await;
    let mut command = daemon.cli().command(&["task", "follow", &id, "-o", ending]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ssectl runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    within("a first line", stdout.read_line(&mut line)).await.expect("readable");
    (child, stdout)
}

#[tokio::test]
async fn exit_141_the_reader_of_what_is_followed_went_away() {
    let daemon = Daemon::start(&[]).await;
    let (child, stdout) = following(&daemon, "jsonl").await;
    drop(stdout);
    let output = within("ssectl to end", child.wait_with_output()).await.expect("its output can be read");
    assert_eq!(output.status.code(), Some(141), "{output:?}");
    assert!(output.stderr.is_empty(), "and it is silent about it: {output:?}");
    drop(daemon);
}

#[tokio::test]
async fn exit_143_and_130_are_those_of_signals() {
    let daemon = Daemon::start(&[]).await;
    let (child, _stdout) = following(&daemon, "json").await;
    signalled(child.id().expect("it runs"), "TERM").await;
    let status = within("ssectl to end", child.wait_with_output()).await.expect("its status").status;
    // A shell says 143 of either.
    assert!(status.signal() == Some(15) || status.code() == Some(143), "{status}");
    drop(daemon);
    let home = Home::new();
    let mut heard = serve(&home.path("c.sock"), Manner::Hangs);
    let child = home.cli().command(&["status"]).stderr(Stdio::piped()).spawn().expect("ssectl runs");
    within("the question", heard.recv()).await.expect("it was sent");
    signalled(child.id().expect("it runs"), "INT").await;
    let status = within("ssectl to end", child.wait_with_output()).await.expect("its status").status;
    assert!(status.signal() == Some(2) || status.code() == Some(130), "{status}");
}

#[tokio::test]
async fn exit_9_another_program_answers() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\u{fffd}x",
    ] {
        let home = Home::new();
        let _heard = serve(&home.path("c.sock"), Manner::Answers(answer));
        let output = home.cli().run(&["status"]).await.expect_helpful(9);
        assert!(output.stderr.contains("versions"), "{output:?}");
        let output = home.cli().run(&["connections", "list", "-o", "json"]).await.expect(9);
        let error: serde_json::Value = serde_json::from_str(&output.stderr).expect("JSON");
        assert_eq!((&error["error"]["exit"], &error["error"]["code"]), (&json!(9), &json!("skew")));
    }
}

#[tokio::test]
async fn wrong_use_is_told_in_json_where_that_was_asked_for() {
    let cli = Home::new().cli();
    for arguments in [
        &["nonsense", "-o", "json"][..],
        &["--json"],
        &["version", "queue", "--json"],
        &["connections", "list", "--limit", "few", "-ojsonl"],
        &["task", "progress", "t", "--value", "2", "--output=json"],
    ] {
        let output = cli.run(arguments).await.expect(2);
        let error: serde_json::Value = serde_json::from_str(&output.stderr).expect("one line of JSON");
        assert_eq!(
            (&error["error"]["exit"], &error["error"]["code"]),
            (&json!(2), &json!("usage")),
            "{output:?}"
        );
    }
}
