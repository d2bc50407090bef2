//! The description of the control API, and that it is one.

use std::{collections::BTreeSet, path::PathBuf};

use serde_json::{Value, json};
use ssectl_core::control::operations;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    fakes::browser::Browser,
    harness::{Cli, Daemon, contract, http, within},
};

/// Returns `ssectl` where there is no daemon.
fn alone() -> Cli {
    Cli { socket: PathBuf::from("/nonexistent/c.sock") }
}

#[tokio::test]
async fn the_description_is_the_same_at_every_door_and_without_a_daemon() {
    let home = crate::harness::Home::new();
    let token = home.write("token", "publisher-token-0123456789abcdef");
    let daemon = home.start(&[&format!("publish.token_file={token}")]).await;
    let printed = alone().run(&["schema"]).await.expect(0);
    assert_eq!(printed.stderr, "");
    let printed: Value = serde_json::from_str(&printed.stdout).expect("JSON");
    assert_eq!(printed["openapi"], "3.1.0");
    assert_eq!(printed, operations::document());
    assert_eq!(printed, daemon.ask("/v1/openapi.json").await.expect(200).json());
    let bearer = [("Authorization", "Bearer publisher-token-0123456789abcdef")];
    let request = http::request("GET", "/v1/openapi.json", &bearer, b"");
    assert_eq!(printed, http::send(daemon.internal, &request).await.expect(200).json());
    http::get(daemon.internal, "/v1/openapi.json").await.expect(401);
    daemon.stop().await;
}

#[tokio::test]
async fn one_schema_is_printed_by_its_name_and_an_unknown_one_names_them_all() {
    let cli = alone();
    let names = cli.run(&["schema", "--list", "-o", "name"]).await.expect(0).stdout;
    for name in names.lines() {
        let schema = cli.run(&["schema", name]).await.expect(0).stdout;
        let schema: Value = serde_json::from_str(&schema).expect("JSON");
        assert_eq!(schema["title"], name);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
    let listed = cli.run(&["schema", "--list", "-o", "json"]).await.expect(0).stdout;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(names.lines().count()));
    let unknown = cli.run(&["schema", "nonsense"]).await.expect_helpful(3);
    assert!(names.lines().all(|name| unknown.stderr.contains(name)), "{unknown:?}");
    cli.run(&["schema", "error", "--list"]).await.expect(2);
}

/// Asks for something, and notes what that was.
async fn ask(daemon: &Daemon, seen: &mut BTreeSet<&'static str>, request: &str, body: Value) -> Value {
    let (method, target) = request.split_once(' ').expect("a method and a path");
    let bytes = if method == "GET" { Vec::new() } else { body.to_string().into_bytes() };
    let bytes = http::request(method, target, &[], &bytes);
    let answer = daemon.control(&bytes).await.expect(200);
    let operation = contract::check_answer(&bytes, &answer).expect("it is described");
    seen.insert(operation.name);
    serde_json::from_str(&answer.body).unwrap_or_default()
}

/// A stream that goes on while other things are asked for.
struct Stream {
    request: Vec<u8>,
    socket: tokio::net::UnixStream,
    heard: Vec<u8>,
}

impl Stream {
    /// Returns one of which the first line is there.
    async fn begin(daemon: &Daemon, target: &str) -> Self {
        let request = http::request("GET", target, &[], b"");
        let (mut socket, mut heard) = (daemon.connect().await, Vec::new());
        socket.write_all(&request).await.expect("sent");
        let begun = |heard: &[u8]| String::from_utf8_lossy(heard).contains(r#"{"type":"#);
        while !begun(&heard) {
            let length = within("a first line", socket.read_buf(&mut heard)).await.expect("readable");
            assert!(length > 0, "{target} ended: {}", String::from_utf8_lossy(&heard));
        }
        Self { request, socket, heard }
    }

    /// Waits for its end. Returns what it was.
    async fn end(mut self) -> &'static str {
        within("the end of a stream", self.socket.read_to_end(&mut self.heard)).await.expect("readable");
        let answer = http::parse(&self.heard).expect("an answer").expect(200);
        contract::check_answer(&self.request, &answer).expect("it is described").name
    }
}

