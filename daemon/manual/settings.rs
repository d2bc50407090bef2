//! `ssectld.toml(5)`: the settings, from those that the program has and the words of the file that is shipped.

use std::collections::BTreeMap;

use ssectl_core::config::{self, ENVIRONMENT_PREFIX, Key};

use super::see_others;
use crate::generate::page::Page;

/// Every key with its explanation.
const SHIPPED: &str = include_str!("../../dist/ssectld.toml");

/// Returns the page.
pub(super) fn page() -> Page {
    let mut page = Page::new("ssectld.toml", "5", "settings of ssectld");
    page.section("SYNOPSIS").usage("/etc/ssectld/ssectld.toml", "");
    description(&mut page);
    page.section("SETTINGS");
    let said = Said::read(SHIPPED);
    let mut present = None;
    for key in config::all_keys() {
        let (section, name) = key.parts();
        if present != Some(section) {
            present = Some(section);
            begin_section(&mut page, &said, section);
        }
        setting(&mut page, &said, key, name);
    }
    page.section("ENVIRONMENT");
    page.item(
        &format!("{ENVIRONMENT_PREFIX}SECTION__KEY"),
        "Sets a key: `SSECTLD_LISTEN__PUBLIC` for `public` in `[listen]`, `SSECTLD_MODE` for `mode`. Lists are \
         written as in the file: `SSECTLD_STREAM__CORS_ORIGINS='[\"https://app.example.org\"]'`.",
    );
    page.item(
        "CREDENTIALS_DIRECTORY",
        "Where secret files are looked for that are named by a relative path or not at all.",
    );
    page.section("FILES").item(
        "/etc/ssectld/ssectld.toml",
        "The file of a packaged daemon, which its unit names with `--config`. Without `--config` no file is read.",
    );
    page.examples(EXAMPLES);
    see_others(&mut page, "ssectld.toml(5)");
    page
}

fn description(page: &mut Page) {
    page.section("DESCRIPTION");
    for paragraph in [
        "`ssectld` needs no file: each setting has a default, and the defaults are a daemon on loopback that holds \
         the browsers' streams itself. A file is TOML; a key that is unknown is an error, and so is a value of the \
         wrong kind. `ssectld config check` checks a file, `ssectld config show` prints every value and where it \
         is from.",
        "Stronger than the file are variables, and stronger than those is `--set KEY=VALUE`, where a key is written \
         with its section: `--set listen.public=127.0.0.1:0`.",
        "Durations are written as `250ms`, `15s`, `5m`, `24h` or `2d`, sizes in bytes, addresses as \
         `127.0.0.1:8090` or `[::1]:8090`; port 0 is any free one, and `ssectl status` says which.",
        "`ssectl daemon reload`, or SIGHUP, reads the settings again. All are checked first; if anything is wrong, \
         nothing changes. Those that say so below hold at once, the others after a restart.",
    ] {
        page.paragraph(paragraph);
    }
}

fn begin_section(page: &mut Page, said: &Said<'_>, section: &str) {
    if section.is_empty() {
        page.part("At the top of the file");
    } else {
        page.part(&format!("[{section}]"));
    }
    let about = said.of(section);
    if !about.is_empty() {
        page.paragraph(&about);
    }
}

fn setting(page: &mut Page, said: &Said<'_>, key: &Key, name: &str) {
    page.item_with(name, &format!(" = {}", key.default_text()), &said.of(&key.path));
    let when = if key.holds_at_once() { "Holds at once after a reload. " } else { "" };
    page.continued(&format!("{when}Variable: `{}`", key.variable()));
}

/// Returns a comment as a sentence; a word of the file that it begins with, `named: …`, stays as it is.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let word = text.find([':', ' ']).unwrap_or(text.len());
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !text[word..].starts_with(':') => {
            format!("{}{}.", first.to_uppercase(), chars.as_str())
        }
        _ => format!("{text}."),
    }
}

/// What the file says of each key, and of each section: texts of one sentence or more.
struct Said<'a>(BTreeMap<&'a str, Vec<String>>);

impl<'a> Said<'a> {
    /// Reads the comments. One beside a key or a section is about that, with the lines that go on below it. One on
    /// lines of its own is about the section where it follows its head, else about the key below.
    fn read(file: &'a str) -> Self {
        let mut said = BTreeMap::<&str, Vec<String>>::new();
        let (mut section, mut about) = ("", None);
        let mut ahead = Vec::new();
        for line in file.lines().skip_while(|line| line.starts_with('#')) {
            let (code, comment) = split(line);
            let alone = line.starts_with('#');
            if alone && about != Some(section) {
                ahead.push(comment);
                continue;
            }
            let code = code.trim();
            if code.starts_with('[') {
                section = code.trim_matches(['[', ']']);
                about = Some(section);
            } else if let Some((name, _)) = code.split_once(" = ") {
                about = known(section, name);
            }
            let texts = said.entry(about.unwrap_or_default()).or_default();
            if !ahead.is_empty() {
                texts.push(std::mem::take(&mut ahead).join(" "));
            }
            match texts.last_mut() {
                Some(text) if code.is_empty() && !comment.is_empty() => *text = format!("{text} {comment}"),
                _ if !comment.is_empty() => texts.push(comment.to_owned()),
                _ => {}
            }
        }
        Self(said)
    }

    /// Returns what it says, in sentences.
    fn of(&self, subject: &str) -> String {
        let texts = self.0.get(subject).into_iter().flatten();
        texts.map(|text| sentence(text)).collect::<Vec<_>>().join(" ")
    }
}

/// Returns the key of this name as it is spelled with its section.
fn known(section: &str, name: &str) -> Option<&'static str> {
    config::all_keys().iter().find(|key| key.parts() == (section, name)).map(|key| key.path.as_str())
}

/// Splits a line where its comment begins; values have no `#`.
fn split(line: &str) -> (&str, &str) {
    line.split_once('#').map_or((line, ""), |(code, comment)| (code, comment.trim()))
}

/// Each is a file that the tests check with `ssectld config check`.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "demo = false\n\
         \n\
         [listen]\n\
         hosts = [\"app.example.org\"]\n\
         \n\
         [stream]\n\
         trusted_proxies = [\"127.0.0.1\"]\n\
         per_ip = 50",
        "Behind a proxy on the same machine that passes on the name it was asked for",
    ),
    (
        "mode = \"gateway\"\n\
         frontend_version_url = \"http://127.0.0.1:3000/version.json\"\n\
         \n\
         [gateway]\n\
         url = \"http://127.0.0.1:3001\"",
        "Behind an SSE gateway",
    ),
    (
        "[publish]\n\
         token_file = \"/etc/ssectld/publish.token\"\n\
         \n\
         [access]\n\
         readers = [\"@monitoring\"]\n\
         publishers = [\"deploy\"]",
        "Backends publish with a token, a user deploys, a group looks",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_explained() {
        let said = Said::read(SHIPPED);
        for key in config::all_keys() {
            assert!(said.0.contains_key(key.path.as_str()), "dist/ssectld.toml explains no {}", key.path);
        }
        assert!(said.of("callback").starts_with("Secret files have one secret"));
        assert!(said.of("listen.hosts").ends_with("\"*\" also."), "a comment that goes on below");
        assert_eq!(said.of("listen"), "Sockets that systemd hands over win over these.");
        assert!(said.of("stream.history_events").starts_with("Events kept for browsers that come back"));
        assert!(said.of("mode").starts_with("embedded: ssectld holds"));
    }
}
