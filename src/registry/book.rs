//! What a restarted daemon goes on with: the connections that a gateway still holds.
//!
//! A connect is entered before it is answered, an end is struck out some time after it: who is in the book and
//! gone is found by asking the gateway, but nothing finds who is connected and not in the book.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Arrival, Newcomer};
use crate::{
    connection::Origin,
    request_id::RequestId,
    store::{self, Batch, Change, Store, StoreError, Table},
    token::Token,
};

/// How long a connect may wait for the store: a browser whose connect is refused never comes back, so it is
/// then accepted all the same.
const LIMIT: Duration = Duration::from_secs(1);

/// The connections that survive a restart.
pub(super) struct Book {
    store: Arc<dyn Store>,
    /// Why the last entry did not get in, if it did not.
    failing: Mutex<Option<StoreError>>,
}

/// A connection, by its token.
#[derive(Serialize, Deserialize)]
struct Entry {
    request_id: RequestId,
    connected_at: Timestamp,
    address: Option<IpAddr>,
    user_agent: Option<Arc<str>>,
}

impl Book {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, failing: Mutex::default() }
    }

    /// Returns who was connected, oldest first.
    pub(super) fn read(&self) -> Result<Vec<(Newcomer, Timestamp)>, StoreError> {
        let mut all = Vec::new();
        for (key, bytes) in self.store.load(Table::Connections)? {
            let entry: Entry = store::decode(Table::Connections, &key, &bytes)?;
            let Ok(token) = key.parse() else { continue };
            let origin = Origin { address: entry.address, user_agent: entry.user_agent };
            all.push((Newcomer { request_id: entry.request_id, token, origin }, entry.connected_at));
        }
        all.sort_by_key(|(_, connected_at)| *connected_at);
        Ok(all)
    }

    /// Enters a connection and strikes out what it replaced.
    pub(super) async fn enter(&self, arrival: &Arrival) {
        let Arrival::New { connection, .. } = arrival else { return };
        let entry = Entry {
            request_id: connection.request_id.clone(),
            connected_at: connection.connected_at,
            address: connection.origin.address,
            user_agent: connection.origin.user_agent.clone(),
        };
        let mut batch: Batch = arrival.to_close().map(|old| removal(&old.token)).collect();
        match store::encode(&entry) {
            Ok(bytes) => {
                batch.push(Change::Put(Table::Connections, connection.token.as_str().to_owned(), bytes));
            }
            Err(error) => self.outcome(Err(error)),
        }
        self.commit(batch).await;
    }

    /// Strikes a connection out.
    pub(super) async fn strike(&self, token: &Token) {
        self.commit(vec![removal(token)]).await;
    }

    async fn commit(&self, batch: Batch) {
        let done = tokio::time::timeout(LIMIT, self.store.commit(batch)).await;
        let late = || StoreError::Failed(format!("it took longer than {} s", LIMIT.as_secs()));
        self.outcome(done.unwrap_or_else(|_| Err(late())));
    }

    /// Says once that it does not work, and once that it works again.
    fn outcome(&self, done: Result<(), StoreError>) {
        let before = std::mem::replace(&mut *self.lock(), done.clone().err());
        match (before, done) {
            (None, Err(error)) => tracing::error!(
                %error,
                "connections are not remembered: after a restart the daemon will not know those that the gateway holds"
            ),
            (Some(_), Ok(())) => tracing::info!("connections are remembered again"),
            _ => {}
        }
    }

    /// Returns what is wrong, if anything is.
    pub(super) fn trouble(&self) -> Option<String> {
        let error = self.lock().clone()?;
        Some(format!(
            "connections are not remembered: a restarted daemon will not know those of now ({error})"
        ))
    }

    fn lock(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn removal(token: &Token) -> Change {
    Change::Remove(Table::Connections, token.as_str().to_owned())
}
