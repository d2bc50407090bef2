//! JSON answers in the form that the gateway's callback peers have always got: compact, keys sorted, ASCII, one
//! line feed at the end.

use std::fmt::Write;

use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Returns an answer with this body.
pub(super) fn json(status: StatusCode, mut body: Value) -> Response {
    body.sort_all_objects();
    let mut text = String::new();
    for c in body.to_string().chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail. Outside of strings JSON is ASCII.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text.push('\n');
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// Returns `{"error": …}`.
pub(super) fn error(status: StatusCode, message: impl Into<String>) -> Response {
    json(status, json!({ "error": message.into() }))
}

/// Answers a path that does not exist.
pub(super) async fn not_found() -> Response {
    json(
        StatusCode::NOT_FOUND,
        json!({ "error": "Resource not found", "details": "The requested resource could not be found" }),
    )
}

/// Answers a method that a path does not have.
pub(super) async fn method_not_allowed() -> Response {
    json(
        StatusCode::METHOD_NOT_ALLOWED,
        json!({ "error": "Method not allowed", "details": "The HTTP method is not allowed for this endpoint" }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn is_sorted_ascii_and_ends_with_a_line_feed() {
        let response = json(StatusCode::OK, json!({ "b": "é\u{1f600}", "a": { "d": 1, "c": null } }));
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let body = axum::body::to_bytes(response.into_body(), 1000).await.expect("a body");
        assert_eq!(body, "{\"a\":{\"c\":null,\"d\":1},\"b\":\"\\u00e9\\ud83d\\ude00\"}\n");
    }
}
