//! The module for pages (`web/`), outside of a browser: what it hears, and when it comes back.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, finish, http, is_installed, within},
};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// Returns a command with nothing of the caller's environment but where programs are.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH")).kill_on_drop(true);
    command.current_dir(FOLDER);
    command
}

/// A page with the module.
struct Page {
    lines: Lines<BufReader<ChildStdout>>,
    orders: ChildStdin,
    _node: Child,
}

impl Page {
    /// Opens a page of this address, if there is Node.
    fn open(public: std::net::SocketAddr, request_id: &str) -> Option<Self> {
        is_installed("node").then_some(())?;
        let mut node = program("node");
        node.args(["tests/e2e/web/page.mjs", "web/ssectl.js"]);
        node.arg(format!("http://{public}/api/sse/stream")).arg(request_id);
        let mut node = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node can be run");
        let orders = node.stdin.take().expect("piped");
        let lines = BufReader::new(node.stdout.take().expect("piped")).lines();
        Some(Self { lines, orders, _node: node })
    }

    async fn order(&mut self, order: &str) {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.expect("it reads");
    }

    /// Waits until it says something that holds.
    async fn until(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        within(what, async {
            loop {
                let line = self.lines.next_line().await.expect("text");
                let said = serde_json::from_str(&line.unwrap_or_else(|| panic!("it ended before {what}")));
                let mut said: Value = said.expect("JSON");
                if holds(&said[what]) {
                    return said[what].take();
                }
            }
        })
        .await
    }

    async fn event(&mut self) -> (String, Value) {
        let event = self.until("event", Value::is_object).await;
        (event["name"].as_str().expect("a name").to_owned(), event["payload"].clone())
    }

    async fn state(&mut self, state: &str) -> Value {
        self.until("state", |said| said["state"] == state).await
    }

    async fn caught_up(&mut self) {
        self.until("state", |said| said["caughtUp"] == true).await;
    }
}

/// The setting that keeps a daemon where it is.
fn at(daemon: &Daemon) -> String {
    format!("listen.public={}", daemon.public)
}

#[tokio::test]
async fn node_a_page_hears_all_in_both_framings_and_shows_versions_and_tasks() {
    for framing in ["framing=named", "framing=envelope"] {
        let daemon = Daemon::start(&[framing]).await;
        daemon.queue(json!({"version": "1"})).await;
        let Some(mut page) = Page::open(daemon.public, "a") else { return };
        assert_eq!(page.event().await, ("version".to_owned(), json!({"version": "1"})));
        page.caught_up().await;
        daemon.event("order.paid", &json!({"order": 7})).await;
        let paid = page.until("event", |event| event["name"] == "order.paid").await;
        assert_eq!(paid["payload"], json!({"order": 7}));
        let task = daemon.create_task(json!({"name": "t"})).await;
        daemon.task(&task, "progress", &json!({"value": 0.5, "text": "half"})).await.expect(200);
        let half = page.until("tasks", |tasks| tasks[&task]["value"] == 0.5).await;
        assert_eq!((&half[&task]["state"], &half[&task]["text"]), (&json!("running"), &json!("half")));
        daemon.task(&task, "complete", &json!({"result": {"rows": 7}})).await.expect(200);
        let whole = page.until("tasks", |tasks| tasks[&task]["state"] == "completed").await;
        assert_eq!((&whole[&task]["value"], &whole[&task]["result"]), (&json!(1), &json!({"rows": 7})));
        daemon.queue(json!({"version": "2", "changelog": "faster"})).await;
        let news = json!({"current": "1", "announced": "2", "changelog": "faster", "outdated": true});
        assert_eq!(page.until("version", |version| version["announced"] == "2").await, news);
        page.order("dismiss").await;
        page.until("version", |version| version["outdated"] == false).await;
        daemon.queue(json!({"version": "3"})).await;
        page.until("version", |version| version["outdated"] == true).await;
        page.order(&format!("remove {task}")).await;
        page.until("tasks", |tasks| *tasks == json!({})).await;
        daemon.stop().await;
    }
}

#[tokio::test]
async fn node_a_page_comes_back_after_a_restart_and_misses_nothing_unsaid() {
    let daemon = Daemon::start(&[]).await;
    let Some(mut page) = Page::open(daemon.public, "a") else { return };
    page.caught_up().await;
    daemon.event("n", &json!(1)).await;
    assert_eq!(page.event().await.1, 1);
    let running = daemon.create_task(json!({"name": "t"})).await;
    page.until("tasks", |tasks| tasks[&running]["state"] == "running").await;
    daemon.task(&running, "complete", &json!({})).await.expect(200);
    page.until("tasks", |tasks| tasks[&running]["state"] == "completed").await;
    let here = at(&daemon);
    let home = daemon.stop().await;
    let waiting = page.state("waiting").await;
    assert_eq!(waiting["reason"], "shutdown");
    let daemon = home.start(&[&here]).await;
    daemon.event("n", &json!(2)).await;
    assert_eq!(page.until("event", |event| event["name"] == "n").await["payload"], 2);
    page.caught_up().await;
    daemon.queue(json!({"version": "1"})).await;
    page.until("version", |version| version["outdated"] == true).await;
    let daemon = daemon.kill().await.start(&[&here]).await;
    page.until("event", |event| {
        *event == json!({"name": "gap", "payload": {"reason": "restarted"}, "id": ""})
    })
    .await;
    let (name, payload) = page.event().await;
    assert_eq!((name.as_str(), payload), ("version", json!({"version": "1"})), "the present state follows");
    daemon.event("n", &json!(3)).await;
    assert_eq!(page.until("event", |event| event["name"] == "n").await["payload"], 3);
    daemon.stop().await;
}

