//! Who an event is for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::request_id::RequestId;

/// Everyone, or one request id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Option<RequestId>", into = "Option<RequestId>")]
pub enum Audience {
    /// Every connection.
    Everyone,
    /// The connection of this request id.
    One(RequestId),
}

impl Audience {
    /// Returns the request id, if it is for one.
    pub fn request_id(&self) -> Option<&RequestId> {
        match self {
            Self::Everyone => None,
            Self::One(id) => Some(id),
        }
    }
}

impl From<Option<RequestId>> for Audience {
    fn from(id: Option<RequestId>) -> Self {
        id.map_or(Self::Everyone, Self::One)
    }
}

impl From<Audience> for Option<RequestId> {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Everyone => None,
            Audience::One(id) => Some(id),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.request_id().map_or("everyone", RequestId::as_str))
    }
}
