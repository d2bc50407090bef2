//! The seed's testing endpoints, byte for byte: existing browser test suites drive the daemon with them. Closed
//! unless `testing = true`.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::post,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    body,
    fields::{Fault, Fields},
    reply,
};
use crate::{
    access::Caller,
    delivery::{Directory, Dispatcher},
    event::{Event, Kind},
    order::{Order, Verb},
    request_id::RequestId,
    services::Services,
    task::{CreateTask, TaskError, TaskEvent, TaskEventType},
    version::{QueueVersion, VersionError},
};

const EVENT_TYPES: &str =
    "Input should be 'task_started', 'progress_update', 'task_completed' or 'task_failed'";

/// Returns the three routes.
pub(super) fn router(services: &Arc<Services>) -> Router {
    Router::new()
        .route("/api/testing/deployments/version", post(version))
        .route("/api/testing/tasks/start", post(start_task))
        .route("/api/testing/sse/task-event", post(task_event))
        .with_state(Arc::clone(services))
}

/// A request that may be served: testing is on and the body is JSON.
struct Asked {
    correlation: String,
    body: Value,
}

impl Asked {
    async fn read(services: &Services, request: Request) -> Result<Self, Response> {
        let (head, body) = request.into_parts();
        let correlation = correlation(&head.headers);
        if !services.config.testing {
            return Err(coded(
                StatusCode::BAD_REQUEST,
                "ROUTE_NOT_AVAILABLE",
                &correlation,
                "This endpoint is only available when the server is running in testing mode",
                "Testing endpoints require FLASK_ENV=testing",
            ));
        }
        let body = body::read(&head.headers, body).await?;
        let body = body::decode(&body).and_then(|text| serde_json::from_str(&text).ok());
        body.map(|body| Self { correlation: correlation.clone(), body }).ok_or_else(|| {
            let details = json!({ "message": "Request body must be valid JSON" });
            let answer = json!({ "correlationId": correlation, "details": details, "error": "Invalid JSON" });
            reply::json(StatusCode::BAD_REQUEST, answer)
        })
    }

    /// The daemon cannot do it now, for a reason of its own.
    fn unavailable(&self, error: &impl ToString) -> Response {
        let details = json!({ "message": error.to_string() });
        let answer =
            json!({ "correlationId": self.correlation, "details": details, "error": "Service unavailable" });
        reply::json(StatusCode::SERVICE_UNAVAILABLE, answer)
    }
}

