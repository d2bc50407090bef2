//! `ssectl task run`: a command as a task. The command's part is transparent, the daemon's part never in its way.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    fakes::{
        browser::Browser,
        control::{Manner, serve},
    },
    harness::{Cli, Daemon, Home, finish, until, within},
    tasks::events_of,
};

/// Returns `ssectl task run --name migrate … -- /bin/sh -c script`.
fn shell(cli: &Cli, options: &[&str], script: &str) -> Command {
    let run = ["task", "run", "--name", "migrate"];
    cli.command(&[&run[..], options, &["--", "/bin/sh", "-c", script]].concat())
}

/// A command that goes on when the test says so.
struct Running {
    process: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssectl can be run");
        let stdin = process.stdin.take().expect("piped");
        let stdout = BufReader::new(process.stdout.take().expect("piped")).lines();
        Self { process, stdin, stdout }
    }

    /// Waits for a line of its output.
    async fn line(&mut self) -> String {
        let line = within("a line of output", self.stdout.next_line()).await;
        line.expect("it can be read").expect("there is one")
    }

    async fn go_on(&mut self) {
        self.stdin.write_all(b"go\n").await.expect("it reads");
    }

    async fn signal(&self, name: &str) {
        let pid = self.process.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().await.expect("kill").success());
    }

    async fn code(mut self) -> Option<i32> {
        within("ssectl to end", self.process.wait()).await.expect("waited").code()
    }
}

/// Returns the one task that there is.
async fn the_task(daemon: &Daemon) -> Value {
    let list = daemon.ask("/v1/tasks").await.expect(200).json();
    assert_eq!(list["items"].as_array().expect("a list").len(), 1, "{list}");
    list["items"][0].clone()
}

async fn until_ended(daemon: &Daemon) -> Value {
    until("the task's end", async || Some(the_task(daemon).await).filter(|task| !task["ended_at"].is_null()))
        .await
}

/// Returns the task that a browser hears of first.
async fn first_started(browser: &mut Browser) -> String {
    let event = browser.next_named("task_event").await.json();
    assert_eq!(event["event_type"], "task_started", "{event}");
    event["task_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn what_goes_through_a_command_stays_as_it_is() {
    let daemon = Daemon::start(&[]).await;
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let mut command = shell(&daemon.cli(), &[], "cat; printf 'to stderr\\377' >&2; exit 42");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ssectl can be run");
    let (mut stdin, fed) = (child.stdin.take().expect("piped"), bytes.clone());
    let feeding = tokio::spawn(async move { stdin.write_all(&fed).await });
    let output = within("ssectl to end", child.wait_with_output()).await.expect("read");
    feeding.await.expect("no panic").expect("all was taken");
    assert_eq!(output.status.code(), Some(42));
    assert!(output.stdout == bytes, "{} bytes", output.stdout.len());
    assert_eq!(output.stderr, b"to stderr\xff");
    let task = until_ended(&daemon).await;
    assert_eq!((&task["name"], &task["error"]), (&json!("migrate"), &json!("exit code 42")), "{task}");
}

#[tokio::test]
async fn browsers_see_how_far_a_command_is_and_nothing_else_of_it() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let script =
        "echo secret; echo 40% of secret; echo secret >&2; read x; echo '::progress 0.7 almost'; read x";
    let mut running = Running::start(shell(&daemon.cli(), &["--interval", "1ms"], script));
    let id = first_started(&mut browser).await;
    let half = browser.next_named("task_event").await.json();
    assert_eq!(half["data"], json!({"text": "", "value": 0.4}), "{half}");
    running.go_on().await;
    let almost = browser.next_named("task_event").await.json();
    assert_eq!(almost["data"], json!({"text": "almost", "value": 0.7}), "{almost}");
    running.go_on().await;
    for line in ["secret", "40% of secret", "::progress 0.7 almost"] {
        assert_eq!(running.line().await, line, "all of it is passed on");
    }
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"success": true}));
    assert_eq!(running.code().await, Some(0));
}

#[tokio::test]
async fn the_last_that_a_command_says_is_told_however_soon_it_ends() {
    let daemon = Daemon::start(&[]).await;
    for round in 1..=10 {
        let script = format!("echo {round}%");
        finish(shell(&daemon.cli(), &["--interval", "1ms"], &script)).await.expect(0);
        let list = daemon.ask("/v1/tasks?filter=status=completed&sort=-progress").await.expect(200).json();
        assert_eq!(list["items"].as_array().expect("a list").len(), round, "{list}");
        assert_eq!(list["items"][0]["progress"]["value"], round as f64 / 100.0, "{list}");
    }
}

#[tokio::test]
async fn output_is_shared_only_when_that_is_asked_for() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let script = r"printf 'copying \033[1mrows\033[0m\a\n'; read x";
    let options = ["--share-output", "--interval", "1ms"];
    let mut running = Running::start(shell(&daemon.cli(), &options, script));
    first_started(&mut browser).await;
    let told = browser.next_named("task_event").await.json();
    assert_eq!(told["data"], json!({"text": "copying rows", "value": 0.0}), "{told}");
    running.go_on().await;
    assert_eq!(running.code().await, Some(0));
}

