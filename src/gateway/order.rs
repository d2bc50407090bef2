//! What `POST /internal/send` may say, and the words in which it is refused.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::wire::{self, Unwritable};
use crate::{config::Framing, stream::Frame, token::Token};

/// The most tokens of one order.
pub(super) const MAX_TOKENS: usize = 4096;

/// Whether a stream is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It goes on.
    Stay,
    /// It ends.
    Close,
}

/// What is to be done with one stream.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Written first.
    pub(super) frame: Option<Arc<Frame>>,
    /// Done then.
    pub(super) then: Then,
}

/// For whom an order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// A token; `None` if the text cannot be one of ours.
    One(Option<Token>),
    /// The texts of many, in the extension.
    Many(Vec<String>),
}

/// Why an order is not carried out; each has the words that backends know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Invalid {
    #[error("Invalid request: token is required and must be a string")]
    Token,
    #[error("Invalid request: tokens must be 1 to {MAX_TOKENS} strings, with an event and without close")]
    Tokens,
    #[error("Invalid request: event must be an object")]
    Event,
    #[error("Invalid request: event.data is required and must be a string")]
    Data,
    #[error("Invalid request: event.name must be a string")]
    NameType,
    #[error("Invalid request: close must be a boolean")]
    Close,
    #[error("Invalid request: event.name must not contain line breaks")]
    Name,
    #[error("Invalid request: event.data must be JSON")]
    Json,
}

impl Invalid {
    /// Returns the code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Token => "INVALID_TOKEN_MISSING",
            Self::Tokens => "INVALID_TOKENS",
            Self::Event => "INVALID_EVENT_TYPE",
            Self::Data => "INVALID_EVENT_DATA_MISSING",
            Self::NameType => "INVALID_EVENT_NAME_TYPE",
            Self::Close => "INVALID_CLOSE_TYPE",
            Self::Name => "INVALID_EVENT_NAME",
            Self::Json => "INVALID_EVENT_DATA",
        }
    }
}

/// Reads an order from a body that is an object or an array.
pub(super) fn read(body: Value, framing: Framing) -> Result<(To, Order), Invalid> {
    let mut body = if let Value::Object(body) = body { body } else { Map::new() };
    let to = match (body.remove("token"), body.remove("tokens")) {
        (Some(Value::String(token)), _) if !token.is_empty() => To::One(token.parse().ok()),
        (None, Some(tokens)) => To::Many(many(tokens).ok_or(Invalid::Tokens)?),
        _ => return Err(Invalid::Token),
    };
    let event = body.get("event").map(event).transpose()?;
    let then = match body.get("close") {
        None | Some(Value::Bool(false)) => Then::Stay,
        Some(Value::Bool(true)) => Then::Close,
        Some(_) => return Err(Invalid::Close),
    };
    if matches!(to, To::Many(_)) && (event.is_none() || then == Then::Close) {
        return Err(Invalid::Tokens);
    }
    let frame = event.map(|(name, data)| wire::block(framing, name, data)).transpose();
    let frame = frame.map_err(|fault| match fault {
        Unwritable::Name => Invalid::Name,
        Unwritable::Data => Invalid::Json,
    })?;
    Ok((to, Order { frame: frame.map(|block| Arc::new(Frame::block(&block))), then }))
}

fn many(tokens: Value) -> Option<Vec<String>> {
    let Value::Array(tokens) = tokens else { return None };
    let text = |token| if let Value::String(text) = token { Some(text) } else { None };
    (1..=MAX_TOKENS).contains(&tokens.len()).then(|| tokens.into_iter().map(text).collect())?
}

/// Returns name and data. An array is an object without fields.
fn event(event: &Value) -> Result<(Option<&str>, &str), Invalid> {
    if !(event.is_object() || event.is_array()) {
        return Err(Invalid::Event);
    }
    let data = event.get("data").and_then(Value::as_str).ok_or(Invalid::Data)?;
    match event.get("name") {
        None => Ok((None, data)),
        Some(Value::String(name)) => Ok((Some(name), data)),
        Some(_) => Err(Invalid::NameType),
    }
}

