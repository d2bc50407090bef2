//! `web/events.d.ts`, made of what the daemon sends.

use std::{fmt::Write, fs};

use serde_json::{Map, Value};

const HEAD: &str =
    "// What browsers are told by ssectld: made of src/browser.rs by tests/refresh, not to be edited.\n";

/// The same in the form that says its own name.
const ENVELOPE: &str = "
/** A message of the envelope framing. `ready`, `rejected`, `gap` and `bye` have their names in both framings. */
export type Envelope =
  | { [Name in \"version\" | \"task_event\"]: { type: Name; payload: EventMap[Name] } }[\"version\" | \"task_event\"]
  | { type: string; payload: unknown };
";

#[test]
fn the_types_of_the_front_end_are_fresh() {
    let path = super::root().join("web/events.d.ts");
    let schema = ssectl_core::browser::schema().to_value();
    let mut text = HEAD.to_owned();
    for (name, definition) in schema["$defs"].as_object().expect("definitions") {
        declare(&mut text, name, definition);
    }
    declare(&mut text, schema["title"].as_str().expect("a title"), &schema);
    text.push_str(ENVELOPE);
    #[expect(clippy::disallowed_methods, reason = "tests/refresh says so for the snapshots, too")]
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, &text).expect("written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "web/events.d.ts is not what the daemon sends: tests/refresh\n{text}");
}

fn declare(text: &mut String, name: &str, definition: &Value) {
    let _ =
        writeln!(text, "\n{}export type {name} = {};", comment(definition, ""), typescript(definition, ""));
}

/// Returns what is said of a type, as its comment.
fn comment(schema: &Value, indent: &str) -> String {
    let about = schema["description"].as_str().map(|about| about.replace('\n', " "));
    about.map(|about| format!("{indent}/** {about} */\n")).unwrap_or_default()
}

fn typescript(schema: &Value, indent: &str) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().expect("a name").to_owned();
    }
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    if let Some(values) = schema["enum"].as_array() {
        return union(values.iter().map(Value::to_string));
    }
    if let Some(variants) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        return union(variants.iter().map(|variant| typescript(variant, indent)));
    }
    match &schema["type"] {
        Value::String(kind) => plain(kind, schema, indent),
        Value::Array(kinds) => {
            union(kinds.iter().filter_map(Value::as_str).map(|kind| plain(kind, schema, indent)))
        }
        _ => "unknown".to_owned(),
    }
}

fn union(variants: impl Iterator<Item = String>) -> String {
    variants.collect::<Vec<_>>().join(" | ")
}

fn plain(kind: &str, schema: &Value, indent: &str) -> String {
    match (kind, schema["properties"].as_object()) {
        ("integer", _) => "number".to_owned(),
        ("object", None) => "{ [name: string]: unknown }".to_owned(),
        ("object", Some(properties)) => object(properties, schema, indent),
        _ => kind.to_owned(),
    }
}

fn object(properties: &Map<String, Value>, schema: &Value, indent: &str) -> String {
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let inner = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (name, property) in properties {
        let is_required = required.iter().any(|required| required == name);
        let mut kind = typescript(property, &inner);
        if !is_required {
            // What is not there is left out, never null.
            kind = kind.trim_end_matches(" | null").to_owned();
        }
        let mark = if is_required { "" } else { "?" };
        let _ = writeln!(text, "{}{inner}{name}{mark}: {kind};", comment(property, &inner));
    }
    text + indent + "}"
}
