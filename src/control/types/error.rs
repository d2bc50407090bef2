//! Errors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of failure it is; decides the HTTP status and the exit code of `ssectl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is wrong. 400, exit 2.
    Invalid,
    /// The caller may not. 403, exit 5.
    Denied,
    /// There is no such thing. 404, exit 3.
    NotFound,
    /// It contradicts what is. 409, exit 6.
    Conflict,
    /// It is over a limit. 413, exit 2.
    TooLarge,
    /// The daemon does not do it now; the message says why. 503, exit 1.
    Refused,
    /// Another member of the cluster cannot be reached, and nothing was sent to it. 503, exit 4.
    Unreachable,
    /// Something broke. 500, exit 1.
    Internal,
    /// Whether it was done is not known. 500, exit 7.
    OutcomeUnknown,
    /// A code of a newer daemon. Exit 1.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// Returns the HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Refused | Self::Unreachable => 503,
            Self::Internal | Self::OutcomeUnknown | Self::Unknown => 500,
        }
    }
}

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The error.
    pub error: ApiError,
}

/// What went wrong, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to type next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
