//! An order of events that several daemons share. Without one, a daemon numbers its events itself.

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::Sequence;
use crate::{audience::Audience, event::Event};

/// Gives events their places in an order that all members of a cluster read.
pub trait SharedOrder: Send + Sync + 'static {
    /// Fails where no event can be placed at the moment.
    fn reachable(&self) -> Result<(), Unplaced>;

    /// Gives an event its place, and returns when all before it were dispatched here. Nothing after it is, until the
    /// turn is over.
    fn place<'a>(&'a self, audience: &'a Audience, event: &'a Event)
    -> BoxFuture<'a, Result<Turn, Unplaced>>;
}

/// The moment at which an event is to be dispatched by who has this. If it is dropped before it is [`Turn::done`],
/// whoever gave it dispatches the event.
#[derive(Debug)]
#[must_use = "who has the turn dispatches"]
pub struct Turn {
    /// Its place.
    pub sequence: Sequence,
    done: oneshot::Sender<()>,
}

impl Turn {
    /// Returns a turn, and what tells of its end: an error says that the event was not dispatched.
    pub fn new(sequence: Sequence) -> (Self, oneshot::Receiver<()>) {
        let (done, over) = oneshot::channel();
        (Self { sequence, done }, over)
    }

    /// Says that the event was dispatched.
    pub fn done(self) {
        // Nobody need wait for it.
        let _ = self.done.send(());
    }
}

/// Why an event has no place in the shared order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplaced {
    /// Nobody was asked: nothing was sent.
    #[error("the cluster's NATS servers cannot be reached, or have lost their majority: nothing was sent")]
    Away,
    /// Somebody was asked, and has not answered in time.
    #[error("the cluster's NATS servers have not answered: whether it was sent is not known")]
    Unknown,
    /// It has had its place already, which another member gave it.
    #[error("another member of the cluster has sent it")]
    Passed,
}