/// Returns what the caller calls this request, or a name for it.
fn correlation(headers: &HeaderMap) -> String {
    let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    given.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

fn coded(status: StatusCode, code: &str, correlation: &str, error: &str, message: &str) -> Response {
    let details = json!({ "message": message });
    let answer = json!({ "code": code, "correlationId": correlation, "details": details, "error": error });
    reply::json(status, answer)
}

/// The faults as a JSON text in a JSON string, as they have always been answered.
fn invalid(faults: &[Fault]) -> Response {
    let text = serde_json::to_string(faults).unwrap_or_default();
    reply::json(StatusCode::BAD_REQUEST, Value::String(text))
}

async fn version(State(services): State<Arc<Services>>, request: Request) -> Response {
    let asked = match Asked::read(&services, request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let (id, order) = match version_order(&asked.body) {
        Ok(order) => order,
        Err(faults) => return invalid(&faults),
    };
    let answer = |delivered: bool, status: &str| {
        reply::json(
            StatusCode::ACCEPTED,
            json!({ "delivered": delivered, "requestId": id.as_str(), "status": status }),
        )
    };
    let logged = Order::new(Caller::testing(), Verb::VERSION_QUEUE, &order.target(), None);
    let versions = Arc::clone(&services.versions);
    let act = move |by| async move { versions.queue(by, order).await };
    let queued = match logged.carry_out(&services, act).await {
        Ok(queued) => queued,
        Err(why) => return asked.unavailable(&why),
    };
    match queued {
        Ok(_) => answer(true, "delivered"),
        Err(VersionError::ShuttingDown(_)) => answer(false, "queued"),
        Err(error @ (VersionError::Invalid(_) | VersionError::TooLarge(_))) => {
            invalid(&[Fault::value(&["version"], error.to_string())])
        }
        Err(error) => asked.unavailable(&error),
    }
}

fn version_order(body: &Value) -> Result<(RequestId, QueueVersion), Vec<Fault>> {
    let mut fields = Fields::of(body)?;
    let id = request_id(&mut fields);
    let version = fields.text("version").to_owned();
    let changelog = match fields.optional("changelog") {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => {
            fields.faults.push(Fault::not_text(&["changelog"]));
            None
        }
    };
    match id {
        Some(id) if fields.faults.is_empty() => {
            let order = QueueVersion {
                version,
                changelog,
                request_id: Some(id.clone()),
                live_to_all: true,
                ..QueueVersion::default()
            };
            Ok((id, order))
        }
        _ => Err(fields.faults),
    }
}

fn request_id(fields: &mut Fields<'_>) -> Option<RequestId> {
    let before = fields.faults.len();
    match fields.text("request_id").parse::<RequestId>() {
        Ok(id) => Some(id),
        Err(error) => {
            if fields.faults.len() == before {
                fields.faults.push(Fault::value(&["request_id"], error.to_string()));
            }
            None
        }
    }
}

async fn start_task(State(services): State<Arc<Services>>, request: Request) -> Response {
    let asked = match Asked::read(&services, request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let (task_type, params) = match task_order(&asked.body) {
        Ok(order) => order,
        Err(faults) => return invalid(&faults),
    };
    let unknown = || reply::error(StatusCode::BAD_REQUEST, format!("Unknown task type: {task_type}"));
    let builtin = match task_type {
        "demo_task" => "demo",
        "failing_task" => "failing",
        _ => return unknown(),
    };
    let order = CreateTask { builtin: Some(builtin.to_owned()), params, name: None, key: None };
    let logged = Order::new(Caller::testing(), Verb::TASK_CREATE, &order.target(), None);
    let tasks = Arc::clone(&services.tasks);
    let act = move |by| async move { tasks.create(by, order).await };
    let created = match logged.carry_out(&services, act).await {
        Ok(created) => created,
        Err(why) => return asked.unavailable(&why),
    };
    match created {
        Ok(receipt) => {
            reply::json(StatusCode::OK, json!({ "status": "pending", "task_id": receipt.task_id }))
        }
        Err(TaskError::UnknownBuiltin(_)) => unknown(),
        Err(TaskError::ShuttingDown(_)) => {
            let why = "Cannot start task because service is shutting down";
            coded(StatusCode::CONFLICT, "INVALID_OPERATION", &asked.correlation, why, why)
        }
        Err(error @ (TaskError::Invalid(_) | TaskError::TooLarge(_))) => {
            invalid(&[Fault::value(&["params"], error.to_string())])
        }
        Err(error) => asked.unavailable(&error),
    }
}

fn task_order(body: &Value) -> Result<(&str, Map<String, Value>), Vec<Fault>> {
    let mut fields = Fields::of(body)?;
    let task_type = if fields.get("task_type").is_some() { fields.text("task_type") } else { "demo_task" };
    let params = match fields.optional("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params.clone(),
        Some(_) => {
            fields.faults.push(Fault::not_object(&["params"]));
            Map::new()
        }
    };
    if fields.faults.is_empty() { Ok((task_type, params)) } else { Err(fields.faults) }
}

async fn task_event(State(services): State<Arc<Services>>, request: Request) -> Response {
    let asked = match Asked::read(&services, request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let (id, event) = match event_order(&asked.body, services.clock.now()) {
        Ok(order) => order,
        Err(faults) => return invalid(&faults),
    };
    match send(&services.dispatcher, services.registry.as_ref(), &id, &event).await {
        Ok(()) => reply::json(
            StatusCode::OK,
            json!({
                "delivered": true,
                "eventType": event.event_type,
                "requestId": id.as_str(),
                "taskId": event.task_id,
            }),
        ),
        Err(Unsent::NotConnected) => unsent(&id, "No SSE connection registered for request_id", "not_found"),
        Err(Unsent::Failed) => unsent(&id, "Failed to send event to connection", "send_failed"),
    }
}

fn unsent(id: &RequestId, error: &str, status: &str) -> Response {
    reply::json(StatusCode::BAD_REQUEST, json!({ "error": format!("{error}: {id}"), "status": status }))
}

fn event_order(body: &Value, now: Timestamp) -> Result<(RequestId, TaskEvent), Vec<Fault>> {
    let mut fields = Fields::of(body)?;
    let id = request_id(&mut fields);
    let task_id = fields.text("task_id");
    let event_type = match fields.get("event_type").map(|value| serde_json::from_value(value.clone())) {
        Some(Ok(event_type)) => event_type,
        Some(Err(_)) => {
            fields.faults.push(Fault::value(&["event_type"], EVENT_TYPES.to_owned()));
            TaskEventType::TaskStarted
        }
        None => {
            fields.text("event_type");
            TaskEventType::TaskStarted
        }
    };
    let data = match fields.optional("data") {
        None => Value::Null,
        Some(data @ Value::Object(_)) => data.clone(),
        Some(_) => {
            fields.faults.push(Fault::not_object(&["data"]));
            Value::Null
        }
    };
    match id {
        Some(id) if fields.faults.is_empty() => Ok((id, TaskEvent::new(event_type, task_id, now, data))),
        _ => Err(fields.faults),
    }
}

enum Unsent {
    NotConnected,
    Failed,
}

/// Sends an event to one connection. Success means that it was accepted into the connection's queue, and that
/// the connection was still there afterwards: what becomes of it on the way is not waited for.
async fn send(
    dispatcher: &Dispatcher,
    directory: &dyn Directory,
    id: &RequestId,
    event: &TaskEvent,
) -> Result<(), Unsent> {
    let connection = directory.find(id).ok_or(Unsent::NotConnected)?;
    let serial = connection.serial;
    // Not progress, whatever its type says: a test wants to see each event that it sends.
    let event = Event { kind: Kind::TaskState, ..event.to_event() };
    dispatcher.check(&event).map_err(|_| Unsent::Failed)?;
    dispatcher.dispatch_to(connection, event).await;
    match directory.find(id) {
        Some(still) if still.serial == serial => Ok(()),
        _ => Err(Unsent::Failed),
    }
}

#[cfg(test)]
mod tests;
