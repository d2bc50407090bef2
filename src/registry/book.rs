//! What a restarted daemon goes on with: the connections that a gateway still holds.
//!
//! A connect is entered before it is answered, an end is struck out some time after it: who is in the book and
//! gone is found by asking the gateway, but nothing finds who is connected and not in the book. So an entry that could
//! not be written stays on the page, and is written with the next ones once the store can again.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Arrival, Newcomer,
    page::{Page, Round},
};
use crate::{
    connection::{Connection, Origin},
    lifecycle::Lifecycle,
    request_id::RequestId,
    store::{self, Store, StoreError, Table},
    token::Token,
};

/// How long a connect may wait for the store: a browser whose connect is refused never comes back, so it is
/// then accepted all the same.
const LIMIT: Duration = Duration::from_secs(1);
/// How long a commit may still take once the daemon is closing. The end of the daemon waits longer than that.
const GIVE_UP: Duration = Duration::from_secs(5);

/// The connections that survive a restart.
pub(super) struct Book {
    store: Arc<dyn Store>,
    lifecycle: Lifecycle,
    page: Mutex<Page>,
    /// The last round that was written or failed.
    done: watch::Sender<Round>,
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

impl Entry {
    fn of(connection: &Connection) -> Self {
        Self {
            request_id: connection.request_id.clone(),
            connected_at: connection.connected_at,
            address: connection.origin.address,
            user_agent: connection.origin.user_agent.clone(),
        }
    }
}

/// Returns who was connected, oldest first.
pub(super) fn read(store: &dyn Store) -> Result<Vec<(Newcomer, Timestamp)>, StoreError> {
    let mut all = Vec::new();
    for (key, bytes) in store.load(Table::Connections)? {
        let entry: Entry = store::decode(Table::Connections, &key, &bytes)?;
        let Ok(token) = key.parse() else { continue };
        let origin = Origin { address: entry.address, user_agent: entry.user_agent };
        all.push((Newcomer { request_id: entry.request_id, token, origin }, entry.connected_at));
    }
    all.sort_by_key(|(_, connected_at)| *connected_at);
    Ok(all)
}

impl Book {
    pub(super) fn new(store: Arc<dyn Store>, lifecycle: Lifecycle) -> Self {
        let (page, done) = (Mutex::default(), watch::Sender::default());
        Self { store, lifecycle, page, done, failing: Mutex::default() }
    }

    /// Enters a connection and strikes out what it replaced. Returns once that is written, or cannot be for now.
    pub(super) async fn enter(self: &Arc<Self>, arrival: &Arrival) {
        let Arrival::New { connection, .. } = arrival else { return };
        let entry = match store::encode(&Entry::of(connection)) {
            Ok(entry) => entry,
            Err(error) => return self.outcome(Err(error)),
        };
        let (round, limit) = {
            let mut page = self.page();
            arrival.to_close().for_each(|old| page.strike(&old.token));
            page.enter(&connection.token, entry);
            // Where the store hangs already nobody else waits for it: each would keep a place at the door.
            let hangs = page.under_way_since().is_some_and(|since| since.elapsed() >= LIMIT);
            (page.next_round(), if hangs { Duration::ZERO } else { LIMIT })
        };
        let mut done = self.done.subscribe();
        self.write();
        if timeout(limit, done.wait_for(|last| *last >= round)).await.is_err() {
            self.outcome(Err(late()));
        }
    }

    /// Strikes a connection out, when there is time for it.
    pub(super) fn strike(self: &Arc<Self>, token: &Token) {
        self.page().strike(token);
        self.write();
    }

    /// Returns those that would not survive a restart at this moment.
    pub(super) fn unwritten(&self) -> HashSet<Token> {
        self.page().entries()
    }

    /// Makes sure that somebody writes.
    fn write(self: &Arc<Self>) {
        if self.page().begin() {
            let book = Arc::clone(self);
            self.lifecycle.spawn(async move { while book.write_once().await {} });
        }
    }

    /// Writes what has come since the last time, all of it at once. Returns whether there may be more to do.
    async fn write_once(&self) -> bool {
        let Some((round, batch)) = self.page().take() else { return false };
        // Never given to the store twice: it would keep each copy until it answers.
        let done = tokio::select! {
            done = self.store.commit(batch) => Some(done),
            () = self.closed_for_long() => None,
        };
        let more = match done {
            Some(Ok(())) => {
                self.page().written();
                self.outcome(Ok(()));
                true
            }
            // Tried again with what comes next: it fails at once where it fails for good.
            Some(Err(error)) => {
                self.outcome(Err(error));
                self.page().refused()
            }
            None => false,
        };
        self.done.send_replace(round);
        more
    }

    async fn closed_for_long(&self) {
        self.lifecycle.closing().cancelled().await;
        sleep(GIVE_UP).await;
    }

    /// Says once that it does not work, and once that it works again.
    fn outcome(&self, done: Result<(), StoreError>) {
        let before = std::mem::replace(&mut *self.failing(), done.clone().err());
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
        let error = self.failing().clone()?;
        Some(format!(
            "connections are not remembered: a restarted daemon will not know those of now ({error})"
        ))
    }

    fn failing(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn late() -> StoreError {
    StoreError::Failed(format!("it took longer than {} s", LIMIT.as_secs()))
}
