//! A request as the callbacks repeat it to the backend.

use std::sync::Arc;

use serde_json::{Map, Value};

/// Fields of which the first one counts.
const FIRST_WINS: [&str; 18] = [
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

/// Returns `{"url":…,"headers":{…}}`: the target as it was sent, and its header fields. It holds secrets of browsers:
/// it is kept in memory alone, and never shown.
pub(crate) fn repeated(request: &httparse::Request<'_, '_>) -> Arc<str> {
    let url = Value::from(request.path.unwrap_or_default());
    format!(r#"{{"url":{url},"headers":{}}}"#, Value::Object(merged(request.headers))).into()
}

/// Returns the fields by name in lower case, in the order of their first appearance, merged as Node merges them.
/// Values are bytes: each becomes one character.
fn merged(fields: &[httparse::Header<'_>]) -> Map<String, Value> {
    let mut headers = Map::new();
    for field in fields {
        let name = field.name.to_ascii_lowercase();
        let value: String = field.value.trim_ascii().iter().copied().map(char::from).collect();
        match headers.get_mut(&name) {
            None if name == "set-cookie" => {
                headers.insert(name, Value::from(vec![value]));
            }
            None => {
                headers.insert(name, Value::from(value));
            }
            Some(Value::Array(all)) => all.push(Value::from(value)),
            Some(_) if FIRST_WINS.contains(&name.as_str()) => {}
            Some(Value::String(before)) => {
                before.push_str(if name == "cookie" { "; " } else { ", " });
                before.push_str(&value);
            }
            Some(_) => {}
        }
    }
    headers
}
