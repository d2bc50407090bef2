//! Values from the network: bounded, harmless where they are shown, and not kept where they are secrets.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::{
    fakes::{
        backend::Backend,
        browser::Browser,
        gateway::{CALLBACK, connect},
    },
    harness::{Daemon, Home, Response, gateway::GatewayProcess, http},
};

/// Moves cursors, hides, reorders: C0, C1, bidirectional, zero width, separators.
const TREACHEROUS: &str =
    "\u{1b}[2J\u{7}\r\n\u{9b}31m\u{7f}\u{85}\u{202e}\u{200b}\u{2066}\u{2028}\u{feff}\u{e0041}";

/// Checks that a terminal shows a text as it is.
fn assert_harmless(text: &str, of: &dyn std::fmt::Debug) {
    let found = text.chars().find(|c| *c != '\n' && !c.is_ascii_graphic() && TREACHEROUS.contains(*c));
    assert_eq!(found, None, "{of:?} → {text:?}");
}

#[tokio::test]
async fn no_form_of_any_answer_of_ssectl_controls_the_terminal() {
    let daemon = Daemon::start(&[]).await;
    let head = format!(
        "GET /api/sse/stream?request_id=a HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {}\r\n\r\n",
        TREACHEROUS.replace(|c: char| c.is_ascii_control(), "")
    );
    let stream = TcpStream::connect(daemon.public).await.expect("the listener accepts");
    let _browser = Browser::begin(stream, head.as_bytes()).await;
    let calm: String = TREACHEROUS.chars().filter(|c| !c.is_control()).collect();
    daemon.queue(json!({"version": calm, "changelog": TREACHEROUS})).await;
    let id = daemon.create_task(json!({"name": calm})).await;
    daemon.task(&id, "progress", &json!({"text": TREACHEROUS, "value": 0.5})).await.expect(200);
    daemon.task(&id, "fail", &json!({"error": TREACHEROUS})).await.expect(200);
    let unknown = calm.as_str();
    for (arguments, code) in [
        (&["connections", "list"][..], 0),
        (&["connections", "show", "a"], 0),
        (&["connections", "show", "a\u{1b}[2J"], 2),
        (&["connections", "disconnect", unknown], 2),
        (&["version", "list"], 0),
        (&["version", "show", "a"], 0),
        (&["version", "current"], 0),
        (&["task", "list"], 0),
        (&["task", "show", &id], 0),
        (&["task", "follow", &id], 10),
        (&["task", "show", unknown], 3),
        (&["task", "cancel", unknown], 3),
        (&["status"], 0),
    ] {
        for form in ["table", "wide", "json", "jsonl", "name"] {
            let output = daemon.cli().run(&[arguments, &["-o", form]].concat()).await;
            assert_eq!(output.code, code, "{arguments:?} {form} {output:?}");
            for text in [&output.stdout, &output.stderr] {
                assert_harmless(text, &arguments);
            }
        }
    }
    let list = daemon.cli().json(&["task", "list"]).await;
    assert_eq!(list["items"][0]["error"], TREACHEROUS, "JSON means what was said");
    daemon.stop().await;
}

