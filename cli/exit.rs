//! Exit codes: a contract with scripts.

use std::process::ExitCode;

use ssectl_core::control::types::ErrorCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// Refused or failed for a reason that is none of those below.
    Failed = 1,
    /// Wrong arguments.
    Usage = 2,
    /// The thing that was named does not exist.
    NotFound = 3,
    /// The daemon cannot be reached: proven that nothing was sent.
    Unreachable = 4,
    /// The caller may not.
    Denied = 5,
    /// It contradicts what is.
    Conflict = 6,
    /// The outcome is unknown: no answer after something was sent, or the daemon does not know it either; or what was
    /// waited for did not come in time.
    NoAnswer = 7,
    /// Done for some, not for others.
    Partial = 8,
    /// The daemon's answer is not understood.
    Skew = 9,
    /// The question was answered no: the task failed, for example.
    Negative = 10,
    /// The command of `task run` cannot be executed.
    CannotExecute = 126,
    /// There is no command of that name.
    NoCommand = 127,
    /// Ctrl-C.
    Interrupted = 130,
    /// The reader of the output is gone, and the outcome is not known.
    Pipe = 141,
}

/// The same, for `--help` and the manual.
pub(crate) const TABLE: &[(&str, &str)] = &[
    ("0", "done"),
    ("1", "refused, or failed for a reason that is none of those below"),
    ("2", "wrong arguments"),
    ("3", "the thing that was named does not exist"),
    ("4", "the daemon cannot be reached: nothing was sent, repeat as you like"),
    ("5", "not allowed"),
    ("6", "conflict with what is, a key used for another order for example"),
    (
        "7",
        "outcome unknown, repeat it with the same key: no answer to what was sent, or writing the state failed; what was waited for did not come in time",
    ),
    ("8", "done for some, not for others"),
    ("9", "the daemon's answer is not understood: its version is another one"),
    ("10", "the answer is no: the followed task failed, for example"),
    ("126", "task run: the command cannot be executed; else its own code, 128 and more for signals"),
    ("127", "task run: there is no such command"),
    ("130", "interrupted (Ctrl-C)"),
    ("141", "the reader of the output went away before the outcome was known"),
];

/// Returns the table for `--help`.
pub(crate) fn help() -> String {
    let lines = TABLE.iter().map(|(code, meaning)| format!("{code:>5}  {meaning}\n"));
    format!("Exit status:\n{}", lines.collect::<String>())
}

impl Exit {
    /// Returns the name in JSON errors.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::Unreachable => "unreachable",
            Self::Denied => "denied",
            Self::Conflict => "conflict",
            Self::NoAnswer => "no_answer",
            Self::Partial => "partial",
            Self::Skew => "skew",
            Self::Negative => "negative",
            Self::CannotExecute => "cannot_execute",
            Self::NoCommand => "no_command",
            Self::Interrupted => "interrupted",
            Self::Pipe => "closed_pipe",
        }
    }
}

impl From<ErrorCode> for Exit {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Invalid | ErrorCode::TooLarge => Self::Usage,
            ErrorCode::Denied => Self::Denied,
            ErrorCode::NotFound => Self::NotFound,
            ErrorCode::Conflict => Self::Conflict,
            ErrorCode::Unreachable => Self::Unreachable,
            ErrorCode::OutcomeUnknown => Self::NoAnswer,
            ErrorCode::Refused | ErrorCode::Internal | ErrorCode::Unknown => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_same_table() {
        let readme = include_str!("../README.md");
        for (code, meaning) in TABLE {
            let row = format!("\n| {code} | {meaning} |\n");
            assert!(readme.contains(&row), "README.md lacks{row}");
        }
    }

    #[test]
    fn every_refusal_has_its_code() {
        let codes = [
            (ErrorCode::Invalid, 2),
            (ErrorCode::TooLarge, 2),
            (ErrorCode::Denied, 5),
            (ErrorCode::NotFound, 3),
            (ErrorCode::Conflict, 6),
            (ErrorCode::Refused, 1),
            (ErrorCode::Unreachable, 4),
            (ErrorCode::Internal, 1),
            (ErrorCode::OutcomeUnknown, 7),
            (ErrorCode::Unknown, 1),
        ];
        for (code, number) in codes {
            assert_eq!(Exit::from(code) as u8, number, "{code:?}");
        }
    }

    #[test]
    fn the_table_lists_every_code() {
        use Exit::*;
        let all = [
            Ok,
            Failed,
            Usage,
            NotFound,
            Unreachable,
            Denied,
            Conflict,
            NoAnswer,
            Partial,
            Skew,
            Negative,
            CannotExecute,
            NoCommand,
            Interrupted,
            Pipe,
        ];
        for exit in all {
            let number = (exit as u8).to_string();
            assert!(TABLE.iter().any(|(code, _)| *code == number), "{number} is missing");
        }
    }
}
