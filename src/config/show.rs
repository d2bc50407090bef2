//! Prints the settings in force as a file that says the same, each with its origin.

use std::fmt::Write;

use serde_json::Value;

use super::{Loaded, keys, load::toml_text};

/// Returns the settings as TOML; a comment says where each is from.
pub fn render(loaded: &Loaded) -> String {
    let mut text = String::new();
    let mut present = "";
    let keys = keys::flatten(&loaded.config);
    for key in &keys {
        let (section, name) = key.parts();
        if section != present {
            let _ = writeln!(text, "\n[{section}]");
            present = section;
        }
        let line = format!("{name} = {}", toml_text(&without_secret(&key.default)));
        let _ = writeln!(text, "{line:<40} # {}", loaded.origin(&key.path));
    }
    text
}

/// Returns a value without the secrets that a URL may show to whoever is asked: `?secret=…`.
fn without_secret(value: &Value) -> Value {
    let Some((path, query)) = value.as_str().and_then(|text| text.split_once('?')) else {
        return value.clone();
    };
    let masked = |pair| if str::starts_with(pair, "secret=") { "secret=…" } else { pair };
    let query: Vec<_> = query.split('&').map(masked).collect();
    Value::String(format!("{path}?{}", query.join("&")))
}
