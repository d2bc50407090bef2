//! What a daemon is full of, it is full of streams: never of what its operator needs.

use std::fs;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, http, until, within},
};

/// Returns the open descriptors of a daemon.
pub fn descriptors(daemon: &Daemon) -> usize {
    descriptors_of(daemon.pid())
}

/// Returns the open descriptors of a process.
pub fn descriptors_of(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs, on Linux").count()
}

/// Opens a stream as a browser that hears an answer of any kind. `Some`: it was let in.
async fn knock(daemon: &Daemon, id: usize) -> Option<TcpStream> {
    let mut socket = TcpStream::connect(daemon.public).await.expect("the listener accepts");
    let head = format!("GET /api/sse/stream?request_id=b{id} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    socket.write_all(head.as_bytes()).await.expect("sent");
    within("an answer", async {
        let mut heard = Vec::new();
        while !heard.windows(7).any(|part| part == b"retry: ") {
            assert!(socket.read_buf(&mut heard).await.expect("bytes") > 0, "{heard:?}");
        }
        let head = String::from_utf8_lossy(&heard);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        head.contains("chunked").then_some(socket)
    })
    .await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn bug_g16_the_operator_gets_in_whatever_is_full() {
    // More streams are asked for than there are descriptors.
    let daemon = Home::new().start_with_files(256, &["stream.max_connections=1000"]).await;
    let empty = descriptors(&daemon);
    let (mut streams, mut refused) = (Vec::new(), 0);
    for id in 0..200 {
        match knock(&daemon, id).await {
            Some(stream) => streams.push(stream),
            None => refused += 1,
        }
    }
    assert_eq!(streams.len(), 160, "what 256 descriptors leave");
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.value(r#"ssectld_streams_refused_total{reason="full"}"#), f64::from(refused));
    // Strangers that say nothing, at both doors.
    let mut strangers = Vec::new();
    for _ in 0..100 {
        strangers.push(TcpStream::connect(daemon.public).await.expect("the backlog takes it"));
        strangers.push(TcpStream::connect(daemon.internal).await.expect("the backlog takes it"));
    }
    for _ in 0..5 {
        let status = daemon.cli().json(&["status"]).await;
        assert_eq!(status["item"]["connections"], 160, "{status}");
    }
    let list = daemon.cli().json(&["connections", "list"]).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(160));
    daemon.event("still", &serde_json::json!("here")).await;
    for stream in &mut streams {
        let mut heard = Vec::new();
        within("the event", async {
            while !heard.windows(6).any(|part| part == b"\"here\"") {
                assert!(stream.read_buf(&mut heard).await.expect("bytes") > 0, "nobody is evicted");
            }
        })
        .await;
    }
    drop((streams, strangers));
    daemon.until_connected(0).await;
    until("the descriptors to return", async || (descriptors(&daemon) <= empty).then_some(())).await;
    assert!(knock(&daemon, 0).await.is_some());
    daemon.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_waits_at_the_internal_listener_has_a_turn_while_others_keep_their_connections() {
    let daemon = Home::new().start_with_files(256, &[]).await;
    let mut kept = Vec::new();
    for number in 0..60 {
        let mut socket = TcpStream::connect(daemon.internal).await.expect("the backlog takes it");
        socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("sent");
        let mut answer = vec![0; 12];
        within(&format!("answer {number}"), socket.read_exact(&mut answer)).await.expect("bytes");
        assert_eq!(answer, b"HTTP/1.1 200");
        kept.push(socket);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_program_is_told_by_status_that_the_daemon_is_full() {
    let daemon = Daemon::start(&["stream.max_connections=1"]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    let target = "/api/sse/stream?request_id=b";
    let request = http::request("GET", target, &[("Accept", "*/*"), ("User-Agent", "curl/8")], b"");
    let answer = http::send(daemon.public, &request).await.expect(503);
    let after: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=60).contains(&after), "{answer:?}");
    assert!(answer.json()["error"].is_string(), "{answer:?}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_trusted_proxy_tells_whose_stream_it_is() {
    let settings = ["stream.per_ip=1", "stream.trusted_proxies=[\"127.0.0.0/8\"]"];
    let daemon = Daemon::start(&settings).await;
    let ask = async |id: &str, from: &str| {
        let target = format!("/api/sse/stream?request_id={id}");
        let headers = [("Accept", "text/event-stream"), ("X-Forwarded-For", from)];
        let stream = TcpStream::connect(daemon.public).await.expect("the listener accepts");
        Browser::begin(stream, &http::request("GET", &target, &headers, b"")).await
    };
    let first = ask("a", "1.2.3.4, 203.0.113.7").await;
    let second = ask("b", "203.0.113.8").await;
    let third = ask("c", "5.6.7.8, 203.0.113.7").await;
    let open = |browser: &Browser| browser.header("transfer-encoding") == Some("chunked");
    assert_eq!([&first, &second, &third].map(open), [true, true, false]);
    let list = daemon.ask("/v1/connections").await.expect(200).json();
    assert_eq!(list["items"][0]["address"], "203.0.113.7", "{list}");
    daemon.stop().await;
}
