//! The backend behind a gateway: takes its callbacks and answers as the test says.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::harness::within;

/// How it answers a connect. Disconnects are answered 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// This status line after the version, with a small body.
    Line(String),
    /// 302 to itself.
    Redirect,
    /// Nothing, until it is told to say something else.
    Nothing,
    /// Nothing, and the connection is cut.
    Cut,
}

impl Say {
    /// Answers this status, in its usual words.
    pub fn status(code: u16) -> Self {
        let words = match code {
            200 => "OK",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            _ => "Whatever",
        };
        Self::Line(format!("{code} {words}"))
    }
}

/// A callback.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its first line.
    pub line: String,
    pub content_type: String,
    /// The body byte for byte.
    pub raw: String,
}

impl Call {
    /// Returns a field of the body.
    pub fn text(&self, field: &str) -> String {
        let body: Value = serde_json::from_str(&self.raw).expect("callbacks are JSON");
        body[field].as_str().unwrap_or_default().to_owned()
    }
}

struct State {
    calls: Vec<Call>,
    answered: usize,
    connects: Say,
    disconnects: Say,
}

/// The backend.
#[derive(Clone)]
pub struct Backend {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    changed: watch::Sender<()>,
}

impl Backend {
    /// Starts one that says yes to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = State {
            calls: Vec::new(),
            answered: 0,
            connects: Say::status(200),
            disconnects: Say::status(200),
        };
        let backend = Self { address, state: Arc::new(Mutex::new(state)), changed: watch::Sender::new(()) };
        let serving = backend.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(socket));
            }
        });
        backend
    }

    /// Returns its URL, query included.
    pub fn url(&self) -> String {
        format!("http://{}/api/sse/callback?secret=x%20y", self.address)
    }

    /// Changes what it says to connects, those included that wait for an answer.
    pub fn says(&self, say: Say) {
        self.lock().connects = say;
        self.changed.send_replace(());
    }

    /// Changes what it says to disconnects.
    pub fn says_to_disconnects(&self, say: Say) {
        self.lock().disconnects = say;
        self.changed.send_replace(());
    }

    /// Returns all callbacks so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Waits until there are so many of an action, and returns them.
    pub async fn until(&self, action: &str, count: usize) -> Vec<Call> {
        let mut changes = self.changed.subscribe();
        within(&format!("{count} callbacks: {action}"), async {
            loop {
                changes.borrow_and_update();
                let mut calls = self.calls();
                calls.retain(|call| call.text("action") == action);
                if calls.len() >= count {
                    return calls;
                }
                changes.changed().await.expect("it lives as long as its handle");
            }
        })
        .await
    }

    /// Waits until it has answered so many callbacks.
    pub async fn answered(&self, count: usize) {
        let mut changes = self.changed.subscribe();
        within(&format!("{count} answers"), async {
            while self.lock().answered < count {
                changes.changed().await.expect("it lives as long as its handle");
            }
        })
        .await;
    }

    /// Waits for the connect of this number, and returns its token.
    pub async fn token(&self, number: usize) -> String {
        self.until("connect", number).await[number - 1].text("token")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with the lock")
    }

    async fn serve(self, socket: TcpStream) -> std::io::Result<()> {
        let mut socket = BufReader::new(socket);
        while let Some(call) = read(&mut socket).await? {
            let connects = call.text("action") == "connect";
            self.lock().calls.push(call);
            self.changed.send_replace(());
            let mut changes = self.changed.subscribe();
            loop {
                changes.borrow_and_update();
                let say =
                    if connects { self.lock().connects.clone() } else { self.lock().disconnects.clone() };
                let answer = match say {
                    Say::Line(line) if line.starts_with("204") || line.starts_with("304") => {
                        format!("HTTP/1.1 {line}\r\n\r\n")
                    }
                    Say::Line(line) => format!("HTTP/1.1 {line}\r\nContent-Length: 2\r\n\r\n{{}}"),
                    Say::Redirect => {
                        format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", self.url())
                    }
                    Say::Cut => return Ok(()),
                    Say::Nothing => {
                        let _ = changes.changed().await;
                        continue;
                    }
                };
                socket.write_all(answer.as_bytes()).await?;
                self.lock().answered += 1;
                self.changed.send_replace(());
                break;
            }
        }
        Ok(())
    }
}

async fn read(socket: &mut BufReader<TcpStream>) -> std::io::Result<Option<Call>> {
    let (mut first, mut length, mut content_type) = (String::new(), 0, String::new());
    if socket.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await?;
        match line.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().expect("a length"),
            Some(("content-type", value)) => value.clone_into(&mut content_type),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    let raw = String::from_utf8(body).expect("callbacks are UTF-8");
    Ok(Some(Call { line: first.trim().to_owned(), content_type, raw }))
}
