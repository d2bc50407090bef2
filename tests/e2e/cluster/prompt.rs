//! Clusters at the prompt: `ssectl` asks one member for all of them, and each of them through another one.

use serde_json::{Value, json};

use super::can_play;
use crate::{
    fakes::browser::Browser,
    harness::{Cli, Daemon, Home, finish, nats::Nats, until},
};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Members over one server.
struct Together {
    nats: Nats,
    daemons: Vec<Daemon>,
}

fn settings(nats: &Nats, member: &str) -> [String; 3] {
    [
        format!("cluster.nats_url={}", nats.url()),
        format!("cluster.member={member}"),
        "shutdown.spread=0s".to_owned(),
    ]
}

async fn member(nats: &Nats, name: &str) -> Daemon {
    let settings = settings(nats, name);
    Home::new().start(&settings.each_ref().map(String::as_str)).await
}

impl Together {
    /// Starts them, and waits until each knows the others. `None` where that cannot be done here.
    async fn start() -> Option<Self> {
        if !can_play() {
            return None;
        }
        let nats = Nats::alone().await;
        let mut daemons = Vec::new();
        for name in NAMES {
            daemons.push(member(&nats, name).await);
        }
        let together = Self { nats, daemons };
        for member in 0..NAMES.len() {
            together.until_known(member, &NAMES).await;
        }
        Some(together)
    }

    fn cli(&self, member: usize) -> Cli {
        self.daemons[member].cli()
    }

    /// Waits until a member knows these.
    async fn until_known(&self, member: usize, names: &[&str]) {
        until("the members to know each other", async || (self.known(member).await == names).then_some(()))
            .await;
    }

    async fn known(&self, member: usize) -> Vec<String> {
        let answer = self.daemons[member].ask("/v1/members?heard=true").await.expect(200).json();
        let items = answer["items"].as_array().expect("members").clone();
        items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
    }

    async fn end(self) {
        for daemon in self.daemons {
            daemon.stop().await;
        }
    }
}

fn of<'a>(list: &'a Value, fields: &[&str]) -> Vec<Vec<&'a Value>> {
    let items = list["items"].as_array().expect("items");
    items.iter().map(|item| fields.iter().map(|field| &item[*field]).collect()).collect()
}

