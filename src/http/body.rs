//! Reads the bodies of the internal listener, within bounds, in any encoding that JSON may have.

use std::borrow::Cow;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header::CONTENT_LENGTH},
    response::Response,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::json;

use super::reply;

/// The largest body, in bytes: what the gateway itself takes.
pub(crate) const MAX_BODY: usize = 100 * 1024;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is longer than [`MAX_BODY`].
    TooLarge,
    /// It broke off, or came too slowly.
    Incomplete,
}

/// Reads a body to its end, within bounds; answers if it cannot be.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Response> {
    collect(headers, body).await.map_err(|fault| match fault {
        Fault::TooLarge => too_large(),
        Fault::Incomplete => reply::error(StatusCode::REQUEST_TIMEOUT, "Incomplete body"),
    })
}

/// Reads a body to its end, within bounds.
pub(crate) async fn collect(headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: u64| bytes > MAX_BODY as u64) {
        return Err(Fault::TooLarge);
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Fault::TooLarge),
        Err(error) => {
            tracing::debug!(%error, "a request's body broke off");
            Err(Fault::Incomplete)
        }
    }
}

fn too_large() -> Response {
    let details = format!("A body has at most {MAX_BODY} bytes");
    reply::json(
        StatusCode::PAYLOAD_TOO_LARGE,
        json!({ "error": "Payload too large", "details": { "message": details } }),
    )
}

/// `application/json` or `application/…+json`, parameters aside.
pub(super) fn is_json(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    name == "application/json" || (name.starts_with("application/") && name.ends_with("+json"))
}

/// Decodes UTF-8 or UTF-16, with or without a byte order mark: JSON begins with an ASCII character, so the zero
/// bytes tell.
pub(crate) fn decode(body: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |body: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = body.as_chunks::<2>();
        let units = pairs.iter().map(|pair| unit(*pair));
        rest.is_empty().then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok())?
    };
    match body {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        [0xef, 0xbb, 0xbf, rest @ ..] => str::from_utf8(rest).ok().map(Cow::Borrowed),
        [0, second, ..] if *second != 0 => utf16(body, u16::from_be_bytes).map(Cow::Owned),
        [first, 0, ..] if *first != 0 => utf16(body, u16::from_le_bytes).map(Cow::Owned),
        _ => str::from_utf8(body).ok().map(Cow::Borrowed),
    }
}