#[tokio::test]
async fn a_command_reports_by_itself_with_what_is_in_its_environment() {
    let daemon = Daemon::start(&[]).await;
    let ssectl = env!("CARGO_BIN_EXE_ssectl");
    let script = format!("{ssectl} task progress \"$SSECTL_TASK_ID\" --percent 60 --text mine -q");
    finish(shell(&daemon.cli(), &["--raw"], &script)).await.expect(0);
    let task = the_task(&daemon).await;
    assert_eq!(task["progress"], json!({"text": "mine", "value": 0.6}), "{task}");
    assert_eq!(task["status"], "completed");
}

#[tokio::test]
async fn a_signal_is_told_and_is_the_exit_code() {
    let daemon = Daemon::start(&[]).await;
    finish(shell(&daemon.cli(), &[], "kill -KILL $$")).await.expect(137);
    let task = the_task(&daemon).await;
    assert_eq!((&task["status"], &task["error"]), (&json!("failed"), &json!("signal SIGKILL")), "{task}");
}

#[tokio::test]
async fn a_termination_is_passed_on_and_the_command_decides() {
    let daemon = Daemon::start(&[]).await;
    let script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    let mut running = Running::start(shell(&daemon.cli(), &[], script));
    assert_eq!(running.line().await, "ready");
    // The terminal sends it to the command, too, which alone decides.
    running.signal("INT").await;
    running.signal("TERM").await;
    assert_eq!(running.code().await, Some(9));
    assert_eq!(the_task(&daemon).await["error"], "exit code 9");
}

#[tokio::test]
async fn what_cannot_be_started_is_126_or_127() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let run = |program: &str| cli.command(&["task", "run", "--name", "x", "--", program]);
    let output = finish(run("/no/such/program")).await.expect_helpful(127);
    assert!(output.stderr.contains("/no/such/program"), "{output:?}");
    finish(run("/dev/null")).await.expect_helpful(126);
    let list = daemon.ask("/v1/tasks").await.json();
    let errors: Vec<_> = list["items"].as_array().unwrap().iter().map(|task| &task["error"]).collect();
    assert_eq!(errors, ["exit code 126", "exit code 127"]);
}

#[tokio::test]
async fn without_a_daemon_the_command_runs_unless_one_is_required() {
    let home = Home::new();
    let output = finish(shell(&home.cli(), &[], "echo ran; exit 5")).await.expect(5);
    assert_eq!(output.stdout, "ran\n");
    assert_eq!(output.stderr.lines().count(), 1, "one warning: {output:?}");
    assert!(output.stderr.contains("c.sock"), "{output:?}");
    let quiet = finish(shell(&home.cli(), &["-q"], "exit 5")).await.expect(5);
    assert_eq!(quiet.stderr, "");
    let mark = home.path("ran");
    let script = format!("touch {}", mark.display());
    finish(shell(&home.cli(), &["--require-daemon"], &script)).await.expect_helpful(4);
    assert!(!mark.exists(), "it must not run");
}

#[tokio::test]
async fn a_daemon_that_never_answers_holds_nothing_up() {
    let home = Home::new();
    let _requests = serve(&home.path("c.sock"), Manner::Hangs);
    let output = finish(shell(&home.cli(), &["--timeout", "300ms"], "echo ran; exit 6")).await.expect(6);
    assert_eq!(output.stdout, "ran\n");
    let mark = home.path("ran");
    let script = format!("touch {}", mark.display());
    let required = ["--timeout", "300ms", "--require-daemon"];
    finish(shell(&home.cli(), &required, &script)).await.expect_helpful(7);
    assert!(!mark.exists(), "it must not run");
}

#[tokio::test]
async fn a_daemon_that_comes_later_is_told_then() {
    let home = Home::new();
    let mut running = Running::start(shell(&home.cli(), &["-q"], "echo 30%; read x; echo 60%; read x"));
    assert_eq!(running.line().await, "30%");
    let daemon = home.start(&[]).await;
    until("the task", async || {
        let list = daemon.ask("/v1/tasks").await.json();
        (list["items"][0]["progress"]["value"] == 0.3).then_some(())
    })
    .await;
    running.go_on().await;
    running.go_on().await;
    assert_eq!(running.code().await, Some(0));
    let task = the_task(&daemon).await;
    assert_eq!((&task["status"], &task["progress"]["value"]), (&json!("completed"), &json!(0.6)), "{task}");
}