#[tokio::test]
async fn nothing_from_the_network_controls_who_reads_the_log() {
    for format in ["text", "journald"] {
        let settings = ["log.level=trace", &format!("log.format={format}"), "stream.per_ip=1"];
        let daemon = Daemon::start(&settings).await;
        let escaped = "%1b%5b2J%0a%c2%9b31m%e2%80%ae%e2%80%a8FORGED";
        let raw = TREACHEROUS.replace(['\r', '\n', '\u{0}'], "");
        let fields = format!("User-Agent: {raw}\r\nOrigin: {raw}\r\nX-Forwarded-For: {raw}\r\n");
        for request in [
            format!("GET /api/sse/stream?request_id={escaped} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"),
            format!("GET /api/sse/stream?request_id=a HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"),
            format!("GET /api/sse/stream?request_id=a HTTP/1.1\r\nHost: {raw}\r\n\r\n"),
            format!("GET /api/sse/stream?request_id=a HTTP/1.1\r\nHost: evil.example{raw}\r\n\r\n"),
            format!("GET /{escaped} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            format!("{raw}\r\n\r\n"),
        ] {
            let request = request.replace("\u{7f}", "").replace(['\u{1b}', '\u{7}'], "");
            http::send(daemon.public, request.as_bytes()).await;
        }
        let calm: String = TREACHEROUS.chars().filter(|c| !c.is_control()).collect();
        daemon.queue(json!({"version": calm})).await;
        daemon.tell("/v1/versions", &json!({"version": TREACHEROUS})).await.expect(400);
        daemon.tell("/v1/events", &json!({"name": TREACHEROUS, "data": 1})).await.expect(400);
        daemon.tell("/v1/tasks", &json!({"name": TREACHEROUS})).await.expect(400);
        daemon.tell("/v1/tasks/x/cancel", &json!({"key": TREACHEROUS})).await.expect(400);
        let id = daemon.create_task(json!({"name": calm})).await;
        daemon.task(&id, "fail", &json!({"error": TREACHEROUS})).await.expect(200);
        daemon.task(TREACHEROUS.trim(), "cancel", &json!({})).await;
        let log = daemon.log();
        assert!(log.contains("order done") && log.contains("another origin"), "{log}");
        assert_harmless(&log, &format);
        assert!(!log.lines().any(|line| line.starts_with("FORGED")), "{log}");
        daemon.stop().await;
    }
}

#[tokio::test]
async fn labels_of_metrics_are_closed_sets() {
    let daemon = Daemon::start(&["testing=true"]).await;
    let round = async |round: usize| {
        for number in 0..40 {
            let any = format!("x{round}x{number}");
            for to in [daemon.public, daemon.internal] {
                http::send(to, &http::request("GET", &format!("/{any}?{any}={any}"), &[], b"")).await;
                http::send(to, &http::request(&any.to_uppercase(), "/healthz", &[], b"")).await;
            }
            drop(Browser::open(daemon.public, &any).await);
            let target = format!("/api/sse/stream?request_id={any}");
            http::send(daemon.public, &http::request("GET", &target, &[("Origin", &any)], b""))
                .await
                .expect(403);
            http::post(daemon.internal, CALLBACK, &json!({"action": any})).await;
            daemon.event(&any, &json!(any)).await;
            let id = daemon.create_task(json!({"name": any})).await;
            daemon.task(&id, "fail", &json!({"error": any})).await.expect(200);
        }
        daemon.until_connected(0).await;
    };
    // Whether an event still meets one of those who leave is chance: how long that takes is counted from the first on.
    let mut reader = Browser::open(daemon.public, "reader").await;
    daemon.event("told", &json!(1)).await;
    reader.next_named("told").await;
    drop(reader);
    round(0).await;
    let before = daemon.metrics().await.samples().count();
    round(1).await;
    let after = daemon.metrics().await;
    let told = after.samples().find(|sample| sample.to_lowercase().contains("x1x"));
    assert_eq!(told, None);
    // An end of a rare kind may be among them; of each stranger's word there are forty.
    assert!(after.samples().count() < before + 10, "{before} were enough");
    daemon.stop().await;
}

/// Returns every file below a directory, with what is in it.
fn files(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.push((path.display().to_string(), fs::read(&path).expect("readable")));
        }
    }
}

/// Checks that nothing that a daemon left in its directory, its log included, has a text in it.
fn assert_unwritten(home: &Home, secret: &str) {
    let mut found = Vec::new();
    files(home.dir.path(), &mut found);
    assert!(found.len() > 2, "state and log are there: {found:?}");
    for (path, bytes) in found {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{path} has {secret}");
    }
}

const CANARY: &str = "canary-7d1f";
const TRACE: &str = "log.level=trace";

fn with_secrets(target: &str) -> Vec<u8> {
    let cookie = format!("session={CANARY}");
    let bearer = format!("Bearer {CANARY}");
    let fields = [("Accept", "text/event-stream"), ("Cookie", &cookie), ("Authorization", &bearer)];
    http::request("GET", target, &fields, b"")
}

#[tokio::test]
async fn what_browsers_show_to_prove_who_they_are_is_nowhere_kept() {
    // A stream, one that is refused, a page, and a backend that is asked.
    let backend = Backend::start().await;
    let url = format!("stream.authorize_url={}", backend.url());
    for settings in [&[TRACE][..], &[TRACE, url.as_str()]] {
        let daemon = Daemon::start(settings).await;
        let stream = TcpStream::connect(daemon.public).await.expect("the listener accepts");
        let browser = Browser::begin(stream, &with_secrets("/api/sse/stream?request_id=a")).await;
        daemon.until_connected(1).await;
        let shown = daemon.ask("/v1/connections/a").await.expect(200);
        assert!(!shown.body.contains(CANARY), "{shown:?}");
        for target in ["/api/sse/stream?request_id=a:b", "/", "/nowhere"] {
            http::send(daemon.public, &with_secrets(target)).await;
        }
        http::send(daemon.internal, &with_secrets("/metrics")).await.expect(200);
        daemon.queue(json!({"version": "1"})).await;
        drop(browser);
        daemon.until_connected(0).await;
        assert_unwritten(&daemon.stop().await, CANARY);
    }
    let told = backend.until("disconnect", 1).await.remove(0);
    assert!(told.raw.contains(CANARY), "the backend is who decides by it");

    let daemon = Daemon::start(&["mode=gateway", "gateway.url=http://127.0.0.1:1", TRACE]).await;
    let mut callback = connect("a", "t");
    callback["request"]["headers"] = json!({"cookie": CANARY, "authorization": CANARY});
    http::post(daemon.internal, CALLBACK, &callback).await.expect(200);
    callback["request"]["url"] = json!("/x?request_id=a:b");
    http::post(daemon.internal, CALLBACK, &callback).await.expect(400);
    assert!(!daemon.ask("/v1/connections/a").await.expect(200).body.contains(CANARY));
    assert_unwritten(&daemon.kill().await, CANARY);
}