#[tokio::test]
async fn nats_server_lists_of_all_members_are_one_and_say_who_is_missing() {
    let Some(together) = Together::start().await else { return };
    let mut browsers = Vec::new();
    for (member, id) in [(1, "tab-1"), (0, "tab-2"), (2, "tab-3")] {
        browsers.push(Browser::open(together.daemons[member].public, id).await);
    }
    let list = together.cli(0).json(&["connections", "list", "--cluster"]).await;
    let expected = [["tab-1", "b"], ["tab-2", "a"], ["tab-3", "c"]].map(|both| both.map(Value::from));
    let found = of(&list, &["request_id", "member"]);
    assert!(found.iter().zip(&expected).all(|(one, two)| one.iter().copied().eq(two)), "{list:#}");
    assert_eq!((&list["total"], &list["unanswered"]), (&json!(3), &Value::Null));
    let table =
        together.cli(2).run(&["connections", "list", "--cluster", "--filter", "member=b"]).await.expect(0);
    let mut lines = table.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next().expect("headers")[..3], ["REQUEST", "ID", "MEMBER"]);
    assert_eq!(lines.next().expect("a row")[..2], ["tab-1", "b"]);
    let found = together.cli(0).json(&["connections", "show", "tab-3", "--cluster"]).await;
    assert_eq!(found["item"]["member"], "c");
    together.cli(0).run(&["connections", "show", "nobody", "--cluster"]).await.expect(3);
    until("their names to be offered", async || {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ssectl"));
        command.env_clear().args(["__complete", "fish", "ssectl", "--socket"]);
        command.arg(together.cli(0).socket).args(["--member", ""]);
        let output = finish(command).await;
        let names = output.stdout.lines().skip(1).filter_map(|line| line.split('\t').next());
        names.eq(NAMES).then_some(())
    })
    .await;

    together.daemons[2].signal("STOP").await;
    for (arguments, names) in [
        (&["connections", "list", "-o", "name", "--cluster"][..], "tab-1\ntab-2\n"),
        (&["status", "-o", "name", "--cluster"], "ready\n"),
    ] {
        let output = together.cli(0).run(arguments).await.expect(8);
        assert_eq!(output.stdout, names);
        assert!(output.stderr.contains("a member of the cluster did not answer: c"), "{output:?}");
        assert!(output.stderr.contains("warning: c: it did not answer within 2s"), "{output:?}");
    }
    let json = together.cli(0).run(&["connections", "list", "-o", "json", "--cluster"]).await.expect(8);
    let answer: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(answer["unanswered"], json!(["c"]));
    let members = together.cli(0).json(&["members", "list"]).await;
    let states: Vec<_> = of(&members, &["state"]).into_iter().flatten().collect();
    assert_eq!(states, ["answering", "answering", "silent"]);
    together.cli(0).run(&["connections", "show", "tab-3", "--cluster"]).await.expect_helpful(1);
    let refused = together.cli(0).run(&["--member", "c", "status"]).await.expect_helpful(4);
    assert!(refused.stderr.contains("c cannot be reached: nothing was done there"), "{refused:?}");
    together.daemons[2].signal("CONT").await;
    until("c to answer again", async || {
        let output = together.cli(0).run(&["connections", "list", "--cluster"]).await;
        (output.code == 0).then_some(())
    })
    .await;
    together.end().await;
}

#[tokio::test]
async fn nats_server_who_stops_in_order_is_gone_and_who_is_killed_is_silent() {
    let Some(mut together) = Together::start().await else { return };
    let stopped = together.cli(0).run(&["--member", "b", "daemon", "stop"]).await.expect(0);
    assert_eq!(stopped.stdout, "the daemon has stopped\n");
    assert_eq!(together.known(0).await, ["a", "c"], "as soon as it has stopped");
    let mut b = together.daemons.remove(1);
    assert!(b.ended().await.success());
    together.daemons.remove(1).kill().await;
    let members = together.cli(0).json(&["members", "list"]).await;
    let states: Vec<_> = of(&members, &["name", "state"]).into_iter().flatten().collect();
    assert_eq!(states, ["a", "answering", "c", "silent"]);
    let unreachable = together.cli(0).run(&["--member", "c", "status"]).await.expect_helpful(4);
    assert!(unreachable.stderr.contains("it is not there"), "{unreachable:?}");
    let unknown = together.cli(0).run(&["--member", "z", "status"]).await.expect_helpful(3);
    assert!(unknown.stderr.contains("the members are a, c"), "{unknown:?}");
    together.end().await;
}

#[tokio::test]
async fn nats_server_a_name_is_one_members_only() {
    if !can_play() {
        return;
    }
    let nats = Nats::alone().await;
    let first = member(&nats, "a").await;
    let settings = settings(&nats, "a");
    let home = Home::new();
    let mut second = home.command(&settings.each_ref().map(String::as_str));
    let output =
        crate::harness::within("the second to refuse", second.output()).await.expect("it can be run");
    assert!(!output.status.success());
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    let named = format!("process {} on ", first.pid());
    assert!(told.contains(&named) && told.contains("set cluster.member to another one"), "{told}");
    let home = first.kill().await;
    home.start(&settings.each_ref().map(String::as_str)).await.stop().await;
}

