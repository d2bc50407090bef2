//! What `ssectl doctor` finds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is well.
    Ok,
    /// It works, and may not for long.
    Warn,
    /// It does not work.
    Fail,
    /// It could not be looked at, or does not apply.
    Skipped,
}

/// A check. Its id never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its id.
    pub check: String,
    /// What came of it.
    pub result: Verdict,
    /// What was found.
    pub message: String,
    /// What to type next.
    pub hint: Option<String>,
}

impl Check {
    fn new(check: &str, result: Verdict, message: impl Into<String>) -> Self {
        Self { check: check.to_owned(), result, message: message.into(), hint: None }
    }

    /// Returns a check that found nothing wrong.
    pub fn ok(check: &str, message: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, message)
    }

    /// Returns a check that found what may go wrong.
    pub fn warn(check: &str, message: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warn, message)
    }

    /// Returns a check that found what is wrong.
    pub fn fail(check: &str, message: impl Into<String>) -> Self {
        Self::new(check, Verdict::Fail, message)
    }

    /// Returns a check that could not be made, or does not apply.
    pub fn skipped(check: &str, message: impl Into<String>) -> Self {
        Self::new(check, Verdict::Skipped, message)
    }

    /// Adds what to type next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
