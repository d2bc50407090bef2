//! All shards, and the seats of their streams. A stream belongs to the shard that its connection's serial names, so
//! nothing has to be looked up to find it.

use std::{io, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{sync::oneshot, time::timeout};

use super::{Arrival, Command, Frame, Limits, Missed, Seat, ShardParts, Target, limits::Seats, shard::Shard};
use crate::{
    connection::{CloseReason, Serial},
    traffic::{Traffics, Whose},
};

/// Up to this many streams are closed at once when the daemon stops.
pub(crate) const AT_ONCE: usize = 100;

/// How long a shard may take to tell what went out: it does so between two runs of events.
const PATIENCE: Duration = Duration::from_millis(500);

/// The shard that was to take a stream has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended;

/// The stream engine.
pub(crate) struct Shards {
    shards: Vec<Shard>,
    seats: Seats,
    farewell: fn(CloseReason) -> Frame,
}

impl Shards {
    /// Starts a shard for each core, with this many seats in all; 0: as many as there is room for.
    pub(crate) fn start(parts: &ShardParts, max_connections: usize) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shards =
            (0..cores).map(|number| Shard::start(number, parts.clone())).collect::<Result<_, _>>()?;
        let seats = Seats::new(Limits::of_process().streams_wanted(max_connections));
        Ok(Self { shards, seats, farewell: parts.farewell })
    }

    /// Takes a place for one more stream, if there is one.
    pub(crate) fn seat(&self) -> Option<Seat> {
        self.seats.take()
    }

    /// Hands over a stream. Where its shard has ended it is opened and ended at once: a browser that is told
    /// nothing gives up.
    pub(crate) async fn adopt(&self, arrival: Arrival) -> Result<(), Ended> {
        let handed = self.shard(arrival.connection.serial).order(Command::Adopt(arrival)).await;
        let Err(back) = handed else { return Ok(()) };
        if let Command::Adopt(arrival) = back {
            arrival.turn_away(&(self.farewell)(CloseReason::Shutdown));
        }
        Err(Ended)
    }

    /// Writes a frame to all streams. A shard that has ended has none.
    pub(crate) async fn broadcast(&self, frame: &Arc<Frame>) {
        for shard in &self.shards {
            let _ = shard.order(Command::Send(Target::Everyone, Arc::clone(frame))).await;
        }
    }

    /// Writes a frame to one stream, if it is there.
    pub(crate) async fn send(&self, to: Serial, frame: Arc<Frame>) {
        let _ = self.shard(to).order(Command::Send(Target::One(to), frame)).await;
    }

    /// Writes a frame to some streams. Returns those that did not take it.
    pub(crate) async fn deliver(&self, to: &[Serial], frame: &Arc<Frame>) -> Vec<(Serial, Missed)> {
        let mut shares = vec![Vec::new(); self.shards.len()];
        for serial in to {
            shares[self.place(*serial)].push(*serial);
        }
        // In the order in which they were opened, which is about that in memory.
        shares.iter_mut().for_each(|share| share.sort_unstable());
        let shares = self.shards.iter().zip(shares).filter(|(_, share)| !share.is_empty());
        let answers = shares.map(|(shard, share)| async move {
            let (told, answer) = oneshot::channel();
            let all = share.clone();
            let ordered = shard.order(Command::Deliver(share, Arc::clone(frame), told)).await;
            drop(ordered);
            // A shard that has ended has no streams.
            answer.await.unwrap_or_else(|_| all.into_iter().map(|serial| (serial, Missed::Gone)).collect())
        });
        join_all(answers).await.concat()
    }

    /// Asks what went out to these connections. A shard that does not answer in time is left out; one that has
    /// ended has no streams.
    pub(crate) async fn traffic(&self, whose: Whose) -> Traffics {
        let asked = match whose {
            Whose::Everyones => &self.shards[..],
            Whose::Of(serial) => std::slice::from_ref(self.shard(serial)),
        };
        let answers = asked.iter().map(|shard| async move {
            let (told, answer) = oneshot::channel();
            let asked = async {
                drop(shard.order(Command::Report(whose, told)).await);
                answer.await.unwrap_or_default()
            };
            timeout(PATIENCE, asked).await.ok()
        });
        let answers = join_all(answers).await;
        let late = answers.iter().filter(|answer| answer.is_none()).count();
        Traffics::new(answers.into_iter().flatten().flatten().collect(), late)
    }

    /// Ends a stream after what is queued for it.
    pub(crate) async fn close(&self, serial: Serial, reason: CloseReason) {
        let _ = self.shard(serial).order(Command::Close(serial, reason)).await;
    }

    /// Ends a stream, like [`Shards::close`], with this last frame.
    pub(crate) async fn dismiss(&self, serial: Serial, bye: Frame) {
        let _ = self.shard(serial).order(Command::Dismiss(serial, Arc::new(bye))).await;
    }

    /// Ends all streams, evenly over this time where there are many.
    pub(crate) async fn shutdown(&self, spread: Duration) {
        let spread = if self.seats.taken() <= AT_ONCE { Duration::ZERO } else { spread };
        let ends = self.shards.iter().map(|shard| async move {
            let (done, ended) = oneshot::channel();
            let ordered = shard.order(Command::Shutdown(spread, done)).await;
            drop(ordered);
            // Failing means that the shard has ended too.
            let _ = ended.await;
        });
        join_all(ends).await;
    }

    /// Returns how many shards have ended, and how many there are in all.
    pub(crate) fn ended(&self) -> (usize, usize) {
        (self.shards.iter().filter(|shard| shard.has_ended()).count(), self.shards.len())
    }

    /// Ends one shard.
    #[cfg(test)]
    pub(crate) async fn break_off(&self) {
        let (done, ended) = oneshot::channel();
        assert!(self.shards[0].order(Command::Shutdown(Duration::ZERO, done)).await.is_ok());
        ended.await.expect("it ends");
    }

    fn place(&self, serial: Serial) -> usize {
        let shards = u64::try_from(self.shards.len()).unwrap_or(u64::MAX);
        usize::try_from(serial.0 % shards).unwrap_or_default()
    }

    fn shard(&self, serial: Serial) -> &Shard {
        &self.shards[self.place(serial)]
    }
}
