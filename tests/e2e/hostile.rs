//! Garbage on every listener: an error or a close, never the end of the daemon.

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    fakes::{backend::Backend, browser::Browser},
    harness::{Daemon, gateway::GatewayProcess, http, within},
};

/// Requests that nobody should send.
fn garbage() -> Vec<Vec<u8>> {
    let noise = |seed: u32| {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[0]
        };
        (0..4096).map(|_| next()).collect::<Vec<u8>>()
    };
    let mut all: Vec<Vec<u8>> = (1..8).map(noise).collect();
    all.extend([
        b"\r\n\r\n\r\n".to_vec(),
        b"GET".to_vec(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBroken".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /%zz\0 HTTP/1.1\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\nHost: localhost\n\n".to_vec(),
        b"POST /v1/events HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"POST /v1/events HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n{}".to_vec(),
        b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"POST /x HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        [b"GET /".as_slice(), &[b'a'; 100_000], b" HTTP/1.1\r\n\r\n"].concat(),
        [b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'a'; 200_000], b"\r\n\r\n"].concat(),
        [b"GET / HTTP/1.1\r\n".as_slice(), &b"X: y\r\n".repeat(5_000), b"\r\n"].concat(),
    ]);
    all
}

/// Sends bytes, ends the sending side, and reads what comes until the other side ends.
async fn throw(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> String {
    within("the listener to end a senseless connection", async {
        // It may hang up at any moment.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    })
    .await
}

async fn still_answers(daemon: &Daemon) {
    http::get(daemon.public, "/healthz").await.expect(200);
    http::get(daemon.internal, "/healthz").await.expect(200);
    daemon.ask("/v1/status").await.expect(200);
}

fn is_refusal(answer: &str) -> bool {
    answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4") || {
        answer.starts_with("HTTP/1.1 505") || answer.starts_with("HTTP/1.1 200")
    }
}

#[tokio::test]
async fn garbage_on_the_public_listener() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    for bytes in garbage() {
        let answer = throw(TcpStream::connect(daemon.public).await.unwrap(), &bytes).await;
        assert!(
            is_refusal(&answer),
            "{:?} → {answer:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
        );
    }
    still_answers(&daemon).await;
    daemon.event("marker", &serde_json::json!(1)).await;
    assert_eq!(browser.next_event().await.name, "marker");
    daemon.stop().await;
}

#[tokio::test]
async fn garbage_on_the_internal_listener() {
    let daemon = Daemon::start(&["testing=true"]).await;
    for bytes in garbage() {
        let answer = throw(TcpStream::connect(daemon.internal).await.unwrap(), &bytes).await;
        assert!(
            is_refusal(&answer),
            "{:?} → {answer:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
        );
    }
    still_answers(&daemon).await;
    daemon.stop().await;
}

#[tokio::test]
async fn garbage_on_the_control_socket() {
    let daemon = Daemon::start(&[]).await;
    for bytes in garbage() {
        let answer = throw(daemon.connect().await, &bytes).await;
        assert!(
            is_refusal(&answer),
            "{:?} → {answer:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
        );
    }
    still_answers(&daemon).await;
    daemon.stop().await;
}

#[tokio::test]
async fn garbage_on_a_gateway() {
    let backend = Backend::start().await;
    let gateway = GatewayProcess::start(&backend, &[]).await;
    for bytes in garbage() {
        for to in [gateway.address, gateway.internal] {
            let answer = throw(TcpStream::connect(to).await.unwrap(), &bytes).await;
            let sent = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
            assert!(is_refusal(&answer), "{sent:?} → {answer:?}");
        }
    }
    for to in [gateway.address, gateway.internal] {
        http::get(to, "/healthz").await.expect(200);
    }
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let daemon = Daemon::start(&["testing=true"]).await;
    let head = "POST /api/sse/callback HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 50000000\r\n\r\n";
    let body = [head.as_bytes(), &vec![b'['; 5_000_000]].concat();
    let answer = throw(TcpStream::connect(daemon.internal).await.unwrap(), &body).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    let deep = http::request(
        "POST",
        "/api/sse/callback",
        &[("Content-Type", "application/json")],
        "[".repeat(60_000).as_bytes(),
    );
    let answer = http::send(daemon.internal, &deep).await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    still_answers(&daemon).await;
}

#[tokio::test]
async fn idle_connections_hold_up_nobody() {
    let daemon = Daemon::start(&[]).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(TcpStream::connect(daemon.public).await.unwrap());
        idle.push(TcpStream::connect(daemon.internal).await.unwrap());
        let mut half = TcpStream::connect(daemon.public).await.unwrap();
        half.write_all(b"GET /api/sse/str").await.unwrap();
        idle.push(half);
    }
    let mut browser = Browser::open(daemon.public, "a").await;
    still_answers(&daemon).await;
    daemon.event("marker", &serde_json::json!(1)).await;
    assert_eq!(browser.next_event().await.name, "marker");
    daemon.stop().await;
    drop(idle);
}
