//! What the answers of the gateway say: of the connections to the roster, and of itself: that it fails, or that it has
//! forgotten its streams, as one that was restarted has.
//!
//! A gateway that has forgotten them is sent to at a bounded rate for those in doubt, who by all signs are gone:
//! each is removed once it has said so for this one. Who has connected since is served as ever.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Shared, message::Message};
use crate::{
    connection::{CloseReason, Connection},
    delivery::Fate,
};

/// So many unknown connections in a row, none of them known, are no coincidence.
const MANY: usize = 20;
/// So many requests in a row that nothing came of are no coincidence either.
const FAILING: usize = 3;
/// The least time between two requests about those in doubt.
const PACE: Duration = Duration::from_millis(2);

/// How the gateway does.
#[derive(Default)]
pub(super) struct Health {
    state: Mutex<State>,
    turns: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Requests in a row that nothing came of, since when, and why the last one.
    failures: usize,
    failing_since: Option<Instant>,
    why: String,
    /// Connections in a row that it did not know, and since when.
    unknown: usize,
    unknown_since: Option<Instant>,
    /// How many it did not know since it was found to have forgotten them.
    forgotten: Option<usize>,
    /// Those in doubt, in a row, that it knew all the same.
    known: usize,
}

impl Health {
    /// Some connections were there, so many of which had been in doubt.
    fn reached(&self, suspects: usize) {
        let mut state = self.lock();
        let known = state.known + suspects;
        let forgotten = state.forgotten.filter(|_| known < MANY);
        let remembers = state.forgotten.is_some() && forgotten.is_none();
        *state = State { forgotten, known, ..State::default() };
        drop(state);
        if remembers {
            tracing::info!("the gateway knows its connections after all");
        }
    }

    /// Some were not there, and none was. Returns when that began, if it has just become clear that the gateway has
    /// forgotten them all.
    fn unknown(&self, count: usize) -> Option<Instant> {
        let mut state = self.lock();
        let since = *state.unknown_since.get_or_insert_with(Instant::now);
        state.unknown += count;
        (state.failures, state.failing_since, state.known) = (0, None, 0);
        if let Some(gone) = &mut state.forgotten {
            *gone += count;
            return None;
        }
        state.forgotten = Some(state.unknown).filter(|gone| *gone >= MANY);
        state.forgotten.map(|_| since)
    }

    fn unsettled(&self, why: &str) {
        let mut state = self.lock();
        state.failures += 1;
        state.failing_since.get_or_insert_with(Instant::now);
        state.why = why.to_owned();
    }

    /// Returns whether asking it is of no use at the moment.
    pub(super) fn is_failing(&self) -> bool {
        self.lock().failures >= FAILING
    }

    /// Returns whether those in doubt are to wait for their turn.
    pub(super) fn is_forgetful(&self) -> bool {
        self.lock().forgotten.is_some()
    }

    /// Nobody is in doubt any more.
    pub(super) fn all_settled(&self) {
        if let Some(gone) = self.lock().forgotten.take() {
            tracing::info!(gone, "all connections that the gateway had forgotten are removed");
        }
    }

    /// Waits for a turn in asking about those in doubt; whoever waits longest is next.
    async fn turn(&self) {
        let _next = self.turns.lock().await;
        tokio::time::sleep(PACE).await;
    }

