//! The durable store: a `redb` file, written by a thread of its own.
//!
//! `redb` does not check what it reads, takes an empty file for a new one, and its error after a failed write
//! does not say whether the write is there. Hence: every record carries a checksum, the marker file says that
//! there was a state, all is checked when it is opened, and after one failed commit there are no more.

mod file;
mod offline;
mod record;
/// For [`crate::fuzzing`]: a record as it is in the file, and one made of these bytes.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    let _ = record::open(Table::Pending, "key", bytes);
    let sealed = record::seal(Table::Pending, "key", bytes);
    assert_eq!(record::open(Table::Pending, "key", &sealed).as_deref(), Ok(bytes));
    assert!(record::open(Table::Pending, "other", &sealed).is_err());
}

#[cfg(test)]
mod tests;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};

use super::{Batch, Contents, Store, StoreError, Table};
use file::{Opened, StateFiles};
pub use offline::Existing;
use writer::Writer;

/// How a table is kept in the file.
type Bytes = TableDefinition<'static, &'static str, &'static [u8]>;

fn definition(table: Table) -> Bytes {
    TableDefinition::new(table.name())
}

/// Keeps records in a file. Dropped, it is closed too, for which the thread that drops it waits.
pub struct RedbStore {
    writer: Writer,
    opened: Mutex<Opened>,
}

impl RedbStore {
    /// Opens the state in a directory, or begins one there. A state that is damaged, foreign, of a newer
    /// version or in use is refused and left as it is.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let opened = StateFiles::at(dir).open()?;
        let database = opened.database().ok_or(StoreError::Closed)?;
        let writer = Writer::start(database)
            .map_err(|error| StoreError::Failed(format!("no thread for the state: {error}")))?;
        Ok(Self { writer, opened: Mutex::new(opened) })
    }

    /// Returns all that the state in a directory holds, checked as when it is opened. Changes nothing. A state that
    /// is in use is refused.
    pub fn examine(dir: &Path) -> Result<Contents, StoreError> {
        StateFiles::at(dir).examine()
    }

    /// Makes a state of these records in a directory. Returns where the one is now that was put aside.
    pub fn found(dir: &Path, contents: &Contents, existing: Existing) -> Result<Option<PathBuf>, StoreError> {
        StateFiles::at(dir).found(contents, existing)
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for RedbStore {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let database = self.opened().database().ok_or(StoreError::Closed)?;
        read(&database, table).map_err(|why| self.opened().unusable(&why))
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.writer.commit(batch))
    }

    fn durable(&self) -> bool {
        true
    }

    fn failure(&self) -> Option<String> {
        self.writer.failure()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let intact = self.writer.finish().await;
            self.opened().close(intact);
        })
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        let intact = self.writer.stop();
        self.opened().close(intact);
    }
}

/// Returns the checked records of a table.
fn read(database: &Database, table: Table) -> Result<Vec<(String, Vec<u8>)>, String> {
    let records = || -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
        let transaction = database.begin_read()?;
        let table = match transaction.open_table(definition(table)) {
            // It came with a newer ssectld, and nothing was written to it yet.
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        let mut records = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            records.push((key.value().to_owned(), value.value().to_owned()));
        }
        Ok(records)
    };
    let sealed = records().map_err(|error| error.to_string())?;
    let opened = sealed.into_iter().map(|(key, value)| {
        let bytes = record::open(table, &key, &value)
            .map_err(|why| format!("the record {key:?} of {} {why}", table.name()))?;
        Ok((key, bytes))
    });
    opened.collect()
}
