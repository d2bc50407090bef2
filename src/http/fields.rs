//! Takes fields out of a JSON body, and describes what is wrong with them as pydantic would.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

/// One thing that is wrong with a payload. It never holds a value that was sent: headers are full of secrets.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fault {
    #[serde(rename = "type")]
    kind: &'static str,
    loc: Vec<&'static str>,
    msg: Cow<'static, str>,
}

impl Fault {
    fn missing(loc: &[&'static str]) -> Self {
        Self { kind: "missing", loc: loc.to_vec(), msg: "Field required".into() }
    }

    pub(super) fn not_text(loc: &[&'static str]) -> Self {
        Self { kind: "string_type", loc: loc.to_vec(), msg: "Input should be a valid string".into() }
    }

    pub(super) fn not_object(loc: &[&'static str]) -> Self {
        Self { kind: "model_type", loc: loc.to_vec(), msg: "Input should be a valid dictionary".into() }
    }

    /// A value of the right type that is not acceptable.
    pub(super) fn value(loc: &[&'static str], msg: String) -> Self {
        Self { kind: "value_error", loc: loc.to_vec(), msg: msg.into() }
    }
}

/// The fields of an object, and what was found wrong with them.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// Returns the fields of a body, which must be an object.
    pub(super) fn of(body: &'a Value) -> Result<Self, Vec<Fault>> {
        match body {
            Value::Object(object) => Ok(Self { object, faults: Vec::new() }),
            _ => Err(vec![Fault::not_object(&[])]),
        }
    }

    /// Returns a field that must be there and a string.
    pub(super) fn text(&mut self, name: &'static str) -> &'a str {
        self.text_in(self.object, &[name])
    }

    /// Returns a field that must be there and an object.
    pub(super) fn object(&mut self, name: &'static str) -> Option<&'a Map<String, Value>> {
        let fault = match self.object.get(name) {
            Some(Value::Object(object)) => return Some(object),
            Some(_) => Fault::not_object(&[name]),
            None => Fault::missing(&[name]),
        };
        self.faults.push(fault);
        None
    }

    /// Returns a field as it is.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    /// Returns a field, unless it is absent or null.
    pub(super) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Returns a field of an inner object that must be there and a string; `loc` is its full path.
    pub(super) fn text_in(&mut self, object: &'a Map<String, Value>, loc: &[&'static str]) -> &'a str {
        let value = loc.last().and_then(|name| object.get(*name));
        let fault = match value {
            Some(Value::String(text)) => return text,
            Some(_) => Fault::not_text(loc),
            None => Fault::missing(loc),
        };
        self.faults.push(fault);
        ""
    }
}
