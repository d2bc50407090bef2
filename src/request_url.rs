//! The request id in a stream's URL, found as the browsers' backends have always found it.
//!
//! Leading control characters and spaces are dropped, and TAB, CR and LF anywhere; the fragment is cut; the query
//! is split at `&` and at the first `=`; `+` is a space, bad escapes stay as they are, bad UTF-8 becomes U+FFFD;
//! blank values do not count and the first of several wins.

use percent_encoding::percent_decode_str;

use crate::request_id::{InvalidRequestId, RequestId};

/// Why a URL names no request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRequestId {
    /// There is none.
    #[error("Missing request_id in URL")]
    Missing,
    /// There is one that is not valid.
    #[error("Invalid request_id format")]
    Invalid(InvalidRequestId),
}

/// Returns the request id that a raw URL or request target names.
pub fn request_id(url: &str) -> Result<RequestId, NoRequestId> {
    let url: String = url
        .trim_start_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .collect();
    let url = url.split('#').next().unwrap_or_default();
    let (_, query) = url.split_once('?').ok_or(NoRequestId::Missing)?;
    query_value(query, "request_id").ok_or(NoRequestId::Missing)?.parse().map_err(NoRequestId::Invalid)
}

/// Returns the last event that a request target says was seen.
pub fn last_event_id(target: &str) -> Option<String> {
    let (_, query) = target.split('#').next()?.split_once('?')?;
    query_value(query, "last_event_id")
}

/// Returns the first non-blank value of a name in a query.
pub fn query_value(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, value)| !value.is_empty() && decode(key) == name)
        .map(|(_, value)| decode(value))
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cb_5_finds_the_id_as_the_seed_does() {
        for (url, id) in [
            ("/api/sse/stream?request_id=abc", "abc"),
            ("/x?request_id=&request_id=b", "b"),
            ("/x?request_id=a&request_id=b", "a"),
            ("http://foo/abs?y=1&request_id=a%2Fb", "a/b"),
            ("/x?request%5Fid=a=b", "a=b"),
            ("  /x?request_id=a#frag?request_id=b", "a"),
            ("/x?request_\tid=a\r\nb", "ab"),
            ("/x?request_id=%zz%4", "%zz%4"),
            ("/x?request_id=%FF", "\u{fffd}"),
        ] {
            assert_eq!(request_id(url).map(|id| id.to_string()), Ok(id.to_owned()), "{url:?}");
        }
    }

    #[test]
    fn cb_6_and_7_say_what_is_wrong() {
        for url in ["", "/", "/x?", "/x?request_id", "/x?request_id=", "/x?REQUEST_ID=a", "/x#?request_id=a"]
        {
            assert_eq!(request_id(url), Err(NoRequestId::Missing), "{url:?}");
        }
        for url in ["/x?request_id=a:b", "/x?request_id=a%3Ab", "/x?request_id=a+b", "/x?request_id=a%0D%0Ab"]
        {
            assert!(matches!(request_id(url), Err(NoRequestId::Invalid(_))), "{url:?}");
        }
    }
}
