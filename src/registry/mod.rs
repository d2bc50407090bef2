//! Who is connected: request id ↔ token, both maps under one lock, and the observers that are told.
//!
//! The lock is a `std` mutex: nothing is awaited while it is held. What must happen afterwards (closing a
//! replaced stream, telling observers) comes back as a value or is spawned.

mod book;
mod core;
mod observer;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

pub use self::core::Arrival;
use observer::Observers;
pub use observer::{ConnectionObserver, ObserverError};

use self::{book::Book, core::Core};
use crate::{
    clock::SharedClock,
    connection::{CloseReason, Connection, Origin},
    delivery::{Departures, Directory},
    lifecycle::Lifecycle,
    metrics::Metrics,
    request_id::RequestId,
    store::{Store, StoreError},
    token::Token,
};

/// What a connect brings.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// The browser's logical id.
    pub request_id: RequestId,
    /// The stream's token.
    pub token: Token,
    /// Where it came from.
    pub origin: Origin,
}

/// A connection as listings show it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The connection.
    pub connection: Arc<Connection>,
    /// Whether its request id keeps replacing itself.
    pub flapping: bool,
}

/// The register of all open connections.
pub struct ConnectionRegistry {
    core: Mutex<Core>,
    observers: Observers,
    book: OnceLock<Arc<Book>>,
    lifecycle: Lifecycle,
    clock: SharedClock,
    metrics: Arc<Metrics>,
}

impl ConnectionRegistry {
    /// Returns an empty registry that tells nobody yet.
    pub fn new(clock: SharedClock, lifecycle: Lifecycle, metrics: Arc<Metrics>) -> Self {
        let observers = Observers::new(lifecycle.clone(), Arc::clone(&metrics));
        Self { core: Mutex::default(), observers, book: OnceLock::new(), lifecycle, clock, metrics }
    }

    /// Sets who is told, in this order, each within `limit`; tells them of the connections that were taken up.
    /// To be called before the first connect: observers publish through a delivery that needs the registry to be
    /// there.
    pub fn observe(&self, observers: Vec<Arc<dyn ConnectionObserver>>, limit: Duration) {
        self.observers.set(observers, limit);
        for connection in &self.everyone() {
            self.announce(connection);
        }
    }

    /// Tells nobody any more. Observers keep the registry, and it them: without this neither is ever dropped.
    pub fn forget_observers(&self) {
        self.observers.forget();
    }

    /// Takes up the connections that an earlier run left at the gateway, and remembers connections from now on.
    /// To be called once, before [`ConnectionRegistry::observe`]. Returns how many were taken up; those that are
    /// gone by now the gateway will tell.
    pub fn keep(&self, store: Arc<dyn Store>) -> Result<usize, StoreError> {
        let book = Arc::new(Book::new(store));
        for (newcomer, connected_at) in book.read()? {
            self.register_at(newcomer, connected_at);
        }
        let first = self.book.set(book).is_ok();
        debug_assert!(first, "the book is opened once");
        Ok(self.count())
    }

    /// Returns what is wrong, if anything is.
    pub fn trouble(&self) -> Option<String> {
        self.book.get()?.trouble()
    }

    /// Returns once a connect survives a restart, or after a second if the store cannot.
    pub async fn remember(&self, arrival: &Arrival) {
        if let Some(book) = self.book.get() {
            book.enter(arrival).await;
        }
    }

    /// Registers a connection, whatever its id's history: both maps change at once. The caller closes what
    /// was replaced and then calls [`ConnectionRegistry::announce`].
    pub fn register(&self, newcomer: Newcomer) -> Arrival {
        self.register_at(newcomer, self.clock.now())
    }

    fn register_at(&self, newcomer: Newcomer, at: Timestamp) -> Arrival {
        let mut core = self.lock();
        let arrival = core.register(newcomer, at, Instant::now());
        self.metrics.arrived(&arrival, core.len());
        drop(core);
        match &arrival {
            Arrival::Unchanged(_) => tracing::debug!("connect repeated, nothing changed"),
            Arrival::New { connection, replaced } => tracing::debug!(
                request_id = %connection.request_id,
                token = connection.token.short(),
                replaced = replaced.len(),
                "connection registered"
            ),
        }
        arrival
    }

    /// Returns whether a connect of this id would be one replacement too many: the holder of the stream may
    /// then refuse it instead of registering it.
    pub fn is_flapping(&self, id: &RequestId) -> bool {
        self.lock().is_flapping(id, Instant::now())
    }

    /// Tells the observers of a new connection. Returns at once; nothing that they do holds up anybody.
    pub fn announce(&self, connection: &Arc<Connection>) {
        self.observers.connected(connection);
    }

    /// Removes the connection with this token. `None`, and nothing counted, if there is none: the notice is
    /// stale.
    pub fn disconnect(&self, token: &Token, reason: CloseReason) -> Option<Arc<Connection>> {
        self.remove(|core| core.remove_token(token), reason)
    }

    /// Returns the connection with this token.
    pub fn find_token(&self, token: &Token) -> Option<Arc<Connection>> {
        self.lock().by_token(token).cloned()
    }

    /// Returns all connections, oldest first.
    pub fn list(&self) -> Vec<Listed> {
        let now = Instant::now();
        let core = self.lock();
        let mut all: Vec<_> = core
            .connections()
            .map(|connection| Listed {
                connection: Arc::clone(connection),
                flapping: core.is_flapping(&connection.request_id, now),
            })
            .collect();
        drop(core);
        all.sort_unstable_by_key(|listed| listed.connection.serial);
        all
    }

    fn remove(
        &self,
        take: impl FnOnce(&mut Core) -> Option<Arc<Connection>>,
        reason: CloseReason,
    ) -> Option<Arc<Connection>> {
        let mut core = self.lock();
        let removed = take(&mut core)?;
        self.metrics.left(reason, core.len());
        drop(core);
        tracing::debug!(
            request_id = %removed.request_id,
            token = removed.token.short(),
            reason = reason.label(),
            "connection unregistered"
        );
        if let Some(book) = self.book.get().cloned() {
            let token = removed.token.clone();
            self.lifecycle.spawn(async move { book.strike(&token).await });
        }
        self.observers.disconnected(&removed, reason);
        Some(removed)
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Directory for ConnectionRegistry {
    fn everyone(&self) -> Vec<Arc<Connection>> {
        let mut all: Vec<_> = self.lock().connections().cloned().collect();
        all.sort_unstable_by_key(|connection| connection.serial);
        all
    }

    fn find(&self, id: &RequestId) -> Option<Arc<Connection>> {
        self.lock().by_id(id).cloned()
    }

    fn count(&self) -> usize {
        self.lock().len()
    }
}

impl Departures for ConnectionRegistry {
    fn departed(&self, connection: &Connection, reason: CloseReason) {
        self.remove(|core| core.remove_serial(connection), reason);
    }
}