/// A body that is too large, and JSON that is nested too deeply.
fn bad_bodies(largest: usize) -> [(Vec<u8>, &'static [u16]); 3] {
    let nested = [b"{\"a\":".repeat(5_000), b"1".to_vec(), b"}".repeat(5_000)].concat();
    [(vec![b' '; largest + 1], &[413]), (b"[".repeat(5_000), &[400]), (nested, &[400])]
}

#[tokio::test]
async fn bodies_are_bounded_in_size_and_depth_at_every_door() {
    let home = Home::new();
    let token = format!("publish.token_file={}", home.write("token", "open-sesame-0123456789\n"));
    let daemon =
        home.start(&["mode=gateway", "gateway.url=http://127.0.0.1:1", "testing=true", &token]).await;
    let backend = Backend::start().await;
    let gateway = GatewayProcess::start(&backend, &[]).await;
    let fields = [("Content-Type", "application/json"), ("Authorization", "Bearer open-sesame-0123456789")];
    let check = |answer: &Response, codes: &[u16], of: &str| {
        assert!(codes.contains(&answer.status), "{of}: {answer:?}");
        assert!(answer.json()["error"].is_string() || answer.json()["error"].is_object(), "{of}: {answer:?}");
    };
    for (to, target, largest) in [
        (daemon.internal, CALLBACK, 102_400),
        (daemon.internal, "/v1/versions", 1 << 20),
        (daemon.internal, "/v1/events", 1 << 20),
        (gateway.address, "/internal/send", 102_400),
    ] {
        for (body, codes) in bad_bodies(largest) {
            let answer = http::send(to, &http::request("POST", target, &fields, &body)).await;
            check(&answer, codes, target);
        }
    }
    for target in ["/v1/versions", "/v1/events", "/v1/tasks", "/v1/connections/disconnect", "/v1/daemon/stop"]
    {
        for (body, codes) in bad_bodies(1 << 20) {
            check(&daemon.control(&http::request("POST", target, &fields, &body)).await, codes, target);
        }
    }
    // Data that is passed on as it is, and so not read as a tree.
    let deep: Value = serde_json::from_str(&format!("{}{}", "[".repeat(120), "]".repeat(120))).expect("JSON");
    daemon.event("deep", &deep).await;
    let deeper = format!(r#"{{"name":"deep","data":{}{}}}"#, "[".repeat(129), "]".repeat(129));
    let answer = daemon.control(&http::request("POST", "/v1/events", &fields, deeper.as_bytes())).await;
    assert!(answer.expect(400).body.contains("nested"), "it says why");
    daemon.ask("/v1/status").await.expect(200);
    daemon.stop().await;
}

#[tokio::test]
async fn heads_are_bounded_in_bytes_and_fields_at_every_door() {
    let daemon = Daemon::start(&[]).await;
    let backend = Backend::start().await;
    let gateway = GatewayProcess::start(&backend, &[]).await;
    let long = http::request("GET", "/healthz", &[("X-A", &"a".repeat(16 * 1024))], b"");
    let many = http::request("GET", "/healthz", &[("A", "b"); 120], b"");
    for request in [long, many] {
        for to in [daemon.public, daemon.internal, gateway.address, gateway.internal] {
            http::send(to, &request).await.expect(431);
        }
        daemon.control(&request).await.expect(431);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn ids_and_names_are_short_and_plain_at_every_door() {
    let daemon = Daemon::start(&[]).await;
    for id in
        ["", "%20", "a%20b", "a:b", "a%00", "a%1b", "a%c2%9b", "%e2%80%ae", "%ef%bb%bf", &"x".repeat(129)]
    {
        let target = format!("/api/sse/stream?request_id={id}");
        http::get(daemon.public, &target).await.expect(400);
    }
    for id in ["", " ", "a b", "a:b", "a\u{0}", "a\u{1b}", "\u{9b}", "\u{202e}", "\u{feff}", &"x".repeat(129)]
    {
        daemon.tell("/v1/versions", &json!({"version": "1", "request_id": id})).await.expect(400);
        daemon.tell("/v1/events", &json!({"name": "n", "data": 1, "request_id": id})).await.expect(400);
    }
    for name in ["", "a b", "a\nb", "é", "a\u{0}", "ready", "bye", &"x".repeat(65)] {
        daemon.tell("/v1/events", &json!({"name": name, "data": 1})).await.expect(400);
    }
    for bad in ["", "a\nb", "\u{1b}", "\u{9b}", &"x".repeat(257)] {
        daemon.tell("/v1/versions", &json!({"version": bad})).await.expect(400);
        daemon.tell("/v1/tasks", &json!({"name": bad})).await.expect(400);
        daemon.tell("/v1/versions", &json!({"version": "1", "key": bad})).await.expect(400);
    }
    daemon.stop().await;
}
