//! The whole API over its socket, in process.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::OnceCell,
};
use tower::ServiceExt;

use super::guard::{Guard, Visitor};

use crate::{
    access::{Access, Accounts, Caller, Door},
    app::{App, Parts, Running},
    config::Config,
    connection::Origin,
    control::{
        client::{Client, ClientError, Ghosts},
        listing::Listing,
        types::{ApiError, ClearVersion, Disconnect, ErrorCode, Failure, Keyed, SendEvent, TaskLine},
    },
    registry::Newcomer,
    request_id::RequestId,
    services::Services,
    store::MemoryStore,
    task::{CreateTask, EndTask, ReportProgress, TaskStatus},
    version::QueueVersion,
};

mod orders;
mod roles;
mod together;

pub(super) struct Daemon {
    _dir: tempfile::TempDir,
    socket: PathBuf,
    running: Running,
    client: Client,
}

impl Daemon {
    pub(super) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Starts a daemon that knows these others.
    async fn start_with(fleet: Option<Arc<dyn crate::fleet::Fleet>>) -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let socket = dir.path().join("control.sock");
        let mut config = Config::default();
        config.listen.public.set_port(0);
        config.listen.internal.set_port(0);
        config.control.socket.clone_from(&socket);
        let parts = Parts { store: Some(Arc::new(MemoryStore::default())), fleet, ..Parts::default() };
        let running = App::start(config, parts).await.expect("started");
        let client = Client::new(&socket, Duration::from_secs(30));
        Self { _dir: dir, socket, running, client }
    }

    pub(super) fn services(&self) -> &Arc<Services> {
        self.running.services()
    }

    fn connect(&self, id: &str) {
        let newcomer = Newcomer {
            request_id: self::id(id),
            token: format!("token-of-{}", id.escape_default()).parse().expect("valid"),
            origin: Origin::default(),
        };
        self.services().registry.register(newcomer);
    }

    /// Sends bytes as they are. Returns the status and the body of the answer.
    async fn raw(&self, request: &str) -> (u16, Failure) {
        let mut stream = UnixStream::connect(&self.socket).await.expect("connected");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
    }
}

fn id(text: &str) -> RequestId {
    text.parse().expect("valid")
}

