//! One JSON Schema of the document, able to stand alone.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{components::PLACE, document};
use crate::control::types::SchemaEntry;

/// Returns what there is, answers first.
pub fn kinds() -> Vec<SchemaEntry> {
    let entry = |(kind, schema): (String, Value)| {
        let about = schema["description"].as_str().unwrap_or_default();
        let first = about.split(". ").next().unwrap_or_default();
        let description = first.trim_end_matches('.').to_owned();
        SchemaEntry { kind, description }
    };
    schemas().into_iter().map(entry).collect()
}

/// Returns the schema of this kind of answer, or of the type of this name, with all that it refers to.
pub fn find(kind: &str) -> Option<Value> {
    let all = schemas();
    let mut root = all.get(kind)?.clone();
    let mut missing = BTreeSet::new();
    relocate(&mut root, &mut missing);
    let mut parts = Map::new();
    while let Some(name) = missing.pop_first() {
        if let Some(part) = all.get(&name).filter(|_| !parts.contains_key(&name)) {
            let mut part = part.clone();
            relocate(&mut part, &mut missing);
            parts.insert(name, part);
        }
    }
    parts.sort_keys();
    let mut whole = Map::new();
    whole.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    whole.insert("title".to_owned(), kind.into());
    if let Value::Object(fields) = root {
        whole.extend(fields.into_iter().filter(|(name, _)| name != "title"));
    }
    if !parts.is_empty() {
        whole.insert("$defs".to_owned(), parts.into());
    }
    Some(json!(whole))
}

fn schemas() -> Map<String, Value> {
    match document()["components"]["schemas"].take() {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}

/// Has references lead into `$defs`, and notes to what.
fn relocate(schema: &mut Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(place)) = fields.get_mut("$ref")
                && let Some(name) = place.strip_prefix(PLACE)
            {
                names.insert(name.to_owned());
                *place = format!("#/$defs/{name}");
            }
            fields.values_mut().for_each(|part| relocate(part, names));
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| relocate(part, names)),
        _ => {}
    }
}
