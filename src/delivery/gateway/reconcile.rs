//! Asks the gateway whether it still holds what is registered. It does not tell of every end: not when it stops, nor
//! when the browser leaves while its connect is being answered, nor while we were down.
//!
//! `POST /internal/send` with nothing but a token writes nothing and answers 404 if there is no such stream. What the
//! roster says is due is asked for, at a bounded rate: those in doubt first, and those that nothing was sent to for
//! long. Only an answer settles anything: a gateway that cannot be reached makes nobody a ghost.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use super::{Shared, drain::LATE, message, peer::Outcome};
use crate::{connection::Connection, lifecycle::Phase, metrics::Probe};

/// Between two looks at what is due.
const EVERY: Duration = Duration::from_secs(5);
/// Before a gateway that fails is asked again.
const PAUSE: Duration = Duration::from_secs(10);
/// Probes under way at once, within what the slow may use.
const AT_ONCE: usize = 8;

impl Shared {
    /// Asks for whoever is due, round after round; the first round is what finds who left while the daemon was down.
    pub(super) async fn reconcile(self: Arc<Self>) {
        self.lifecycle.reached(Phase::Ready).await;
        loop {
            let answered = self.ask_for(self.roster.due()).await;
            if self.roster.suspects() == 0 {
                self.health.all_settled();
            }
            sleep(if answered { EVERY } else { PAUSE }).await;
        }
    }

    /// Returns whether the gateway answers: a failing one is not asked on.
    pub(super) async fn ask_for(&self, due: Vec<Arc<Connection>>) -> bool {
        let mut answers = stream::iter(due).map(|connection| self.ask(connection)).buffer_unordered(AT_ONCE);
        while answers.next().await.is_some() {
            if self.health.is_failing() {
                return false;
            }
        }
        true
    }

    async fn ask(&self, connection: Arc<Connection>) {
        self.wait().await;
        let Some(_place) = self.lanes.side().await else { return };
        if !self.is_registered(&connection) {
            return;
        }
        let result = match self.peer.post(message::probe(&connection.token)).await {
            Outcome::Accepted => {
                self.reached(&[&connection]);
                Probe::Alive
            }
            Outcome::NotFound => {
                self.unknown(&[&connection]);
                Probe::Gone
            }
            Outcome::Failed(why) => {
                self.unsettled(&[&connection], &why);
                Probe::Unsettled
            }
            Outcome::TimedOut => {
                self.unsettled(&[&connection], LATE);
                Probe::Unsettled
            }
        };
        self.metrics.probed(result);
    }

    fn is_registered(&self, connection: &Connection) -> bool {
        let known = self.roster.find(&connection.request_id);
        known.is_some_and(|known| known.serial == connection.serial)
    }
}
