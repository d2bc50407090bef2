//! What is shown on a page of the documentation.

/// Returns the code blocks of this kind.
pub fn blocks(page: &'static str, kind: &str) -> Vec<&'static str> {
    let mut fences = page.split("\n```");
    let mut found = Vec::new();
    fences.next();
    while let (Some(block), Some(_text)) = (fences.next(), fences.next()) {
        found.extend(block.strip_prefix(kind).and_then(|rest| rest.strip_prefix('\n')));
    }
    found
}

/// Returns a text with other words in some places.
pub fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(!old.is_empty());
        text.replace(old, new)
    })
}

/// Returns the rows of all tables, as cells.
pub fn rows(page: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|--"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect())
}

/// Returns what is in backticks.
pub fn typed(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
