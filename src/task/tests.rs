mod builtins;
mod orders;
mod restart;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Builtins, CreateTask, EndTask, ReportProgress, TaskError, TaskReceipt, TaskService, TaskStatus};
use crate::{config::TasksConfig, connection::Connection, idempotency::Actor, test_support::World};

const ADMIN: Actor = Actor::Uid(0);

fn service(world: &World) -> Arc<TaskService> {
    service_with(world, &TasksConfig::default(), Builtins::On)
}

fn service_with(world: &World, config: &TasksConfig, builtins: Builtins) -> Arc<TaskService> {
    let service = TaskService::load(
        config,
        builtins,
        world.store.clone(),
        Arc::clone(&world.receipts),
        Arc::clone(&world.dispatcher),
        world.lifecycle.clone(),
        world.clock.clone(),
        Arc::clone(&world.metrics),
    );
    service.expect("loads")
}

fn builtin(name: &str, params: Value) -> CreateTask {
    let Value::Object(params) = params else { panic!("parameters are an object") };
    CreateTask { builtin: Some(name.to_owned()), params, name: None, key: None }
}

fn reporter(name: &str) -> CreateTask {
    CreateTask { builtin: None, params: serde_json::Map::new(), name: Some(name.to_owned()), key: None }
}

async fn create(service: &TaskService, order: CreateTask) -> TaskReceipt {
    service.create(ADMIN, order).await.expect("created")
}

fn status(service: &TaskService, id: &str) -> TaskStatus {
    service.show(id).expect("known").status
}

/// Returns type and data of what a connection was sent about a task.
fn told(world: &World, connection: &Connection, id: &str) -> Vec<(String, Value)> {
    let payloads = world.wire.payloads(connection);
    let about_it = payloads.into_iter().filter(|event| event["task_id"] == id);
    about_it
        .map(|event| (event["event_type"].as_str().expect("text").to_owned(), event["data"].clone()))
        .collect()
}

fn started() -> (String, Value) {
    ("task_started".to_owned(), Value::Null)
}

fn progress(text: &str, value: f64) -> (String, Value) {
    ("progress_update".to_owned(), json!({"text": text, "value": value}))
}

fn completed(result: Value) -> (String, Value) {
    ("task_completed".to_owned(), result)
}

fn failed(error: &str) -> (String, Value) {
    ("task_failed".to_owned(), json!({"error": error}))
}

fn text(text: &str) -> ReportProgress {
    ReportProgress { text: Some(text.to_owned()), value: None }
}

fn value(value: f64) -> ReportProgress {
    ReportProgress { text: None, value: Some(value) }
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

/// Gives every spawned task the chance to go on.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
