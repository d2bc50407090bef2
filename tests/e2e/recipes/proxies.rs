//! `docs/proxies.md` and `docs/nginx.md`: what comes through, and what keeps a stream open or ends it.

use std::{process::Stdio, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout},
};

use super::fronts::{Front, Kind, settings};
use crate::harness::{Daemon, Home, shell::sh, until, within};

/// The address of the browser; the proxy asks from another one.
const BROWSER: &str = "127.0.0.2";

/// A stream that `curl` reads. Ends when dropped.
struct Stream {
    _curl: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Stream {
    async fn open(home: &Home, front: &Front, options: &str, request_id: &str) -> Self {
        let curl = format!(
            "exec curl -sN --compressed --cacert certificate.pem --interface {BROWSER} \
             --resolve app.example.org:{}:127.0.0.1 -H 'Accept: text/event-stream' \
             -H 'X-Forwarded-For: 203.0.113.9' {options} '{}/api/sse/stream?request_id={request_id}'",
            front.port,
            front.origin(),
        );
        let mut curl = sh(home, &curl).stdout(Stdio::piped()).spawn().expect("curl can be run");
        let lines = BufReader::new(curl.stdout.take().expect("piped")).lines();
        Self { _curl: curl, lines }
    }

    /// Waits for a line that begins like this, and returns the rest of it.
    async fn line(&mut self, begin: &str) -> String {
        within(begin, async {
            loop {
                let line = self.lines.next_line().await.expect("text");
                let line = line.unwrap_or_else(|| panic!("the stream ended where {begin:?} was awaited"));
                if let Some(rest) = line.strip_prefix(begin) {
                    return rest.to_owned();
                }
            }
        })
        .await
    }

    /// Waits for its end.
    async fn ends(mut self) {
        within("the end of the stream", async {
            while self.lines.next_line().await.expect("text").is_some() {}
        })
        .await;
    }
}

async fn start(settings_too: &[&str]) -> Daemon {
    let settings = settings();
    Daemon::start(&[&[settings[0].as_str(), &settings[1]], settings_too].concat()).await
}

async fn passes_on(kind: Kind) {
    let daemon = start(&["stream.heartbeat=1h"]).await;
    let Some(front) = Front::start(kind, &daemon).await else { return };
    for version in ["--http1.1", "--http2"] {
        let mut stream = Stream::open(daemon.home(), &front, version, "a").await;
        let retry: u64 = stream.line("retry: ").await.parse().expect("milliseconds");
        assert!((2000..=5000).contains(&retry), "as the daemon says it: {retry}");
        let listed = daemon.cli().json(&["connections", "list"]).await;
        assert_eq!(listed["items"][0]["address"], BROWSER, "not what the browser says: {listed}");
        // Nothing comes after it that could push it through.
        for number in 0..3 {
            daemon.event("n", &json!(number)).await;
            assert_eq!(stream.line("data: ").await, number.to_string());
        }
        drop(stream);
        until("the stream to be gone", async || {
            if kind == Kind::Haproxy {
                // It looks for the browser when it has something to write.
                daemon.event("n", &json!(3)).await;
            }
            daemon.connected().await.is_empty().then_some(())
        })
        .await;
    }
    front.stop().await;
    daemon.stop().await;
}

async fn keeps_what_beats(kind: Kind) {
    const PATIENCE: Duration = Duration::from_secs(3);
    let daemon = start(&["stream.heartbeat=1s"]).await;
    let Some(front) = Front::impatient(kind, &daemon, PATIENCE).await else { return };
    let mut stream = Stream::open(daemon.home(), &front, "--http2", "a").await;
    for _ in 0..5 {
        stream.line(": heartbeat").await;
    }
    daemon.event("n", &json!(1)).await;
    assert_eq!(stream.line("data: ").await, "1");
    front.stop().await;
    daemon.stop().await;
    // Without them, this proxy ends it.
    let daemon = start(&["stream.heartbeat=1h"]).await;
    let Some(front) = Front::impatient(kind, &daemon, PATIENCE).await else { return };
    Stream::open(daemon.home(), &front, "--http2", "a").await.ends().await;
    daemon.until_connected(0).await;
    front.stop().await;
    daemon.stop().await;
}

async fn says_when_to_come_back(kind: Kind) {
    let daemon = start(&["stream.heartbeat=1h"]).await;
    let Some(front) = Front::start(kind, &daemon).await else { return };
    let mut streams = Vec::new();
    for number in 0..5 {
        let mut stream = Stream::open(daemon.home(), &front, "--http2", &format!("tab-{number}")).await;
        stream.line("retry: ").await;
        streams.push(stream);
    }
    daemon.cli().run(&["daemon", "drain", "--over", "100ms"]).await.expect(0);
    let mut times = Vec::new();
    for mut stream in streams {
        times.push(stream.line("retry: ").await);
        assert_eq!(stream.line("data: ").await, r#"{"reason":"drain"}"#);
        stream.ends().await;
    }
    times.dedup();
    assert!(times.len() > 1, "spread, as the daemon says it: {times:?}");
    let mut refused = Stream::open(daemon.home(), &front, "--http2", "late").await;
    let later: u64 = refused.line("retry: ").await.parse().expect("milliseconds");
    assert!((15_000..=45_000).contains(&later), "{later}");
    refused.ends().await;
    // And where there is nobody.
    let home = daemon.stop().await;
    for version in ["--http1.1", "--http2"] {
        let head = "-w '%{http_code} %{content_type}\\n'";
        let mut refused = Stream::open(&home, &front, &format!("{version} {head}"), "away").await;
        assert_eq!(refused.line("retry: ").await, "5000");
        refused.line("").await;
        assert_eq!(refused.line("").await, "200 text/event-stream");
    }
    front.stop().await;
}

#[tokio::test]
async fn nginx_passes_events_on_at_once() {
    passes_on(Kind::Nginx).await;
}

#[tokio::test]
async fn haproxy_passes_events_on_at_once() {
    passes_on(Kind::Haproxy).await;
}

#[tokio::test]
async fn caddy_passes_events_on_at_once() {
    passes_on(Kind::Caddy).await;
}

#[tokio::test]
async fn nginx_ends_no_stream_that_beats() {
    keeps_what_beats(Kind::Nginx).await;
}

#[tokio::test]
async fn haproxy_ends_no_stream_that_beats() {
    keeps_what_beats(Kind::Haproxy).await;
}

#[tokio::test]
async fn caddy_ends_no_stream_that_beats() {
    keeps_what_beats(Kind::Caddy).await;
}

#[tokio::test]
async fn nginx_says_when_to_come_back() {
    says_when_to_come_back(Kind::Nginx).await;
}

#[tokio::test]
async fn haproxy_says_when_to_come_back() {
    says_when_to_come_back(Kind::Haproxy).await;
}

#[tokio::test]
async fn caddy_says_when_to_come_back() {
    says_when_to_come_back(Kind::Caddy).await;
}
