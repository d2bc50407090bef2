//! Parses the body of a callback. Strict about what is used, tolerant of everything else.

use serde_json::{Map, Value};

use super::python;
use crate::{
    connection::{CloseReason, Origin},
    http::{
        body::{decode, is_json},
        fields::{Fault, Fields},
    },
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
    let action = match fields.get("action") {
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
    let request = fields.object("request");
    let url = request.map_or("", |request| fields.text_in(request, &["request", "url"]));
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
        let end = (0..=MAX_USER_AGENT.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        text[..end.unwrap_or(0)].into()
    });
    Origin { address: None, user_agent }
}