#[tokio::test]
async fn a_crash_of_the_daemon_in_the_middle_is_survived() {
    let daemon = Daemon::start(&[]).await;
    let script = "echo 30%; read x; echo 60%; read x; exit 3";
    let mut running = Running::start(shell(&daemon.cli(), &["-q"], script));
    assert_eq!(running.line().await, "30%");
    let id = the_task(&daemon).await["task_id"].as_str().unwrap().to_owned();
    let daemon = daemon.kill().await.start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    running.go_on().await;
    assert_eq!(running.line().await, "60%");
    until("progress", async || (the_task(&daemon).await["progress"]["value"] == 0.6).then_some(())).await;
    running.go_on().await;
    assert_eq!(running.code().await, Some(3));
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"error": "exit code 3"}));
    assert_eq!(the_task(&daemon).await["task_id"], json!(id), "it is the same task");
}

#[tokio::test]
async fn a_task_whose_runner_is_killed_is_lost_at_once() {
    // Not for want of a sign of life.
    let daemon = Daemon::start(&["tasks.lease=1h"]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    let mut running = Running::start(shell(&daemon.cli(), &[], "echo ready; read x"));
    assert_eq!(running.line().await, "ready");
    let id = first_started(&mut browser).await;
    running.signal("KILL").await;
    let events = events_of(&mut browser, &id).await;
    assert_eq!(events.last().unwrap()["data"], json!({"error": "reporter lost"}));
    assert_eq!(running.code().await, None);
}

#[tokio::test]
async fn a_short_lease_is_kept() {
    let daemon = Daemon::start(&["tasks.lease=1s"]).await;
    let mut running = Running::start(shell(&daemon.cli(), &[], "read x"));
    let began = until("the task", async || {
        daemon.ask("/v1/tasks").await.json()["items"][0]["task_id"].as_str().map(str::to_owned)
    })
    .await;
    // Another task, with nobody to renew its lease, is the clock.
    let clock = daemon.create_task(json!({"name": "clock"})).await;
    daemon.until_task(&clock, "failed").await;
    assert_eq!(daemon.show_task(&began).await["status"], "running");
    running.go_on().await;
    assert_eq!(running.code().await, Some(0));
}

#[tokio::test]
async fn a_cancelled_task_does_not_stop_its_command() {
    let daemon = Daemon::start(&[]).await;
    let mut command = shell(&daemon.cli(), &[], "echo ready; read x; exit 4");
    let mut running = Running::start({
        command.stderr(Stdio::piped());
        command
    });
    assert_eq!(running.line().await, "ready");
    let mut notes = BufReader::new(running.process.stderr.take().expect("piped"));
    let id = the_task(&daemon).await["task_id"].as_str().unwrap().to_owned();
    daemon.task(&id, "cancel", &json!({})).await.expect(200);
    let mut note = String::new();
    within("a note", notes.read_line(&mut note)).await.expect("read");
    assert!(note.contains("somebody cancelled the task"), "{note}");
    running.go_on().await;
    assert_eq!(running.code().await, Some(4));
    assert_eq!(daemon.show_task(&id).await["status"], "cancelled");
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_output_open_does_not_hold_up_the_end() {
    let daemon = Daemon::start(&[]).await;
    let mut running = Running::start(shell(&daemon.cli(), &[], "sleep 1000 & echo $!"));
    let grandchild = running.line().await;
    let code = running.code().await;
    Command::new("kill").arg(&grandchild).status().await.expect("kill");
    assert_eq!(code, Some(0));
    assert_eq!(until_ended(&daemon).await["status"], "completed");
}

#[tokio::test]
async fn a_reader_of_the_output_that_goes_away_is_the_commands_affair() {
    let daemon = Daemon::start(&[]).await;
    let mut command = shell(&daemon.cli(), &[], "exec yes");
    let mut child = command.stdout(Stdio::piped()).spawn().expect("ssectl can be run");
    let mut first = [0; 2];
    child.stdout.take().expect("piped").read_exact(&mut first).await.expect("read");
    assert_eq!(&first, b"y\n");
    let status = within("ssectl to end", child.wait()).await.expect("waited");
    assert_eq!(status.code(), Some(141));
    assert_eq!(the_task(&daemon).await["error"], "signal SIGPIPE");
}

#[tokio::test]
async fn one_key_is_one_task() {
    let daemon = Daemon::start(&[]).await;
    let run = |script| finish(shell(&daemon.cli(), &["--key", "build-7"], script));
    run("exit 0").await.expect(0);
    let again = run("echo again; exit 2").await.expect(2);
    assert_eq!(again.stdout, "again\n");
    assert!(again.stderr.contains("has ended already"), "{again:?}");
    assert_eq!(the_task(&daemon).await["status"], "completed");
}

#[tokio::test]
async fn a_reader_may_not_tell_browsers_of_a_command() {
    let home = Home::new();
    let body = r#"{"error":{"code":"denied","message":"readers may not"}}"#;
    let answer: &'static str =
        format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{body}", body.len()).leak();
    let _requests = serve(&home.path("c.sock"), Manner::Answers(answer));
    let output = finish(shell(&home.cli(), &[], "exit 3")).await.expect(3);
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    let required = finish(shell(&home.cli(), &["--require-daemon"], "exit 3")).await.expect(5);
    assert!(required.stderr.contains("readers may not"), "{required:?}");
}
