//! Clusters: their members, and what all of them say together.

use serde_json::{Value, json};

use super::{
    Stage,
    lists::{ago, connection, everywhere},
    look,
};

fn stage(schema: &str, name: &str, content: &Value, warnings: &Value, unanswered: &Value) -> Stage {
    let mut answer = json!({ "schema": schema, "schema_version": 1, "warnings": warnings });
    answer[name] = content.clone();
    if let Some(items) = content.as_array() {
        answer["total"] = items.len().into();
    }
    if unanswered.as_array().is_some_and(|names| !names.is_empty()) {
        answer["unanswered"] = unanswered.clone();
    }
    Stage::answering("200 OK", "application/json", &answer.to_string())
}

fn member(name: &str, state: &str, offset: i64) -> Value {
    json!({
        "name": name,
        "state": state,
        "phase": if state == "draining" { "draining" } else { "ready" },
        "instance": "0f9e8d7c6b5a4c3d8e2f1a0b9c8d7e6f",
        "version": "0.1.0",
        "started_at": ago(150),
        "mode": "embedded",
        "connections": 1204,
        "log_sequence": 4711,
        "lag_ms": 3,
        "clock_offset_ms": offset,
        "heard_at": ago(61),
    })
}

fn members() -> Value {
    json!([
        member("web-1", "answering", 0),
        member("web-2", "draining", -1200),
        member("web-3", "silent", 12)
    ])
}

#[tokio::test]
async fn the_members() {
    let stage = stage("ssectl/members.list", "items", &members(), &json!([]), &json!([]));
    look("members-list", &everywhere(&stage, "members list").await);
}

#[tokio::test]
async fn connections_of_all_members_but_one() {
    let mut items = [connection("k3v9x", 150, Some("curl/8.14.1")), connection("next", 65, None)];
    for (item, name) in items.iter_mut().zip(["web-1", "web-2"]) {
        item["member"] = name.into();
    }
    let warnings = json!(["web-3: it did not answer within 2s"]);
    let stage = stage("ssectl/connections.list", "items", &json!(items), &warnings, &json!(["web-3"]));
    look("connections-list-cluster", &everywhere(&stage, "connections list --cluster").await);
}

#[tokio::test]
async fn the_status_of_all_members_but_one() {
    let status = json!({
        "version": "0.1.0", "pid": 4711, "phase": "draining", "mode": "embedded", "framing": "named",
        "started_at": ago(150), "listen": { "public": "127.0.0.1:8090", "internal": "127.0.0.1:8091" },
        "socket": "/run/ssectld/control.sock", "activated": [], "connections": 2408, "pending_versions": 1,
        "tasks": { "pending": 0, "running": 2, "ended": 5 }, "durable": true,
        "degraded": ["web-3 does not answer", "the clock of web-1 is 1200 ms ahead of that of web-2"],
        "cluster": {
            "name": "ssectl", "member": "web-1", "connected": true, "jetstream": true,
            "nats_version": "2.12.7", "replicas": 3,
            "members": members(),
        },
    });
    let warnings = json!(["rolling upgrade: ssectld 0.0.9 on web-2; ssectld 0.1.0 on web-1"]);
    let stage = stage("ssectl/status", "item", &status, &warnings, &json!(["web-3"]));
    look("status-cluster", &everywhere(&stage, "status --cluster").await);
}
