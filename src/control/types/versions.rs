//! Versions. Most of their words are where versions are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::request_id::RequestId;
pub use crate::version::{ClearReceipt, ClearVersion};

/// For whom the current version is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionFor {
    /// For this request id; without, or empty: for whoever has none pending for themselves.
    #[schemars(with = "Option<RequestId>")]
    pub request_id: Option<String>,
}
