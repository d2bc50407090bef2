//! Real connections to the listener, with the real registry behind it.

mod house;

use axum::http::StatusCode;
use house::{Behaviour, House};

use super::*;
use crate::config::Framing;

const STREAM: &str = "GET /api/sse/stream?request_id=abc HTTP/1.1\r\nHost: sse.example\r\n";

#[tokio::test]
async fn emb_1_a_stream_is_opened_registered_and_fed() {
    let house = House::new(Framing::Named).await;
    let mut browser = house.send(&format!("{STREAM}User-Agent: Test/1\r\n\r\n")).await;
    browser.until("\r\n\r\n").await;
    assert!(browser.text().starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"));
    browser.until("retry: ").await;
    house.publish("hello").await;
    browser.until("data: \"hello\"\n\n").await;
    let [listed] = house.registry.list().try_into().expect("one connection");
    assert_eq!(listed.connection.request_id.as_str(), "abc");
    assert_eq!(listed.connection.origin.address, Some([127, 0, 0, 1].into()));
    assert_eq!(listed.connection.origin.user_agent.as_deref(), Some("Test/1"));
}

#[tokio::test]
async fn emb_2_a_pending_version_precedes_ready() {
    let house = House::new(Framing::Envelope).await;
    let mut browser = house.send(&format!("{STREAM}\r\n")).await;
    browser.until("event: ready\ndata:\n\n").await;
    let pending = browser.text().find("\"pending\"").expect("a pending version");
    assert!(pending < browser.text().find("event: ready").expect("ready"));
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte_and_what_follows_it_is_ignored() {
    let house = House::new(Framing::Named).await;
    let mut browser = house.send("").await;
    for byte in format!("{STREAM}\r\n").bytes() {
        browser.write(&[byte]).await;
    }
    browser.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    browser.until("retry: ").await;
    house.publish("still here").await;
    browser.until("still here").await;
    assert_eq!(browser.text().matches("HTTP/1.1").count(), 1, "no second answer");
}

#[tokio::test]
async fn whatever_is_not_a_stream_gets_to_http_with_every_byte() {
    let house = House::new(Framing::Named).await;
    for (request, expected) in [
        ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /healthz 0"),
        (
            "POST /api/sse/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            "POST /api/sse/stream 5",
        ),
        ("PUT /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "PUT /x 3"),
    ] {
        let answer = house.send(request).await.rest().await;
        assert!(answer.ends_with(expected), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn bug_g8_head_registers_nothing() {
    let house = House::new(Framing::Named).await;
    let request = format!("{}\r\n", STREAM.replacen("GET", "HEAD", 1));
    let answer = house.send(&request).await.rest().await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {}", StatusCode::OK.as_u16())), "{answer}");
    assert!(house.registry.list().is_empty());
}

#[tokio::test]
async fn in_gateway_mode_the_stream_path_is_http_too() {
    let house = House::without_streams().await;
    let answer = house.send(&format!("{STREAM}\r\n")).await.rest().await;
    assert!(answer.ends_with("GET /api/sse/stream?request_id=abc 0"), "{answer}");
}

#[tokio::test]
async fn emb_7_refused_requests_are_answered_and_nothing_is_registered() {
    let house = House::new(Framing::Named).await;
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "c".repeat(20_000));
    for (request, status, body) in [
        (
            "GET /api/sse/stream HTTP/1.1\r\nHost: x\r\n\r\n",
            "400",
            r#"{"error":"Missing request_id in URL"}"#,
        ),
        (
            "GET /api/sse/stream?request_id=a:b HTTP/1.1\r\nHost: x\r\n\r\n",
            "400",
            r#"{"error":"Invalid request_id format"}"#,
        ),
        (
            "GET /api/sse/stream?request_id=a HTTP/1.1\r\n\r\n",
            "400",
            r#"{"error":"A request must have exactly one Host header"}"#,
        ),
        ("\x16\x03\x01 TLS, perhaps\r\n\r\n", "400", r#"{"error":"Malformed HTTP request"}"#),
        (&long, "431", r#"{"error":"The request's head has more than 16384 bytes or 100 fields"}"#),
    ] {
        let answer = house.send(request).await.rest().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.ends_with(body), "{answer}");
    }
    assert!(house.registry.list().is_empty());
}

#[tokio::test]
async fn bug_g19_refusals_that_will_pass_do_not_strand_the_browser() {
    let house = House::new(Framing::Named).await;
    house.behave(Behaviour::Flapping);
    let answer = house.send(&format!("{STREAM}\r\n")).await.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nretry: 60000\n\n"),
        "{answer}"
    );
    house.behave(Behaviour::Register);
    house.lifecycle.advance(Phase::Draining);
    let answer = house.send(&format!("{STREAM}\r\n")).await.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\r\n\r\nretry: "), "{answer}");
    assert!(house.registry.list().is_empty());
    for reason in ["flapping", "draining"] {
        let line = format!("ssectld_streams_refused_total{{reason=\"{reason}\"}} 1");
        assert!(house.metrics.render().contains(&line), "{line}");
    }
}

#[tokio::test]
async fn bug_g16_there_are_as_many_streams_as_there_may_be() {
    let house = House::with(Framing::Named, |config| config.max_connections = 1).await;
    let mut first = house.send(&format!("{STREAM}\r\n")).await;
    first.until("retry: ").await;
    let answer = house.send(&format!("{}\r\n", STREAM.replace("abc", "def"))).await.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\r\n\r\nretry: "), "{answer}");
    house.publish("still here").await;
    first.until("still here").await;
}

#[tokio::test]
async fn overload_is_told_to_browsers_in_a_stream_and_to_programs_by_status() {
    let house = House::with(Framing::Named, |config| {
        config.per_ip = 1;
        config.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let ask = |id: &str, from: &str, accept: &str| {
        let head = STREAM.replace("abc", id);
        format!("{head}X-Forwarded-For: {from}\r\nAccept: {accept}\r\n\r\n")
    };
    let mut first = house.send(&ask("a", "6.6.6.6, 198.51.100.1", "text/event-stream")).await;
    first.until("retry: ").await;
    let [listed] = house.registry.list().try_into().expect("one connection");
    assert_eq!(listed.connection.origin.address, Some([198, 51, 100, 1].into()));

    let browser = house.send(&ask("b", "198.51.100.1", "text/event-stream")).await.rest().await;
    assert!(browser.starts_with("HTTP/1.1 200 OK\r\n") && browser.contains("\r\n\r\nretry: "), "{browser}");
    let program = house.send(&ask("b", "198.51.100.1", "*/*")).await.rest().await;
    assert!(program.starts_with("HTTP/1.1 503 ") && program.contains("\r\nRetry-After: "), "{program}");

    let mut second = house.send(&ask("b", "198.51.100.2", "text/event-stream")).await;
    second.until("retry: ").await;
    let line = "ssectld_streams_refused_total{reason=\"per_ip\"} 2";
    assert!(house.metrics.render().contains(line), "{line}");
    house.publish("still here").await;
    first.until("still here").await;
    second.until("still here").await;
}

#[tokio::test]
async fn new_streams_that_come_too_fast_are_put_off() {
    let house = House::with(Framing::Named, |config| config.accept_rate = 1).await;
    let mut put_off = 0;
    // One a second: however slow this machine is, not all of them.
    for id in 0..30 {
        let mut browser = house.send(&format!("{}\r\n", STREAM.replace("abc", &id.to_string()))).await;
        browser.until("retry: ").await;
        put_off += usize::from(!browser.text().contains("chunked"));
    }
    assert!(put_off > 0);
    let line = format!("ssectld_streams_refused_total{{reason=\"rate\"}} {put_off}");
    assert!(house.metrics.render().contains(&line), "{line}");
}

#[tokio::test]
async fn a_place_is_free_again_when_its_stream_has_ended() {
    let house = House::with(Framing::Named, |config| config.per_ip = 1).await;
    for id in ["a", "b", "c"] {
        let mut browser = house.send(&format!("{}\r\n", STREAM.replace("abc", id))).await;
        browser.until("retry: ").await;
        assert!(browser.text().contains("chunked"), "{}", browser.text());
        drop(browser);
        house.departed.notified().await;
    }
}

#[tokio::test]
async fn a_stream_that_has_lived_long_enough_says_when_to_come_back_and_ends() {
    let house = House::with(Framing::Named, |config| config.max_lifetime = Duration::from_millis(50)).await;
    let mut browser = house.send(&format!("{STREAM}\r\n")).await;
    browser.until("retry: ").await;
    let text = browser.rest().await;
    let last = text.rsplit("retry: ").next().expect("a second time");
    let (retry, rest) = last.split_once("\n\n").expect("a line");
    assert!((2_000..=5_000).contains(&retry.parse::<u64>().expect("milliseconds")), "{text}");
    assert!(rest.starts_with("event: bye\ndata: {\"reason\":\"lifetime\"}\n\n"), "{text}");
    assert!(rest.ends_with("\r\n0\r\n\r\n"), "{text}");
    let line = "ssectld_connections_closed_total{reason=\"lifetime\"} 1";
    house.departed.notified().await;
    assert!(house.metrics.render().contains(line), "{}", house.metrics.render());
}

#[tokio::test]
async fn emb_4_a_second_stream_of_one_id_ends_the_first() {
    let house = House::new(Framing::Named).await;
    let mut first = house.send(&format!("{STREAM}\r\n")).await;
    first.until("retry: ").await;
    let mut second = house.send(&format!("{STREAM}\r\n")).await;
    second.until("retry: ").await;
    let body = first.rest().await;
    assert!(body.contains("event: bye\ndata: {\"reason\":\"replaced\"}\n\n"), "{body}");
    house.publish("news").await;
    second.until("news").await;
    assert_eq!(house.registry.list().len(), 1);
}

#[tokio::test]
async fn pages_of_other_origins_read_only_where_they_may() {
    let house = House::with(Framing::Named, |config| {
        config.cors_origins = vec!["https://app.example".to_owned()];
    })
    .await;
    let mut allowed = house.send(&format!("{STREAM}Origin: https://app.example\r\n\r\n")).await;
    allowed.until("retry: ").await;
    let fields = "Access-Control-Allow-Origin: https://app.example\r\nVary: Origin\r\n";
    assert!(allowed.text().contains(fields), "{}", allowed.text());
    let refused = house.send(&format!("{STREAM}Origin: https://evil.example\r\n\r\n")).await.rest().await;
    assert!(refused.starts_with("HTTP/1.1 403 ") && !refused.contains("Access-Control"), "{refused}");
    assert_eq!(house.registry.list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_head_has_a_time_limit() {
    let house = House::new(Framing::Named).await;
    assert_eq!(house.send("GET /api/sse/stream?requ").await.rest().await, "");
}

#[tokio::test(start_paused = true)]
async fn bug_g2_an_admission_that_comes_too_late_is_taken_back() {
    let house = House::new(Framing::Named).await;
    house.behave(Behaviour::RegisterWhenTold);
    let answer = house.send(&format!("{STREAM}\r\n")).await.rest().await;
    assert!(answer.contains("\r\n\r\nretry: "), "{answer}");
    house.told.notify_one();
    house.departed.notified().await;
    assert!(house.registry.list().is_empty());
}

#[tokio::test]
async fn the_listener_is_shut_when_the_daemon_is_closed() {
    let house = House::new(Framing::Named).await;
    let idle = house.send("GET / HT").await;
    house.lifecycle.advance(Phase::Closed);
    idle.cut().await;
    assert!(house.lifecycle.finish(Duration::from_secs(30)).await);
}
