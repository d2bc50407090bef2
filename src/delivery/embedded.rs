//! The embedded delivery: events go to the shards of the stream engine, which hold the browsers' sockets.
//!
//! A connection belongs to the shard that its serial names, so nothing has to be looked up to find it.

use std::{io, sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use tokio::sync::oneshot;

use super::{Delivery, Departures, Directory, Dispatch, Recipients};
use crate::{
    config::{Framing, StreamConfig},
    connection::{CloseReason, Connection, Serial},
    metrics::Metrics,
    stream::{Arrival, Command, Epoch, Frame, Limits, Seat, Seats, Shard, ShardParts, Target},
};

/// Up to this many streams are closed at once when the daemon stops.
const AT_ONCE: usize = 100;

/// Writes events to the sockets of browsers.
pub struct EmbeddedDelivery {
    shards: Vec<Shard>,
    seats: Seats,
    framing: Framing,
    epoch: Epoch,
    spread: Duration,
    directory: Arc<dyn Directory>,
    departures: Arc<dyn Departures>,
}

impl EmbeddedDelivery {
    /// Starts a shard for each core. When the daemon stops, streams are closed evenly over `spread`.
    pub fn start(
        config: &StreamConfig,
        framing: Framing,
        spread: Duration,
        directory: Arc<dyn Directory>,
        departures: Arc<dyn Departures>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Arc<Self>> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let parts = ShardParts {
            outbox_bytes: config.outbox_bytes,
            write_deadline: config.write_deadline,
            heartbeat: config.heartbeat,
            departures: Arc::clone(&departures),
            metrics,
        };
        let shards =
            (0..cores).map(|number| Shard::start(number, parts.clone())).collect::<Result<_, _>>()?;
        let seats = Seats::new(Limits::of_process().streams_wanted(config.max_connections));
        Ok(Arc::new(Self { shards, seats, framing, epoch: Epoch::now(), spread, directory, departures }))
    }

    /// Takes a place for one more stream, if there is one.
    pub(crate) fn seat(&self) -> Option<Seat> {
        self.seats.take()
    }

    /// Takes over a registered connection's stream; it gets every event that is enqueued from now on. One that
    /// cannot be taken over is reported as departed.
    pub(crate) async fn adopt(&self, arrival: Arrival) {
        let connection = Arc::clone(&arrival.connection);
        if self.order(connection.serial, Command::Adopt(arrival)).await.is_err() {
            self.departures.departed(&connection, CloseReason::Shutdown);
            return;
        }
        // Whoever removed it from the registry in the meantime has asked to close what was not there yet.
        let registered = self.directory.find(&connection.request_id);
        let reason = match registered.map(|known| known.serial) {
            Some(serial) if serial == connection.serial => return,
            Some(_) => CloseReason::Replaced,
            None => CloseReason::Disconnected,
        };
        self.close(connection, reason).await;
    }

    /// Tells a connection that what was pending for it has been sent, if the framing says so.
    pub(crate) async fn ready(&self, connection: &Connection) {
        if self.framing == Framing::Envelope {
            let ready = Command::Send(Target::One(connection.serial), Arc::new(Frame::ready()));
            // A shard that has ended has no streams.
            let _ = self.order(connection.serial, ready).await;
        }
    }

    /// Notes that a registered connection never got its stream.
    pub(crate) fn abandon(&self, connection: &Connection, reason: CloseReason) {
        self.departures.departed(connection, reason);
    }

    async fn order(&self, serial: Serial, command: Command) -> Result<(), Command> {
        let shards = u64::try_from(self.shards.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(serial.0 % shards).unwrap_or_default();
        self.shards[place].order(command).await
    }
}

impl Delivery for EmbeddedDelivery {
    fn enqueue(&self, to: Recipients, dispatch: Dispatch) -> BoxFuture<'_, ()> {
        let frame = Arc::new(Frame::event(self.framing, self.epoch, &dispatch));
        async move {
            // A shard that has ended has no streams.
            match to {
                Recipients::Everyone => {
                    for shard in &self.shards {
                        let _ = shard.order(Command::Send(Target::Everyone, Arc::clone(&frame))).await;
                    }
                }
                Recipients::One(connection) => {
                    let send = Command::Send(Target::One(connection.serial), frame);
                    let _ = self.order(connection.serial, send).await;
                }
            }
        }
        .boxed()
    }

    fn close(&self, connection: Arc<Connection>, reason: CloseReason) -> BoxFuture<'_, ()> {
        async move {
            // A shard that has ended has closed its streams.
            let _ = self.order(connection.serial, Command::Close(connection.serial, reason)).await;
        }
        .boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        async move {
            let spread = if self.seats.taken() <= AT_ONCE { Duration::ZERO } else { self.spread };
            let ends = self.shards.iter().map(|shard| async move {
                let (done, ended) = oneshot::channel();
                let ordered = shard.order(Command::Shutdown(spread, done)).await;
                drop(ordered);
                // Failing means that the shard has ended too.
                let _ = ended.await;
            });
            join_all(ends).await;
        }
        .boxed()
    }

    fn trouble(&self) -> Option<String> {
        let dead = self.shards.iter().filter(|shard| shard.has_ended()).count();
        (dead > 0).then(|| {
            let all = self.shards.len();
            format!(
                "{dead} of {all} threads that write to browsers broke off: restart ssectld, its log says why"
            )
        })
    }
}

#[cfg(test)]
mod tests;
