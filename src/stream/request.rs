//! A request as the callbacks repeat it to the backend.

use std::{fmt, sync::Arc};

/// Fields of which the first counts, however often they are sent.
const FIRST_COUNTS: [&str; 18] = [
    "age",
    "authorization",
    "content-length",
    "content-type",
    "etag",
    "expires",
    "from",
    "host",
    "if-modified-since",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "proxy-authorization",
    "referer",
    "retry-after",
    "server",
    "user-agent",
];

/// `{"url":…,"headers":{…}}`. Holds cookies and other secrets of browsers: it is kept in memory alone, and never
/// shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestHead(Arc<str>);

impl RequestHead {
    /// Repeats a parsed head: the request target as it was sent, and the header fields as Node has them, names in
    /// lower case, in the order of their first appearance, one value each.
    pub fn of(request: &httparse::Request<'_, '_>) -> Self {
        let mut headers: Vec<(String, Vec<String>)> = Vec::new();
        for field in request.headers.iter().filter(|field| !field.name.is_empty()) {
            let name = field.name.to_ascii_lowercase();
            let value = field.value.iter().map(|&byte| char::from(byte)).collect();
            match headers.iter_mut().find(|(known, _)| *known == name) {
                Some(_) if FIRST_COUNTS.contains(&name.as_str()) => {}
                Some((_, values)) => values.push(value),
                None => headers.push((name, vec![value])),
            }
        }
        let headers: Vec<_> = headers
            .into_iter()
            .map(|(name, values)| {
                let value = match name.as_str() {
                    "set-cookie" => serde_json::json!(values).to_string(),
                    "cookie" => quoted(&values.join("; ")),
                    _ => quoted(&values.join(", ")),
                };
                format!("{}:{value}", quoted(&name))
            })
            .collect();
        let url = quoted(request.path.unwrap_or_default());
        Self(format!("{{\"url\":{url},\"headers\":{{{}}}}}", headers.join(",")).into())
    }

    /// Returns the compact JSON.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// Returns a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestHead({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(head: &[u8]) -> RequestHead {
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut fields);
        // What is no head has no fields.
        let _ = request.parse(head);
        RequestHead::of(&request)
    }

    #[test]
    fn gw_12_the_target_is_repeated_byte_for_byte() {
        for target in ["//a//b/../c%2F?x=%zz", "http://foo/abs?y#frag", "/api/sse/stream?request_id=a", "*"] {
            let head = format!("GET {target} HTTP/1.0\r\n\r\n");
            assert_eq!(
                repeated(head.as_bytes()).as_json(),
                format!("{{\"url\":\"{target}\",\"headers\":{{}}}}")
            );
        }
    }

    #[test]
    fn gw_12_headers_are_as_node_has_them() {
        let head = "GET / HTTP/1.1\r\nHost: one\r\nX-Many: a\r\nCOOKIE: c=1\r\nHost: two\r\nx-many:  b \r\n\
                    Set-Cookie: s\r\nCookie: d=2\r\nConnection: keep-alive\r\nEmpty:\r\nUser-Agent: u\r\n\
                    user-agent: v\r\nQuote: \"\\\r\n\r\nGET / HTTP/1.1\r\n";
        assert_eq!(
            repeated(head.as_bytes()).as_json(),
            r#"{"url":"/","headers":{"host":"one","x-many":"a, b","cookie":"c=1; d=2","set-cookie":["s"],"connection":"keep-alive","empty":"","user-agent":"u","quote":"\"\\"}}"#
        );
    }

    #[test]
    fn bytes_beyond_ascii_are_latin_1_and_nothing_is_shown_in_logs() {
        let head = repeated(b"GET / HTTP/1.1\r\nX: caf\xe9\r\n\r\n");
        assert_eq!(head.as_json(), "{\"url\":\"/\",\"headers\":{\"x\":\"caf\u{e9}\"}}");
        assert!(!format!("{head:?}").contains("caf"));
    }
}
