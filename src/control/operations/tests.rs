//! The document is whole, and one thing has one description.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

fn all() -> impl Iterator<Item = &'static Operation> {
    ALL.iter().copied().flatten()
}

/// Returns every reference in a document.
fn references(part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|part| references(part, found));
        }
        Value::Array(parts) => parts.iter().for_each(|part| references(part, found)),
        _ => {}
    }
}

#[test]
fn every_operation_is_there_under_a_name_of_its_own() {
    let document = document();
    let mut names = BTreeSet::new();
    for operation in all() {
        let described = &document["paths"][operation.path][operation.method.key()];
        assert_eq!(described["operationId"], operation.name);
        assert_eq!(described["x-role"], operation.role().to_string());
        assert!(names.insert(operation.name), "{} is there twice", operation.name);
        assert!(!operation.summary.ends_with('.') && !operation.summary.is_empty(), "{}", operation.name);
    }
    let methods = document["paths"].as_object().expect("paths").values();
    let described: usize = methods.map(|path| path.as_object().expect("methods").len()).sum();
    assert_eq!(described, names.len());
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let place = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(place).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn a_kind_has_one_form() {
    let mut forms = std::collections::BTreeMap::new();
    for operation in all() {
        let mut components = components::Components::new();
        components.answer(operation.answer.kind, &operation.answer, "");
        let schemas = components.into_schemas();
        let first = forms.entry(operation.answer.kind).or_insert_with(|| schemas.clone());
        assert_eq!(
            *first, schemas,
            "{}: {} is something else elsewhere",
            operation.name, operation.answer.kind
        );
    }
}

#[test]
fn what_is_read_and_what_is_written_have_different_names_or_are_the_same() {
    let mut both = components::Components::new();
    for operation in all() {
        both.answer(operation.answer.kind, &operation.answer, "");
        operation.body.map(|body| both.body(body));
        operation.query.map(|query| both.query(query));
    }
    let (read, written) = both.types();
    for (name, schema) in read {
        assert!(written.get(name).is_none_or(|other| other == schema), "{name}");
    }
}

#[test]
fn bodies_are_closed_and_answers_are_open() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    for operation in all().filter(|operation| operation.body.is_some()) {
        let body = &document["paths"][operation.path]["post"]["requestBody"]["content"]["application/json"];
        let name = body["schema"]["$ref"].as_str().and_then(|place| place.rsplit('/').next()).expect("named");
        assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
    }
    for entry in kinds().iter().filter(|entry| schemas[&entry.kind]["properties"]["schema"].is_object()) {
        assert!(schemas[&entry.kind].get("additionalProperties").is_none(), "{}", entry.kind);
    }
}

#[test]
fn a_schema_stands_alone() {
    for entry in kinds() {
        let schema = find(&entry.kind).expect("listed");
        let mut found = BTreeSet::new();
        references(&schema, &mut found);
        for reference in found {
            let place = reference.strip_prefix('#').expect("within the schema");
            assert!(schema.pointer(place).is_some(), "{}: {reference} leads nowhere", entry.kind);
        }
        assert!(!entry.description.is_empty(), "{} is not described", entry.kind);
    }
    assert_eq!(find("nonsense"), None);
    let list = find("connections.list").expect("there is one");
    assert_eq!(list["properties"]["schema"]["const"], "ssectl/connections.list");
    assert_eq!(list["properties"]["items"]["items"]["$ref"], "#/$defs/ConnectionView");
    assert!(list["required"].as_array().expect("some are").contains(&"total".into()), "{list}");
}
