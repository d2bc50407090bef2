//! Pages of other sites: whatever they have a browser send, nothing here is theirs.

use serde_json::json;
use tokio::net::TcpStream;

use crate::{
    fakes::{
        backend::Backend,
        browser::Browser,
        gateway::{CALLBACK, connect},
    },
    harness::{Daemon, Home, Response, gateway::GatewayProcess, http},
};

/// Asks for a target under a name.
async fn under(to: std::net::SocketAddr, name: &str, target: &str) -> Response {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    http::send(to, request.as_bytes()).await
}

const STREAM: &str = "/api/sse/stream?request_id=a";
const REFUSED: &str = "Host not allowed: if this name is yours, add it to listen.hosts";

#[tokio::test]
async fn a_page_that_has_its_name_resolve_here_gets_nothing() {
    let daemon = Daemon::start(&["testing=true"]).await;
    for name in ["evil.example", "evil.example:8090", "localhost.evil.example", "10.0.0.1"] {
        for target in ["/", "/healthz", STREAM, "/nowhere"] {
            let answer = under(daemon.public, name, target).await.expect(421);
            assert_eq!(answer.json()["error"], REFUSED, "{name} {target}");
        }
        for target in ["/metrics", "/readyz", CALLBACK, "/v1/versions", "/nowhere"] {
            let answer = under(daemon.internal, name, target).await.expect(421);
            assert_eq!(answer.json()["error"], REFUSED, "{name} {target}");
        }
    }
    assert!(daemon.connected().await.is_empty());
    let port = daemon.public.port();
    for name in
        ["localhost", &format!("LOCALHOST:{port}"), &format!("127.0.0.1:{port}"), "[::1]", "127.8.8.8"]
    {
        under(daemon.public, name, "/healthz").await.expect(200);
        under(daemon.internal, name, "/metrics").await.expect(200);
    }
    let refused = daemon.metrics().await.value(r#"ssectld_streams_refused_total{reason="host"}"#);
    assert_eq!(refused, 4.0);
    let log = daemon.log();
    for listener in [daemon.public, daemon.internal] {
        let told = log.lines().filter(|line| {
            line.contains(&format!("refused a request to {listener} under the name \"evil.example\""))
                && line.contains("put hosts = [\"evil.example\"] under [listen]")
        });
        assert_eq!(told.count(), 1, "{log}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_name_that_a_proxy_passes_on_is_served_once_it_is_listed() {
    let daemon = Daemon::start(&["listen.hosts=[\"app.example.org\", \"*.tenants.example\"]"]).await;
    for name in ["app.example.org", "App.Example.Org:443", "one.tenants.example"] {
        let head = format!("GET {STREAM} HTTP/1.1\r\nHost: {name}\r\n\r\n");
        let stream = TcpStream::connect(daemon.public).await.expect("the listener accepts");
        assert_eq!(Browser::begin(stream, head.as_bytes()).await.status, 200, "{name}");
        under(daemon.internal, name, "/metrics").await.expect(200);
    }
    under(daemon.public, "localhost", "/").await.expect(200);
    under(daemon.public, "example.org", STREAM).await.expect(421);
    daemon.stop().await;
}

#[tokio::test]
async fn nothing_that_pages_send_is_taken_on_the_internal_listener() {
    let home = Home::new();
    let token = format!("publish.token_file={}", home.write("token", "open-sesame-0123456789\n"));
    let settings = ["mode=gateway", "gateway.url=http://127.0.0.1:1", "testing=true", &token];
    let daemon = home.start(&settings).await;
    let version = json!({"version": "1.0"});
    let targeted = json!({"version": "1.0", "request_id": "a"});
    let bearer = ("Authorization", "Bearer open-sesame-0123456789");
    for origin in ["https://evil.example", "null", &format!("http://{}", daemon.internal)] {
        let origin = ("Origin", origin);
        for (target, body) in [
            (CALLBACK, connect("a", "t")),
            ("/v1/versions", version.clone()),
            ("/api/testing/deployments/version", targeted.clone()),
        ] {
            let answer = http::post_with(daemon.internal, target, &[origin, bearer], &body).await.expect(403);
            assert!(answer.header("access-control-allow-origin").is_none(), "{answer:?}");
        }
        let preflight = http::request("OPTIONS", CALLBACK, &[origin], b"");
        http::send(daemon.internal, &preflight).await.expect(403);
        let metrics = http::request("GET", "/metrics", &[origin], b"");
        http::send(daemon.internal, &metrics).await.expect(403);
    }
    assert!(daemon.connected().await.is_empty());
    daemon.ask("/v1/versions/current").await.expect(404);
    http::post_with(daemon.internal, "/v1/versions", &[bearer], &version).await.expect(200);
    daemon.stop().await;
}

#[tokio::test]
async fn nothing_that_pages_send_reaches_browsers_through_a_gateway() {
    let backend = Backend::start().await;
    let gateway = GatewayProcess::start(&backend, &[]).await;
    let mut browser = Browser::get(gateway.address, "/any").await;
    let token = backend.token(1).await;
    let order = |text: &str| json!({"token": token, "event": {"name": "n", "data": text}});
    for origin in ["https://evil.example", "null"] {
        let page = [("Origin", origin)];
        let answer =
            http::post_with(gateway.address, "/internal/send", &page, &order("forged")).await.expect(403);
        assert_eq!(answer.json()["error"]["code"], "ORIGIN_NOT_ALLOWED");
    }
    gateway.send(&order("real")).await.expect(200);
    assert_eq!(browser.next_event().await.data, "real");
    under(gateway.internal, "evil.example", "/metrics").await.expect(421);
    let metrics = http::request("GET", "/metrics", &[("Origin", "https://evil.example")], b"");
    http::send(gateway.internal, &metrics).await.expect(403);
}

#[tokio::test]
async fn pages_of_other_origins_read_no_stream_unless_they_are_listed() {
    let daemon = Daemon::start(&["stream.cors_origins=[\"https://app.example\"]"]).await;
    let ask = async |origin: &str| {
        let request = http::request("GET", STREAM, &[("Origin", origin)], b"");
        let stream = TcpStream::connect(daemon.public).await.expect("the listener accepts");
        Browser::begin(stream, &request).await
    };
    let allowed = ask("https://app.example").await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    for origin in ["https://evil.example", "null", "http://app.example", "https://app.example.evil.example"] {
        let refused = ask(origin).await;
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, None), "{origin}");
    }
    daemon.stop().await;
}
