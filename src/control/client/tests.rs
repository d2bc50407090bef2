use std::{os::unix::net::UnixListener as StdListener, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

use super::{Client, ClientError};
use crate::control::types::{ErrorCode, Keyed, TaskLine};

struct Fake {
    dir: tempfile::TempDir,
    server: JoinHandle<()>,
}

impl Fake {
    /// Serves one connection.
    fn new<F: Future<Output = ()> + Send + 'static>(
        serve: impl FnOnce(UnixStream) -> F + Send + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let listener = UnixListener::bind(dir.path().join("s")).expect("bound");
        let server = async move {
            let (stream, _) = listener.accept().await.expect("a client");
            serve(stream).await;
        };
        #[allow(clippy::disallowed_methods, reason = "a test without a daemon")]
        let server = tokio::spawn(server);
        Self { dir, server }
    }

    fn answering(answer: &'static str) -> Self {
        Self::new(async move |mut stream| {
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.expect("written");
        })
    }

    fn client(&self) -> Client {
        Client::new(&self.dir.path().join("s"), Duration::from_secs(5))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn read_request(stream: &mut UnixStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}") && !bytes.ends_with(b"\r\n\r\n") {
        stream.read_buf(&mut bytes).await.expect("a request");
    }
    String::from_utf8(bytes).expect("text")
}

#[tokio::test]
async fn no_socket_or_nobody_behind_it_is_unreachable() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("s");
    let client = Client::new(&path, Duration::from_secs(5));
    let error = client.status().await.expect_err("no socket");
    assert!(matches!(error, ClientError::Unreachable(why) if why.kind() == std::io::ErrorKind::NotFound));
    drop(StdListener::bind(&path).expect("bound"));
    let error = client.status().await.expect_err("stale");
    assert!(
        matches!(error, ClientError::Unreachable(why) if why.kind() == std::io::ErrorKind::ConnectionRefused)
    );
    assert!(!client.has_sent());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn where_the_backlog_is_full_a_client_waits_for_room() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("s");
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).expect("a socket");
    socket.bind(&socket2::SockAddr::unix(&path).expect("a short path")).expect("bound");
    socket.listen(0).expect("listening");
    socket.set_nonblocking(true).expect("a flag");
    let _first = UnixStream::connect(&path).await.expect("there is room for one");
    let client = Client::new(&path, Duration::from_millis(100));
    let error = client.status().await.expect_err("there is no room");
    assert!(matches!(error, ClientError::Unreachable(_)) && !client.has_sent(), "{error:?}");

    let client = Client::new(&path, Duration::from_secs(5));
    let listener = UnixListener::from_std(std::os::fd::OwnedFd::from(socket).into()).expect("a listener");
    let serving = async {
        // Makes room.
        drop(listener.accept().await.expect("the first"));
        let (mut stream, _) = listener.accept().await.expect("the one that waited");
        read_request(&mut stream).await;
    };
    let (answer, ()) = tokio::join!(client.status(), serving);
    assert!(matches!(answer, Err(ClientError::NoAnswer(_))), "it was heard: {answer:?}");
}

#[tokio::test]
async fn closing_before_the_answer_leaves_the_outcome_unknown() {
    let fake = Fake::new(async |mut stream| {
        read_request(&mut stream).await;
    });
    let client = fake.client();
    let error = client.stop(&Keyed::default()).await.expect_err("cut off");
    assert!(matches!(error, ClientError::NoAnswer(_)), "{error}");
    assert!(client.has_sent());
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_hangs_is_given_up() {
    let fake = Fake::new(async |mut stream| {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    });
    let error = fake.client().stop(&Keyed::default()).await.expect_err("no answer");
    assert!(matches!(error, ClientError::NoAnswer(_)), "{error}");
}

#[tokio::test]
async fn garbage_is_never_an_answer() {
    let fake = Fake::answering("+OK hello\r\n\r\n");
    assert!(matches!(fake.client().status().await, Err(ClientError::NoAnswer(_))));
    let fake = Fake::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    assert!(matches!(fake.client().status().await, Err(ClientError::NotUnderstood(_))));
    let fake = Fake::answering("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}");
    assert!(matches!(fake.client().status().await, Err(ClientError::NoAnswer(_))));
    let fake = Fake::answering("HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n");
    assert!(matches!(fake.client().status().await, Err(ClientError::NotUnderstood(_))));
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reasons() {
    let body = r#"{"error":{"code":"new_code","message":"no","hint":"do this","more":1}}"#;
    let answer = format!("HTTP/1.1 409 Conflict\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let fake = Fake::answering(answer.leak());
    let Err(ClientError::Refused(error)) = fake.client().status().await else { panic!("not refused") };
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Unknown, "no"));
    assert_eq!(error.hint.as_deref(), Some("do this"));
}

#[tokio::test]
async fn ids_travel_whole_in_the_path() {
    let (heard, hears) = tokio::sync::oneshot::channel();
    let fake = Fake::new(async move |mut stream| {
        heard.send(read_request(&mut stream).await).expect("listening");
    });
    let id = "a/b?c=%d&ä..".parse().expect("valid");
    let _ = fake.client().connection(&id).await;
    let request = hears.await.expect("a request");
    assert!(
        request.starts_with("GET /v1/connections/a%2Fb%3Fc%3D%25d%26%C3%A4%2E%2E HTTP/1.1\r\n"),
        "{request}"
    );
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
const TASK: &str = r#""task":{"task_id":"t","name":"n","owner":"builtin","status":"completed","progress":null,"created_at":"2026-01-01T00:00:00Z","started_at":null,"ended_at":null,"result":null,"error":null}"#;

#[tokio::test]
async fn a_followed_task_must_end() {
    let all =
        format!("{STREAM}{{\"type\":\"heartbeat\"}}\n{{\"type\":\"new\"}}\n{{\"type\":\"end\",{TASK}}}\n");
    let fake = Fake::answering(all.leak());
    let mut stream = fake.client().follow_task("t").await.expect("followed");
    assert_eq!(stream.next().await.expect("a line").map(|line| line.value), Some(TaskLine::Heartbeat));
    let end = stream.next().await.expect("a line").map(|line| line.value);
    assert!(matches!(end, Some(TaskLine::End { .. })), "the unknown line is skipped");
    assert!(stream.next().await.expect("the end").is_none());

    let cut = format!("{STREAM}{{\"type\":\"task\",{TASK}}}\n");
    let fake = Fake::answering(cut.leak());
    let mut stream = fake.client().follow_task("t").await.expect("followed");
    assert!(stream.next().await.expect("a line").is_some());
    assert!(matches!(stream.next().await, Err(ClientError::NoAnswer(_))));
}
