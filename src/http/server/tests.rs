use std::{sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, routing};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{Persistence, serve, serve_at, serve_connection};
use crate::lifecycle::{Lifecycle, Phase};

fn router() -> Router {
    Router::new()
        .route("/", routing::get(|| async { "hello" }))
        .route("/echo", routing::post(|body: String| async move { body }))
        .route(
            "/peer",
            routing::get(|ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>| async move {
                peer.ip().to_string()
            }),
        )
}

fn connection(persistence: Persistence) -> (DuplexStream, CancellationToken) {
    let (ours, theirs) = duplex(64 * 1024);
    let closing = CancellationToken::new();
    Lifecycle::new().spawn(serve_connection(theirs, router(), persistence, closing.clone()));
    (ours, closing)
}

async fn rest(mut io: impl AsyncReadExt + Unpin) -> String {
    let mut text = String::new();
    io.read_to_string(&mut text).await.expect("a clean end");
    text
}

#[tokio::test(start_paused = true)]
async fn silence_ends_after_the_first_request_limit() {
    let (io, _closing) = connection(Persistence::KeepAlive);
    let began = Instant::now();
    assert_eq!(rest(io).await, "");
    assert_eq!(began.elapsed().as_secs(), super::FIRST_REQUEST.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_dripping_head_ends_too() {
    let (mut io, _closing) = connection(Persistence::KeepAlive);
    let began = Instant::now();
    for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        if io.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(began.elapsed() <= super::FIRST_REQUEST + Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_after_keep_alive() {
    let (mut io, _closing) = connection(Persistence::KeepAlive);
    let began = Instant::now();
    io.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("open");
    assert!(rest(io).await.ends_with("hello"));
    assert_eq!(began.elapsed().as_secs(), super::KEEP_ALIVE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_body_must_come_in_time() {
    let (mut io, _closing) = connection(Persistence::Close);
    let began = Instant::now();
    io.write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab").await.expect("open");
    assert!(rest(io).await.starts_with("HTTP/1.1 400"));
    assert_eq!(began.elapsed().as_secs(), super::BODY.as_secs());
}

#[tokio::test]
async fn close_answers_one_request() {
    let (mut io, _closing) = connection(Persistence::Close);
    io.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("open");
    let answer = rest(io).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1);
    assert!(answer.to_lowercase().contains("connection: close"));
}

#[tokio::test]
async fn closing_ends_an_idle_connection_at_once() {
    let (mut io, closing) = connection(Persistence::KeepAlive);
    io.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("open");
    let mut head = [0; 12];
    io.read_exact(&mut head).await.expect("an answer");
    closing.cancel();
    rest(io).await;
}

#[tokio::test]
async fn a_head_too_large_is_refused() {
    let (mut io, _closing) = connection(Persistence::KeepAlive);
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n", "a".repeat(20_000));
    io.write_all(head.as_bytes()).await.expect("open");
    assert!(rest(io).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_listener_serves_and_ends_with_the_daemon() {
    let lifecycle = Lifecycle::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let served = lifecycle.spawn(serve(listener, router(), lifecycle.clone()));
    let mut io = TcpStream::connect(address).await.expect("accepted");
    io.write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("open");
    assert!(rest(io).await.ends_with("127.0.0.1"));
    let idle = TcpStream::connect(address).await.expect("accepted");
    lifecycle.advance(Phase::Closing);
    served.await.expect("ends");
    rest(idle).await;
    assert!(lifecycle.finish(Duration::from_secs(5)).await);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn where_all_places_are_taken_an_answer_ends_its_connection() {
    for free in [0, 1] {
        let (mut io, theirs) = duplex(64 * 1024);
        let (places, closing) = (Arc::new(Semaphore::new(free)), CancellationToken::new());
        Lifecycle::new().spawn(serve_at(theirs, router(), places, closing.clone()));
        io.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("open");
        let mut answer = Vec::new();
        while !answer.ends_with(b"hello") {
            assert_ne!(io.read_buf(&mut answer).await.expect("open"), 0);
        }
        let answer = String::from_utf8(answer).expect("text").to_lowercase();
        assert_eq!(answer.contains("connection: close"), free == 0, "{answer}");
        closing.cancel();
        assert_eq!(rest(io).await, "");
    }
}
