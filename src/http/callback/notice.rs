//! Parses the body of a callback. Strict about what is used, tolerant of everything else.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::python;
use crate::{
    connection::{CloseReason, Origin},
    registry::Newcomer,
    request_url::{self, NoRequestId},
    token::{InvalidToken, Token},
};

/// The longest `User-Agent` that is kept, in bytes.
const MAX_USER_AGENT: usize = 256;

/// What the gateway tells.
#[derive(Debug)]
pub(super) enum Notice {
    /// A stream opens.
    Connect(Newcomer),
    /// A stream ended.
    Disconnect {
        /// Which one.
        token: Token,
        /// Why.
        reason: CloseReason,
    },
}

/// Why a body is no notice. The texts are the answer's `error`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Missing JSON body")]
    NoBody,
    #[error("Invalid JSON")]
    NotJson,
    #[error("Unknown action: {0}")]
    Action(String),
    #[error("Invalid payload")]
    Payload(Vec<Fault>),
    #[error(transparent)]
    Url(#[from] NoRequestId),
}

/// One thing that is wrong with a payload. It never holds a value that was sent: headers are full of secrets.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::http) struct Fault {
    #[serde(rename = "type")]
    kind: &'static str,
    loc: Vec<&'static str>,
    msg: Cow<'static, str>,
}

impl Fault {
    fn missing(loc: &[&'static str]) -> Self {
        Self { kind: "missing", loc: loc.to_vec(), msg: "Field required".into() }
    }

    fn not_text(loc: &[&'static str]) -> Self {
        Self { kind: "string_type", loc: loc.to_vec(), msg: "Input should be a valid string".into() }
    }

    fn not_object(loc: &[&'static str]) -> Self {
        Self { kind: "model_type", loc: loc.to_vec(), msg: "Input should be a valid dictionary".into() }
    }

    /// A value of the right type that is not acceptable.
    pub(in crate::http) fn value(loc: &[&'static str], msg: String) -> Self {
        Self { kind: "value_error", loc: loc.to_vec(), msg: msg.into() }
    }
}

/// The fields of an object, and what was found wrong with them.
pub(in crate::http) struct Fields<'a> {
    object: &'a Map<String, Value>,
    pub(in crate::http) faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// Returns the fields of a body, which must be an object.
    pub(in crate::http) fn of(body: &'a Value) -> Result<Self, Vec<Fault>> {
        match body {
            Value::Object(object) => Ok(Self { object, faults: Vec::new() }),
            _ => Err(vec![Fault::not_object(&[])]),
        }
    }

    /// Returns a field that must be there and a string.
    pub(in crate::http) fn text(&mut self, name: &'static str) -> &'a str {
        self.text_in(Some(self.object), &[name])
    }

    /// Returns a field, unless it is absent or null.
    pub(in crate::http) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    fn text_in(&mut self, object: Option<&'a Map<String, Value>>, loc: &[&'static str]) -> &'a str {
        let value = loc.last().and_then(|name| object?.get(*name));
        let fault = match value {
            Some(Value::String(text)) => return text,
            Some(_) => Fault::not_text(loc),
            None => Fault::missing(loc),
        };
        self.faults.push(fault);
        ""
    }
}

/// Parses a callback.
pub(super) fn parse(media_type: Option<&str>, body: &[u8]) -> Result<Notice, Refusal> {
    if !media_type.is_some_and(is_json) {
        return Err(Refusal::NoBody);
    }
    let body = match decode(body).map(|text| serde_json::from_str(&text)) {
        Some(Ok(Value::Null)) => return Err(Refusal::NoBody),
        Some(Ok(body)) => body,
        Some(Err(_)) | None => return Err(Refusal::NotJson),
    };
    let mut fields = Fields::of(&body).map_err(Refusal::Payload)?;
    let action = match fields.object.get("action") {
        Some(Value::String(action)) if action == "connect" => Action::Connect,
        Some(Value::String(action)) if action == "disconnect" => Action::Disconnect,
        other => return Err(Refusal::Action(python::text(other.unwrap_or(&Value::Null)))),
    };
    let token = match fields.text("token").parse() {
        Ok(token) => Some(token),
        Err(InvalidToken) if !fields.faults.is_empty() => None,
        Err(invalid) => {
            fields.faults.push(Fault::value(&["token"], invalid.to_string()));
            None
        }
    };
    let request = match fields.object.get("request") {
        Some(Value::Object(request)) => Some(request),
        Some(_) => {
            fields.faults.push(Fault::not_object(&["request"]));
            None
        }
        None => {
            fields.faults.push(Fault::missing(&["request"]));
            None
        }
    };
    let url = request.map_or("", |request| fields.text_in(Some(request), &["request", "url"]));
    let reason = if matches!(action, Action::Disconnect) { fields.text("reason") } else { "" };
    let Some(token) = token.filter(|_| fields.faults.is_empty()) else {
        return Err(Refusal::Payload(fields.faults));
    };
    Ok(match action {
        Action::Connect => {
            let request_id = request_url::request_id(url)?;
            Notice::Connect(Newcomer { request_id, token, origin: origin(request) })
        }
        // The token says it all: whatever the URL is, the entry must go.
        Action::Disconnect => Notice::Disconnect { token, reason: reason_of(reason) },
    })
}

enum Action {
    Connect,
    Disconnect,
}

/// Any text is a reason; what the gateway gives, we know.
fn reason_of(text: &str) -> CloseReason {
    match text {
        // Not by us: what we close is no longer registered.
        "server_closed" => CloseReason::Disconnected,
        "error" => CloseReason::Error,
        _ => CloseReason::ClientClosed,
    }
}

/// Of all headers only the `User-Agent` is looked at, if there is a string of that name where headers belong.
fn origin(request: Option<&Map<String, Value>>) -> Origin {
    let headers = request.and_then(|request| request.get("headers")?.as_object());
    let user_agent = headers.and_then(|headers| headers.get("user-agent")?.as_str()).map(|text| {
        let end = text.floor_char_boundary(MAX_USER_AGENT);
        text[..end].into()
    });
    Origin { address: None, user_agent }
}

/// `application/json` or `application/…+json`, parameters aside.
pub(in crate::http) fn is_json(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    name == "application/json" || (name.starts_with("application/") && name.ends_with("+json"))
}

/// Decodes UTF-8 or UTF-16, with or without a byte order mark: JSON begins with an ASCII character, so the zero
/// bytes tell.
pub(in crate::http) fn decode(body: &[u8]) -> Option<Cow<'_, str>> {
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
