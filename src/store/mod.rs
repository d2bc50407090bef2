//! What survives a restart: small records by table and key, committed in atomic batches.
//!
//! Services own the meaning of their records (JSON); a store only keeps bytes.

pub mod archive;
mod memory;
pub(crate) mod redb;

use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};

pub use self::redb::{Existing, RedbStore};
pub use memory::MemoryStore;

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Pending versions, by audience.
    Pending,
    /// Versions that were queued of late, by sequence.
    Versions,
    /// Receipts, by actor, verb and idempotency key.
    Receipts,
    /// Unfinished and recently finished tasks, by id.
    Tasks,
    /// Tasks whose end is stored, and perhaps not told everyone: their ids.
    Untold,
    /// Who ordered what, by number.
    Audit,
    /// Counters, by name.
    Counters,
    /// Connections that a gateway holds, by token.
    Connections,
    /// Request ids that are refused for a while.
    Blocked,
    /// Events for browsers that come back, by number.
    Replay,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Versions,
        Self::Receipts,
        Self::Tasks,
        Self::Untold,
        Self::Audit,
        Self::Counters,
        Self::Connections,
        Self::Blocked,
        Self::Replay,
    ];

    /// Returns the table's name in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Versions => "versions",
            Self::Receipts => "receipts",
            Self::Tasks => "tasks",
            Self::Untold => "untold",
            Self::Audit => "audit",
            Self::Counters => "counters",
            Self::Connections => "connections",
            Self::Blocked => "blocked",
            Self::Replay => "replay",
        }
    }
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Inserts or overwrites a record.
    Put(Table, String, Vec<u8>),
    /// Removes a record; fine if there is none.
    Remove(Table, String),
}

/// Changes that are committed together or not at all.
pub type Batch = Vec<Change>;

/// All that a store that nobody uses holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The records, by table and key.
    pub records: Vec<(Table, String, Vec<u8>)>,
    /// How many commits there were.
    pub commits: u64,
    /// Whether the last run closed it in order.
    pub closed: bool,
}

/// Why the store did not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be used as it is; it was left untouched.
    #[error("cannot use the state file {path}: {why}")]
    Unusable {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A daemon has it.
    #[error("another ssectld uses the state in {dir}{}", process(*.by))]
    InUse {
        /// The state directory.
        dir: String,
        /// Its process, if that is known.
        by: Option<u32>,
    },
    /// There is nothing yet.
    #[error("there is no state in {0}")]
    Nothing(String),
    /// There is something already.
    #[error("there is a state in {0} already")]
    Occupied(String),
    /// A commit failed: its outcome is unknown, and the store takes no more.
    #[error("the state could not be written: {0}")]
    Failed(String),
    /// Nothing was tried: a commit failed before.
    #[error("nothing is stored any more since a write failed: {0}")]
    Broken(String),
    /// The store has stopped.
    #[error("the store is closed")]
    Closed,
}

fn process(id: Option<u32>) -> String {
    id.map_or_else(String::new, |id| format!(": process {id}"))
}

/// Keeps records.
pub trait Store: Send + Sync + 'static {
    /// Returns all records of a table, by key.
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Commits a batch. When this returns `Ok`, it survives a power failure if [`Store::durable`]. An empty one
    /// writes nothing: it is answered after what came before.
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Returns whether what was committed survives the process.
    fn durable(&self) -> bool;

    /// Returns why nothing can be committed any more, if that is so.
    fn failure(&self) -> Option<String> {
        None
    }

    /// Ends in order: returns when what was accepted is written. Whatever comes later is refused as
    /// [`StoreError::Closed`].
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Encodes a service's record.
pub(crate) fn encode(record: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record)
        .map_err(|error| StoreError::Failed(format!("a record cannot be encoded: {error}")))
}

/// Decodes a service's record.
pub(crate) fn decode<R: DeserializeOwned>(table: Table, key: &str, bytes: &[u8]) -> Result<R, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Unusable {
        path: format!("(record {key:?} of {})", table.name()),
        why: format!("it is not what this version of ssectld writes: {error}"),
    })
}