/// For [`crate::fuzzing`]: the body of an order. Whatever is in it, one event at most is written.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(body: &[u8]) {
    let Some(text) = crate::http::body::decode(body) else { return };
    let Ok(body) = serde_json::from_str::<Value>(&text) else { return };
    for framing in [Framing::Named, Framing::Envelope] {
        let Ok((_, order)) = read(body.clone(), framing) else { continue };
        let Some(frame) = order.frame else { continue };
        let wire = frame.bytes(crate::stream::Transfer::Plain);
        let block = wire.strip_suffix(b"\n\n").expect("an empty line ends it");
        let lines: Vec<_> = block.split(|byte| matches!(byte, b'\r' | b'\n')).collect();
        let of = |field: &[u8]| lines.iter().filter(|line| line.starts_with(field)).count();
        assert!(of(b"event: ") <= 1 && of(b"event: ") + of(b"data:") == lines.len());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stream::Transfer;

    fn fault(body: &Value) -> (String, &'static str) {
        let fault = read(body.clone(), Framing::Named).expect_err(&body.to_string());
        (fault.to_string(), fault.code())
    }

    #[test]
    fn gw_32_what_is_wrong_is_said_in_this_order() {
        let token = "Invalid request: token is required and must be a string";
        let (event, close) = (json!({"data": 1, "name": null}), json!("x"));
        for body in [json!([]), json!({}), json!({"token": ""}), json!({"token": 1, "event": null})] {
            assert_eq!(fault(&body), (token.into(), "INVALID_TOKEN_MISSING"));
        }
        for bad in [json!(null), json!("x"), json!(1)] {
            let (text, code) = fault(&json!({"token": "t", "event": bad, "close": close}));
            assert_eq!(
                (text.as_str(), code),
                ("Invalid request: event must be an object", "INVALID_EVENT_TYPE")
            );
        }
        for bad in [event, json!([]), json!({}), json!({"data": null})] {
            let (text, code) = fault(&json!({"token": "t", "event": bad, "close": close}));
            let words = "Invalid request: event.data is required and must be a string";
            assert_eq!((text.as_str(), code), (words, "INVALID_EVENT_DATA_MISSING"));
        }
        for name in [json!(null), json!(1), json!({})] {
            let (text, code) =
                fault(&json!({"token": "t", "event": {"data": "", "name": name}, "close": close}));
            let words = "Invalid request: event.name must be a string";
            assert_eq!((text.as_str(), code), (words, "INVALID_EVENT_NAME_TYPE"));
        }
        for bad in [json!(null), json!("true"), json!(1)] {
            let (text, code) = fault(&json!({"token": "t", "close": bad}));
            assert_eq!(
                (text.as_str(), code),
                ("Invalid request: close must be a boolean", "INVALID_CLOSE_TYPE")
            );
        }
    }

    #[test]
    fn an_order_may_be_event_close_both_or_nothing() {
        let order = |body: Value| read(body, Framing::Named).expect("an order").1;
        let both = order(json!({"token": "t", "event": {"data": "x"}, "close": true, "other": 1}));
        assert_eq!(both.frame.expect("a frame").bytes(Transfer::Plain), "data: x\n\n");
        assert_eq!(both.then, Then::Close);
        let nothing = order(json!({"token": "t", "close": false}));
        assert!(nothing.frame.is_none() && nothing.then == Then::Stay);
    }

    #[test]
    fn many_tokens_take_an_event_and_nothing_else() {
        let event = json!({"data": "x"});
        let to = read(json!({"tokens": ["a", "b"], "event": event}), Framing::Named).expect("an order").0;
        assert_eq!(to, To::Many(vec!["a".into(), "b".into()]));
        for body in [
            json!({"tokens": [], "event": event}),
            json!({"tokens": "a", "event": event}),
            json!({"tokens": [1], "event": event}),
            json!({"tokens": ["a"]}),
            json!({"tokens": ["a"], "event": event, "close": true}),
            json!({"tokens": vec!["a"; MAX_TOKENS + 1], "event": event}),
        ] {
            assert_eq!(read(body, Framing::Named).expect_err("refused"), Invalid::Tokens);
        }
    }
}
