//! What is said in JSON is what the schemas say: every answer that a test gets of the control API, and everything that
//! `ssectl` prints in JSON, is held against the document. One that drifts from it fails the test that got it.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Value, json};
use ssectl_core::control::operations::{self, Operation, Shape};

use super::{Output, Response};

static DOCUMENT: LazyLock<Value> = LazyLock::new(operations::document);
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Checks an answer to these bytes if they are a request of the control API, whichever door it came through. Returns
/// what was asked for.
pub fn check_answer(request: &[u8], response: &Response) -> Option<&'static Operation> {
    let (method, path, body) = taken_apart(request)?;
    let operation = find(&method, &path);
    if response.status != 200 {
        // Doors have errors of their own, which are texts.
        let error = serde_json::from_str(&response.body).unwrap_or(Value::Null);
        if path.starts_with("/v1/") && error["error"].is_object() {
            expect("error", &error);
        }
        return operation;
    }
    let described = &DOCUMENT["paths"][operation?.path][operation?.method.key()];
    let takes = &described["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    if let (Some(takes), Ok(body)) = (takes.as_str(), serde_json::from_slice(body)) {
        expect(named(takes), &body);
    }
    for (form, content) in described["responses"]["200"]["content"].as_object()? {
        assert_eq!(response.header("content-type"), Some(form.as_str()), "{response:?}");
        let kind = named(content["schema"]["$ref"].as_str().expect("a kind"));
        values(&response.body).iter().for_each(|value| expect(kind, value));
    }
    operation
}

/// Checks that an answer of the control socket is one of those that are described.
pub fn check_status(request: &[u8], response: &Response) {
    let json = response.header("content-type") == Some("application/json");
    let asked = taken_apart(request).and_then(|(method, path, _)| find(&method, &path));
    if let Some(operation) = asked.filter(|_| json) {
        let described = &DOCUMENT["paths"][operation.path][operation.method.key()];
        let answer = &described["responses"][response.status.to_string()];
        assert!(answer.is_object(), "{} is not described with this: {response:?}", operation.name);
    }
}

/// Checks what a run of `ssectl` with these arguments printed, if it was to be JSON.
pub fn check_printed(arguments: &[String], output: &Output) {
    let Some(form) = form_of(arguments) else { return };
    if arguments.iter().any(|argument| argument == "schema")
        && !arguments.iter().any(|argument| argument == "--list")
    {
        return;
    }
    for value in values(&output.stdout) {
        check_value(form, &value);
    }
    let errors: Vec<&str> = output.stderr.lines().filter(|line| line.starts_with('{')).collect();
    for error in &errors {
        expect("ssectl.error", &serde_json::from_str(error).expect("JSON"));
    }
    if output.code != 0 && !output.stderr.is_empty() {
        assert_eq!(errors.len(), 1, "an error is one line of JSON: {arguments:?} {output:?}");
    }
}

/// Checks one thing that `ssectl -o json` or `-o jsonl` printed.
pub fn check_value(form: &str, value: &Value) {
    let text = |name: &str| value[name].as_str();
    match (text("schema"), text("type")) {
        (Some(schema), _) => {
            // Of a status that is watched each line is a whole answer.
            assert!(form == "json" || schema == "ssectl/status", "an envelope is one whole: {value}");
            expect(schema.strip_prefix("ssectl/").expect("ours"), value);
        }
        (None, Some("added" | "changed" | "removed")) => expect("ssectl.change", value),
        // A line of a stream has the thing in it, an item is it.
        (None, Some(kind)) => match item(kind).filter(|_| !value[kind].is_object()) {
            Some(item) => expect(item, value),
            None => expect_line(value),
        },
        (None, None) => panic!("it does not say what it is: {value}"),
    }
}

/// Returns the name of what lists and envelopes of this kind are about.
fn item(kind: &str) -> Option<&'static str> {
    let schemas = &DOCUMENT["components"]["schemas"];
    let lists = [format!("{kind}s.list"), format!("{kind}.list"), kind.to_owned()];
    let listed = lists.iter().find_map(|list| schemas[list]["properties"]["items"]["items"]["$ref"].as_str());
    listed.or_else(|| schemas[kind]["properties"]["item"]["$ref"].as_str()).map(named)
}

