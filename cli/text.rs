//! Text for people: what others wrote is made harmless, spans of time are made short.

use std::fmt::Write;

use jiff::Timestamp;

/// Returns the text with everything escaped that could move the cursor, hide or reorder: control characters
/// (C0, C1), line and paragraph separators, bidirectional overrides, zero-width characters.
pub(crate) fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.extend(c.escape_default()),
            c if is_treacherous(c) => {
                // Writing to a string does not fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Returns JSON that means the same, with everything escaped in it that [`harmless`] would escape.
pub(crate) fn harmless_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        // Line ends and tabs are between its parts: within strings they are escaped already.
        if matches!(c, '\n' | '\r' | '\t') || !is_treacherous(c) {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(safe, "\\u{unit:04x}");
        }
    }
    safe
}

/// Returns what is left of a line without what only a terminal understands: colours, cursor movements, and everything
/// that [`harmless`] would escape.
pub(crate) fn unadorned(line: &str) -> String {
    let plain = anstream::adapter::strip_str(line).to_string();
    plain.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !is_treacherous(*c)).collect()
}

fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns a span of time by its two largest units: `2h 30m`.
pub(crate) fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let pair = |large: i64, unit: &str, small: i64, smaller: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit} {small}{smaller}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => pair(minutes, "m", rest, "s"),
        (0, _, _) => pair(hours, "h", minutes, "m"),
        _ => pair(days, "d", hours, "h"),
    }
}

/// Returns a short span of time, which may be less than nothing: `30ms`, `-1.2s`.
pub(crate) fn delay(ms: i64) -> String {
    match ms.unsigned_abs() {
        0..1000 => format!("{ms}ms"),
        tenths @ 1000..60_000 => {
            let sign = if ms < 0 { "-" } else { "" };
            format!("{sign}{}.{}s", tenths / 1000, tenths % 1000 / 100)
        }
        _ if ms < 0 => format!("-{}", span(ms.saturating_neg())),
        _ => span(ms),
    }
}

/// Returns a number of bytes as filters take it, in three digits: `999`, `12.3k`, `4M`.
pub(crate) fn bytes(number: u64) -> String {
    let units = [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)];
    let Some((unit, size)) = units.into_iter().find(|(_, size)| number >= *size) else {
        return number.to_string();
    };
    let (whole, tenth) = (number / size, number % size * 10 / size);
    if whole >= 100 || tenth == 0 { format!("{whole}{unit}") } else { format!("{whole}.{tenth}{unit}") }
}

/// Returns how long ago that was.
pub(crate) fn since(then: Timestamp) -> String {
    span(Timestamp::now().as_millisecond() - then.as_millisecond())
}

/// Returns how long ago that was, and the moment itself, to the second.
pub(crate) fn when(then: Timestamp) -> String {
    format!("{} ago, {}", since(then), moment(then))
}

/// Returns a moment to the second.
pub(crate) fn moment(then: Timestamp) -> String {
    Timestamp::from_second(then.as_second()).unwrap_or(then).to_string()
}

/// Returns the hour of a moment, to the second.
pub(crate) fn hour(then: Timestamp) -> String {
    let moment = moment(then);
    moment.split_once('T').map_or_else(|| moment.clone(), |(_, hour)| hour.to_owned())
}

/// Returns `1 connection`, `2 connections`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Returns how many connections, and of which member of a cluster, if it is one.
pub(crate) fn connections(number: usize, member: Option<&str>) -> String {
    let connections = count(number, "connection");
    member.map_or(connections.clone(), |member| format!("{connections} of {}", harmless(member)))
}

/// Returns a share as percent.
pub(crate) fn percent(value: f64) -> String {
    format!("{:.0}%", value * 100.0)
}

/// Returns an argument as a shell takes it.
pub(crate) fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

/// Returns the command that was typed with a key, so that typing it again repeats the order.
pub(crate) fn repetition(arguments: impl Iterator<Item = String>, key: &str) -> String {
    let mut words: Vec<String> = arguments.skip(1).collect();
    let is_key = |word: &String| {
        ["--key", "--deploy-id"]
            .iter()
            .any(|flag| word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')))
    };
    let options = words.iter().position(|word| word == "--").unwrap_or(words.len());
    if !words[..options].iter().any(is_key) {
        words.splice(options..options, ["--key".to_owned(), key.to_owned()]);
    }
    let words = words.iter().map(|word| quoted(word));
    std::iter::once("ssectl".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_fool_a_terminal_is_escaped() {
        assert_eq!(harmless("plain ä 日本 🎉"), "plain ä 日本 🎉");
        assert_eq!(harmless("a\u{1b}[31m\n\tb"), r"a\u{1b}[31m\n\tb");
        assert_eq!(harmless_json("\"\u{9b}\u{e0001}é\"\n"), "\"\\u009b\\udb40\\udc01é\"\n");
        assert_eq!(harmless("\u{9b}\u{7f}\u{202e}\u{200b}\u{2066}"), r"\u{9b}\u{7f}\u{202e}\u{200b}\u{2066}");
    }

    proptest! {
        #[test]
        fn nothing_treacherous_is_left(text in any::<String>()) {
            prop_assert!(!harmless(&text).chars().any(is_treacherous));
        }

        #[test]
        fn harmless_json_is_harmless_and_means_the_same(text in any::<String>()) {
            let value = serde_json::json!({ "text": text });
            let json = harmless_json(&serde_json::to_string_pretty(&value).expect("JSON"));
            prop_assert!(!json.replace('\n', "").chars().any(is_treacherous));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json).expect("JSON"), value);
        }
    }

    #[test]
    fn spans_have_two_units() {
        let spans = [
            (-5, "0s"),
            (999, "0s"),
            (59_000, "59s"),
            (60_000, "1m"),
            (61_000, "1m 1s"),
            (9_000_000, "2h 30m"),
            (86_400_000, "1d"),
            (90_000_000, "1d 1h"),
        ];
        for (ms, text) in spans {
            assert_eq!(span(ms), text);
        }
    }

    #[test]
    fn bytes_are_short() {
        let sizes = [
            (0, "0"),
            (999, "999"),
            (1000, "1k"),
            (12_345, "12.3k"),
            (999_999, "999k"),
            (4_000_000, "4M"),
            (7_250_000_000, "7.2G"),
        ];
        for (number, text) in sizes {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn moments_are_told_to_the_second() {
        let then: Timestamp = "2026-01-02T03:04:05.678901Z".parse().expect("valid");
        assert!(when(then).ends_with(" ago, 2026-01-02T03:04:05Z"), "{}", when(then));
        assert_eq!(hour(then), "03:04:05Z");
    }

    #[test]
    fn the_repetition_can_be_typed() {
        let typed = |words: &[&str]| repetition(words.iter().map(|word| (*word).to_owned()), "k1");
        assert_eq!(
            typed(&["/usr/bin/ssectl", "version", "queue", "it's 1", "--changelog", ""]),
            r"ssectl version queue 'it'\''s 1' --changelog '' --key k1"
        );
        assert_eq!(typed(&["ssectl", "x", "--key=mine"]), "ssectl x --key=mine");
        assert_eq!(typed(&["ssectl", "x", "--deploy-id", "mine"]), "ssectl x --deploy-id mine");
        assert_eq!(typed(&["ssectl", "x", "--", "--key"]), "ssectl x --key k1 -- --key");
        assert_eq!(typed(&["ssectl", "x", "--keyboard"]), "ssectl x --keyboard --key k1");
    }
}
