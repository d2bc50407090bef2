//! What a command says of its progress: `::progress 0.4 text` on a line of its own, or a percentage in a line.
//!
//! A percentage counts only where it can hardly mean something else: a number of 0 to 100 with `%` right after it, not
//! part of a word, and the only one in its line.

use crate::text::unadorned;

/// Longer lines are read up to here; what follows is passed on and not looked at.
const MAX_LINE: usize = 4096;
/// The longest text that browsers are told, in characters.
const MAX_TEXT: usize = 200;
const SPOKEN: &str = "::progress";

/// How far the command is, and what it is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mark {
    pub(super) value: Option<f64>,
    pub(super) text: Option<String>,
}

/// Cuts output into lines, at `\n` and at `\r`, with which progress bars begin anew.
#[derive(Default)]
pub(super) struct Lines {
    line: Vec<u8>,
}

impl Lines {
    /// Takes output, and gives each line that it completes.
    pub(super) fn push(&mut self, output: &[u8], mut each: impl FnMut(&str)) {
        for part in output.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let ends = part.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r'));
            let content = if ends { &part[..part.len() - 1] } else { part };
            let room = MAX_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&content[..content.len().min(room)]);
            if ends {
                if !self.line.is_empty() {
                    each(&unadorned(&String::from_utf8_lossy(&self.line)));
                }
                self.line.clear();
            }
        }
    }
}

/// Reads a `::progress` line: a share (`0.4`) or a percentage (`40%`), then perhaps a text.
pub(super) fn spoken(line: &str) -> Option<Mark> {
    let rest = line.strip_prefix(SPOKEN)?;
    let rest = rest.strip_prefix(' ')?.trim();
    let (number, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let value = match number.strip_suffix('%') {
        Some(percent) => share(percent.parse().ok()?, 100.0)?,
        None => share(number.parse().ok()?, 1.0)?,
    };
    Some(Mark { value: Some(value), text: said(text) })
}

/// Finds the one percentage of a line.
pub(super) fn percentage(line: &str) -> Option<f64> {
    let mut all = line.match_indices('%');
    let ((at, _), None) = (all.next()?, all.next()) else { return None };
    let before = &line[..at];
    let start = before
        .rfind(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map_or(0, |last| last + before[last..].chars().next().map_or(0, char::len_utf8));
    let part_of_a_word =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | ',' | '.' | '%' | '$');
    let alone = !before[..start].ends_with(part_of_a_word)
        && !line[at + 1..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let number = &before[start..];
    let plain = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
    if alone && plain { share(number.parse().ok()?, 100.0) } else { None }
}

/// Returns a line as browsers may be told it; none if nothing is left of it.
pub(super) fn said(line: &str) -> Option<String> {
    let text = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cut: String = text.chars().take(MAX_TEXT).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    (!cut.is_empty()).then_some(cut)
}

fn share(number: f64, whole: f64) -> Option<f64> {
    (0.0..=whole).contains(&number).then_some(number / whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_percentage_is_one_only_where_it_can_hardly_be_anything_else() {
        for (line, value) in [
            ("42%", 0.42),
            ("  3% done", 0.03),
            ("Receiving objects:  45% (123/456)", 0.45),
            ("[=====>    ] 12.5%", 0.125),
            ("copied 1,234,567  100%  1.23MB/s", 1.0),
            ("progress=7%", 0.07),
            ("(0%)", 0.0),
            ("50%, 3 left", 0.5),
        ] {
            assert_eq!(percentage(line), Some(value), "{line}");
        }
        for line in [
            "no number",
            "%",
            "101%",
            "-5%",
            "cpu 40% mem 20%",
            "a50%",
            "50%s",
            "http://x/?q=%20",
            "1,50%",
            "1.2.3%",
            ".5%",
            "5.%",
            "100%%",
            "v1.50%20",
            "٤٢%",
        ] {
            assert_eq!(percentage(line), None, "{line}");
        }
    }

    #[test]
    fn a_line_of_its_own_says_how_far_it_is_and_what_it_does() {
        let mark =
            |value, text: Option<&str>| Some(Mark { value: Some(value), text: text.map(str::to_owned) });
        assert_eq!(spoken("::progress 0.4 copying  rows"), mark(0.4, Some("copying rows")));
        assert_eq!(spoken("::progress 40%"), mark(0.4, None));
        assert_eq!(spoken("::progress 1"), mark(1.0, None));
        for line in [
            "::progress",
            "::progress ",
            "::progress x",
            "::progress 1.5",
            "::progress NaN",
            " ::progress 1",
            "::progressive 1",
            "::progress -0.1",
            "::progress 140%",
        ] {
            assert_eq!(spoken(line), None, "{line}");
        }
    }

    #[test]
    fn what_browsers_are_told_is_short() {
        assert_eq!(said(" \t "), None);
        assert_eq!(said(&"ä".repeat(1000)).expect("a text").chars().count(), MAX_TEXT + 1);
    }

    proptest! {
        /// Lines do not depend on how the output is cut, and nothing that a terminal would obey is left in them.
        #[test]
        fn lines_are_the_same_however_they_come(output in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..300) {
            let read = |parts: &[&[u8]]| {
                let (mut lines, mut all) = (Lines::default(), Vec::new());
                for part in parts {
                    lines.push(part, |line| all.push(line.to_owned()));
                }
                all
            };
            let (first, second) = output.split_at(cut.min(output.len()));
            let whole = read(&[&output]);
            prop_assert_eq!(&whole, &read(&[first, second]));
            for line in whole {
                prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
                let _ = (spoken(&line), percentage(&line), said(&line));
            }
        }

        #[test]
        fn any_line_is_read_without_harm(line in ".{0,40}%?.{0,10}") {
            if let Some(value) = percentage(&line).or_else(|| spoken(&line).and_then(|mark| mark.value)) {
                prop_assert!((0.0..=1.0).contains(&value));
            }
        }
    }
}
