//! Who is connected: request id ↔ token, both maps under one lock, and the observers that are told.
//!
//! The lock is a `std` mutex: nothing is awaited while it is held. What must happen afterwards (closing a
//! replaced stream, telling observers) comes back as a value or is spawned.

mod behind_gateway;
mod book;
mod core;
mod observer;
mod page;
#[cfg(test)]
mod tests;
mod tombstones;
mod vitals;
mod watch;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::broadcast::Receiver;

pub use self::core::Arrival;
use observer::Observers;
pub use observer::{ConnectionObserver, ObserverError};
pub use vitals::{Life, Vital};
pub use watch::{Change, What};

use self::{behind_gateway::BehindGateway, book::Book, core::Core, vitals::Source, watch::Watchers};
use crate::{
    audience::Audience,
    clock::SharedClock,
    connection::{CloseReason, Connection, Origin},
    delivery::{Departures, Directory, Reach, Recipients, Underway},
    lifecycle::Lifecycle,
    metrics::Metrics,
    request_id::RequestId,
    store::{Store, StoreError},
    token::Token,
};

/// The state of a connection whose request id keeps replacing itself.
pub(crate) const FLAPPING: &str = "flapping";

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
    /// Whether the gateway has it; `None` for a stream of our own.
    pub vital: Option<Vital>,
    /// Whether a restarted daemon will know it; `None` for a stream of our own.
    pub durable: Option<bool>,
}

/// What the lock guards.
#[derive(Default)]
struct State {
    core: Core,
    gateway: Option<BehindGateway>,
    /// The versions whose figures depend on who leaves.
    underway: Underway,
}

impl State {
    fn listed(&self, connection: &Arc<Connection>, unwritten: &HashSet<Token>, now: Instant) -> Listed {
        let vital = self.gateway.as_ref().and_then(|gateway| gateway.vitals.of(connection.serial));
        Listed {
            connection: Arc::clone(connection),
            flapping: self.core.is_flapping(&connection.request_id, now),
            durable: vital.map(|_| !unwritten.contains(&connection.token)),
            vital,
        }
    }
}

/// The register of all open connections.
pub struct ConnectionRegistry {
    state: Mutex<State>,
    watchers: Watchers,
    observers: Observers,
    book: OnceLock<Arc<Book>>,
    lifecycle: Lifecycle,
    clock: SharedClock,
    metrics: Arc<Metrics>,
}

/// Returns how many connections of a gateway are remembered in a store.
pub(crate) fn remembered(store: &dyn Store) -> Result<usize, StoreError> {
    Ok(book::read(store)?.len())
}

