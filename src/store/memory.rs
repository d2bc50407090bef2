//! A store that forgets with the process, for tests and for `state.dir = "none"`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use futures_util::future::BoxFuture;

use super::{Batch, Change, Contents, Store, StoreError, Table};

/// Keeps records in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    records: Mutex<BTreeMap<(Table, String), Vec<u8>>>,
}

impl From<&Contents> for MemoryStore {
    fn from(contents: &Contents) -> Self {
        let records = contents.records.iter();
        let records = records.map(|(table, key, bytes)| ((*table, key.clone()), bytes.clone()));
        Self { records: Mutex::new(records.collect()) }
    }
}

impl Store for MemoryStore {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records
            .iter()
            .filter(|((of, _), _)| *of == table)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        for change in batch {
            match change {
                Change::Put(table, key, value) => records.insert((table, key), value),
                Change::Remove(table, key) => records.remove(&(table, key)),
            };
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn durable(&self) -> bool {
        false
    }
}