fn refused<T>(outcome: Result<T, ClientError>) -> ApiError {
    match outcome {
        Err(ClientError::Refused(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("not refused"),
    }
}

fn queue(version: &str, key: &str) -> QueueVersion {
    QueueVersion { version: version.into(), key: Some(key.into()), ..QueueVersion::default() }
}

fn demo(name: &str, key: &str) -> CreateTask {
    CreateTask {
        builtin: Some(name.into()),
        params: serde_json::Map::new(),
        name: None,
        key: Some(key.into()),
    }
}

#[tokio::test]
async fn status_says_what_is() {
    let daemon = Daemon::start().await;
    daemon.connect("a");
    let answer = daemon.client.status().await.expect("answered");
    let status = &answer.value.item;
    assert_eq!((status.phase.as_str(), status.mode.as_str(), status.connections), ("ready", "embedded", 1));
    assert_eq!(status.listen.public, daemon.services().bound.public.to_string());
    assert_eq!(status.socket, daemon.socket);
    assert!(!status.durable && status.degraded.len() == 1, "memory only is said");
    assert_eq!(answer.value.schema, "ssectl/status");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_does_not_answer_is_named() {
    let daemon = Daemon::start().await;
    let held = daemon.services().registry.hold();
    assert_eq!(daemon.services().pulse(Duration::from_millis(50)).await, Err("registry"));
    drop(held);
    assert_eq!(daemon.services().pulse(Duration::from_secs(30)).await, Ok(()));
}

#[tokio::test]
async fn many_connections_are_listed_whole_and_in_order() {
    let daemon = Daemon::start().await;
    for number in 0..10_000 {
        daemon.connect(&format!("id-{number}"));
    }
    let answer = daemon.client.connections(&Listing::default(), Ghosts::Hidden).await.expect("answered");
    assert_eq!(answer.value.schema, "ssectl/connections.list");
    assert_eq!(answer.value.items.len(), 10_000);
    assert_eq!(answer.value.items[9_999].request_id.as_str(), "id-9999");
    assert_eq!(answer.value.items[0].state, "live");
}

#[tokio::test]
async fn ids_that_look_like_paths_are_found() {
    let daemon = Daemon::start().await;
    for name in ["disconnect", "a/b", "..", "ä?x=1#y", "%2F"] {
        daemon.connect(name);
        let found = daemon.client.connection(&id(name)).await.expect(name);
        assert_eq!(found.value.item.request_id.as_str(), name);
    }
    let error = refused(daemon.client.connection(&id("absent")).await);
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.hint.is_some());
}

#[tokio::test]
async fn disconnect_removes_once_per_key() {
    let daemon = Daemon::start().await;
    for name in ["a", "b", "c"] {
        daemon.connect(name);
    }
    let order = Disconnect {
        request_ids: vec![id("a"), id("x")],
        tokens: vec!["token-of-b".into()],
        key: Some("k1".into()),
        ..Disconnect::default()
    };
    let first = daemon.client.disconnect(&order).await.expect("done").value.item;
    assert_eq!(first.disconnected, [id("a"), id("b")]);
    assert_eq!(first.not_found, ["x"]);
    daemon.connect("a");
    let again = daemon.client.disconnect(&order).await.expect("repeated").value.item;
    assert_eq!(again, first);
    assert!(daemon.client.connection(&id("a")).await.is_ok(), "repeating does nothing");
    let other = Disconnect { all: true, key: Some("k1".into()), ..Disconnect::default() };
    assert_eq!(refused(daemon.client.disconnect(&other).await).code, ErrorCode::Conflict);
    let all = Disconnect { all: true, ..Disconnect::default() };
    assert_eq!(daemon.client.disconnect(&all).await.expect("done").value.item.disconnected.len(), 2);
    let nobody = refused(daemon.client.disconnect(&Disconnect::default()).await);
    assert_eq!(nobody.code, ErrorCode::Invalid);
    let both = Disconnect { request_ids: vec![id("a")], all: true, ..Disconnect::default() };
    assert_eq!(refused(daemon.client.disconnect(&both).await).code, ErrorCode::Invalid);
}

#[tokio::test]
async fn versions_are_queued_shown_and_cleared() {
    let daemon = Daemon::start().await;
    daemon.connect("a");
    assert_eq!(refused(daemon.client.current_version(None).await).code, ErrorCode::NotFound);
    let receipt = daemon.client.queue_version(&queue("1.0", "k")).await.expect("queued").value.item;
    assert_eq!((receipt.key.as_str(), receipt.connections, receipt.stored), ("k", 1, true));
    assert_eq!(
        daemon.client.queue_version(&queue("1.0", "k")).await.expect("repeated").value.item.sequence,
        receipt.sequence
    );
    assert_eq!(refused(daemon.client.queue_version(&queue("2.0", "k")).await).code, ErrorCode::Conflict);
    assert_eq!(refused(daemon.client.queue_version(&queue("", "k2")).await).code, ErrorCode::Invalid);
    let current = daemon.client.current_version(Some(&id("a"))).await.expect("pending");
    assert_eq!(current.value.item.version, "1.0");
    assert_eq!(daemon.client.versions(&Listing::default()).await.expect("listed").value.items.len(), 1);
    let cleared = daemon.client.clear_version(&ClearVersion::default()).await.expect("cleared");
    assert_eq!(cleared.value.item.cleared, 1);
    let both = ClearVersion { request_id: Some(id("a")), all: true, key: None };
    assert_eq!(refused(daemon.client.clear_version(&both).await).code, ErrorCode::Invalid);
}

#[tokio::test]
async fn a_builtin_is_followed_to_its_end() {
    let daemon = Daemon::start().await;
    let receipt = daemon.client.create_task(&demo("demo", "k")).await.expect("started").value.item;
    let mut lines = daemon.client.follow_task(&receipt.task_id).await.expect("followed");
    let mut seen = Vec::new();
    while let Some(line) = lines.next().await.expect("whole") {
        seen.push(line.value);
    }
    assert!(matches!(seen.first(), Some(TaskLine::Task { .. })));
    assert!(matches!(seen.last(), Some(TaskLine::End { task }) if task.status == TaskStatus::Completed));
    let ended = seen
        .iter()
        .filter(|line| matches!(line, TaskLine::Event { event } if event.event_type.is_terminal()));
    assert_eq!(ended.count(), 1);

    let mut again = daemon.client.follow_task(&receipt.task_id).await.expect("followed");
    assert!(matches!(
        again.next().await.expect("a line").map(|line| line.value),
        Some(TaskLine::Task { .. })
    ));
    assert!(matches!(again.next().await.expect("a line").map(|line| line.value), Some(TaskLine::End { .. })));
    assert!(again.next().await.expect("the end").is_none());
    assert_eq!(refused(daemon.client.follow_task("absent").await.map(|_| ())).code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_follower_of_a_quiet_task_is_shown_that_the_daemon_lives() {
    let daemon = Daemon::start().await;
    let order = CreateTask { builtin: None, name: Some("Import".into()), ..demo("", "k") };
    let task = daemon.client.create_task(&order).await.expect("created").value.item.task_id;
    let mut lines = daemon.client.follow_task(&task).await.expect("followed");
    lines.next().await.expect("the task as it is");
    tokio::time::pause();
    assert_eq!(lines.next().await.expect("a line").map(|line| line.value), Some(TaskLine::Heartbeat));
}

#[tokio::test]
async fn a_reporter_creates_reports_and_ends() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let order = CreateTask { builtin: None, name: Some("Import".into()), ..demo("", "k") };
    let task = client.create_task(&order).await.expect("created").value.item.task_id;
    let report = ReportProgress { text: Some("Reading".into()), value: Some(0.4) };
    let view = client.report(&task, &report).await.expect("reported").value.item;
    assert_eq!(view.progress.map(|progress| progress.value), Some(0.4));
    let mut lines = client.follow_task(&task).await.expect("followed");
    client
        .fail_task(&task, &EndTask { error: Some("broken".into()), ..EndTask::default() })
        .await
        .expect("ended");
    let mut last = None;
    while let Some(line) = lines.next().await.expect("whole") {
        last = Some(line.value);
    }
    assert!(matches!(last, Some(TaskLine::End { task }) if task.status == TaskStatus::Failed));
    let error = refused(client.complete_task(&task, &EndTask::default()).await);
    assert_eq!(error.code, ErrorCode::Conflict, "{error}");
    client.remove_task(&task, &Keyed::default()).await.expect("removed");
    assert_eq!(refused(client.task(&task).await).code, ErrorCode::NotFound);
}

#[tokio::test]
async fn events_are_checked_at_the_edge() {
    let daemon = Daemon::start().await;
    daemon.connect("a");
    let event = |name: &str, data: &str| SendEvent {
        name: name.into(),
        data: serde_json::value::RawValue::from_string(data.into()).expect("JSON"),
        request_id: None,
    };
    let sent = daemon.client.send_event(&event("order.paid", "{\"id\":7}")).await.expect("sent");
    assert_eq!(sent.value.item.connections, 1);
    assert_eq!(refused(daemon.client.send_event(&event("version", "1")).await).code, ErrorCode::Invalid);
    let large = format!("\"{}\"", "x".repeat(40_000));
    assert_eq!(refused(daemon.client.send_event(&event("x", &large)).await).code, ErrorCode::TooLarge);
}

#[tokio::test]
async fn every_error_is_worded_in_json() {
    let daemon = Daemon::start().await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let post = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let cases = [
        (get("/"), 404, ErrorCode::NotFound),
        (get("/v2/status"), 404, ErrorCode::NotFound),
        (get("/v1/daemon/stop"), 405, ErrorCode::Invalid),
        (post("/v1/status", ""), 405, ErrorCode::Invalid),
        (post("/v1/versions", "{"), 400, ErrorCode::Invalid),
        (post("/v1/versions", ""), 400, ErrorCode::Invalid),
        (post("/v1/versions", "[1]"), 400, ErrorCode::Invalid),
        (post("/v1/versions", r#"{"version":"1","vresion":"2"}"#), 400, ErrorCode::Invalid),
        (post("/v1/versions", r#"{"version":"1","request_id":"a:b"}"#), 400, ErrorCode::Invalid),
        (get("/v1/connections/a:b"), 400, ErrorCode::Invalid),
        (get("/v1/connections/%ff"), 400, ErrorCode::Invalid),
        (get("/v1/versions/current?request_id=a%20b"), 400, ErrorCode::Invalid),
        (get("/v1/tasks/absent"), 404, ErrorCode::NotFound),
        (post("/v1/tasks/absent/cancel", ""), 404, ErrorCode::NotFound),
        (post("/v1/events", &" ".repeat(super::extract::MAX_BODY + 1)), 413, ErrorCode::TooLarge),
    ];
    for (request, status, code) in cases {
        let first = request.lines().next().unwrap_or_default().to_owned();
        let (found, failure) = daemon.raw(&request).await;
        assert_eq!((found, failure.error.code), (status, code), "{first}: {failure:?}");
        assert!(!failure.error.message.is_empty(), "{first}");
    }
}

#[tokio::test]
async fn stop_is_answered_and_ends_the_daemon_and_its_socket() {
    let daemon = Daemon::start().await;
    let order = Keyed { key: Some("k".into()) };
    let receipt = daemon.client.stop(&order).await.expect("answered").value.item;
    assert_eq!((receipt.key.as_str(), receipt.tasks), ("k", 0));
    assert_eq!(daemon.running.ended().await.late, Vec::<&str>::new());
    assert!(!daemon.socket.exists());
    assert!(matches!(daemon.client.status().await, Err(ClientError::Unreachable(_))));
}

#[tokio::test]
async fn a_follower_of_a_task_that_the_shutdown_cancels_sees_its_end() {
    let daemon = Daemon::start().await;
    let order = CreateTask { builtin: None, name: Some("Import".into()), ..demo("", "k") };
    let task = daemon.client.create_task(&order).await.expect("created").value.item.task_id;
    let mut lines = daemon.client.follow_task(&task).await.expect("followed");
    daemon.running.shutdown();
    daemon.running.shutdown();
    let mut last = None;
    while let Some(line) = lines.next().await.expect("whole") {
        last = Some(line.value);
    }
    assert!(matches!(last, Some(TaskLine::End { task }) if task.status.is_terminal()));
    assert_eq!(daemon.running.ended().await.late, Vec::<&str>::new());
}

#[tokio::test]
async fn an_order_is_carried_out_even_when_the_caller_hangs_up() {
    let daemon = Daemon::start().await;
    let body = r#"{"version":"1.0"}"#;
    let request =
        format!("POST /v1/versions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut stream = UnixStream::connect(&daemon.socket).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    drop(stream);
    while daemon.services().versions.current(None).is_none() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn publishers_publish_and_nothing_else() {
    let daemon = Daemon::start().await;
    let router = super::publisher_router(daemon.services());
    let ask = async |method: &str, path: &str, body: Value| {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::from(body.to_string()))
            .expect("a request");
        request.extensions_mut().insert(Caller::token());
        let response = router.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice::<Value>(&body).expect("JSON"))
    };
    assert_eq!(ask("POST", "/v1/versions", json!({"version": "1"})).await.0, 200);
    assert_eq!(ask("POST", "/v1/events", json!({"name": "x", "data": 1})).await.0, 200);
    let (status, receipt) = ask("POST", "/v1/tasks", json!({"name": "Import"})).await;
    assert_eq!(status, 200, "{receipt}");
    let task = receipt["item"]["task_id"].as_str().expect("an id");
    assert_eq!(ask("POST", &format!("/v1/tasks/{task}/progress"), json!({"value": 0.5})).await.0, 200);
    assert_eq!(ask("POST", &format!("/v1/tasks/{task}/complete"), json!({})).await.0, 200);
    assert_eq!(ask("GET", &format!("/v1/tasks/{task}"), json!({})).await.0, 200);
    for path in ["/v1/status", "/v1/connections", "/v1/daemon/stop", "/v1/connections/disconnect"] {
        assert_eq!(ask("POST", path, json!({})).await.0, 404, "{path}");
    }
    assert_eq!(ask("GET", "/v1/versions", json!({})).await.0, 405);
    let (_, error) = ask("GET", "/v1/tasks", json!({})).await;
    assert_eq!(error["error"]["code"], "invalid");
}
