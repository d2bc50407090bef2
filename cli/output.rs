//! Everything that is printed: answers on stdout, the rest on stderr.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use ssectl_core::control::types::{Complained, Complaint};

use crate::{
    args::{Color, Format, Options},
    error::CliError,
    exit::Exit,
    text::{harmless, harmless_json},
};

/// Prints answers.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    verbose: bool,
    color: Color,
}

/// The three forms of an answer; only the one that is asked for is made.
pub(crate) struct Forms<'a> {
    /// The daemon's JSON.
    pub(crate) json: &'a str,
    /// Bare ids.
    pub(crate) names: &'a dyn Fn() -> Vec<String>,
    /// For people.
    pub(crate) table: &'a dyn Fn(Option<usize>) -> String,
}

impl Output {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            format: options.format(),
            quiet: options.quiet,
            verbose: options.verbose,
            color: options.color,
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Prints an answer in the form that was asked for.
    pub(crate) fn answer(&self, forms: &Forms<'_>) -> Result<(), CliError> {
        self.answer_or(forms, Exit::Ok)
    }

    /// Prints an answer in the form that was asked for. A reader that went away ends the command with this exit code.
    pub(crate) fn answer_or(&self, forms: &Forms<'_>, closed: Exit) -> Result<(), CliError> {
        let text = match self.format {
            Format::Json => pretty(forms.json),
            Format::Jsonl => lines(forms.json),
            Format::Name => (forms.names)().iter().map(|name| harmless(name) + "\n").collect(),
            Format::Table | Format::Wide => (forms.table)(terminal_width()),
        };
        self.print(&text, closed)
    }

    /// Writes to stdout. A reader that went away ends the command quietly, with this exit code.
    pub(crate) fn print(&self, text: &str, closed: Exit) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(CliError::new(closed, "")),
            Err(error) => Err(CliError::new(Exit::Failed, "cannot write to stdout").cause(&error)),
        }
    }

    /// Returns a text with its colours, or without where none are wanted.
    pub(crate) fn painted(&self, text: &str) -> String {
        if self.colours() { text.to_owned() } else { anstream::adapter::strip_str(text).to_string() }
    }

    /// Returns whether answers are coloured.
    pub(crate) fn colours(&self) -> bool {
        match self.color {
            Color::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        }
    }

    /// Says something beside the answer, on stderr.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }

    /// Says how the answer came about, with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            complain(text);
        }
    }

    /// Passes on the daemon's warnings; in JSON they are part of the answer.
    pub(crate) fn warn(&self, warnings: &[String]) {
        if !self.format.is_json() {
            for warning in warnings {
                self.note(&format!("warning: {}", harmless(warning)));
            }
        }
    }

    /// Returns whether progress may be drawn.
    pub(crate) fn draws(&self) -> bool {
        matches!(self.format, Format::Table | Format::Wide) && !self.quiet && io::stderr().is_terminal()
    }
}

/// Writes a line to stderr.
pub(crate) fn complain(text: &str) {
    // Nobody to tell when this fails.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes to stdout what nobody misses when it cannot be written.
pub(crate) fn tell(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Returns JSON for a reader: indented on a terminal, one line otherwise; harmless to a terminal in any case.
fn pretty(json: &str) -> String {
    let indented =
        || serde_json::from_str::<Value>(json).and_then(|value| serde_json::to_string_pretty(&value));
    let text = if io::stdout().is_terminal() { indented().ok() } else { None };
    harmless_json(&text.unwrap_or_else(|| json.trim_end().to_owned())) + "\n"
}

/// Returns the items alone, each on a line with the kind of thing that it is.
fn lines(json: &str) -> String {
    let mut answer: Value = serde_json::from_str(json).unwrap_or_default();
    let schema = answer["schema"].as_str().unwrap_or_default();
    let kind = schema.strip_prefix("ssectl/").unwrap_or(schema);
    let one = kind.strip_suffix("s.list").or_else(|| kind.strip_suffix(".list"));
    let kind = Value::from(one.unwrap_or(kind));
    let items = match answer["items"].take() {
        Value::Array(items) => items,
        _ => vec![answer["item"].take()],
    };
    let line = |item| {
        let mut fields = serde_json::Map::from_iter([("type".to_owned(), kind.clone())]);
        if let Value::Object(item) = item {
            fields.extend(item);
        }
        harmless_json(&format!("{}\n", Value::Object(fields)))
    };
    items.into_iter().map(line).collect()
}

/// Returns the width to fit, `None` where stdout is no terminal.
#[allow(clippy::disallowed_methods, reason = "COLUMNS is a property of the terminal, not a setting")]
pub(crate) fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    columns.filter(|columns| *columns > 0).or_else(of_terminal)
}

/// Reports why a command did not do what it was asked to.
pub(crate) fn report(error: &CliError, options: &Options) {
    if error.message.is_empty() {
        return;
    }
    let choice = match options.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    let text = if options.format().is_json() { in_json(error) } else { in_words(error) };
    let mut stderr = anstream::AutoStream::new(io::stderr(), choice);
    // Nobody to tell when this fails.
    let _ = stderr.write_all(text.as_bytes());
}

fn in_words(error: &CliError) -> String {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let bold = Style::new().bold();
    let part = |style: Style, name: &str, text: &str| format!("{style}{name}:{style:#} {}\n", harmless(text));
    let mut lines = part(red, "error", &error.message);
    if let Some(cause) = &error.cause {
        lines += &part(bold, "cause", cause);
    }
    if let Some(hint) = &error.hint {
        lines += &part(bold, "hint", hint);
    }
    lines
}

/// Returns the error as a line of JSON.
pub(crate) fn in_json(error: &CliError) -> String {
    let CliError { exit, message, cause, hint } = error.clone();
    let error = Complained { code: exit.name().to_owned(), exit: exit as u8, message, cause, hint };
    // Plain data with string keys: it always encodes.
    let line = serde_json::to_string(&Complaint { error }).unwrap_or_default();
    harmless_json(&(line + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_alone_are_lines_that_say_what_they_are() {
        let list = r#"{"schema":"ssectl/connections.list","items":[{"a":1},{"a":"\u202e"}]}"#;
        assert_eq!(
            lines(list),
            "{\"type\":\"connection\",\"a\":1}\n{\"type\":\"connection\",\"a\":\"\\u202e\"}\n"
        );
        assert_eq!(
            lines(r#"{"schema":"ssectl/receipt","item":{"a":1}}"#),
            "{\"type\":\"receipt\",\"a\":1}\n"
        );
        assert_eq!(
            lines(r#"{"schema":"ssectl/audit.list","items":[{"a":1}]}"#),
            "{\"type\":\"audit\",\"a\":1}\n"
        );
        assert_eq!(lines(r#"{"schema":"ssectl/tasks.list","items":[]}"#), "");
    }

    #[test]
    fn an_error_has_three_parts() {
        let error = CliError::new(Exit::Unreachable, "no\u{1b}[2J").cause(&"because").hint("type this");
        let plain = anstream::adapter::strip_str(&in_words(&error)).to_string();
        assert_eq!(plain, "error: no\\u{1b}[2J\ncause: because\nhint: type this\n");
        let value: Value = serde_json::from_str(&in_json(&error)).expect("JSON");
        assert_eq!(value["error"]["exit"], 4);
        assert_eq!(value["error"]["code"], "unreachable");
        assert_eq!(value["error"]["hint"], "type this");
        let bare: Value = serde_json::from_str(&in_json(&CliError::usage("x"))).expect("JSON");
        assert!(bare["error"].get("cause").is_none());
    }
}