/// Checks a line of a stream.
fn expect_line(value: &Value) {
    let lines = operations::ALL.iter().copied().flatten().map(|operation| &operation.answer);
    let lines = lines.filter(|answer| matches!(answer.shape, Shape::Lines)).map(|answer| answer.kind);
    let lines: Vec<_> = lines.collect();
    assert!(lines.iter().any(|kind| validator(kind).is_valid(value)), "it is none of {lines:?}: {value:#}");
}

/// Fails the test if this is not what its schema says.
fn expect(kind: &str, value: &Value) {
    let validator = validator(kind);
    let errors: Vec<_> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "it is no {kind}: {errors:#?}\n{value:#}");
}

fn validator(kind: &str) -> Arc<Validator> {
    let made = VALIDATORS.lock().unwrap().get(kind).map(Arc::clone);
    made.unwrap_or_else(|| {
        let schema = operations::find(kind).unwrap_or_else(|| panic!("there is no schema {kind}"));
        let options = jsonschema::options().should_validate_formats(true);
        let made = Arc::new(options.build(&schema).unwrap_or_else(|error| panic!("{kind}: {error}")));
        VALIDATORS.lock().unwrap().insert(kind.to_owned(), Arc::clone(&made));
        made
    })
}

/// Takes a request apart, if it is one: method, path without query, body.
fn taken_apart(request: &[u8]) -> Option<(String, String, &[u8])> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&request[..end]).ok()?;
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let path = target.split('?').next()?;
    Some((method.to_owned(), path.to_owned(), &request[end + 4..]))
}

/// Returns the operation that a path belongs to; one without a variable part goes before one with.
fn find(method: &str, path: &str) -> Option<&'static Operation> {
    let fits = |operation: &&Operation| {
        let (pattern, parts) = (operation.path.split('/'), path.split('/'));
        let same =
            |(pattern, part): (&str, &str)| pattern == part || (pattern.starts_with('{') && !part.is_empty());
        let equal = pattern.clone().count() == parts.clone().count() && pattern.zip(parts).all(same);
        equal && operation.method.key() == method.to_ascii_lowercase()
    };
    let all = operations::ALL.iter().copied().flatten().filter(fits);
    all.min_by_key(|operation| operation.path.contains('{'))
}

fn named(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

fn values(text: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(text).into_iter();
    values.map(|value| value.unwrap_or_else(|error| panic!("{error} in {text:?}"))).collect()
}

/// Returns which JSON was asked for.
fn form_of(arguments: &[String]) -> Option<&'static str> {
    let forms = ["json", "jsonl"];
    let at = |index: usize| arguments.get(index).map(String::as_str);
    (0..arguments.len()).find_map(|index| match at(index)? {
        "--json" => Some("json"),
        "-o" | "--output" => forms.into_iter().find(|form| at(index + 1) == Some(form)),
        argument => {
            let form = argument.strip_prefix("-o").or_else(|| argument.strip_prefix("--output="))?;
            forms.into_iter().find(|known| *known == form)
        }
    })
}

#[test]
fn what_is_not_as_described_is_noticed() {
    let wrong = |kind: &str, value: Value| {
        let kind = kind.to_owned();
        std::panic::catch_unwind(move || expect(&kind, &value)).expect_err("noticed")
    };
    expect("error", &json!({"error": {"code": "denied", "message": "no", "more": 1}}));
    wrong("error", json!({"error": {"code": "nonsense", "message": "no"}}));
    wrong("error", json!({"error": {"code": "denied"}}));
    wrong("TaskView", json!({"task_id": "t"}));
    wrong("SendEvent", json!({"name": "a b", "data": 1}));
    wrong("SendEvent", json!({"name": "a", "data": 1, "more": 1}));
    wrong(
        "DrainView",
        json!({"began_at": "now", "over_ms": 1, "connections": 1, "left": 1, "reconnects_per_second": 0}),
    );
}
