//! What `ssectl` itself says in JSON, besides the daemon's answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An error of `ssectl`, with `-o json` or `-o jsonl` a line on stderr.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Complaint {
    /// The error.
    pub error: Complained,
}

/// Why `ssectl` did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Complained {
    /// What its exit code is called: `not_found`, `unreachable`…
    pub code: String,
    /// Its exit code.
    pub exit: u8,
    /// What happened.
    pub message: String,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to type next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A line of `--watch -o jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What became of it.
    #[serde(rename = "type")]
    pub what: Changed,
    /// An item of the list, as it is now; as it was, if it was removed.
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub item: Value,
}

/// What became of an item of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// It came, or was there at the beginning.
    Added,
    /// Something of it is different, its age aside.
    Changed,
    /// It went.
    Removed,
}

/// A schema that `ssectl schema` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchemaEntry {
    /// Its name.
    pub kind: String,
    /// What it describes.
    pub description: String,
}

/// The daemon could not be reached, nothing was sent, and that was allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unreachable {
    /// Nothing was done: false.
    pub done: bool,
    /// What happened.
    pub reason: String,
    /// Why, where there is more to say.
    pub cause: Option<String>,
    /// What to type next.
    pub hint: Option<String>,
}
