//! Whether a daemon could go on with a state, and what it would find in it.

use std::sync::Arc;

use crate::{
    clock::SystemClock,
    control::types::{AuditEntry, Blocked},
    event::VersionSequence,
    idempotency::Receipts,
    registry,
    store::{self, Contents, MemoryStore, Store, StoreError, Table},
    task::TaskView,
    version::{PendingVersion, QueuedVersion},
};

/// What a daemon would find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loadable {
    /// Pending versions.
    pub pending: usize,
    /// Receipts by key.
    pub receipts: usize,
    /// Tasks.
    pub tasks: usize,
    /// Those of them that have not ended.
    pub unfinished: usize,
    /// Connections that a gateway holds.
    pub connections: usize,
    /// Entries of the audit log.
    pub audit: usize,
    /// Request ids that are refused for a while.
    pub blocked: usize,
}

/// Reads every record as the services do that own them.
pub fn loadable(contents: &Contents) -> Result<Loadable, StoreError> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::from(contents));
    for (key, bytes) in store.load(Table::Counters)? {
        store::decode::<VersionSequence>(Table::Counters, &key, &bytes)?;
    }
    for (key, bytes) in store.load(Table::Pending)? {
        store::decode::<PendingVersion>(Table::Pending, &key, &bytes)?;
    }
    for (key, bytes) in store.load(Table::Versions)? {
        store::decode::<QueuedVersion>(Table::Versions, &key, &bytes)?;
    }
    for (key, bytes) in store.load(Table::Audit)? {
        store::decode::<AuditEntry>(Table::Audit, &key, &bytes)?;
    }
    for (key, bytes) in store.load(Table::Blocked)? {
        store::decode::<Blocked>(Table::Blocked, &key, &bytes)?;
    }
    let mut unfinished = 0;
    for (key, bytes) in store.load(Table::Tasks)? {
        let task: TaskView = store::decode(Table::Tasks, &key, &bytes)?;
        unfinished += usize::from(!task.status.is_terminal());
    }
    Receipts::load(Arc::clone(&store), Arc::new(SystemClock))?;
    let count = |table| contents.records.iter().filter(|(of, ..)| *of == table).count();
    Ok(Loadable {
        pending: count(Table::Pending),
        receipts: count(Table::Receipts),
        tasks: count(Table::Tasks),
        unfinished,
        connections: registry::remembered(&*store)?,
        audit: count(Table::Audit),
        blocked: count(Table::Blocked),
    })
}
