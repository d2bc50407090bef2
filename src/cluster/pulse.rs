//! Whether JetStream answers. That takes a majority of its servers, and a connection to one of them does not tell: what
//! they acknowledge does.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::{ReconnectToServer, Server};
use tokio::time::Instant;

use super::link::PATIENCE;

/// When JetStream is given up that acknowledges nothing. To elect who leads, servers mostly need less.
const SILENT: Duration = Duration::from_secs(7);
/// Once is none: a daemon that was held finds all its time gone.
const FAILURES: u32 = 2;
/// How often it is asked again that has not answered.
const AGAIN: Duration = Duration::from_secs(1);
/// How often another server is tried: this one may be cut off from the majority.
const MOVE: Duration = Duration::from_secs(5);
/// The longest that a move is taken for one.
const MOVING: Duration = Duration::from_secs(4);

/// What was asked of JetStream of late, and what became of it.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Since when nothing that was asked was acknowledged, and how often that was.
    unanswered: Option<(Instant, u32)>,
    silent: bool,
    /// When another server was tried last, and which is next.
    moved: Option<Instant>,
    next: usize,
}

impl Pulse {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether JetStream answers, as far as is known.
    pub(super) fn is_there(&self) -> bool {
        !self.state().silent
    }

    /// Something was acknowledged. Returns whether nothing was before.
    pub(super) fn acknowledged(&self) -> bool {
        let mut state = self.state();
        (state.unanswered, state.moved) = (None, None);
        std::mem::take(&mut state.silent)
    }

    /// Something was asked then, and not acknowledged. Returns whether that is how it is known to be silent.
    pub(super) fn unacknowledged(&self, asked: Instant) -> bool {
        let mut state = self.state();
        let (since, failures) = state.unanswered.map_or((asked, 1), |(since, count)| (since, count + 1));
        state.unanswered = Some((since, failures));
        let silent = failures >= FAILURES && since.elapsed() >= SILENT;
        silent && !std::mem::replace(&mut state.silent, true)
    }

    /// The connection was lost: that nothing is acknowledged says nothing.
    pub(super) fn lost(&self) {
        self.state().unanswered = None;
    }

    /// Returns how long an acknowledgement is waited for.
    pub(super) fn patience(&self) -> Duration {
        let state = self.state();
        match state.unanswered {
            _ if state.silent => AGAIN,
            Some((since, _)) => SILENT.saturating_sub(since.elapsed()).clamp(AGAIN, PATIENCE),
            None => PATIENCE,
        }
    }

    /// Returns when to ask the next time, who usually asks so often.
    pub(super) fn pace(&self, usual: Duration) -> Duration {
        let state = self.state();
        if state.silent || state.unanswered.is_some() { AGAIN } else { usual }
    }

    /// Returns whether it is time to try another server.
    pub(super) fn moves(&self) -> bool {
        let mut state = self.state();
        let moves = state.silent && state.moved.is_none_or(|moved| moved.elapsed() >= MOVE);
        if moves {
            state.moved = Some(Instant::now());
        }
        moves
    }

    /// Returns whether another server is being tried.
    pub(super) fn is_moving(&self) -> bool {
        let state = self.state();
        state.silent && state.moved.is_some_and(|moved| moved.elapsed() < MOVING)
    }

    /// Returns which server is tried next, each in turn; `None`: any.
    pub(super) fn next(&self, servers: &[Server]) -> Option<ReconnectToServer> {
        let mut state = self.state();
        if !state.silent {
            return None;
        }
        state.next = (state.next + 1) % servers.len().max(1);
        servers.get(state.next).map(|server| ReconnectToServer { addr: server.addr.clone(), delay: None })
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_silent_when_nothing_was_acknowledged_for_long_however_often_it_was_asked() {
        let pulse = Pulse::default();
        let asked = Instant::now();
        advance(SILENT).await;
        assert!(!pulse.unacknowledged(asked) && pulse.is_there(), "once is none");
        assert!(pulse.unacknowledged(Instant::now()) && !pulse.is_there());
        assert!(!pulse.unacknowledged(Instant::now()), "that is no news");
        assert!(pulse.acknowledged() && pulse.is_there());
        for _ in 0..10 {
            assert!(!pulse.unacknowledged(Instant::now()) && !pulse.acknowledged());
            advance(SILENT).await;
        }
        assert!(pulse.is_there());
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_more_often_the_less_it_answers_and_no_longer_than_until_it_is_given_up() {
        let pulse = Pulse::default();
        let usual = Duration::from_secs(3);
        assert_eq!((pulse.pace(usual), pulse.patience()), (usual, PATIENCE));
        let asked = Instant::now();
        pulse.unacknowledged(asked);
        advance(SILENT - Duration::from_millis(1500)).await;
        assert_eq!((pulse.pace(usual), pulse.patience()), (AGAIN, Duration::from_millis(1500)));
        pulse.lost();
        assert_eq!(pulse.pace(usual), usual, "without a connection nothing can be told");
    }

    #[tokio::test(start_paused = true)]
    async fn other_servers_are_tried_now_and_then_as_long_as_it_is_silent() {
        let pulse = Pulse::default();
        let servers = ["a", "b"].map(|host| Server {
            addr: host.parse().expect("an address"),
            failed_attempts: 0,
            did_connect: true,
            is_discovered: false,
            last_error: None,
        });
        assert!(!pulse.moves() && pulse.next(&servers).is_none());
        pulse.unacknowledged(Instant::now());
        advance(SILENT).await;
        pulse.unacknowledged(Instant::now());
        assert!(pulse.moves() && !pulse.moves() && pulse.is_moving());
        let tried: Vec<_> = (0..3).filter_map(|_| pulse.next(&servers)).map(|next| next.addr).collect();
        assert_eq!(tried, [&servers[1].addr, &servers[0].addr, &servers[1].addr].map(Clone::clone));
        advance(MOVE).await;
        assert!(!pulse.is_moving() && pulse.moves());
        pulse.acknowledged();
        assert!(!pulse.moves() && !pulse.is_moving());
    }
}
