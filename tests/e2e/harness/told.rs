//! What browsers are told is what the types of the front end say: every event that a test's browser gets is held against
//! the schemas that `web/events.d.ts` is made of.

use std::{collections::HashMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Value, json};
use ssectl_core::browser;

use crate::fakes::sse::Event;

static VALIDATORS: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
    let schema = browser::schema().to_value();
    let names = schema["properties"].as_object().expect("events by name").keys();
    let validator = |name: &String| {
        let whole = json!({ "$defs": schema["$defs"], "allOf": [schema["properties"][name]] });
        (name.clone(), jsonschema::validator_for(&whole).expect("a schema"))
    };
    names.map(validator).collect()
});

/// Fails the test if an event is not what its name says.
pub fn check(event: &Event) {
    let payload = serde_json::from_str(&event.data).unwrap_or(Value::Null);
    let (name, payload) = match (event.name.as_str(), payload["type"].as_str()) {
        ("message", Some(name)) => (name, &payload["payload"]),
        (name, _) => (name, &payload),
    };
    if let Some(validator) = VALIDATORS.get(name) {
        let errors: Vec<_> = validator.iter_errors(payload).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "it is no {name}: {errors:#?}\n{payload:#}");
    }
}
