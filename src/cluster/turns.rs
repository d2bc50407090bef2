//! Whose turn it is: who publishes an event dispatches it when the log's reader comes to it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::delivery::{Sequence, Turn};

/// Who waits for the turn of what was published, by its id.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<String, oneshot::Sender<Turn>>>);

/// What became of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Who waited for it has dispatched the event.
    Dispatched,
    /// Who waited for it has not: it came too late, or the wait was given up.
    Returned,
    /// Nobody waited for it.
    Kept,
}

impl Turns {
    /// Begins to wait for a turn.
    pub(super) fn expect(&self, id: &str) -> Expected<'_> {
        let (sender, turn) = oneshot::channel();
        self.waiting().insert(id.to_owned(), sender);
        Expected { turns: self, id: id.to_owned(), turn }
    }

    /// Gives a turn to who waits for it, and returns when it is over.
    pub(super) async fn give(&self, id: &str, place: Sequence) -> Given {
        let Some(waiter) = self.waiting().remove(id) else { return Given::Kept };
        let (turn, over) = Turn::new(place);
        // One that is not taken is dropped, as one that its holder drops.
        let _ = waiter.send(turn);
        if over.await.is_ok() { Given::Dispatched } else { Given::Returned }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Turn>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn that is waited for, until this is dropped.
pub(super) struct Expected<'a> {
    turns: &'a Turns,
    id: String,
    turn: oneshot::Receiver<Turn>,
}

impl Expected<'_> {
    /// Waits for it. Never returns where it cannot come any more.
    pub(super) async fn come(&mut self) -> Turn {
        match (&mut self.turn).await {
            Ok(turn) => turn,
            Err(_) => std::future::pending().await,
        }
    }

    /// Gives up. Returns the turn if it has come all the same: after this, it does not.
    pub(super) fn late(mut self) -> Option<Turn> {
        self.turn.close();
        self.turn.try_recv().ok()
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        self.turns.waiting().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    const PLACE: Sequence = Sequence(7);

    #[tokio::test]
    async fn a_turn_is_over_when_its_holder_has_dispatched() {
        let turns = Turns::default();
        let mut expected = turns.expect("a");
        let mut given = std::pin::pin!(turns.give("a", PLACE));
        assert!(poll!(&mut given).is_pending());
        let turn = expected.come().await;
        assert_eq!(turn.sequence, PLACE);
        assert!(poll!(&mut given).is_pending(), "it is still its turn");
        turn.done();
        assert_eq!(given.await, Given::Dispatched);
        assert_eq!(turns.give("a", PLACE).await, Given::Kept, "each is given once");
    }

    #[tokio::test]
    async fn a_turn_that_nobody_takes_or_that_is_dropped_comes_back() {
        let turns = Turns::default();
        assert_eq!(turns.give("a", PLACE).await, Given::Kept);
        drop(turns.expect("a"));
        assert_eq!(turns.give("a", PLACE).await, Given::Kept);

        let mut expected = turns.expect("a");
        let mut given = std::pin::pin!(turns.give("a", PLACE));
        assert!(poll!(&mut given).is_pending());
        drop(expected.come().await);
        assert_eq!(given.await, Given::Returned, "its holder has dropped it");

        let expected = turns.expect("b");
        let mut given = std::pin::pin!(turns.give("b", PLACE));
        assert!(poll!(&mut given).is_pending());
        drop(expected);
        assert_eq!(given.await, Given::Returned, "it was on its way to who does not wait any more");
    }

    #[tokio::test]
    async fn who_gives_up_takes_the_turn_that_has_come_or_none_comes_any_more() {
        let turns = Turns::default();
        let expected = turns.expect("a");
        let mut given = std::pin::pin!(turns.give("a", PLACE));
        assert!(poll!(&mut given).is_pending());
        expected.late().expect("it had come").done();
        assert_eq!(given.await, Given::Dispatched);

        let mut expected = turns.expect("b");
        let sender = turns.waiting().remove("b").expect("it is waited for");
        let (turn, over) = Turn::new(PLACE);
        assert!(poll!(std::pin::pin!(expected.come())).is_pending());
        assert!(expected.late().is_none());
        drop(sender.send(turn).expect_err("nobody would see to it"));
        over.await.expect_err("it was not dispatched");
    }
}
