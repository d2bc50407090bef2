//! Every key that the file, the environment and `--set` may name, derived from the typed settings.

use std::sync::LazyLock;

use serde_json::Value;

use super::{Config, load::toml_text, reload::holds_at_once};

/// The start of the name of every variable that is a setting.
pub const ENVIRONMENT_PREFIX: &str = "SSECTLD_";

/// One setting.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name with its section: `listen.public`.
    pub path: String,
    /// What holds when nobody says otherwise.
    pub default: Value,
}

impl Key {
    /// Returns the variable that sets it: `SSECTLD_LISTEN__PUBLIC`.
    pub fn variable(&self) -> String {
        format!("{ENVIRONMENT_PREFIX}{}", self.path.replace('.', "__").to_uppercase())
    }

    /// Returns its default as the file has it.
    pub fn default_text(&self) -> String {
        toml_text(&self.default)
    }

    /// Returns whether a reload is enough for a new value.
    pub fn holds_at_once(&self) -> bool {
        holds_at_once(&self.path)
    }

    /// Returns section and name; the section is empty at the top level.
    pub fn parts(&self) -> (&str, &str) {
        self.path.split_once('.').unwrap_or(("", &self.path))
    }
}

static ALL: LazyLock<Vec<Key>> = LazyLock::new(|| flatten(&Config::default()));

/// Returns all keys in the order of the file.
pub fn all() -> &'static [Key] {
    &ALL
}

/// Returns the keys with the values of these settings.
pub(super) fn flatten(config: &Config) -> Vec<Key> {
    let value = serde_json::to_value(config).expect("settings are plain data: strings, numbers, lists");
    let mut keys = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value.as_object() {
            None => keys.push(Key { path: name.clone(), default: value.clone() }),
            Some(section) => keys.extend(
                section
                    .iter()
                    .map(|(key, value)| Key { path: format!("{name}.{key}"), default: value.clone() }),
            ),
        }
    }
    keys
}

/// Returns the key of this path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    all().iter().find(|key| key.path == path)
}

/// Returns the keys of this section; none if there is no such section.
pub(super) fn of_section(section: &str) -> impl Iterator<Item = &'static Key> {
    all().iter().filter(move |key| !section.is_empty() && key.parts().0 == section)
}

/// Says what to write instead of an unknown path.
pub(super) fn advice(path: &str) -> String {
    let mut members = of_section(path).map(|key| key.path.as_str()).peekable();
    if members.peek().is_some() {
        return format!("{path} is a section: set one of {}", members.collect::<Vec<_>>().join(", "));
    }
    let name = path.rsplit('.').next().unwrap_or(path);
    let same_name = || all().iter().find(|key| key.path.contains('.') && key.parts().1 == name);
    match nearest(path, all().iter().map(|key| key.path.as_str())).or_else(|| Some(&same_name()?.path)) {
        Some(key) => format!("did you mean {key}?"),
        None => "`ssectld config show` lists every key".to_owned(),
    }
}

/// Returns the candidate that is a slip of the fingers away from the text.
fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if text.len() > 64 {
        return None;
    }
    let budget = (text.chars().count() / 3).min(3);
    let measured = candidates.map(|candidate| (distance(text, candidate), candidate));
    measured.filter(|(far, _)| *far <= budget).min_by_key(|(far, _)| *far).map(|(_, candidate)| candidate)
}

/// Returns how many insertions, deletions and replacements lie between two texts.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_the_order_of_the_file() {
        let paths: Vec<_> = all().iter().map(|key| key.path.as_str()).collect();
        assert_eq!(paths[..3], ["mode", "framing", "testing"]);
        assert!(paths.contains(&"listen.public") && paths.contains(&"log.format"));
        assert_eq!(find("stream.cors_origins").expect("known").variable(), "SSECTLD_STREAM__CORS_ORIGINS");
    }

    #[test]
    fn advice_names_what_was_meant() {
        assert_eq!(advice("listen.pubic"), "did you mean listen.public?");
        assert_eq!(advice("lisen.public"), "did you mean listen.public?");
        assert_eq!(advice("heartbeat"), "did you mean stream.heartbeat?");
        assert_eq!(
            advice("listen"),
            "listen is a section: set one of listen.public, listen.internal, listen.hosts"
        );
        assert_eq!(advice("colour"), "`ssectld config show` lists every key");
        assert_eq!(advice(""), "`ssectld config show` lists every key");
    }

    #[test]
    fn distances_are_counted() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
