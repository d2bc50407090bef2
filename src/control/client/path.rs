//! Texts as parts of paths.

use percent_encoding::{AsciiSet, CONTROLS, PercentEncode, utf8_percent_encode};

/// What a path segment may hold unencoded is less than this; dots too are encoded, for proxies that tidy paths.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'=')
    .add(b'.')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b'[')
    .add(b']');

/// Returns the segment of a request id, not to be taken for the name of a path beside it.
pub(super) fn connection(id: &str) -> String {
    match (id, id.as_bytes()) {
        ("blocked" | "disconnect" | "events" | "unblock", [first, ..]) => format!("%{first:02X}{}", &id[1..]),
        _ => segment(id).to_string(),
    }
}

/// Returns a text as a segment of a path.
pub(super) fn segment(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, SEGMENT)
}
