//! A store that does not answer for a while.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::Semaphore;

use super::*;
use crate::store::{Batch, MemoryStore, Store, StoreError, Table};

struct Hanging {
    memory: MemoryStore,
    given: AtomicUsize,
    answers: Semaphore,
}

impl Store for Hanging {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.memory.load(table)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        self.given.fetch_add(batch.len(), Ordering::SeqCst);
        async move {
            self.answers.acquire().await.expect("open").forget();
            self.memory.commit(batch).await
        }
        .boxed()
    }

    fn durable(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_given_each_entry_once() {
    let house = House::new(Vec::new());
    let store = Arc::new(Hanging {
        memory: MemoryStore::default(),
        given: AtomicUsize::new(0),
        answers: Semaphore::new(0),
    });
    house.registry.keep(Arc::clone(&store) as Arc<dyn Store>).expect("readable");
    for (id, token) in [("a", "1"), ("b", "2"), ("c", "3")] {
        let arrival = house.registry.connect(newcomer(id, token)).expect("new");
        house.registry.remember(&arrival).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(store.given.load(Ordering::SeqCst), 1, "the first, and no copy of it");
    store.answers.add_permits(2);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(store.given.load(Ordering::SeqCst), 3);
    assert_eq!(store.load(Table::Connections).expect("readable").len(), 3);
}