impl ConnectionRegistry {
    /// Returns an empty registry that tells nobody yet.
    pub fn new(clock: SharedClock, lifecycle: Lifecycle, metrics: Arc<Metrics>) -> Self {
        let observers = Observers::new(lifecycle.clone(), Arc::clone(&metrics));
        let (state, watchers, book) = (Mutex::default(), Watchers::default(), OnceLock::new());
        Self { state, watchers, observers, book, lifecycle, clock, metrics }
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

    /// Tells one more of those that come from now on, after the others.
    #[cfg(feature = "nats")]
    pub(crate) fn observe_too(&self, observer: Arc<dyn ConnectionObserver>) {
        self.observers.add(observer);
    }

    /// Tells nobody any more. Observers keep the registry, and it them: without this neither is ever dropped.
    pub fn forget_observers(&self) {
        self.observers.forget();
    }

    /// Takes up the connections that an earlier run left at the gateway, and remembers connections from now on.
    /// To be called once, before [`ConnectionRegistry::observe`]. Returns how many were taken up; those that are
    /// gone by now the gateway will tell.
    pub fn keep(&self, store: Arc<dyn Store>) -> Result<usize, StoreError> {
        let left = book::read(&*store)?;
        let book = Arc::new(Book::new(store, self.lifecycle.clone()));
        self.lock().gateway = Some(BehindGateway::default());
        let now = self.clock.now();
        for (newcomer, connected_at) in left {
            let age = now.duration_since(connected_at).try_into().unwrap_or_default();
            self.enter(self.lock(), newcomer, connected_at, Source::EarlierRun(age), Instant::now());
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
        let (at, now) = (self.clock.now(), Instant::now());
        self.enter(self.lock(), newcomer, at, Source::Callback, now)
    }

    /// Registers a connection that a gateway tells of, as [`ConnectionRegistry::register`] does. `None`, and nothing
    /// counted, if its end was told before: the callback is a late one, or was sent twice.
    pub fn connect(&self, newcomer: Newcomer) -> Option<Arrival> {
        let (at, now) = (self.clock.now(), Instant::now());
        let mut state = self.lock();
        if state.gateway.as_mut().is_some_and(|gateway| gateway.has_ended(&newcomer.token, now)) {
            drop(state);
            tracing::debug!(token = newcomer.token.short(), "connect ignored: its stream has ended already");
            self.metrics.connect_came_late();
            return None;
        }
        Some(self.enter(state, newcomer, at, Source::Callback, now))
    }

    fn enter(
        &self,
        mut state: MutexGuard<'_, State>,
        newcomer: Newcomer,
        at: Timestamp,
        source: Source,
        now: Instant,
    ) -> Arrival {
        let State { core, gateway, underway } = &mut *state;
        let flapped = self.watchers.are_there() && core.is_flapping(&newcomer.request_id, now);
        let arrival = core.register(newcomer, at, now);
        if let Arrival::New { replaced, .. } = &arrival {
            replaced.iter().for_each(|old| underway.left(old, CloseReason::Replaced));
        }
        if self.watchers.are_there() {
            watch::arrived(&arrival).into_iter().for_each(|(connection, what)| self.tell(&connection, what));
            let connection = arrival.connection();
            if !flapped && core.is_flapping(&connection.request_id, now) {
                self.tell(connection, What::State { from: Life::Live.label(), to: FLAPPING });
            }
        }
        self.metrics.arrived(&arrival, core.len());
        if let Some(gateway) = gateway {
            gateway.arrived(&arrival, source, now);
            self.metrics.suspects_now(gateway.suspects());
        }
        drop(state);
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

    /// Returns how many connections there are, and what happens to them from now on.
    pub fn watch(&self) -> (usize, Receiver<Change>) {
        let state = self.lock();
        (state.core.len(), self.watchers.join())
    }

    /// Tells those who watch. To be called under the lock.
    fn tell(&self, connection: &Arc<Connection>, what: What) {
        if self.watchers.are_there() {
            self.watchers.tell(Change { at: self.clock.now(), connection: Arc::clone(connection), what });
        }
    }

    /// Returns whether a connect of this id would be one replacement too many: the holder of the stream may
    /// then refuse it instead of registering it.
    pub fn is_flapping(&self, id: &RequestId) -> bool {
        self.lock().core.is_flapping(id, Instant::now())
    }

    /// Tells the observers of a new connection. Returns at once; nothing that they do holds up anybody.
    pub fn announce(&self, connection: &Arc<Connection>) {
        self.observers.connected(connection);
    }

    /// Removes the connection with this token. `None`, and nothing counted, if there is none: the notice is
    /// stale.
    pub fn disconnect(&self, token: &Token, reason: CloseReason) -> Option<Arc<Connection>> {
        // First: a connect that comes in between finds it, or is found.
        if let Some(gateway) = &mut self.lock().gateway {
            gateway.ended(token, Instant::now());
        }
        self.remove(|core| core.remove_token(token), reason)
    }

    /// Removes the connection of a request id that has connected to another member of the cluster, if it is the older
    /// one. The caller closes it.
    #[cfg(feature = "nats")]
    pub(crate) fn replaced_elsewhere(
        &self,
        id: &RequestId,
        is_older: impl FnOnce(&Connection) -> bool,
    ) -> Option<Arc<Connection>> {
        self.remove(|core| core.give_way(id, is_older, Instant::now()), CloseReason::Replaced)
    }

    /// Removes these very connections, those of them that are still there, at one moment. Fails with how many those
    /// are, and removes none, if it is not as many as expected.
    pub fn disconnect_all(
        &self,
        connections: &[Arc<Connection>],
        expected: Option<usize>,
        reason: CloseReason,
    ) -> Result<Vec<Arc<Connection>>, usize> {
        let mut state = self.lock();
        let is_there = |connection: &&Arc<Connection>| {
            state.core.by_token(&connection.token).is_some_and(|known| known.serial == connection.serial)
        };
        let there: Vec<_> = connections.iter().filter(is_there).collect();
        if expected.is_some_and(|expected| expected != there.len()) {
            return Err(there.len());
        }
        let take = |connection: &Arc<Connection>| {
            self.take_out(&mut state, |core| core.remove_serial(connection), reason)
        };
        let removed: Vec<_> = there.into_iter().filter_map(take).collect();
        drop(state);
        removed.iter().for_each(|removed| self.is_gone(removed, reason));
        Ok(removed)
    }

    /// Returns the connection with this token.
    pub fn find_token(&self, token: &Token) -> Option<Arc<Connection>> {
        self.lock().core.by_token(token).cloned()
    }

    /// Returns all connections, oldest first.
    pub fn list(&self) -> Vec<Listed> {
        let (unwritten, now) = (self.unwritten(), Instant::now());
        let state = self.lock();
        let mut all: Vec<_> =
            state.core.connections().map(|connection| state.listed(connection, &unwritten, now)).collect();
        drop(state);
        all.sort_unstable_by_key(|listed| listed.connection.serial);
        all
    }

    /// Returns the connection of a request id as listings show it.
    pub fn show(&self, id: &RequestId) -> Option<Listed> {
        let unwritten = self.unwritten();
        let state = self.lock();
        Some(state.listed(state.core.by_id(id)?, &unwritten, Instant::now()))
    }

    /// Returns those behind a gateway that would not survive a restart at this moment: they were not written down yet,
    /// or cannot be.
    pub fn unwritten(&self) -> HashSet<Token> {
        self.book.get().map(|book| book.unwritten()).unwrap_or_default()
    }

    /// Returns those that the gateway was found not to know any more, of late, oldest first. They are not
    /// registered.
    pub fn ghosts(&self) -> Vec<Listed> {
        let state = self.lock();
        let ghosts = state.gateway.iter().flat_map(|gateway| gateway.vitals.ghosts(Instant::now()));
        ghosts
            .map(|(connection, vital)| Listed {
                connection,
                flapping: false,
                vital: Some(vital),
                durable: Some(false),
            })
            .collect()
    }

    /// Keeps everybody waiting until what it returns is dropped.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Drop + '_ {
        self.lock()
    }

    fn remove(
        &self,
        take: impl FnOnce(&mut Core) -> Option<Arc<Connection>>,
        reason: CloseReason,
    ) -> Option<Arc<Connection>> {
        let mut state = self.lock();
        let removed = self.take_out(&mut state, take, reason)?;
        drop(state);
        self.is_gone(&removed, reason);
        Some(removed)
    }

    fn take_out(
        &self,
        state: &mut State,
        take: impl FnOnce(&mut Core) -> Option<Arc<Connection>>,
        reason: CloseReason,
    ) -> Option<Arc<Connection>> {
        let State { core, gateway, underway } = state;
        let removed = take(core)?;
        underway.left(&removed, reason);
        self.metrics.left(reason, core.len());
        if let Some(gateway) = gateway {
            gateway.left(&removed, reason, Instant::now());
            self.metrics.suspects_now(gateway.suspects());
        }
        self.tell(&removed, What::Disconnected(reason));
        Some(removed)
    }

    fn is_gone(&self, removed: &Arc<Connection>, reason: CloseReason) {
        tracing::debug!(
            request_id = %removed.request_id,
            token = removed.token.short(),
            reason = reason.label(),
            "connection unregistered"
        );
        if let Some(book) = self.book.get() {
            book.strike(&removed.token);
        }
        self.observers.disconnected(removed, reason);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Directory for ConnectionRegistry {
    fn everyone(&self) -> Vec<Arc<Connection>> {
        let mut all: Vec<_> = self.lock().core.connections().cloned().collect();
        all.sort_unstable_by_key(|connection| connection.serial);
        all
    }

    fn find(&self, id: &RequestId) -> Option<Arc<Connection>> {
        self.lock().core.by_id(id).cloned()
    }

    fn count(&self) -> usize {
        self.lock().core.len()
    }

    fn select_for(&self, audience: &Audience, reach: &Arc<Reach>) -> (Recipients, usize) {
        let State { core, underway, .. } = &mut *self.lock();
        match audience {
            Audience::Everyone => {
                underway.everyone(reach, core.len(), core.last());
                (Recipients::Everyone, core.len())
            }
            Audience::One(id) => {
                let only = core.by_id(id).cloned();
                underway.one(reach, only.as_deref());
                let count = only.iter().len();
                (Recipients::One(id.clone(), only), count)
            }
        }
    }
}

impl Departures for ConnectionRegistry {
    fn departed(&self, connection: &Connection, reason: CloseReason) {
        self.remove(|core| core.remove_serial(connection), reason);
    }
}