#[tokio::test]
async fn nats_server_any_command_is_passed_on_and_streams_are_too() {
    let Some(together) = Together::start().await else { return };
    let _browser = Browser::open(together.daemons[1].public, "tab").await;
    let status = together.cli(0).json(&["--member", "b", "status"]).await;
    assert_eq!(
        (&status["item"]["cluster"]["member"], &status["item"]["connections"]),
        (&json!("b"), &json!(1))
    );
    let level = together.cli(0).run(&["--member", "b", "daemon", "log-level", "debug", "--for", "1m"]).await;
    level.expect(0);
    let audit = together.daemons[1].cli().json(&["audit"]).await;
    assert_eq!(
        (&audit["items"][0]["command"], &audit["items"][0]["via"]),
        (&json!("daemon.log-level"), &json!("a"))
    );
    let audit = together.cli(0).json(&["--member", "b", "audit", "--filter", "via=a"]).await;
    assert_eq!(audit["total"], 1);

    let task = together.cli(1).run(&["task", "create", "--name", "Import", "-o", "name"]).await.expect(0);
    let task = task.stdout.trim().to_owned();
    let tasks = together.cli(0).json(&["task", "list", "--cluster"]).await;
    assert_eq!(tasks["items"][0]["member"], "b");
    for arguments in
        [&["task", "follow", &task, "--cluster"][..], &["--member", "b", "task", "follow", &task]]
    {
        let cli = together.cli(2);
        let following = cli.command(&[arguments, &["-o", "jsonl"]].concat());
        let mut lines = Lines::of(following);
        assert_eq!(lines.next().await["type"], "task");
        together.cli(1).run(&["task", "progress", &task, "--percent", "40"]).await.expect(0);
        loop {
            let line = lines.next().await;
            if line["event"]["event_type"] == "progress_update" {
                break;
            }
        }
    }
    together.cli(2).run(&["task", "cancel", &task, "--cluster"]).await.expect(0);
    let ended = together.cli(0).run(&["task", "follow", &task, "--cluster"]).await.expect(10);
    assert!(ended.stderr.contains("was cancelled"), "{ended:?}");
    let drained = together.cli(0).run(&["--member", "b", "daemon", "drain", "--over", "1s"]).await.expect(0);
    assert!(drained.stdout.starts_with("drained"), "{drained:?}");
    let members = together.cli(0).json(&["members", "list", "--filter", "name=b"]).await;
    assert_eq!(members["items"][0]["connections"], 0);
    together.end().await;
}

/// What a command prints, line by line. It is killed when this is dropped.
struct Lines {
    _child: tokio::process::Child,
    lines: tokio::io::Lines<tokio::io::BufReader<tokio::process::ChildStdout>>,
}

impl Lines {
    fn of(mut command: tokio::process::Command) -> Self {
        use tokio::io::AsyncBufReadExt;
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("ssectl can be run");
        let stdout = child.stdout.take().expect("piped");
        Self { _child: child, lines: tokio::io::BufReader::new(stdout).lines() }
    }

    async fn next(&mut self) -> Value {
        let line = crate::harness::within("a line", self.lines.next_line()).await.expect("text");
        serde_json::from_str(&line.expect("it goes on")).expect("JSON")
    }
}

