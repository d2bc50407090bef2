//! What can be wrong with the settings, in words that say where and what to write instead.

use std::{fmt, io, ops::Range, path::PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The file, at this line.
    File {
        /// The file.
        path: PathBuf,
        /// The line of the key, counted from 1.
        line: usize,
    },
    /// A variable.
    Variable(String),
    /// An argument: `--set` or `--socket`.
    Argument(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Argument(flag) => f.write_str(flag),
        }
    }
}

/// Why there are no settings to run with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the config file {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file says something that cannot be.
    #[error("{message}\n{excerpt}")]
    InFile {
        /// What is wrong.
        message: String,
        /// The place in the file, drawn.
        excerpt: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A variable or an argument says something that cannot be.
    #[error("{origin}: {message}")]
    Outside {
        /// Which.
        origin: Origin,
        /// What is wrong.
        message: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// Every value is well formed, but they cannot run a daemon.
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Invalid(Vec<Problem>),
}

impl ConfigError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => {
                Some("name another with --config FILE, or none: no file is needed".to_owned())
            }
            Self::InFile { hint, .. } | Self::Outside { hint, .. } => hint.clone(),
            Self::Invalid(_) => {
                Some("`ssectld config show` prints every value and where it is from".to_owned())
            }
        }
    }
}

/// One value that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting.
    pub key: &'static str,
    /// Where its value is from.
    pub origin: Origin,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.origin, self.message)
    }
}

/// Draws a place in a file: its name, line and column, the line, and marks below the place.
pub(super) fn excerpt(file: &str, text: &str, span: Range<usize>) -> String {
    let start = floor(text, span.start);
    let line = line_of(text, start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let content: String = text[line_start..].split('\n').next().unwrap_or_default().chars().collect();
    let content: String = content.chars().map(|c| if c.is_control() { ' ' } else { c }).take(160).collect();
    let column = text[line_start..start].chars().count();
    let shown = content.chars().count().saturating_sub(column);
    let end = floor(text, span.end).max(start);
    let width = text[start..end].chars().count().min(shown).max(1);
    let gutter = " ".repeat(line.to_string().len());
    let marks = if column <= 160 { " ".repeat(column) + &"^".repeat(width) } else { "…".to_owned() };
    format!("{gutter}--> {file}:{line}:{}\n{gutter} |\n{line} | {content}\n{gutter} | {marks}", column + 1)
}

/// Returns the number of the line of a place, counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Returns the nearest place at or before this one that is not inside a character.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_drawn() {
        let text = "mode = \"embedded\"\nlisen = 1\n";
        assert_eq!(excerpt("a.toml", text, 18..23), " --> a.toml:2:1\n  |\n2 | lisen = 1\n  | ^^^^^",);
        assert_eq!(excerpt("a.toml", "", 0..0), " --> a.toml:1:1\n  |\n1 | \n  | ^");
    }

    #[test]
    fn any_place_can_be_drawn() {
        for at in 0..20 {
            for end in 0..20 {
                excerpt("f", "ä\n\u{1b}[0m\rö€\n", at..end);
            }
        }
    }
}
