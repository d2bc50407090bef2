//! A whole gateway, small: it holds browsers' streams, calls back, and relays what it is sent.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use super::gateway::CALLBACK;
use crate::harness::http;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The gateway.
#[derive(Clone, Debug)]
pub struct Relay {
    pub address: SocketAddr,
    daemon: Arc<OnceLock<SocketAddr>>,
    streams: Arc<Mutex<HashMap<String, mpsc::Sender<Bytes>>>>,
}

impl Relay {
    /// Starts it. It takes browsers once it knows its daemon.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let relay = Self { address, daemon: Arc::default(), streams: Arc::default() };
        tokio::spawn(relay.clone().serve(listener));
        relay
    }

    /// Tells it where callbacks go.
    pub fn calls_back(&self, daemon: SocketAddr) {
        self.daemon.set(daemon).expect("told once");
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((socket, _)) = listener.accept().await {
            let relay = self.clone();
            let service = service_fn(move |request| {
                let relay = relay.clone();
                async move { Ok::<_, Infallible>(relay.answer(request).await) }
            });
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
            tokio::spawn(async move {
                // Browsers come and go as they like.
                let _ = connection.await;
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if request.method() == Method::GET {
            return self.open(&request).await;
        }
        let raw = request.into_body().collect().await.expect("the daemon sends whole bodies").to_bytes();
        let order: Value = serde_json::from_slice(&raw).expect("the daemon sends JSON");
        self.relay(&order).await
    }

    async fn open(&self, request: &Request<Incoming>) -> Response<Body> {
        let token = uuid::Uuid::new_v4().to_string();
        let about = json!({"url": request.uri().to_string(), "headers": {"host": "x"}});
        let (frames, relayed) = mpsc::channel(64);
        self.lock().insert(token.clone(), frames.clone());
        let answer = self.call(&json!({"action": "connect", "token": token, "request": about})).await;
        if answer.status != 200 {
            self.lock().remove(&token);
            return plain(StatusCode::from_u16(answer.status).expect("a status"), "refused");
        }
        let relay = self.clone();
        tokio::spawn(async move {
            frames.closed().await;
            if relay.lock().remove(&token).is_some() {
                let gone = json!({"action": "disconnect", "reason": "client_closed", "token": token, "request": about});
                relay.call(&gone).await;
            }
        });
        let body = stream::unfold(relayed, async |mut relayed| {
            let bytes: Bytes = relayed.recv().await?;
            (!bytes.is_empty()).then(|| (Ok(Frame::data(bytes)), relayed))
        });
        let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(body)));
        response.headers_mut().insert("content-type", "text/event-stream".parse().expect("a header value"));
        response
    }

    async fn relay(&self, order: &Value) -> Response<Body> {
        let token = order["token"].as_str().expect("every send has a token");
        let Some(stream) = self.lock().get(token).cloned() else {
            return plain(StatusCode::NOT_FOUND, r#"{"error":{"code":"TOKEN_NOT_FOUND"}}"#);
        };
        if let Some(data) = order["event"]["data"].as_str() {
            let name = order["event"]["name"].as_str().expect("the daemon names its events");
            let _ = stream.send(format!("event: {name}\ndata: {data}\n\n").into()).await;
        }
        if order["close"] == json!(true) {
            self.lock().remove(token);
            let _ = stream.send(Bytes::new()).await;
        }
        plain(StatusCode::OK, r#"{"status":"ok"}"#)
    }

    async fn call(&self, body: &Value) -> http::Response {
        http::post(*self.daemon.get().expect("it knows its daemon"), CALLBACK, body).await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Bytes>>> {
        self.streams.lock().expect("no test panics with the lock")
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())).boxed_unsync());
    *response.status_mut() = status;
    response
}