#[tokio::test]
async fn node_a_page_stays_away_when_it_is_replaced_or_refused_until_it_is_asked() {
    let daemon = Daemon::start(&[]).await;
    let Some(mut page) = Page::open(daemon.public, "a") else { return };
    page.caught_up().await;
    let mut other = Browser::open(daemon.public, "a").await;
    assert_eq!(page.state("closed").await["reason"], "replaced");
    page.order("reconnect").await;
    page.caught_up().await;
    assert_eq!(other.next_named("bye").await.json(), json!({"reason": "replaced"}));
    let end = ["connections", "disconnect", "a", "--no-reconnect=10m", "--reason", "see you", "--yes"];
    daemon.cli().run(&end).await.expect(0);
    let bye = page.until("event", |event| event["name"] == "bye").await;
    assert_eq!(bye["payload"], json!({"reason": "disconnected", "message": "see you"}));
    let refused = page.state("refused").await;
    assert_eq!(refused["status"], 204, "{refused}");
    daemon.cli().run(&["connections", "unblock", "a"]).await.expect(0);
    page.order("reconnect").await;
    page.caught_up().await;
    daemon.stop().await;
    let daemon = Daemon::start(&[]).await;
    let mut page = Page::open(daemon.public, "a:b").expect("node");
    let refused = page.state("refused").await;
    assert_eq!((&refused["status"], &refused["message"]), (&json!(400), &json!("Invalid request_id format")));
    daemon.stop().await;
}

#[tokio::test]
async fn node_a_page_waits_as_long_as_it_is_told_where_there_is_no_room() {
    let daemon = Daemon::start(&["stream.max_connections=1"]).await;
    let _other = Browser::open(daemon.public, "other").await;
    let Some(mut page) = Page::open(daemon.public, "a") else { return };
    let before = std::time::SystemTime::now();
    let waiting = page.state("waiting").await;
    assert_eq!(waiting["reason"], "busy");
    let since = before.duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let wait = waiting["retryAt"].as_f64().expect("a moment") - since.as_secs_f64() * 1000.0;
    assert!(wait > 15_000.0, "the daemon names 15 s or more: {wait}");
    daemon.stop().await;
}

#[tokio::test]
async fn node_the_parser_hears_the_same_whatever_the_pieces() {
    if is_installed("node") {
        let mut node = program("node");
        node.args(["tests/e2e/web/parser.mjs", "web/parser.js"]);
        finish(node).await.expect(0);
    }
}

#[tokio::test]
async fn node_a_page_that_is_closed_or_put_aside_or_fails_harms_nobody_and_loses_nothing() {
    if is_installed("node") {
        let mut node = program("node");
        node.arg("tests/e2e/web/pages.mjs");
        finish(node).await.expect(0);
    }
}

#[tokio::test]
async fn tsc_accepts_the_module_and_what_pages_make_of_it() {
    if is_installed("tsc") {
        let mut tsc = program("tsc");
        tsc.args(["-p", "tests/e2e/web"]);
        let output = finish(tsc).await;
        assert_eq!(output.code, 0, "{}", output.stdout);
    }
}

#[tokio::test]
async fn the_module_is_served_to_every_page_also_where_there_is_no_demo() {
    let daemon = Daemon::start(&["demo=false"]).await;
    let get = async |path: &str, fields: &[(&str, &str)]| {
        http::send(daemon.public, &http::request("GET", path, fields, b"")).await
    };
    for name in ["ssectl.js", "worker.js"] {
        let path = format!("/api/sse/web/{name}");
        let answer = get(&path, &[]).await.expect(200);
        assert_eq!(answer.body, std::fs::read_to_string(format!("{FOLDER}/web/{name}")).expect("committed"));
        let field = |name| answer.header(name).unwrap_or_default().to_owned();
        assert_eq!(field("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(field("access-control-allow-origin"), "*");
        assert_eq!(field("cache-control"), "no-cache");
        get(&path, &[("If-None-Match", &field("etag"))]).await.expect(304);
    }
    get("/", &[]).await.expect(404);
    daemon.stop().await;
}
