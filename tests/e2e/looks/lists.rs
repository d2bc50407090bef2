//! Lists and screens: piped, on a narrow and on a wide terminal, in every form, empty, and with what others wrote.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{MOMENT, Place, Stage, look};

/// As narrow and as wide as people have it.
const PLACES: [(&str, Place); 3] =
    [("piped", Place::Pipe), ("80", Place::Terminal(80)), ("120", Place::Terminal(120))];

/// Returns a moment so long ago, and a little, so that it is told in the same words while the test runs. That is at least
/// an hour: seconds are told before.
pub(super) fn ago(minutes: i64) -> String {
    assert!(minutes >= 60, "{minutes}");
    (Timestamp::now() - minutes.minutes() - 1.seconds()).to_string()
}

fn list(schema: &str, items: &Value) -> Stage {
    let total = items.as_array().map(Vec::len);
    let answer =
        json!({ "schema": schema, "schema_version": 1, "items": items, "total": total, "warnings": [] });
    Stage::answering("200 OK", "application/json", &answer.to_string())
}

fn one(schema: &str, item: &Value) -> Stage {
    let answer = json!({ "schema": schema, "schema_version": 1, "item": item, "warnings": [] });
    Stage::answering("200 OK", "application/json", &answer.to_string())
}

/// Returns transcripts of one command in every form and place.
pub(super) async fn everywhere(stage: &Stage, arguments: &str) -> String {
    let mut text = String::new();
    for (name, place) in PLACES {
        text += &format!("=== {name}\n{}\n", stage.shows(place, arguments).await);
    }
    for form in ["wide", "json", "jsonl", "name"] {
        text +=
            &format!("=== {form}\n{}\n", stage.shows(Place::Pipe, &format!("{arguments} -o {form}")).await);
    }
    text
}

pub(super) fn connection(id: &str, minutes: i64, agent: Option<&str>) -> Value {
    json!({
        "request_id": id,
        "token": "0f9e8d7c-6b5a-4c3d-8e2f-1a0b9c8d7e6f",
        "state": "live",
        "connected_at": ago(minutes),
        "age_ms": minutes * 60_000,
        "last_proven": null,
        "durable": null,
        "address": "203.0.113.7",
        "user_agent": agent,
        "version_sequence": 17,
        "version": "1.4.0",
        "events": 1204,
        "bytes": 184_320,
        "queued_events": 0,
        "queued_bytes": 0,
        "drops": 0,
        "lost": 0,
        "last_write": ago(61),
    })
}

#[tokio::test]
async fn connections() {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
    let items = json!([
        connection("k3v9x", 150, Some(firefox)),
        connection("a-request-id-that-somebody-made-very-long-indeed-0123456789", 65, Some("curl/8.14.1")),
        connection("日本語", 3 * 24 * 60, None),
    ]);
    let stage = list("ssectl/connections.list", &items);
    let mut text = everywhere(&stage, "connections list").await;
    for arguments in [
        "connections list --columns state,age,request_id",
        "connections list --no-headers",
        "connections list --quiet",
    ] {
        text += &format!("=== piped\n{}\n", stage.shows(Place::Pipe, arguments).await);
    }
    text += &format!("=== 80, NO_COLOR\n{}\n", stage.shows(Place::Colourless(80), "connections list").await);
    look("connections-list", &text);
}

#[tokio::test]
async fn connections_behind_a_gateway() {
    let mut ghost = connection("gone", 90, None);
    for (name, value) in
        [("state", json!("ghost")), ("durable", json!(true)), ("last_proven", json!(ago(70)))]
    {
        ghost[name] = value;
    }
    let mut suspect = connection("perhaps", 61, Some("Mozilla/5.0"));
    for (name, value) in
        [("state", json!("suspect")), ("durable", json!(false)), ("last_proven", json!(ago(66)))]
    {
        suspect[name] = value;
    }
    let stage = list("ssectl/connections.list", &json!([suspect, ghost]));
    look("connections-list-gateway", &everywhere(&stage, "connections list --ghosts").await);
}

#[tokio::test]
async fn hostile_connections() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\nforged\tline \u{202e}desrever\u{200b}";
    let mut item = connection("k3v9x", 150, Some(evil));
    item["address"] = json!("\u{9b}31mred");
    let stage = list("ssectl/connections.list", &json!([item, connection("next", 61, Some("curl"))]));
    look("connections-list-hostile", &everywhere(&stage, "connections list").await);
    let stage = one("ssectl/connection", &item);
    look("connections-show-hostile", &everywhere(&stage, "connections show k3v9x").await);
}

