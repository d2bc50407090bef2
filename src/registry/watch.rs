//! What happens to connections, for those who watch: told under the lock, so in the order in which it happens. It waits
//! for nobody: who is slow misses the oldest, and is told how many.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use tokio::sync::broadcast::{Receiver, Sender};

use super::Arrival;
use crate::connection::{CloseReason, Connection};

/// So much may happen before who watches has taken the first of it.
const BEHIND: usize = 4096;

/// Something happened to a connection.
#[derive(Clone, Debug)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// To which.
    pub connection: Arc<Connection>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// It was registered.
    Connected,
    /// It was registered in the place of this one, which had the same request id.
    Replaced(Arc<Connection>),
    /// It is registered no more.
    Disconnected(CloseReason),
    /// Its state is another.
    State {
        /// What it was.
        from: &'static str,
        /// What it is.
        to: &'static str,
    },
}

/// Those who watch.
#[derive(Debug, Default)]
pub(super) struct Watchers(OnceLock<Sender<Change>>);

impl Watchers {
    /// Returns what happens from now on.
    pub(super) fn join(&self) -> Receiver<Change> {
        self.0.get_or_init(|| Sender::new(BEHIND)).subscribe()
    }

    /// Returns whether there are any.
    pub(super) fn are_there(&self) -> bool {
        self.0.get().is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Tells them.
    pub(super) fn tell(&self, change: Change) {
        if let Some(sender) = self.0.get() {
            // The last of them may have left.
            let _ = sender.send(change);
        }
    }
}

/// Returns what happened to whom when this arrived.
pub(super) fn arrived(arrival: &Arrival) -> Vec<(Arc<Connection>, What)> {
    let Arrival::New { connection, replaced } = arrival else { return Vec::new() };
    let (mut changes, mut what) = (Vec::new(), What::Connected);
    for old in replaced {
        if old.request_id == connection.request_id {
            what = What::Replaced(Arc::clone(old));
        } else {
            changes.push((Arc::clone(old), What::Disconnected(CloseReason::Replaced)));
        }
    }
    changes.push((Arc::clone(connection), what));
    changes
}
