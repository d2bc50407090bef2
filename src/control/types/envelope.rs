//! What goes around every answer.

#[cfg(feature = "daemon")]
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "daemon")]
use crate::control::listing::{InvalidListing, Listed, Listing};

/// The `schema` of a thing in an envelope: `ssectl/…`.
pub const SCHEMA_VERSION: u32 = 1;

/// Many things of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct List<T> {
    /// What the items are, `ssectl/connections.list` for example.
    pub schema: String,
    /// Changes only when a reader of the old form would go wrong.
    pub schema_version: u32,
    /// The things.
    pub items: Vec<T>,
    /// How many there are, those that a limit left out included.
    #[serde(default)]
    pub total: usize,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
    /// The members of the cluster that did not answer, where all were asked: what they have is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<String>,
}

/// One thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Single<T> {
    /// What the item is, `ssectl/receipt` for example.
    pub schema: String,
    /// Changes only when a reader of the old form would go wrong.
    pub schema_version: u32,
    /// The thing.
    pub item: T,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
    /// The members of the cluster that did not answer, where all were asked: what they have is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<String>,
}

impl<T> List<T> {
    /// Returns an envelope around all items.
    pub fn new(schema: &str, items: Vec<T>) -> Self {
        Self {
            schema: format!("ssectl/{schema}"),
            schema_version: SCHEMA_VERSION,
            total: items.len(),
            items,
            warnings: Vec::new(),
            unanswered: Vec::new(),
        }
    }
}

#[cfg(feature = "daemon")]
impl<T: Listed> List<T> {
    /// Returns an envelope around those items that were asked for.
    pub(crate) fn of(
        schema: &str,
        items: Vec<T>,
        asked: &Listing,
        now: Timestamp,
    ) -> Result<Self, InvalidListing> {
        let (items, total) = asked.apply(items, now)?;
        Ok(Self { total, ..Self::new(schema, items) })
    }
}

impl<T> Single<T> {
    /// Returns an envelope around the item.
    pub fn new(schema: &str, item: T) -> Self {
        Self {
            schema: format!("ssectl/{schema}"),
            schema_version: SCHEMA_VERSION,
            item,
            warnings: Vec::new(),
            unanswered: Vec::new(),
        }
    }
}
