//! Tables in Markdown.

use std::fmt::Write as _;

/// Returns the head of a table.
pub(crate) fn head(first: &str, names: impl Iterator<Item = String>) -> String {
    let (mut text, mut rule) = (format!("\n| {first} |"), String::from("\n|---|"));
    for name in names {
        let _ = write!(text, " {name} |");
        rule.push_str("---|");
    }
    text + &rule + "\n"
}

/// Returns a number with three figures that matter.
pub(crate) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size if size < 1.0 => 3,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}
