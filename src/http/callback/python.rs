//! Prints a JSON value as Python prints what it reads from it: the error text of an unknown action has it.

use std::fmt::Write;

use serde_json::Value;

/// Returns what `str()` gives.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let mut out = String::new();
            repr(other, &mut out);
            out
        }
    }
}

/// As deep as the JSON parser lets values be.
fn repr(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                repr(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (at, (name, value)) in fields.iter().enumerate() {
                separate(at, out);
                quoted(name, out);
                out.push_str(": ");
                repr(value, out);
            }
            out.push('}');
        }
    }
}

fn separate(at: usize, out: &mut String) {
    if at > 0 {
        out.push_str(", ");
    }
}

fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_ascii_control() => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cb_3_prints_as_python_does() {
        for (value, printed) in [
            (json!(null), "None"),
            (json!(true), "True"),
            (json!("x'y"), "x'y"),
            (json!(1), "1"),
            (json!(1.5), "1.5"),
            (json!(["a", 1, null]), "['a', 1, None]"),
            (json!({ "a": "it's", "b": [] }), "{'a': \"it's\", 'b': []}"),
            (json!(["'\"\n\u{1}"]), "['\\'\"\\n\\x01']"),
        ] {
            assert_eq!(text(&value), printed);
        }
    }
}
