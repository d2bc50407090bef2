//! The SSE gateway in front of a daemon in gateway mode: faithful, and able to fail in every way.

use std::{
    collections::{HashMap, HashSet},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpListener, sync::watch};

pub use super::wire::{CALLBACK, Sent, connect, disconnect};
use crate::harness::{self, within};

/// What it does with `/internal/send` for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 200 for tokens it knows, 404 for others.
    Faithful,
    /// Always this status.
    Status(u16),
    /// 200 `buffered`: the stream is not open yet.
    Buffered,
    /// Takes the request and answers nothing until [`Gateway::set`] says otherwise.
    Hang,
    /// Takes the request and cuts the connection.
    Drop,
}

#[derive(Debug, Default)]
struct State {
    sent: Vec<Sent>,
    known: HashSet<String>,
    modes: HashMap<String, Mode>,
    in_flight: HashMap<String, usize>,
    most_in_flight: HashMap<String, usize>,
}

/// A gateway without browsers: connects and disconnects are what the test says.
#[derive(Clone, Debug)]
pub struct Gateway {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    changed: watch::Sender<()>,
    /// How many connections daemons have to it.
    open: watch::Sender<usize>,
}

impl Gateway {
    /// Starts it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let gateway = Self {
            address,
            state: Arc::default(),
            changed: watch::Sender::new(()),
            open: watch::Sender::new(0),
        };
        tokio::spawn(gateway.clone().serve(listener));
        gateway
    }

    /// Returns the settings of a daemon behind it.
    pub fn settings(&self) -> [String; 2] {
        ["mode=gateway".to_owned(), format!("gateway.url=http://{}/", self.address)]
    }

    /// Changes what it does for a token.
    pub fn set(&self, token: &str, mode: Mode) {
        self.lock().modes.insert(token.to_owned(), mode);
        self.changed.send_replace(());
    }

    /// Forgets a token without telling anybody.
    pub fn forget(&self, token: &str) {
        self.lock().known.remove(token);
    }

    /// Opens a stream as the gateway does: knows the token, then asks the daemon. Expects a yes.
    pub async fn connect(&self, daemon: SocketAddr, request_id: &str, token: &str) {
        self.lock().known.insert(token.to_owned());
        let answer = harness::http::post(daemon, CALLBACK, &connect(request_id, token)).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})), "{answer:?}");
    }

    /// Opens a stream like [`Gateway::connect`] when the daemon may be gone at any moment. False: it did not.
    pub async fn attempt(&self, daemon: SocketAddr, request_id: &str, token: &str) -> bool {
        self.lock().known.insert(token.to_owned());
        let answer = harness::http::try_post(daemon, CALLBACK, &connect(request_id, token)).await;
        let opens = answer.is_some_and(|answer| answer.status == 200);
        if !opens {
            self.forget(token);
        }
        opens
    }

    /// A browser left; tells the daemon if that is there.
    pub async fn leave(&self, daemon: SocketAddr, request_id: &str, token: &str) {
        self.forget(token);
        harness::http::try_post(daemon, CALLBACK, &disconnect(request_id, token)).await;
    }

    /// Tells the daemon that a browser left. Expects a yes.
    pub async fn disconnect(&self, daemon: SocketAddr, request_id: &str, token: &str) {
        self.forget(token);
        let answer = harness::http::post(daemon, CALLBACK, &disconnect(request_id, token)).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})), "{answer:?}");
    }

    /// Returns everything sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.lock().sent.clone()
    }

    /// Returns the events sent to a token so far, without closes.
    pub fn events(&self, token: &str) -> Vec<Sent> {
        self.sent().into_iter().filter(|sent| sent.token == token && sent.name().is_some()).collect()
    }

    /// Waits until something holds of what was sent.
    pub async fn until<T>(&self, what: &str, mut holds: impl FnMut(&[Sent]) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        within(what, async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = holds(&self.sent()) {
                    return found;
                }
                changes.changed().await.expect("the gateway lives as long as its handle");
            }
        })
        .await
    }

    /// Waits until a token was sent this many events, and returns them.
    pub async fn events_to(&self, token: &str, count: usize) -> Vec<Sent> {
        self.until(&format!("{count} events to {token}"), |_| {
            Some(self.events(token)).filter(|events| events.len() >= count)
        })
        .await
    }

    /// Waits until a token's stream is asked to end.
    pub async fn closed(&self, token: &str) -> Sent {
        self.until(&format!("the close of {token}"), |sent| {
            sent.iter().find(|sent| sent.token == token && sent.closes()).cloned()
        })
        .await
    }

    /// Waits until no daemon is connected any more: all that it sent has come.
    pub async fn left_alone(&self) {
        let mut open = self.open.subscribe();
        within("the daemon's connections to end", open.wait_for(|open| *open == 0)).await.expect("it lives");
    }

    /// Returns how many requests for one token were ever under way at once.
    pub fn most_in_flight(&self, token: &str) -> usize {
        self.lock().most_in_flight.get(token).copied().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with the lock")
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let gateway = self.clone();
            let service = service_fn(move |request| {
                let gateway = gateway.clone();
                async move { gateway.answer(request).await }
            });
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            let open = self.open.clone();
            open.send_modify(|open| *open += 1);
            tokio::spawn(async move {
                // A cut connection is part of the play.
                let _ = connection.await;
                open.send_modify(|open| *open -= 1);
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        if (head.method.as_str(), head.uri.path()) != ("POST", "/internal/send") {
            return Ok(reply(StatusCode::NOT_FOUND, "Cannot do that"));
        }
        let raw = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let raw = String::from_utf8(raw.to_vec()).expect("the daemon sends UTF-8");
        let body: serde_json::Value = serde_json::from_str(&raw).expect("the daemon sends JSON");
        let token = body["token"].as_str().expect("every send has a token").to_owned();
        let content_type = head.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let sent = Sent { token: token.clone(), body, raw, content_type: content_type.unwrap_or_default() };
        let closes = sent.closes();
        self.enter(sent);
        let _under_way = UnderWay { gateway: self.clone(), token: token.clone() };
        self.decide(&token, closes).await
    }

    fn enter(&self, sent: Sent) {
        let mut state = self.lock();
        let now = state.in_flight.entry(sent.token.clone()).or_default();
        *now += 1;
        let now = *now;
        let most = state.most_in_flight.entry(sent.token.clone()).or_default();
        *most = now.max(*most);
        state.sent.push(sent);
        drop(state);
        self.changed.send_replace(());
    }

    async fn decide(&self, token: &str, closes: bool) -> io::Result<Response<Full<Bytes>>> {
        let mut changes = self.changed.subscribe();
        loop {
            changes.borrow_and_update();
            match self.mode(token) {
                Mode::Hang => changes.changed().await.map_err(io::Error::other)?,
                Mode::Drop => return Err(io::Error::other("cut")),
                Mode::Status(code) => {
                    return Ok(reply(StatusCode::from_u16(code).expect("a status"), r#"{"error":{}}"#));
                }
                Mode::Buffered => return Ok(reply(StatusCode::OK, r#"{"status":"buffered"}"#)),
                Mode::Faithful => {
                    let known = if closes {
                        self.lock().known.remove(token)
                    } else {
                        self.lock().known.contains(token)
                    };
                    return Ok(if known {
                        reply(StatusCode::OK, r#"{"status":"ok"}"#)
                    } else {
                        reply(StatusCode::NOT_FOUND, NOT_FOUND)
                    });
                }
            }
        }
    }

    fn mode(&self, token: &str) -> Mode {
        self.lock().modes.get(token).copied().unwrap_or(Mode::Faithful)
    }
}

/// A request that is being answered; dropped also when the daemon gives up.
struct UnderWay {
    gateway: Gateway,
    token: String,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(now) = self.gateway.lock().in_flight.get_mut(&self.token) {
            *now -= 1;
        }
        self.gateway.changed.send_replace(());
    }
}

const NOT_FOUND: &str = r#"{"error":{"message":"Token not found","code":"TOKEN_NOT_FOUND"}}"#;

fn reply(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/json".parse().expect("a header value"));
    response
}
