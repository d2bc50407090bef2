//! Errors as the API words them: what happened, why, what to do next.

use std::fmt;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    access::Denied,
    blocks::TooMany,
    control::{
        listing::InvalidListing,
        types::{ApiError, ErrorCode, Failure},
    },
    delivery::{TooLarge, Unplaced},
    event::InvalidEventName,
    idempotency::{KeyConflict, ReceiptError, TooManyKeys},
    lifecycle::ShuttingDown,
    order::{Broken, NotDone},
    reload::NotReloaded,
    store::StoreError,
    task::TaskError,
    version::VersionError,
};

/// A request that is not answered as asked.
#[derive(Clone, Debug)]
pub(super) struct Rejected(pub(super) ApiError);

impl Rejected {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(ApiError { code, message: message.into(), cause: None, hint: None })
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    pub(super) fn cause(mut self, cause: &dyn std::fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        self.0.cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(Failure { error: self.0 })).into_response()
    }
}

impl From<Broken> for Rejected {
    fn from(error: Broken) -> Self {
        Self::new(ErrorCode::OutcomeUnknown, "whether it was done is not known").cause(&error)
    }
}

impl From<Denied> for Rejected {
    fn from(denied: Denied) -> Self {
        Self::new(ErrorCode::Denied, denied.to_string()).hint(denied.hint)
    }
}

impl From<NotDone> for Rejected {
    fn from(error: NotDone) -> Self {
        match error {
            NotDone::Denied(denied) => denied.into(),
            NotDone::Broken(broken) => broken.into(),
        }
    }
}

impl From<ShuttingDown> for Rejected {
    fn from(error: ShuttingDown) -> Self {
        Self::new(ErrorCode::Refused, error.to_string()).hint("repeat it when the daemon is back")
    }
}

impl From<NotReloaded> for Rejected {
    fn from(error: NotReloaded) -> Self {
        let message = "the settings are not reloaded, nothing has changed";
        match error {
            NotReloaded::Invalid(why) => Self::new(ErrorCode::Refused, message)
                .cause(&why.lines().map(str::trim).collect::<Vec<_>>().join("; "))
                .hint("mend the settings: `ssectld config check --config FILE` shows what is wrong"),
            NotReloaded::Sourceless => {
                Self::new(ErrorCode::Refused, error.to_string()).hint("restart it with other settings")
            }
        }
    }
}

impl From<KeyConflict> for Rejected {
    fn from(error: KeyConflict) -> Self {
        Self::new(ErrorCode::Conflict, error.to_string())
            .hint("use another key for another order; repeat an order unchanged with its key")
    }
}

impl From<TooLarge> for Rejected {
    fn from(error: TooLarge) -> Self {
        Self::new(ErrorCode::TooLarge, error.to_string())
            .hint("send a reference, and let the browser fetch the rest")
    }
}

impl From<Unplaced> for Rejected {
    fn from(error: Unplaced) -> Self {
        let (code, hint) = match error {
            Unplaced::Away => (
                ErrorCode::Refused,
                "see which of the two it is, and whether other members are well: ssectl status --cluster",
            ),
            Unplaced::Unknown | Unplaced::Passed => (
                ErrorCode::OutcomeUnknown,
                "an order can be repeated with its key; an event has none, and may arrive twice",
            ),
        };
        Self::new(code, error.to_string()).hint(hint)
    }
}

impl From<StoreError> for Rejected {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Failed(_) => {
                Self::new(ErrorCode::OutcomeUnknown, "whether it was done is not known").cause(&error)
            }
            StoreError::Broken(why) => {
                Self::new(ErrorCode::Refused, "nothing is stored any more: not done").cause(why)
            }
            _ => Self::new(ErrorCode::Internal, "the state cannot be used").cause(&error),
        }
        .hint("restart ssectld, and see what it says: ssectl status")
    }
}

impl From<InvalidEventName> for Rejected {
    fn from(error: InvalidEventName) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<InvalidListing> for Rejected {
    fn from(error: InvalidListing) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<TooMany> for Rejected {
    fn from(error: TooMany) -> Self {
        Self::new(ErrorCode::Refused, error.to_string())
            .cause(&"nothing was done")
            .hint("see who they are: ssectl connections list --blocked")
    }
}

impl From<TooManyKeys> for Rejected {
    fn from(error: TooManyKeys) -> Self {
        Self::new(ErrorCode::Refused, error.to_string()).hint(
            "repeat it when the oldest is 24 hours old; one deploy needs one key, not one for each attempt",
        )
    }
}

impl From<ReceiptError> for Rejected {
    fn from(error: ReceiptError) -> Self {
        match error {
            ReceiptError::InvalidKey(error) => Self::invalid(error.to_string()),
            ReceiptError::Conflict(error) => error.into(),
            ReceiptError::Full(error) => error.into(),
            ReceiptError::Store(error) => error.into(),
        }
    }
}

impl From<VersionError> for Rejected {
    fn from(error: VersionError) -> Self {
        match error {
            VersionError::Invalid(message) => Self::invalid(message),
            VersionError::TooLarge(error) => error.into(),
            VersionError::KeyUsed(message) => Self::new(ErrorCode::Conflict, message)
                .hint("use another key for another order; repeat an order unchanged with its key"),
            VersionError::Unexpected(message) => {
                Self::new(ErrorCode::Conflict, message).hint("see who queued what: ssectl version history")
            }
            VersionError::Receipt(error) => error.into(),
            VersionError::ShuttingDown(error) => error.into(),
            VersionError::Full(_) => Self::new(ErrorCode::Refused, error.to_string())
                .hint("forget what is no longer needed: ssectl version clear"),
            VersionError::Unplaced(error) => error.into(),
            VersionError::Store(error) => error.into(),
        }
    }
}

impl From<TaskError> for Rejected {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Invalid(message) => Self::invalid(message),
            TaskError::UnknownBuiltin(_) => {
                Self::invalid(error.to_string()).hint("the built-in tasks are demo and failing")
            }
            TaskError::NotFound(_) => Self::no_task(error.to_string()),
            TaskError::Conflict(message) => Self::new(ErrorCode::Conflict, message),
            TaskError::TooLarge(error) => error.into(),
            TaskError::Receipt(error) => error.into(),
            TaskError::ShuttingDown(error) => error.into(),
            TaskError::Full(_) => {
                Self::new(ErrorCode::Refused, error.to_string()).hint("see them: ssectl task list")
            }
            TaskError::Unplaced(error) => error.into(),
            TaskError::Store(error) => error.into(),
        }
    }
}

impl Rejected {
    pub(super) fn no_task(message: String) -> Self {
        Self::not_found(message).hint("ended tasks are listed for a while only: ssectl task list")
    }
}
