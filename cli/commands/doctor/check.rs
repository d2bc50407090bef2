//! What was looked at, and what came of it.

use anstyle::{AnsiColor, Style};
pub(super) use ssectl_core::control::types::{Check, Verdict};

use crate::{error::CliError, text::harmless};

fn name(result: Verdict) -> &'static str {
    match result {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
        Verdict::Skipped => "skipped",
    }
}

fn style(result: Verdict) -> Style {
    let colour = match result {
        Verdict::Ok => AnsiColor::Green,
        Verdict::Warn => AnsiColor::Yellow,
        Verdict::Fail => return Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
        Verdict::Skipped => return Style::new().dimmed(),
    };
    Style::new().fg_color(Some(colour.into()))
}

/// Returns the failure that an error of a command is.
pub(super) fn failure(check: &str, error: CliError) -> Check {
    let CliError { message, cause, hint, .. } = error;
    let message = cause.map_or_else(|| message.clone(), |cause| format!("{message}: {cause}"));
    Check { hint, ..Check::fail(check, message) }
}

const GAP: usize = 2;
const LONGEST_VERDICT: usize = "skipped".len();

/// Returns the checks for people: a line for each, its hint below it, broken to fit where there is a width.
pub(super) fn render(checks: &[Check], width: Option<usize>) -> String {
    let names = checks.iter().map(|check| check.check.len()).max().unwrap_or(0) + GAP;
    let margin = LONGEST_VERDICT + GAP + names;
    let mut text = String::new();
    for Check { check, result, message, hint } in checks {
        let style = style(*result);
        let verdict = name(*result);
        let space = " ".repeat(LONGEST_VERDICT + GAP - verdict.len());
        let lines = wrapped(&harmless(message), width, margin);
        text += &format!("{style}{verdict}{style:#}{space}{check:<names$}{lines}\n");
        if let Some(hint) = hint {
            let hint = wrapped(&format!("hint: {}", harmless(hint)), width, margin);
            text += &format!("{:margin$}{hint}\n", "");
        }
    }
    text
}

/// Breaks a text between words, so that it fits beside a margin.
fn wrapped(text: &str, width: Option<usize>, margin: usize) -> String {
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(margin).max(20));
    let (mut lines, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            lines += &format!("\n{:margin$}", "");
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines += word;
        used += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn each_has_a_line_and_its_hint_below_it_within_the_width() {
        let checks = [
            Check::ok("socket", "/run/ssectld/control.sock"),
            Check::fail(
                "group",
                "a\u{1b}[2Jlice is not in the group ssectld-operators, which the socket is for",
            )
            .hint("sudo usermod -aG ssectld-operators alice"),
        ];
        let plain = |width| anstream::adapter::strip_str(&render(&checks, width)).to_string();
        assert_eq!(
            plain(None),
            "ok       socket  /run/ssectld/control.sock\n\
             fail     group   a\\u{1b}[2Jlice is not in the group ssectld-operators, which the socket is for\n\
             \u{20}                hint: sudo usermod -aG ssectld-operators alice\n"
        );
        let narrow = plain(Some(60));
        assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
        assert!(narrow.lines().skip(2).all(|line| line.starts_with(&" ".repeat(17))), "{narrow}");
    }

    #[test]
    fn an_error_keeps_its_three_parts() {
        let error = CliError::new(Exit::Unreachable, "no").cause(&"because").hint("type this");
        assert_eq!(failure("daemon", error), Check::fail("daemon", "no: because").hint("type this"));
    }
}
