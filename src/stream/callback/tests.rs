//! A backend that answers as it is told, and keeps what it was asked.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

const REQUEST: &str = r#"{"url":"/s?request_id=a","headers":{"host":"h"}}"#;

/// Answers one request with these bytes (none: never), and returns what was asked with the URL.
async fn backend(answer: &'static str) -> (Callback, tokio::task::JoinHandle<(String, TcpStream)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/cb?secret=hush", listener.local_addr().expect("bound"));
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    let asked = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a callback");
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"}}}") {
            assert!(socket.read_buf(&mut bytes).await.expect("bytes") > 0);
        }
        socket.write_all(answer.as_bytes()).await.expect("answered");
        // The connection stays open: an answer may be awaited to its end.
        (String::from_utf8(bytes).expect("text"), socket)
    });
    (Callback::new(&url, Lifecycle::new()).expect("a URL"), asked)
}

#[tokio::test]
async fn gw_12_gw_15_the_bytes_of_a_connect_and_any_2xx_opens() {
    for answer in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n[",
        "HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (callback, asked) = backend(answer).await;
        let token = Token::random();
        assert_eq!(callback.connect(&token, REQUEST).await, Answer::Yes, "{answer}");
        let (asked, _) = asked.await.expect("asked");
        assert!(asked.starts_with("POST /cb?secret=hush HTTP/1.1\r\n"), "{asked}");
        assert!(asked.to_ascii_lowercase().contains("\r\ncontent-type: application/json\r\n"), "{asked}");
        let body = asked.split_once("\r\n\r\n").expect("a body").1;
        assert_eq!(
            body,
            format!(
                r#"{{"action":"connect","token":"{}","request":{{"url":"/s?request_id=a","headers":{{"host":"h"}}}}}}"#,
                token.as_str()
            )
        );
    }
}

#[tokio::test]
async fn gw_17_bug_g9_other_statuses_refuse_and_redirects_are_not_followed() {
    for (answer, status, phrase) in [
        ("HTTP/1.1 403 Keep Out\r\nContent-Length: 0\r\n\r\n", 403, "Keep Out"),
        ("HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n", 302, "Found"),
        ("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 500, "Internal Server Error"),
    ] {
        let (callback, asked) = backend(answer).await;
        let answered = callback.connect(&Token::random(), REQUEST).await;
        let expected = StatusCode::from_u16(status).expect("a status");
        assert_eq!(answered, Answer::No(expected, phrase.to_owned()));
        drop(asked);
    }
}

#[tokio::test]
async fn gw_20_who_cannot_be_reached_was_not_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    drop(listener);
    let callback = Callback::new(&url, Lifecycle::new()).expect("a URL");
    let refused = callback.connect(&Token::random(), REQUEST).await;
    assert_eq!(refused, Answer::Unreachable);
    let (callback, _asked) = backend("nonsense\r\n\r\n").await;
    let refused = callback.connect(&Token::random(), REQUEST).await;
    assert_eq!(refused, Answer::BrokenOff);
}

#[tokio::test(start_paused = true)]
async fn gw_19_an_answer_has_five_seconds_its_body_included() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"] {
        let (callback, asked) = backend(answer).await;
        let began = tokio::time::Instant::now();
        assert_eq!(callback.connect(&Token::random(), REQUEST).await, Answer::TimedOut, "{answer}");
        assert!(began.elapsed() >= LIMIT && began.elapsed() < 2 * LIMIT);
        asked.abort();
    }
}

#[tokio::test]
async fn gw_21_the_bytes_of_a_disconnect() {
    let (callback, asked) = backend("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").await;
    let token: Token = "t".parse().expect("a token");
    callback.disconnect(&token, Reason::ClientClosed, REQUEST);
    let (asked, _) = asked.await.expect("asked");
    assert_eq!(
        asked.split_once("\r\n\r\n").expect("a body").1,
        r#"{"action":"disconnect","reason":"client_closed","token":"t","request":{"url":"/s?request_id=a","headers":{"host":"h"}}}"#
    );
}