    /// Returns what is wrong, if anything is.
    pub(super) fn trouble(&self, suspects: usize) -> Option<String> {
        let state = self.lock();
        let doubt = format!("connections in doubt: {suspects}");
        if let Some(since) = state.failing_since.filter(|_| state.failures >= FAILING) {
            let (seconds, why) = (since.elapsed().as_secs(), &state.why);
            return Some(format!("the gateway fails for {seconds} s, events are lost ({why}); {doubt}"));
        }
        state.forgotten.map(|gone| {
            format!(
                "the gateway has forgotten its streams, it was restarted perhaps: {gone} are removed; {doubt}"
            )
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// The gateway has these.
    pub(super) fn reached(&self, alive: &[&Connection]) {
        if !alive.is_empty() {
            self.health.reached(self.roster.proven(alive));
        }
    }

    /// The gateway has these, and took an event for each of them.
    pub(super) fn took(&self, taking: &[&Connection], message: &Message) {
        if !taking.is_empty() {
            taking.iter().for_each(|connection| message.settle(connection, Fate::Written));
            self.metrics.wrote((taking.len() * message.size()) as u64);
            self.health.reached(self.roster.delivered(taking, message.size()));
        }
    }

    /// Nobody knows whether the gateway has these, nor whether it has written what was sent to them.
    pub(super) fn unsettled(&self, connections: &[&Connection], why: &str) {
        self.roster.doubted(connections);
        self.health.unsettled(why);
    }

    /// The gateway does not know these, and was not asked for any that it knows: nothing more is tried with them.
    pub(super) fn unknown(&self, gone: &[&Connection]) {
        for connection in gone {
            self.forget(connection);
        }
        if let Some(since) = self.health.unknown(gone.len()) {
            self.roster.doubt_unproven(since);
            self.metrics.gateway_forgot();
            tracing::warn!(
                suspects = self.roster.suspects(),
                "the gateway does not know {MANY} connections in a row, it was restarted perhaps: those in doubt are asked \
                 for at a bounded rate"
            );
        }
    }

    /// Takes out one that the gateway does not know.
    pub(super) fn forget(&self, connection: &Connection) {
        self.roster.departed(connection, CloseReason::NotFound);
        self.lose(connection);
        tracing::debug!(
            request_id = %connection.request_id,
            token = connection.token.short(),
            "the gateway does not know this connection any more"
        );
    }

    /// Returns whether nothing is to be sent to this one out of turn: the gateway has forgotten its streams, and this
    /// one is in doubt.
    pub(super) fn is_to_wait(&self, connection: &Connection) -> bool {
        self.health.is_forgetful() && self.roster.is_suspect(connection)
    }

    /// Waits for a turn. The end of the daemon does not.
    pub(super) async fn wait(&self) {
        self.lifecycle.closing().run_until_cancelled(self.health.turn()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_unknown_in_a_row_are_recognised_once() {
        let health = Health::default();
        for _ in 0..MANY - 1 {
            assert_eq!(health.unknown(1), None);
        }
        health.reached(0);
        assert_eq!(health.unknown(MANY - 1), None, "a run is one without a success");
        assert!(!health.is_forgetful());
        assert!(health.unknown(1).is_some());
        assert_eq!(health.unknown(1000), None, "once");
        let trouble = health.trouble(7).expect("said");
        assert!(trouble.contains("1020 are removed") && trouble.contains("in doubt: 7"), "{trouble}");
        health.reached(0);
        assert!(health.is_forgetful(), "who connected since proves nothing");
        health.all_settled();
        assert!(!health.is_forgetful() && health.trouble(0).is_none());
    }

    #[test]
    fn one_that_knows_many_in_doubt_has_forgotten_nothing() {
        let health = Health::default();
        health.unknown(MANY);
        health.reached(MANY - 1);
        health.unknown(1);
        health.reached(MANY - 1);
        assert!(health.is_forgetful());
        health.reached(1);
        assert!(!health.is_forgetful());
    }

    #[test]
    fn any_answer_about_a_connection_ends_a_failure() {
        let health = Health::default();
        let unknown = |health: &Health| assert_eq!(health.unknown(1), None);
        for answer in [|health: &Health| health.reached(0), unknown] {
            for _ in 0..FAILING {
                assert!(!health.is_failing());
                health.unsettled("it does not answer");
            }
            let trouble = health.trouble(3).expect("said");
            assert!(trouble.contains("it does not answer") && trouble.contains("in doubt: 3"), "{trouble}");
            answer(&health);
            assert!(!health.is_failing() && health.trouble(3).is_none());
        }
    }
}
