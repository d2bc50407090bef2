//! Events of applications.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{event::EventName, request_id::RequestId};

/// An event of an application.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendEvent {
    /// Its name; reserved ones are refused.
    #[schemars(with = "EventName")]
    pub name: String,
    /// Its payload: any JSON.
    pub data: Box<RawValue>,
    /// For this request id only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventReceipt {
    /// Its place in the order of events.
    pub sequence: u64,
    /// How many connections were selected.
    pub connections: usize,
}