#[tokio::test]
async fn every_operation_answers_what_is_described() {
    let daemon = Daemon::start(&[]).await;
    let _tab = Browser::open(daemon.public, "tab").await;
    let mut seen = BTreeSet::new();
    // Those that go on until the daemon's end.
    let mut streams = vec![
        Stream::begin(&daemon, "/v1/connections/events").await,
        Stream::begin(&daemon, "/v1/events?since=0").await,
    ];
    let mut ask = async |request: &str, body: Value| ask(&daemon, &mut seen, request, body).await;
    ask("GET /v1/status", json!(null)).await;
    ask("GET /v1/openapi.json", json!(null)).await;
    ask("POST /v1/versions", json!({"version": "1", "changelog": "New", "key": "k"})).await;
    ask("POST /v1/versions", json!({"version": "2", "request_id": "tab", "live_to_all": true})).await;
    ask("POST /v1/versions", json!({"version": "1", "changelog": "New", "key": "k"})).await;
    ask("GET /v1/versions", json!(null)).await;
    ask("GET /v1/versions/current?request_id=tab", json!(null)).await;
    ask("GET /v1/versions/history", json!(null)).await;
    ask("GET /v1/versions/status?version=1", json!(null)).await;
    ask("GET /v1/versions/1/delivery", json!(null)).await;
    ask("GET /v1/wait/version?version=1&min=100%25&timeout_ms=10", json!(null)).await;
    ask("GET /v1/wait/ready", json!(null)).await;
    ask("GET /v1/wait/drained", json!(null)).await;
    ask("GET /v1/wait/task?task_id=nobody", json!(null)).await;
    ask("POST /v1/versions/clear", json!({"all": true})).await;
    ask("POST /v1/events", json!({"name": "order.paid", "data": [1, null], "request_id": "tab"})).await;
    ask("GET /v1/connections?ghosts=true&filter=age%3C1h&sort=-age&limit=1", json!(null)).await;
    ask("GET /v1/connections/tab", json!(null)).await;
    let away = json!({"request_ids": ["tab", "nobody"], "no_reconnect_ms": 60_000, "reason": "moved"});
    ask("POST /v1/connections/disconnect", away).await;
    ask("GET /v1/connections/blocked", json!(null)).await;
    ask("POST /v1/connections/unblock", json!({"request_ids": ["tab", "stranger"]})).await;
    let mut create = async |order: Value| {
        let receipt = ask("POST /v1/tasks", order).await;
        receipt["item"]["task_id"].as_str().expect("an id").to_owned()
    };
    let (reported, failing) =
        (create(json!({"name": "Import"})).await, create(json!({"name": "Export"})).await);
    let (cancelled, builtin) = (
        create(json!({"name": "Move"})).await,
        create(json!({"builtin": "demo", "params": {"steps": 1}})).await,
    );
    streams.push(Stream::begin(&daemon, &format!("/v1/tasks/{reported}/hold")).await);
    ask(&format!("POST /v1/tasks/{reported}/progress"), json!({"text": "half", "value": 0.5})).await;
    ask("GET /v1/tasks", json!(null)).await;
    ask(&format!("POST /v1/tasks/{reported}/complete"), json!({"result": {"rows": 7}})).await;
    ask(&format!("POST /v1/tasks/{failing}/fail"), json!({"error": "no room"})).await;
    ask(&format!("POST /v1/tasks/{cancelled}/cancel"), json!({})).await;
    for id in [&reported, &failing, &builtin] {
        ask(&format!("GET /v1/tasks/{id}/events"), json!(null)).await;
        ask(&format!("GET /v1/tasks/{id}"), json!(null)).await;
    }
    ask("GET /v1/tasks", json!(null)).await;
    ask(&format!("POST /v1/tasks/{reported}/remove"), json!({})).await;
    ask("GET /v1/audit?limit=50", json!(null)).await;
    ask("GET /v1/daemon/drain?over_ms=1000", json!(null)).await;
    ask("POST /v1/daemon/drain", json!({"over_ms": 1000})).await;
    ask("GET /v1/status", json!(null)).await;
    ask("POST /v1/daemon/drain/cancel", json!({})).await;
    ask("POST /v1/daemon/log-level", json!({"filter": "warn", "for_ms": 60_000})).await;
    ask("GET /v1/daemon/log-level", json!(null)).await;
    ask("GET /v1/status", json!(null)).await;
    ask("POST /v1/daemon/reload", json!({})).await;
    ask("POST /v1/daemon/stop", json!({})).await;
    for stream in streams {
        seen.insert(stream.end().await);
    }
    // A daemon alone has no members to list.
    let of_one =
        operations::ALL.iter().copied().flatten().filter(|operation| operation.name != "members.list");
    let all: BTreeSet<_> = of_one.map(|operation| operation.name).collect();
    assert_eq!(seen, all, "ask for those that are missing");
}
