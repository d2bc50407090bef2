//! A programmable gateway on a port of its own, for tests.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Mutex, Notify, mpsc},
};

/// What the fake does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Answers this status.
    Status(u16),
    /// Answers 200 with this body, and says that one request may name so many tokens.
    Batch(usize, String),
    /// As [`Reply::Batch`], once it is released.
    HeldBatch(usize, String, Arc<Notify>),
    /// Answers this status once it is released.
    Held(u16, Arc<Notify>),
    /// Never answers.
    Hang,
    /// Closes the connection without an answer.
    Drop,
    /// Answers 200 and closes the connection, without having said that it would.
    AnswerAndClose,
    /// Answers 200 with a body that never ends.
    EndlessBody,
}

/// The fake.
pub(crate) struct FakeGateway {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    seen: Mutex<mpsc::Receiver<Value>>,
    accepted: Arc<AtomicUsize>,
    _stop: tokio_util::sync::DropGuard,
}

impl FakeGateway {
    /// Starts a gateway that answers as `script` says for each body.
    pub(crate) async fn start(script: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (tell, seen) = mpsc::channel(100_000);
        let stop = tokio_util::sync::CancellationToken::new();
        let (stopped, script) = (stop.clone(), Arc::new(script));
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        crate::lifecycle::Lifecycle::new().spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Some(Ok((stream, _))) = stopped.run_until_cancelled(listener.accept()).await {
                counter.fetch_add(1, Ordering::Relaxed);
                connections.spawn(serve(stream, Arc::clone(&script), tell.clone()));
            }
        });
        Self { address, seen: Mutex::new(seen), accepted, _stop: stop.drop_guard() }
    }

    /// Returns its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns how many TCP connections it accepted.
    pub(crate) fn connections(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Waits for the next request and returns its body.
    pub(crate) async fn next(&self) -> Value {
        let next = async { self.seen.lock().await.recv().await.expect("it runs") };
        tokio::time::timeout(std::time::Duration::from_secs(20), next).await.expect("a request")
    }

    /// Returns a request that came already.
    pub(crate) async fn already(&self) -> Option<Value> {
        self.seen.lock().await.try_recv().ok()
    }
}

async fn serve(
    stream: TcpStream,
    script: Arc<impl Fn(&Value) -> Reply>,
    tell: mpsc::Sender<Value>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(body) = request(&mut stream).await? else { return Ok(()) };
        let _ = tell.send(body.clone()).await;
        match script(&body) {
            Reply::Status(code) => answer(&mut stream, code).await?,
            Reply::Batch(most, body) => answer_with(&mut stream, 200, Some(most), &body).await?,
            Reply::HeldBatch(most, body, release) => {
                release.notified().await;
                answer_with(&mut stream, 200, Some(most), &body).await?;
            }
            Reply::Held(code, release) => {
                release.notified().await;
                answer(&mut stream, code).await?;
            }
            Reply::Hang => std::future::pending().await,
            Reply::Drop => return Ok(()),
            Reply::AnswerAndClose => return answer(&mut stream, 200).await,
            Reply::EndlessBody => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n").await?;
                loop {
                    stream.write_all(&[b' '; 1024]).await?;
                }
            }
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Value>> {
    let mut length = 0;
    let mut line = String::new();
    let mut first = true;
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if std::mem::take(&mut first) {
            assert_eq!(line, "POST /internal/send HTTP/1.1\r\n");
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(serde_json::from_slice(&body).expect("JSON")))
}

async fn answer(stream: &mut BufReader<TcpStream>, code: u16) -> std::io::Result<()> {
    answer_with(stream, code, None, r#"{"status":"ok"}"#).await
}

async fn answer_with(
    stream: &mut BufReader<TcpStream>,
    code: u16,
    batch: Option<usize>,
    body: &str,
) -> std::io::Result<()> {
    let batch = batch.map_or(String::new(), |most| format!("SSE-Gateway-Batch: {most}\r\n"));
    let head = format!(
        "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\n{batch}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await
}
