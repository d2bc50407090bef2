//! The durable store.

use std::path::Path;

use futures_util::future::BoxFuture;

use super::{Batch, Store, StoreError, Table};

/// Keeps records in a file.
pub struct RedbStore;

impl RedbStore {
    /// Opens the state in a directory, or begins one.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let _ = dir;
        todo!()
    }
}

impl Store for RedbStore {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let _ = table;
        todo!()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        let _ = batch;
        todo!()
    }

    fn durable(&self) -> bool {
        true
    }
}