#[tokio::test]
async fn nats_server_all_members_disconnect_and_refuse_and_a_repetition_does_nothing() {
    let Some(together) = Together::start().await else { return };
    let mut browsers = Vec::new();
    for (member, id) in [(0, "tab-1"), (1, "tab-2"), (2, "tab-3")] {
        browsers.push(Browser::open(together.daemons[member].public, id).await);
    }
    for (filter, ids) in [("member=b", json!(["tab-2"])), ("member!=b", json!(["tab-1", "tab-3"]))] {
        let order = ["connections", "disconnect", "--filter", filter, "--cluster", "--dry-run"];
        let receipt = together.cli(0).json(&order).await;
        assert_eq!(receipt["item"]["disconnected"], ids, "as they are listed with {filter}");
    }
    together.cli(0).run(&["connections", "disconnect", "--filter", "member=b", "--yes"]).await.expect(0);
    let order = ["connections", "disconnect", "tab-2", "tab-3", "--no-reconnect", "--cluster", "--key", "k1"];
    let receipt = together.cli(0).json(&order).await;
    assert_eq!(receipt["item"]["disconnected"], json!(["tab-2", "tab-3"]));
    let members = receipt["item"]["members"].as_array().expect("a part each");
    assert_eq!(
        members.iter().map(|part| part["member"].as_str().expect("a name")).collect::<Vec<_>>(),
        NAMES
    );
    assert_eq!(together.cli(1).json(&order).await["item"], receipt["item"], "also through another member");
    for member in 0..3 {
        let blocked =
            together.cli(member).run(&["connections", "list", "--blocked", "-o", "name"]).await.expect(0);
        let mut names: Vec<_> = blocked.stdout.lines().collect();
        names.sort_unstable();
        assert_eq!(names, ["tab-2", "tab-3"]);
    }
    let all = ["connections", "disconnect", "--all", "--yes", "--expect", "2", "--cluster"];
    together.cli(2).run(&all).await.expect(6);
    let all = ["connections", "disconnect", "--all", "--yes", "--expect", "1", "--cluster", "-o", "name"];
    assert_eq!(together.cli(2).run(&all).await.expect(0).stdout, "tab-1\n");
    together.end().await;
}

#[tokio::test]
async fn nats_server_a_version_is_waited_for_with_the_browsers_of_all() {
    let Some(together) = Together::start().await else { return };
    let mut browsers = Vec::new();
    for (member, id) in [(0, "tab-1"), (1, "tab-2"), (2, "tab-3"), (2, "tab-4")] {
        browsers.push(Browser::open(together.daemons[member].public, id).await);
    }
    let alone = together.cli(0).run(&["version", "queue", "1.3.0", "--wait"]).await.expect(0);
    assert!(alone.stdout.contains("written to 1 of 1 connection"), "{alone:?}");
    assert!(
        alone.stderr.contains("waiting for the browsers of a alone; with --cluster for all"),
        "{alone:?}"
    );
    let queue = ["version", "queue", "1.4.0", "--wait", "--cluster"];
    let receipt = together.cli(0).json(&queue).await;
    assert_eq!(
        (&receipt["item"]["written"], &receipt["item"]["reached"]),
        (&json!(4), &json!(true)),
        "{receipt:#}"
    );
    let status = together.cli(1).json(&["version", "status", "--cluster"]).await;
    assert_eq!(
        (&status["item"]["connections"], &status["item"]["sent"]),
        (&json!(4), &json!(4)),
        "{status:#}"
    );
    let history = together.cli(2).json(&["version", "history", "--cluster"]).await;
    assert_eq!((&history["total"], &history["items"][0]["delivery"]["written"]), (&json!(2), &json!(4)));
    let current = together.cli(2).json(&["version", "current", "--cluster"]).await;
    assert_eq!((&current["item"]["version"], &current["warnings"]), (&json!("1.4.0"), &json!([])));
    let status = together.cli(0).run(&["status", "--cluster", "--check"]).await.expect(0);
    assert!(
        status.stdout.contains("3 members, 3 answer") && status.stdout.contains("connections       4\n"),
        "{status:?}"
    );
    let overview = together.cli(0).json(&["status", "--cluster"]).await;
    let sequences = overview["item"]["cluster"]["members"].as_array().expect("members").iter();
    assert!(sequences.clone().all(|member| member["version_sequence"] == 2), "{overview:#}");
    assert_eq!(sequences.count(), 3);
    let doctor = together.cli(0).run(&["doctor", "-o", "json"]).await;
    let checks: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let named = |name: &str| {
        let items = checks["items"].as_array().expect("checks");
        items.iter().find(|check| check["check"] == name).map(|check| check["result"].clone())
    };
    for name in ["cluster", "members", "member_clocks"] {
        assert_eq!(named(name), Some("ok".into()), "{name}: {checks:#}");
    }
    assert!(named("nats").is_some());

    together.end().await;
}

