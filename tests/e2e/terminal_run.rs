//! `ssectl task run` at a terminal: to the command, and to whoever sits there, it is as if it ran alone.

use serde_json::Value;
use tokio::process::Command;

use crate::harness::{
    Cli, Daemon,
    session::{Session, is_stopped},
    until,
};

/// Returns `ssectl task run --name migrate -- /bin/sh -c script`, at a terminal.
fn run(cli: &Cli, options: &[&str], script: &str) -> Session {
    let words = [&["task", "run", "--name", "migrate"], options, &["--", "/bin/sh", "-c", script]].concat();
    let mut command = cli.command(&words);
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    Session::open(80, 24, &command)
}

async fn the_task(daemon: &Daemon) -> Value {
    daemon.ask("/v1/tasks").await.expect(200).json()["items"][0].take()
}

#[tokio::test]
async fn setsid_its_output_goes_to_a_terminal_and_passes_unchanged() {
    let daemon = Daemon::start(&[]).await;
    let script = r"test -t 0 && test -t 1 && test -t 2 && printf 'a \033[31mred\033[0m line\n' || echo no
        printf 'one\rtwo\n'; echo end >&2; exit 7";
    let mut session = run(&daemon.cli(), &[], script);
    assert_eq!(session.ended().await.code(), Some(7));
    assert_eq!(session.written, "a \u{1b}[31mred\u{1b}[0m line\r\none\rtwo\r\nend\r\n");
    assert_eq!(the_task(&daemon).await["error"], "exit code 7");
    assert!(session.is_as_before());
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_output_and_errors_come_in_the_order_in_which_they_were_written() {
    let daemon = Daemon::start(&[]).await;
    let script = "for n in 1 2 3 4 5 6 7 8; do echo out $n; echo err $n >&2; done";
    for _ in 0..5 {
        let mut session = run(&daemon.cli(), &[], script);
        assert_eq!(session.ended().await.code(), Some(0));
        let wanted: String = (1..=8).map(|n| format!("out {n}\r\nerr {n}\r\n")).collect();
        assert_eq!(session.written, wanted);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_it_is_typed_to() {
    let daemon = Daemon::start(&[]).await;
    let script = "printf 'name? '; read name; echo hello $name; read -r nothing || echo 60% over";
    let mut session = run(&daemon.cli(), &["--interval", "1ms"], script);
    session.shows("name? ").await;
    session.press("you\n");
    session.shows("hello you").await;
    session.press("\u{4}");
    assert_eq!(session.ended().await.code(), Some(0));
    assert_eq!(session.written, "name? you\r\nhello you\r\n60% over\r\n");
    assert_eq!(the_task(&daemon).await["progress"]["value"], 0.6);
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_ctrl_c_is_the_commands_and_ends_nothing_else() {
    let daemon = Daemon::start(&[]).await;
    let script = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.01; done";
    let mut session = run(&daemon.cli(), &[], script);
    session.shows("ready").await;
    session.press("\u{3}");
    assert_eq!(session.ended().await.code(), Some(9));
    assert!(session.written.ends_with("caught\r\n"), "{:?}", session.written);
    assert_eq!(the_task(&daemon).await["error"], "exit code 9");
    let mut session = run(&daemon.cli(), &[], "echo ready; exec sleep 1000");
    session.shows("ready").await;
    session.press("\u{3}");
    assert_eq!(session.ended().await.code(), Some(130));
    assert_eq!(the_task(&daemon).await["error"], "signal SIGINT");
    let mut session = run(&daemon.cli(), &[], "trap 'exit 5' QUIT; echo ready; while :; do sleep 0.01; done");
    session.shows("ready").await;
    session.press("\u{1c}");
    assert_eq!(session.ended().await.code(), Some(5));
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_it_knows_the_terminals_size_and_when_that_changes() {
    let daemon = Daemon::start(&[]).await;
    let script = "trap 'stty size <&1' WINCH; stty size <&1; while :; do sleep 0.01; done";
    let mut session = run(&daemon.cli(), &[], script);
    session.shows("24 80").await;
    session.resize(101, 33);
    session.shows("33 101").await;
    session.press("\u{3}");
    assert_eq!(session.ended().await.code(), Some(130));
    assert!(
        !session.written.contains("24 80\r\n24 80"),
        "never told an old size anew: {:?}",
        session.written
    );
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_it_is_stopped_and_goes_on_with_its_command() {
    let daemon = Daemon::start(&[]).await;
    // A shell with job control, as people have it.
    let ssectl = env!("CARGO_BIN_EXE_ssectl");
    let socket = daemon.home().path("c.sock");
    let mut shell = Command::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]).env("PS1", "prompt> ").env("HOME", daemon.home().dir.path());
    let mut session = Session::open(80, 24, &shell);
    session.shows("prompt> ").await;
    let command = format!(
        "{ssectl} --socket {} task run --name x -- sh -c 'echo $$ ready; read a; echo got $a; exit 3'",
        socket.display()
    );
    session.press(&format!("{command}\n"));
    let seen = session.until("the command to be ready", |seen| seen.ends_with(" ready")).await;
    let pid = seen.split_whitespace().rev().nth(1).and_then(|pid| pid.parse().ok()).expect("it told its pid");
    session.press("\u{1a}");
    // What is typed before the command has stopped may still be read by it.
    until("the command to stop", async || is_stopped(pid)?.then_some(())).await;
    session.until("the shell to be back", |seen| seen.trim_end().ends_with("\nprompt>")).await;
    session.press("fg\n");
    until("the command to go on", async || (!is_stopped(pid)?).then_some(())).await;
    session.press("word\n");
    session.shows("got word").await;
    session.press("echo code $?\n");
    session.shows("code 3").await;
    let task =
        until("its end", async || Some(the_task(&daemon).await).filter(|task| !task["ended_at"].is_null()))
            .await;
    assert_eq!(task["error"], "exit code 3", "{task}");
    session.press("exit\n");
    session.ended().await;
    daemon.stop().await;
}

#[tokio::test]
async fn setsid_a_terminal_that_is_hung_up_ends_the_command() {
    let daemon = Daemon::start(&[]).await;
    let script = "trap 'exit 4' HUP; echo ready; while :; do sleep 0.01; done";
    let mut session = run(&daemon.cli(), &[], script);
    session.shows("ready").await;
    drop(session);
    let task =
        until("its end", async || Some(the_task(&daemon).await).filter(|task| !task["ended_at"].is_null()))
            .await;
    assert_eq!(task["status"], "failed", "{task}");
    daemon.stop().await;
}
