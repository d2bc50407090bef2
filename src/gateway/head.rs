//! What a browser asked for, as the backend is told of it.

use std::sync::Arc;

use crate::stream::{
    Transfer,
    head::{self, Agent, HeadFault, Verdict},
    request,
};

/// A request for a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// `{"url":…,"headers":{…}}`: kept in memory, for the disconnect callback repeats it.
    pub(super) request: Arc<str>,
    /// How the answer is to be delimited.
    pub(super) transfer: Transfer,
    /// `X-Forwarded-For`, as often as it was sent.
    pub(super) forwarded: Vec<String>,
    /// Who asks.
    pub(super) agent: Agent,
}

/// What HTTP answers at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `/healthz`
    Health,
    /// `/readyz`
    Readiness,
    /// `/internal/send`
    Send,
    /// Anything else.
    Other,
}

/// Returns what is at a path: in any case, with or without a slash at its end.
pub(super) fn place(path: &str) -> Place {
    match path.strip_suffix('/').unwrap_or(path).to_ascii_lowercase().as_str() {
        "/healthz" => Place::Health,
        "/readyz" => Place::Readiness,
        "/internal/send" => Place::Send,
        _ => Place::Other,
    }
}

/// Judges a head: whatever is GET, and not of ours, is a stream.
pub(super) fn judge(request: &httparse::Request<'_, '_>) -> Verdict<Wish> {
    let transfer = head::transfer(request);
    let has_host = request.headers.iter().any(|field| field.name.eq_ignore_ascii_case("host"));
    if !has_host && transfer == Transfer::Chunked {
        return Verdict::Bad(HeadFault::Host);
    }
    let target = request.path.unwrap_or_default();
    if !target.is_ascii() {
        return Verdict::Bad(HeadFault::Malformed);
    }
    let ours = matches!(place(head::path(target)), Place::Health | Place::Readiness);
    if request.method != Some("GET") || ours {
        return Verdict::Other;
    }
    let (forwarded, agent) = (head::forwarded(request), head::agent(request));
    let request = request::repeated(request);
    Verdict::Stream(Wish { request, transfer, forwarded, agent })
}

/// For [`crate::fuzzing`]: the head of a stream, as the backend is told of it.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    if let Verdict::Stream(wish) = head::read(bytes, judge) {
        let repeated: serde_json::Value = serde_json::from_str(&wish.request).expect("it is JSON");
        assert!(repeated["url"].is_string() && repeated["headers"].is_object());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(head: &str) -> Verdict<Wish> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        assert!(request.parse(head.as_bytes()).expect("HTTP").is_complete(), "{head:?}");
        judge(&request)
    }

    fn request(head: &str) -> String {
        match judged(head) {
            Verdict::Stream(wish) => wish.request.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn gw_12_the_target_is_told_byte_for_byte() {
        for target in ["/", "//a//b/../c%2F?x=%zz", "http://foo/abs?a=1", "/x?y#frag", "/a\"b\\c"] {
            let url = serde_json::Value::from(target);
            let told = request(&format!("GET {target} HTTP/1.0\r\n\r\n"));
            assert_eq!(told, format!(r#"{{"url":{url},"headers":{{}}}}"#));
        }
    }

    #[test]
    fn gw_12_header_fields_are_merged() {
        let told = request(
            "GET /x HTTP/1.1\r\nHost: a\r\nX-B: 1\r\nCookie: a=1\r\nSet-Cookie: s=1\r\nhost: b\r\nx-b:  2 \r\n\
             COOKIE: b=2\r\nX-Empty:\r\nUser-Agent: u\r\nUSER-AGENT: v\r\nset-cookie: s=2\r\nX-B: 3\r\n\
             Connection: keep-alive\r\n\r\n",
        );
        assert_eq!(
            told,
            r#"{"url":"/x","headers":{"host":"a","x-b":"1, 2, 3","cookie":"a=1; b=2","set-cookie":["s=1","s=2"],"x-empty":"","user-agent":"u","connection":"keep-alive"}}"#
        );
        let single = request("GET /x HTTP/1.0\r\nSet-Cookie: s\r\n\r\n");
        assert_eq!(single, r#"{"url":"/x","headers":{"set-cookie":["s"]}}"#);
    }

    #[test]
    fn gw_13_any_path_is_a_stream_but_health() {
        for target in ["/", "/favicon.ico", "/internal/send", "/healthz/x", "//readyz", "/x?/healthz"] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            assert!(matches!(judged(&head), Verdict::Stream(_)), "{target}");
        }
        for target in ["/healthz", "/HealthZ/", "/readyz?x=1", "http://foo/readyz/?x"] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(judged(&head), Verdict::Other, "{target}");
        }
        for method in ["HEAD", "POST", "OPTIONS", "PUT"] {
            assert_eq!(judged(&format!("{method} /x HTTP/1.1\r\nHost: a\r\n\r\n")), Verdict::Other);
        }
        assert_eq!(judged("GET /x HTTP/1.1\r\n\r\n"), Verdict::Bad(HeadFault::Host));
    }
}
