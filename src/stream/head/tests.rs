use proptest::prelude::*;

use super::*;

fn read(bytes: &[u8]) -> Verdict<StreamHead> {
    super::read(bytes, StreamHead::judge)
}

fn stream(bytes: &[u8]) -> StreamHead {
    match read(bytes) {
        Verdict::Stream(head) => head,
        other => panic!("{other:?}"),
    }
}

#[test]
fn emb_1_a_browser_asks_for_a_stream() {
    let head = stream(
        b"GET /api/sse/stream?request_id=abc HTTP/1.1\r\nHost: sse.example\r\nAccept: text/event-stream\r\n\
          user-agent: Mozilla/5.0\r\nlast-event-id: 5-1\r\nORIGIN: https://app.example\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    );
    let expected = StreamHead {
        target: "/api/sse/stream?request_id=abc".to_owned(),
        transfer: Transfer::Chunked,
        host: "sse.example".to_owned(),
        origin: Some("https://app.example".to_owned()),
        user_agent: Some("Mozilla/5.0".into()),
        forwarded: Vec::new(),
        last_event_id: Some("5-1".to_owned()),
        agent: Agent::Browser,
        repeated: None,
    };
    assert_eq!(head, expected);
}

#[test]
fn who_may_be_a_browser_is_taken_for_one() {
    for (fields, agent) in [
        ("", Agent::Browser),
        ("User-Agent: curl/8\r\n", Agent::Browser),
        ("Accept: text/html, Text/Event-Stream;q=0.9\r\n", Agent::Browser),
        ("Accept: */*\r\nSec-Fetch-Mode: cors\r\n", Agent::Browser),
        ("Accept: */*\r\nOrigin: https://app.example\r\n", Agent::Browser),
        ("Accept: */*\r\nUser-Agent: Mozilla/5.0\r\n", Agent::Browser),
        ("Accept: */*\r\nUser-Agent: curl/8\r\n", Agent::Program),
        ("accept: application/json\r\n", Agent::Program),
    ] {
        let head = format!("GET /api/sse/stream HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        assert_eq!(stream(head.as_bytes()).agent, agent, "{fields}");
    }
}

#[test]
fn the_target_may_be_absolute_and_the_version_old() {
    let head = stream(b"GET http://x.example:1/api/sse/stream?request_id=a HTTP/1.1\r\nHost: y\r\n\r\n");
    assert_eq!(head.target, "http://x.example:1/api/sse/stream?request_id=a");
    let head = stream(b"GET /api/sse/stream HTTP/1.0\r\n\r\n");
    assert_eq!((head.transfer, head.host.as_str()), (Transfer::Plain, ""));
}

#[test]
fn bug_g8_only_get_and_only_the_path_is_a_stream() {
    for start in [
        "HEAD /api/sse/stream?request_id=a",
        "POST /api/sse/stream?request_id=a",
        "get /api/sse/stream?request_id=a",
        "OPTIONS *",
        "GET /",
        "GET /api/sse/stream/",
        "GET /api/sse/streams",
        "GET //api/sse/stream",
        "GET /?u=http://x/api/sse/stream",
        "GET ftp://x/api/sse/stream",
        "GET http://x?/api/sse/stream",
    ] {
        assert_eq!(
            read(format!("{start} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()),
            Verdict::Other,
            "{start}"
        );
    }
}

#[test]
fn host_is_there_once() {
    for hosts in ["", "Host: a\r\nhost: a\r\n"] {
        let head = format!("GET /api/sse/stream HTTP/1.1\r\n{hosts}\r\n");
        assert_eq!(read(head.as_bytes()), Verdict::Bad(HeadFault::Host), "{hosts:?}");
    }
}

#[test]
fn heads_are_bounded_in_bytes_and_fields() {
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "c".repeat(HEAD_BYTES));
    assert_eq!(read(long.as_bytes()), Verdict::Bad(HeadFault::TooLarge));
    assert_eq!(read(&long.as_bytes()[..HEAD_BYTES - 1]), Verdict::Incomplete);
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(HEADERS));
    assert_eq!(read(many.as_bytes()), Verdict::Bad(HeadFault::TooLarge));
}

#[test]
fn what_is_not_http_is_malformed() {
    for bytes in [&b"\x16\x03\x01\x02\x00"[..], b"GET / HTTP/2.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n", b"\0\n"]
    {
        assert_eq!(read(bytes), Verdict::Bad(HeadFault::Malformed), "{bytes:?}");
    }
}

#[test]
fn a_user_agent_is_cut_between_characters() {
    let long = format!("GET /api/sse/stream HTTP/1.0\r\nUser-Agent: x{}\r\n\r\n", "é".repeat(500));
    let kept = stream(long.as_bytes()).user_agent.expect("a user agent");
    assert_eq!(kept.len(), 255);
}

/// Heads that are nearly right, and noise.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("Host: x".to_owned()),
        Just("Origin: http://x".to_owned()),
        "[A-Za-z-]{1,12}: [ -~]{0,40}",
        "[ -~\t]{0,30}",
        Just(format!("Cookie: {}", "c".repeat(9000))),
    ];
    let start = prop_oneof![
        Just("GET /api/sse/stream?request_id=a HTTP/1.1".to_owned()),
        Just("GET http://h/api/sse/stream?request_id=a HTTP/1.0".to_owned()),
        "(GET|HEAD|POST|) ?[ -~]{0,30} HTTP/1.[0-2]",
        "[ -~]{0,40}",
    ];
    let ends = prop_oneof![Just("\r\n"), Just("\n"), Just("\r")];
    let shaped = (start, proptest::collection::vec(line, 0..80), ends, any::<Vec<u8>>()).prop_map(
        |(start, lines, end, rest)| {
            let mut head = format!("{start}{end}");
            lines.iter().for_each(|line| head.extend([line.as_str(), end]));
            head.push_str(end);
            [head.as_bytes(), &rest].concat()
        },
    );
    prop_oneof![4 => shaped, 1 => any::<Vec<u8>>()]
}

proptest! {
    #[test]
    fn the_verdict_does_not_depend_on_how_the_bytes_are_cut(
        bytes in heads(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let whole = read(&bytes);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        for cut in cuts {
            let early = read(&bytes[..cut]);
            prop_assert!(early == Verdict::Incomplete || early == whole, "{early:?}, then {whole:?}");
        }
    }
}
