//! `stream.authorize_url`: a backend decides which embedded streams open, and learns their end.

use crate::{
    fakes::{
        backend::{Backend, Say},
        browser::{Browser, Item},
    },
    harness::{Daemon, Home, finish, gateway::Wire, http},
};

async fn pair(settings: &[&str]) -> (Backend, Daemon) {
    let backend = Backend::start().await;
    let url = format!("stream.authorize_url={}", backend.url());
    let daemon = Daemon::start(&[&[url.as_str()], settings].concat()).await;
    (backend, daemon)
}

const STREAM: &str = "/api/sse/stream?request_id=a";

fn request() -> Vec<u8> {
    http::request("GET", STREAM, &[("Accept", "text/event-stream"), ("Cookie", "session=hush")], b"")
}

#[tokio::test]
async fn gw_12_gw_21_the_backend_is_asked_before_a_stream_opens_and_told_once_when_it_has_ended() {
    let (backend, daemon) = pair(&[]).await;
    let browser = Browser::open(daemon.public, "a").await;
    let asked = backend.until("connect", 1).await.remove(0);
    assert_eq!(asked.line, "POST /api/sse/callback?secret=x%20y HTTP/1.1");
    let token = asked.text("token");
    let start = format!(
        r#"{{"action":"connect","token":"{token}","request":{{"url":"{STREAM}","headers":{{"host":"{}","accept":"text/event-stream","#,
        daemon.public
    );
    assert!(asked.raw.starts_with(&start), "{}", asked.raw);
    let listed = daemon.ask("/v1/connections").await.expect(200).json();
    assert_eq!(listed["items"][0]["token"], token.as_str(), "{listed}");

    drop(browser);
    let told = backend.until("disconnect", 1).await.remove(0);
    let request = asked.raw.split_once(r#""request":"#).expect("a request").1;
    let expected =
        format!(r#"{{"action":"disconnect","reason":"client_closed","token":"{token}","request":{request}"#);
    assert_eq!(told.raw, expected);
    daemon.until_connected(0).await;
    daemon.stop().await;
    assert_eq!(backend.calls().len(), 2);
}

#[tokio::test]
async fn gw_17_a_backends_no_is_a_plain_error_in_both_framings() {
    for framing in ["framing=named", "framing=envelope"] {
        let (backend, daemon) = pair(&[framing]).await;
        for status in [400, 401, 403, 404] {
            backend.says(Say::status(status));
            let answer = http::send(daemon.public, &request()).await.expect(status);
            assert_eq!(answer.json()["error"], format!("Backend returned {status}"), "{answer:?}");
        }
        assert!(daemon.connected().await.is_empty());
        let refused = r#"ssectld_streams_refused_total{reason="denied"}"#;
        daemon.until_metrics("four refusals", |metrics| metrics.value(refused) == 4.0).await;
        backend.says(Say::status(204));
        let _browser = Browser::open(daemon.public, "a").await;
        assert!(!daemon.log().contains("hush"), "{}", daemon.log());
        daemon.stop().await;
        let calls = backend.calls();
        let tokens: std::collections::HashSet<_> = calls.iter().map(|call| call.text("token")).collect();
        assert_eq!((calls.len(), tokens.len()), (6, 5), "only the stream that was open has ended");
    }
}

#[tokio::test]
async fn gw_20_bug_g19_a_backend_that_fails_puts_browsers_off_instead_of_stranding_them() {
    let (backend, daemon) = pair(&[]).await;
    for say in [Say::status(500), Say::status(429), Say::Redirect, Say::Cut] {
        backend.says(say.clone());
        let items = Browser::open(daemon.public, "a").await.rest().await;
        assert!(matches!(items[..], [Item::Retry(15_000..=45_000)]), "{say:?}: {items:?}");
    }
    // Only of a cut exchange nobody knows what the backend made.
    let told = backend.until("disconnect", 1).await;
    assert_eq!((told.len(), told[0].text("reason").as_str()), (1, "error"));
    assert!(daemon.connected().await.is_empty());
    daemon.stop().await;
}

#[tokio::test]
async fn gw_20_a_backend_that_is_not_there_puts_browsers_off() {
    let daemon = Daemon::start(&["stream.authorize_url=http://127.0.0.1:1/"]).await;
    let items = Browser::open(daemon.public, "a").await.rest().await;
    assert!(matches!(items[..], [Item::Retry(_)]), "{items:?}");
    daemon.stop().await;
}

#[tokio::test]
async fn bug_g1_a_browser_that_leaves_while_the_backend_is_asked_is_reported() {
    let (backend, daemon) = pair(&[]).await;
    backend.says(Say::Nothing);
    let leaving = Wire::send(daemon.public, &request()).await;
    let token = backend.token(1).await;
    drop(leaving);
    backend.says(Say::status(200));
    assert_eq!(backend.until("disconnect", 1).await[0].text("token"), token);
    daemon.until_connected(0).await;
    daemon.stop().await;
}

#[tokio::test]
async fn emb_4_what_the_daemon_ends_is_reported_as_its_doing() {
    let (backend, daemon) = pair(&[]).await;
    let first = Browser::open(daemon.public, "a").await;
    let _second = Browser::open(daemon.public, "a").await;
    first.rest().await;
    let told = backend.until("disconnect", 1).await;
    assert_eq!(told[0].text("token"), backend.token(1).await);
    assert_eq!(told[0].text("reason"), "server_closed");
    daemon.stop().await;
    let told = backend.until("disconnect", 2).await;
    assert_eq!(told[1].text("token"), backend.token(2).await);
    assert_eq!(told[1].text("reason"), "server_closed");
}

#[tokio::test]
async fn behind_a_gateway_it_has_no_effect_and_that_is_said() {
    let settings =
        ["mode=gateway", "gateway.url=http://127.0.0.1:9", "stream.authorize_url=http://127.0.0.1:9/"];
    let home = Home::new();
    let mut check = home.command(&settings);
    check.args(["config", "check"]);
    let checked = finish(check).await.expect(0);
    assert!(checked.stderr.contains("stream.authorize_url has no effect"), "{checked:?}");
    let daemon = home.start(&settings).await;
    assert_eq!(daemon.log().matches("stream.authorize_url has no effect").count(), 1);
    let mut check = daemon.home().command(&settings[2..]);
    check.args(["config", "check"]);
    assert_eq!(finish(check).await.expect(0).stderr, "");
}
