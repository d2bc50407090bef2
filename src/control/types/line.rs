//! Streams: NDJSON, each line an object with a `type`.

use serde::de::DeserializeOwned;

/// A line of a stream that ends with a line which says so.
pub trait Line: DeserializeOwned {
    /// Returns whether nothing follows it.
    fn ends(&self) -> bool;
}
