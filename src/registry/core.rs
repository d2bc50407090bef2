//! The two maps, without lock, clock or metrics: every operation returns what it changed.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet, VecDeque},
    hash::{Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::Newcomer;
use crate::{
    connection::{Connection, Serial},
    request_id::RequestId,
    token::Token,
};

/// An id replaced more often than this within [`FLAPPING_WINDOW`] is flapping: two tabs share it.
const FLAPPING_LIMIT: usize = 3;
const FLAPPING_WINDOW: Duration = Duration::from_secs(30);
/// Beyond this many histories, old ones are swept out.
const HISTORIES: usize = 1024;
/// Beyond this many different user agents, those of nobody are forgotten.
const USER_AGENTS: usize = 1024;

/// What a connect changed.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// The same token was registered for the same id already.
    Unchanged(Arc<Connection>),
    /// Registered.
    New {
        /// The new connection.
        connection: Arc<Connection>,
        /// What is registered no more: the former connection of the id, and of the token if that had another id.
        replaced: Vec<Arc<Connection>>,
    },
}

impl Arrival {
    /// Returns the connection, new or known.
    pub fn connection(&self) -> &Arc<Connection> {
        match self {
            Self::Unchanged(connection) | Self::New { connection, .. } => connection,
        }
    }

    /// Returns the connections whose stream is to be closed: not one that goes on under another id.
    pub fn to_close(&self) -> impl Iterator<Item = &Arc<Connection>> {
        let replaced = match self {
            Self::Unchanged(_) => &[][..],
            Self::New { replaced, .. } => replaced,
        };
        replaced.iter().filter(|old| old.token != self.connection().token)
    }
}

/// A connection that is found by its request id, and nothing besides: every byte is paid for each connection.
#[derive(Debug)]
struct ById(Arc<Connection>);

/// A connection that is found by its token.
#[derive(Debug)]
struct ByToken(Arc<Connection>);

/// Makes a connection's place in a set that of its key.
macro_rules! keyed {
    ($by:ident, $field:ident: $key:ty) => {
        impl Borrow<$key> for $by {
            fn borrow(&self) -> &$key {
                &self.0.$field
            }
        }

        impl Hash for $by {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.$field.hash(state);
            }
        }

        impl PartialEq for $by {
            fn eq(&self, other: &Self) -> bool {
                self.0.$field == other.0.$field
            }
        }

        impl Eq for $by {}
    };
}

keyed!(ById, request_id: RequestId);
keyed!(ByToken, token: Token);

/// The state of the registry.
#[derive(Debug, Default)]
pub(super) struct Core {
    by_id: HashSet<ById>,
    by_token: HashSet<ByToken>,
    replacements: HashMap<RequestId, VecDeque<Instant>>,
    pub(super) user_agents: HashSet<Arc<str>>,
    last: u64,
}

impl Core {
    pub(super) fn register(&mut self, newcomer: Newcomer, at: Timestamp, now: Instant) -> Arrival {
        let Newcomer { request_id, token, mut origin } = newcomer;
        if let Some(same) = self.by_token(&token).filter(|known| known.request_id == request_id) {
            return Arrival::Unchanged(Arc::clone(same));
        }
        let mut replaced: Vec<_> = self.remove_token(&token).into_iter().collect();
        if let Some(old) = self.by_id(&request_id).cloned() {
            self.remove_serial(&old);
            self.note_replacement(&request_id, now);
            replaced.push(old);
        }
        self.last += 1;
        origin.user_agent = origin.user_agent.map(|text| self.shared(text));
        let connection = Arc::new(Connection::new(Serial(self.last), request_id, token, origin, at));
        self.by_id.insert(ById(Arc::clone(&connection)));
        self.by_token.insert(ByToken(Arc::clone(&connection)));
        Arrival::New { connection, replaced }
    }

    /// Removes the connection of an id that has connected elsewhere, if it is the older one.
    #[cfg(feature = "nats")]
    pub(super) fn give_way(
        &mut self,
        id: &RequestId,
        is_older: impl FnOnce(&Connection) -> bool,
        now: Instant,
    ) -> Option<Arc<Connection>> {
        let old = self.by_id(id).filter(|known| is_older(known)).cloned()?;
        self.note_replacement(id, now);
        self.remove_serial(&old)
    }

    pub(super) fn remove_token(&mut self, token: &Token) -> Option<Arc<Connection>> {
        let ByToken(removed) = self.by_token.take(token)?;
        self.by_id.remove(&removed.request_id);
        Some(removed)
    }

    /// Removes this very connection, not one that has taken its id or token since.
    pub(super) fn remove_serial(&mut self, connection: &Connection) -> Option<Arc<Connection>> {
        let known = self.by_token(&connection.token)?;
        if known.serial != connection.serial {
            return None;
        }
        self.remove_token(&connection.token)
    }

    pub(super) fn by_id(&self, id: &RequestId) -> Option<&Arc<Connection>> {
        self.by_id.get(id).map(|ById(connection)| connection)
    }

    pub(super) fn by_token(&self, token: &Token) -> Option<&Arc<Connection>> {
        self.by_token.get(token).map(|ByToken(connection)| connection)
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.by_id.iter().map(|ById(connection)| connection)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Returns the newest connection that was ever registered.
    pub(super) fn last(&self) -> Serial {
        Serial(self.last)
    }

    pub(super) fn is_flapping(&self, id: &RequestId, now: Instant) -> bool {
        let recent = |times: &VecDeque<Instant>| {
            times.iter().filter(|then| now.duration_since(**then) < FLAPPING_WINDOW).count()
        };
        self.replacements.get(id).is_some_and(|times| recent(times) > FLAPPING_LIMIT)
    }

    /// Returns the text as other connections have it already: most browsers are of few kinds.
    fn shared(&mut self, user_agent: Arc<str>) -> Arc<str> {
        if let Some(known) = self.user_agents.get(&user_agent) {
            return Arc::clone(known);
        }
        if self.user_agents.len() >= USER_AGENTS {
            self.user_agents.retain(|text| Arc::strong_count(text) > 1);
        }
        if self.user_agents.len() < USER_AGENTS {
            self.user_agents.insert(Arc::clone(&user_agent));
        }
        user_agent
    }

    fn note_replacement(&mut self, id: &RequestId, now: Instant) {
        if self.replacements.len() >= HISTORIES {
            let fresh = |then: &Instant| now.duration_since(*then) < FLAPPING_WINDOW;
            self.replacements.retain(|_, times| times.back().is_some_and(fresh));
        }
        let times = self.replacements.entry(id.clone()).or_default();
        times.push_back(now);
        if times.len() > FLAPPING_LIMIT + 1 {
            times.pop_front();
        }
    }
}
