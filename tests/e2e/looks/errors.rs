//! Errors, one of each exit code: in words and in JSON, and in colour on a terminal.

use serde_json::json;

use super::{MOMENT, Place, Stage, look};
use crate::fakes::control::Manner;

fn refusing(status: &str, code: &str, message: &str, hint: Option<&str>) -> Stage {
    let error = json!({ "error": { "code": code, "message": message, "hint": hint } });
    Stage::answering(status, "application/json", &error.to_string())
}

fn done(schema: &str, item: &serde_json::Value) -> Stage {
    let answer = json!({ "schema": schema, "schema_version": 1, "item": item, "warnings": [] });
    Stage::answering("200 OK", "application/json", &answer.to_string())
}

/// A task that is followed to its failure.
fn failing() -> Stage {
    let mut task = json!({ "task_id": "t", "name": "Import", "owner": "reporter", "status": "running",
        "progress": { "text": "half", "value": 0.5 }, "created_at": MOMENT,
        "started_at": MOMENT, "ended_at": null, "result": null, "error": null });
    let first = json!({ "type": "task", "task": task });
    let event = json!({ "type": "event", "event": { "event_type": "task_failed", "task_id": "t",
        "timestamp": MOMENT, "data": { "error": "no room" } } });
    for (name, value) in [("status", "failed"), ("error", "no room"), ("ended_at", MOMENT)] {
        task[name] = value.into();
    }
    let lines = format!("{first}\n{event}\n{}\n", json!({ "type": "end", "task": task }));
    Stage::answering("200 OK", "application/x-ndjson", &lines)
}

#[tokio::test]
async fn of_every_exit_code() {
    let queue = "version queue 1.4.0 --key deploy-17";
    let hint = Some("repeat it when the daemon is back");
    let refused = refusing("503 Service Unavailable", "refused", "the daemon is shutting down", hint);
    let partly = json!({ "key": "k", "disconnected": ["a"], "not_found": ["b"], "dry_run": false, "refused_until": null, "durable": true });
    let stages = [
        ("1-refused", refused, queue),
        ("2-arguments", Stage::with(Manner::HangsUp), "connections list --sort"),
        ("2-no-command", Stage::with(Manner::HangsUp), "conections list"),
        ("2-column", Stage::with(Manner::HangsUp), "version list --columns colour"),
        (
            "2-invalid",
            refusing(
                "400 Bad Request",
                "invalid",
                "there is no builtin \"x\"",
                Some("the built-in tasks are demo and failing"),
            ),
            "task start x",
        ),
        (
            "3-not-found",
            refusing(
                "404 Not Found",
                "not_found",
                "k3v9x is not connected",
                Some("see who is: ssectl connections list"),
            ),
            "connections show k3v9x",
        ),
        (
            "5-denied",
            refusing(
                "403 Forbidden",
                "denied",
                "alice (uid 1000) may not do this: it needs the role admin, and theirs is operator",
                Some("add \"alice\" to access.admins in ssectld's settings and reload it, or use sudo"),
            ),
            "daemon reload --key k",
        ),
        (
            "6-conflict",
            refusing(
                "409 Conflict",
                "conflict",
                "the key deploy-17 was used for something else",
                Some("use another key for another order; repeat an order unchanged with its key"),
            ),
            queue,
        ),
        ("7-no-answer", Stage::with(Manner::HangsUp), queue),
        ("8-partly", done("ssectl/connections.disconnected", &partly), "connections disconnect a b --key k"),
        (
            "9-not-understood",
            Stage::answering("200 OK", "application/json", "{\"schema\":\"other\"}"),
            "status",
        ),
        ("10-failed", failing(), "task follow t"),
        (
            "evil",
            refusing("404 Not Found", "not_found", "\u{1b}[2J\u{202e}no\nerror: forged", None),
            "connections show x",
        ),
    ];
    for (name, stage, arguments) in &stages {
        let mut text = format!("=== piped\n{}\n", stage.shows(Place::Pipe, arguments).await);
        text += &format!("=== json\n{}\n", stage.shows(Place::Pipe, &format!("{arguments} -o json")).await);
        text += &format!("=== 80\n{}\n", stage.shows(Place::Terminal(80), arguments).await);
        text += &format!("=== 80, NO_COLOR\n{}\n", stage.shows(Place::Colourless(80), arguments).await);
        look(&format!("error-{name}"), &text);
    }
}

#[tokio::test]
async fn where_nobody_listens() {
    let stage = Stage { home: crate::harness::Home::new() };
    let mut text = stage.shows(Place::Pipe, "status").await;
    text += &stage.shows(Place::Pipe, "status -o json").await;
    drop(std::os::unix::net::UnixListener::bind(stage.home.path("c.sock")).expect("a socket"));
    text += &stage.shows(Place::Pipe, "status").await;
    look("error-4-unreachable", &text);
}
