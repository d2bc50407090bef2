//! The first bytes of a stream: the response head and the reconnection time.

use std::time::Duration;

use bytes::Bytes;

use super::{
    cors::Permission,
    frame::{Frame, Transfer},
};

/// How long a browser waits before it comes back, in milliseconds: spread, so that browsers that lost their
/// streams together do not come back together.
const RETRY: (u64, u64) = (2_000, 5_000);

/// How the body of an event stream is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// It has this many bytes.
    Known(usize),
    /// It goes on.
    Open(Transfer),
}

/// Returns what a stream begins with.
pub(super) fn opening(transfer: Transfer, permission: &Permission) -> Bytes {
    let mut opening = head(Length::Open(transfer), permission).into_bytes();
    let retry = Frame::note(&again());
    opening.extend_from_slice(retry.bytes(transfer));
    opening.into()
}

/// Returns the head of an event stream.
pub(crate) fn head(length: Length, permission: &Permission) -> String {
    let (connection, framing) = match length {
        Length::Known(bytes) => ("close", format!("Content-Length: {bytes}\r\n")),
        Length::Open(Transfer::Chunked) => ("keep-alive", "Transfer-Encoding: chunked\r\n".to_owned()),
        Length::Open(Transfer::Plain) => ("close", String::new()),
    };
    let cors = cors_fields(permission);
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\
         Connection: {connection}\r\nX-Accel-Buffering: no\r\n{cors}{framing}\r\n"
    )
}

/// Returns the header fields by which a browser lets a page of another origin read.
pub(crate) fn cors_fields(permission: &Permission) -> String {
    match permission {
        Permission::Allowed(origin) => {
            format!("Access-Control-Allow-Origin: {origin}\r\nVary: Origin\r\n")
        }
        Permission::Anyone => "Access-Control-Allow-Origin: *\r\n\
             Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n\
             Access-Control-Allow-Headers: Content-Type, Cache-Control\r\n"
            .to_owned(),
        Permission::SameOrigin | Permission::Refused => String::new(),
    }
}

/// Returns the line that spreads reconnections.
pub(super) fn again() -> String {
    retry(jittered(RETRY))
}

/// Returns the line that sets a browser's reconnection time.
pub(super) fn retry(after: Duration) -> String {
    format!("retry: {}\n\n", after.as_millis())
}

/// Returns a random time within a range of milliseconds.
pub(super) fn jittered((from, to): (u64, u64)) -> Duration {
    Duration::from_millis(fastrand::u64(from..=to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emb_1_gw_10_the_head_is_the_gateways() {
        let opening = opening(Transfer::Chunked, &Permission::SameOrigin);
        let text = String::from_utf8(opening.to_vec()).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert_eq!(
            head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\
             Connection: keep-alive\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked"
        );
        assert!(body.starts_with("d\r\nretry: ") && body.ends_with("\n\n\r\n"), "{body:?}");
    }

    #[test]
    fn gw_22_http_1_0_gets_no_chunks() {
        let opening = opening(Transfer::Plain, &Permission::SameOrigin);
        let text = String::from_utf8(opening.to_vec()).expect("text");
        assert!(text.contains("Connection: close\r\n") && !text.contains("chunked"));
        assert!(text.split_once("\r\n\r\n").expect("a head").1.starts_with("retry: "));
    }
}