#[tokio::test]
async fn versions() {
    let version = |name: &str, id: Option<&str>, sequence: u64, changelog: Option<&str>| {
        json!({ "version": name, "changelog": changelog, "request_id": id, "sequence": sequence,
                "queued_at": ago(102), "key": format!("deploy-{sequence}") })
    };
    let changelog =
        "Faster start; the list of orders can be filtered by customer, and\nprinting works again.";
    let items = json!([
        version("1.4.0", None, 17, Some(changelog)),
        version("1.5.0-rc.1+build.20261123.0815", Some("k3v9x"), 18, None),
    ]);
    look("version-list", &everywhere(&list("ssectl/versions.list", &items), "version list").await);
    look("version-show", &everywhere(&one("ssectl/version", &items[0]), "version show k3v9x").await);
}

#[tokio::test]
async fn tasks() {
    let task = |id: &str, name: &str, status: &str, progress: Value, error: Option<&str>| {
        let ended = matches!(status, "failed" | "completed").then(|| ago(61));
        json!({ "task_id": id, "name": name, "owner": "reporter", "status": status, "progress": progress,
                "created_at": ago(72), "started_at": ago(72), "ended_at": ended,
                "result": if status == "completed" { json!({"rows": 7}) } else { json!(null) },
                "error": error })
    };
    let half = json!({ "text": "table orders, 2 of 5 files", "value": 0.4 });
    let items = json!([
        task("3f1c9a52-6a57-4f0e-9d0b-6f1f0e7b2c11", "DB migration", "running", half, None),
        task(
            "8b0e1c44-0c1d-4b8e-8f57-2c9f6d1a7e22",
            "Nightly import",
            "failed",
            json!(null),
            Some("exit code 3: the file of the supplier is not there")
        ),
        task(
            "c2a7d900-93e1-4c56-b8a4-5e0d7f3b9a33",
            "Thumbnails",
            "completed",
            json!({"text": "", "value": 1.0}),
            None
        ),
    ]);
    look("task-list", &everywhere(&list("ssectl/tasks.list", &items), "task list").await);
    look("task-show", &everywhere(&one("ssectl/task", &items[1]), "task show 8b0e1c44").await);
}

#[tokio::test]
async fn the_audit_log() {
    let entry = |sequence: u64, command: &str, outcome: &str, reason: Option<&str>| {
        json!({ "sequence": sequence, "at": MOMENT, "actor": "user", "uid": 1000, "user": "alice",
                "pid": 4711, "command": command, "target": "1.4.0 for everyone", "key": "deploy-17",
                "outcome": outcome, "reason": reason })
    };
    let items = json!([
        entry(9, "version.queue", "repeated", None),
        entry(8, "version.queue", "done", None),
        entry(
            7,
            "daemon.stop",
            "refused",
            Some("alice (uid 1000) may not do this: it needs the role admin, and theirs is operator")
        ),
    ]);
    look("audit", &everywhere(&list("ssectl/audit.list", &items), "audit").await);
}

#[tokio::test]
async fn nothing_at_all() {
    let mut text = String::new();
    for (schema, arguments) in [
        ("ssectl/connections.list", "connections list"),
        ("ssectl/versions.list", "version list"),
        ("ssectl/tasks.list", "task list"),
        ("ssectl/audit.list", "audit"),
    ] {
        let stage = list(schema, &json!([]));
        text += &everywhere(&stage, arguments).await;
        text += &stage.shows(Place::Pipe, &format!("{arguments} --quiet")).await;
    }
    look("empty", &text);
}

#[tokio::test]
async fn the_status() {
    let item = json!({
        "version": "0.1.0", "pid": 4711, "phase": "ready", "mode": "embedded", "framing": "named",
        "started_at": ago(150), "listen": { "public": "127.0.0.1:8090", "internal": "127.0.0.1:8091" },
        "socket": "/run/ssectld/control.sock", "activated": ["public"], "connections": 12_345,
        "pending_versions": 1, "tasks": { "pending": 0, "running": 2, "ended": 5 }, "durable": true,
        "degraded": ["the disk is full: nothing is stored any more"],
        "counters": { "connects": 20_345, "disconnects": 8_000, "replaced": 12, "slow": 2, "refused": 0, "events": 310,
                      "written": 3_826_950, "failed": 31, "bytes": 574_042_500 },
        "queued": { "connections": 2, "events": 412, "bytes": 61_300 },
    });
    look("status", &everywhere(&one("ssectl/status", &item), "status").await);
}
