//! The bodies of `POST /internal/send`. An event is encoded once; only the token differs.

use std::sync::Arc;

use crate::{
    connection::Connection,
    delivery::{Fate, Reach},
    event::Event,
    token::Token,
};

/// An event, encoded for all tokens.
pub(super) struct Message {
    /// The event.
    pub(super) event: Arc<Event>,
    /// Told what becomes of it, if somebody wants to know.
    reach: Option<Arc<Reach>>,
    /// Everything after the token.
    tail: String,
}

impl Message {
    pub(super) fn encode(event: Arc<Event>, reach: Option<Arc<Reach>>) -> Self {
        let (name, data) = (quoted(event.name.as_str()), quoted(event.data.as_str()));
        let tail = format!(r#","event":{{"name":{name},"data":{data}}},"close":false}}"#);
        Self { event, reach, tail }
    }

    /// Notes what became of it for a connection.
    pub(super) fn settle(&self, connection: &Connection, fate: Fate) {
        if let Some(reach) = &self.reach {
            reach.settle(connection, fate);
        }
    }

    /// Returns what it counts in an outbox: what it has in any framing, escaping left out, so that an event
    /// within `events.max_bytes` counts no more than that.
    pub(super) fn size(&self) -> usize {
        self.event.name.as_str().len() + self.event.data.as_str().len()
    }

    /// Returns the body for many tokens.
    pub(super) fn body_for_all<'a>(&self, tokens: impl Iterator<Item = &'a Token>) -> String {
        let mut body = String::from(r#"{"tokens":"#);
        let mut next = '[';
        for token in tokens {
            body.push(next);
            next = ',';
            push_quoted(&mut body, token.as_str());
        }
        body.push(']');
        body.push_str(&self.tail);
        body
    }

    /// Returns how many bytes a body for many tokens has besides these.
    pub(super) fn overhead(&self) -> usize {
        self.tail.len() + r#"{"tokens":[]"#.len()
    }

    /// Returns the body for a token.
    pub(super) fn body(&self, token: &Token) -> String {
        format!(r#"{{"token":{}{}"#, quoted(token.as_str()), self.tail)
    }
}

/// Returns the body that ends the stream of a token.
pub(super) fn close(token: &Token) -> String {
    format!(r#"{{"token":{},"close":true}}"#, quoted(token.as_str()))
}

/// Returns the body that only asks whether there is such a stream.
pub(super) fn probe(token: &Token) -> String {
    format!(r#"{{"token":{}}}"#, quoted(token.as_str()))
}

/// Appends a text as JSON: most tokens need no escaping.
fn push_quoted(body: &mut String, text: &str) {
    if text.bytes().any(|byte| matches!(byte, b'"' | b'\\')) {
        body.push_str(&quoted(text).to_string());
    } else {
        body.extend(["\"", text, "\""]);
    }
}

fn quoted(text: &str) -> serde_json::Value {
    // Its Display is compact JSON.
    serde_json::Value::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{JsonLine, Kind};

    #[test]
    fn bug_m9_what_is_not_json_never_becomes_an_event() {
        assert!(JsonLine::compact("NaN").is_err());
        assert!(JsonLine::compact(r#"{"a":Infinity}"#).is_err());
        assert_eq!(JsonLine::encode(&f64::NAN).expect("JSON").as_str(), "null");
        let keys = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(JsonLine::encode(&keys).is_none());
    }

    #[test]
    fn cm_20_is_what_the_gateway_expects() {
        let event = Event {
            name: "version".parse().expect("a name"),
            data: JsonLine::compact(r#"{"version": "1\"é"}"#).expect("JSON"),
            kind: Kind::Application,
        };
        let token = r#"a"b\c"#.parse().expect("a token");
        let message = Message::encode(Arc::new(event), None);
        assert_eq!(
            message.body(&token),
            r#"{"token":"a\"b\\c","event":{"name":"version","data":"{\"version\":\"1\\\"é\"}"},"close":false}"#
        );
        let plain = "t".parse().expect("a token");
        let many = message.body_for_all([&token, &plain].into_iter());
        assert!(many.starts_with(r#"{"tokens":["a\"b\\c","t"],"event":{"name":"version","data""#), "{many}");
        assert_eq!(close(&token), r#"{"token":"a\"b\\c","close":true}"#);
        assert_eq!(probe(&token), r#"{"token":"a\"b\\c"}"#);
    }
}