#[tokio::test]
async fn nats_server_long_answers_arrive_whole() {
    let Some(together) = Together::start().await else { return };
    let changelog = together.daemons[0].home().write("NEWS", &"what is new ".repeat(2500));
    for version in 0..24 {
        let queue = ["version", "queue", &version.to_string(), "--changelog-file", &changelog];
        together.cli(0).run(&queue).await.expect(0);
    }
    let own = until("the last one to be known", async || {
        let own = together.cli(1).json(&["version", "history"]).await;
        (own["total"] == 24 && own["items"][0]["delivery"].is_object()).then_some(own)
    })
    .await;
    let passed_on = together.cli(0).json(&["--member", "b", "version", "history"]).await;
    assert!(own.to_string().len() > 2 * 256 * 1024, "{}", own.to_string().len());
    assert!(passed_on["items"] == own["items"], "it is another one");
    together.end().await;
}

#[tokio::test]
async fn nats_server_away_a_member_answers_for_itself_and_says_so() {
    let Some(mut together) = Together::start().await else { return };
    let _browser = Browser::open(together.daemons[0].public, "tab").await;
    together.nats.kill(0).await;
    until("the others to be out of reach", async || {
        let list = together.cli(0).run(&["connections", "list", "-o", "name", "--cluster"]).await;
        (list.code == 8 && list.stderr.contains("did not answer: b, c")).then_some(list)
    })
    .await;
    let list = together.cli(0).run(&["connections", "list", "-o", "name", "--cluster"]).await.expect(8);
    assert_eq!(list.stdout, "tab\n");
    assert!(list.stderr.contains("other members cannot be reached from here"), "{list:?}");
    together.cli(0).run(&["--member", "b", "status"]).await.expect_helpful(4);
    let doctor = together.cli(0).run(&["doctor", "-o", "jsonl"]).await.expect(10);
    let failed = |check: &str| {
        doctor.stdout.lines().any(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            line["check"] == check && line["result"] == "fail"
        })
    };
    assert!(failed("cluster") && failed("members"), "{doctor:?}");
    together.nats.revive(0);
    until("the others to be reached again", async || {
        let list = together.cli(0).run(&["connections", "list", "--cluster"]).await;
        (list.code == 0).then_some(())
    })
    .await;
    together.end().await;
}

#[tokio::test]
async fn nats_server_two_daemons_of_one_name_both_say_so() {
    if !can_play() {
        return;
    }
    let nats = Nats::alone().await;
    let first = member(&nats, "a").await;
    // It cannot say that it has the name.
    first.signal("STOP").await;
    let second = member(&nats, "a").await;
    first.signal("CONT").await;
    for (one, other) in [(&first, &second), (&second, &first)] {
        let words = format!("another daemon is the member a, too: process {} on ", other.pid());
        until("both to say so", async || {
            let status = one.ask("/v1/status").await.expect(200).json();
            status["item"]["degraded"].to_string().contains(&words).then_some(())
        })
        .await;
    }
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn nats_server_an_order_that_was_given_up_is_not_carried_out_late() {
    let Some(together) = Together::start().await else { return };
    together.daemons[1].signal("STOP").await;
    together
        .cli(0)
        .run(&["--member", "b", "version", "queue", "1.4.0", "--key", "k"])
        .await
        .expect_helpful(4);
    together.daemons[1].signal("CONT").await;
    until("b to answer again", async || {
        let output = together.cli(0).run(&["--member", "b", "status"]).await;
        (output.code == 0).then_some(())
    })
    .await;
    together.cli(0).run(&["--member", "b", "version", "current"]).await.expect(3);
    let receipt = together.cli(0).json(&["--member", "b", "version", "queue", "1.4.0", "--key", "k"]).await;
    assert_eq!(receipt["item"]["sequence"], 1);
    together.end().await;
}
