//! Asks the gateway, now and then, whether it still holds what is registered. It does not tell of every end: not
//! when it stops, nor when the browser leaves while its connect is being answered, nor while we were down.
//!
//! `POST /internal/send` with nothing but a token writes nothing and answers 404 if there is no such stream. Only
//! streams that have been registered for a while are asked for: one that is still opening would be sent an empty
//! event by it.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use super::{Shared, message, peer::Outcome};
use crate::connection::Connection;

/// How long a stream must have been registered.
const SETTLED: Duration = Duration::from_secs(10);
/// Between two rounds.
const EVERY: Duration = Duration::from_secs(5 * 60);
/// Requests of a round under way at once, within what the slow may use.
const AT_ONCE: usize = 8;

impl Shared {
    /// Asks for everyone, round after round; the first round is what finds who left while the daemon was down.
    pub(super) async fn reconcile(self: Arc<Self>) {
        loop {
            let settling = self.directory.everyone();
            sleep(SETTLED).await;
            if self.ask_for(settling).await {
                sleep(EVERY).await;
            }
        }
    }

    /// Returns whether the gateway answered for all: a failing one is not asked on.
    pub(super) async fn ask_for(&self, all: Vec<Arc<Connection>>) -> bool {
        let mut answers = stream::iter(all).map(|connection| self.ask(connection)).buffer_unordered(AT_ONCE);
        while let Some(answered) = answers.next().await {
            if !answered {
                return false;
            }
        }
        true
    }

    async fn ask(&self, connection: Arc<Connection>) -> bool {
        if !self.is_registered(&connection) {
            return true;
        }
        let Some(_place) = self.lanes.side().await else { return false };
        match self.peer.post(message::probe(&connection.token)).await {
            Outcome::Accepted => true,
            Outcome::NotFound => {
                self.forget(&connection);
                true
            }
            Outcome::Failed(_) | Outcome::TimedOut => false,
        }
    }

    fn is_registered(&self, connection: &Connection) -> bool {
        let known = self.directory.find(&connection.request_id);
        known.is_some_and(|known| known.serial == connection.serial)
    }
}
