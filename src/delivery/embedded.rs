//! The embedded delivery: events go to the shards of the stream engine, which hold the browsers' sockets.

use std::{io, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};

use super::{Delivery, Departures, Directory, Dispatch, Recipients};
use crate::{
    config::{Framing, StreamConfig},
    connection::{CloseReason, Connection},
    metrics::Metrics,
    stream::{Arrival, Beat, Epoch, Frame, Seat, ShardParts, Shards},
    traffic::{Traffics, Whose},
};

/// Writes events to the sockets of browsers.
pub struct EmbeddedDelivery {
    shards: Shards,
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
        let parts = ShardParts {
            outbox_bytes: config.outbox_bytes,
            write_deadline: config.write_deadline,
            heartbeat: config.heartbeat,
            beat: Beat::Spread,
            farewell: Frame::bye,
            returns: None,
            max_lifetime: config.max_lifetime,
            departures: Arc::clone(&departures),
            metrics,
        };
        let shards = Shards::start(&parts, config.max_connections)?;
        Ok(Arc::new(Self { shards, framing, epoch: Epoch::now(), spread, directory, departures }))
    }

    /// Takes a place for one more stream, if there is one.
    pub(crate) fn seat(&self) -> Option<Seat> {
        self.shards.seat()
    }

    /// Takes over a registered connection's stream; it gets every event that is enqueued from now on. One that
    /// cannot be taken over is reported as departed.
    pub(crate) async fn adopt(&self, arrival: Arrival) {
        let connection = Arc::clone(&arrival.connection);
        if self.shards.adopt(arrival).await.is_err() {
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
            self.shards.send(connection.serial, Arc::new(Frame::ready())).await;
        }
    }

    /// Notes that a registered connection never got its stream.
    pub(crate) fn abandon(&self, connection: &Connection, reason: CloseReason) {
        self.departures.departed(connection, reason);
    }
}

impl Delivery for EmbeddedDelivery {
    fn enqueue(&self, to: Recipients, dispatch: Dispatch) -> BoxFuture<'_, ()> {
        let frame = Arc::new(Frame::event(self.framing, self.epoch, &dispatch));
        async move {
            match to {
                Recipients::Everyone => self.shards.broadcast(&frame).await,
                Recipients::One(connection) => self.shards.send(connection.serial, frame).await,
            }
        }
        .boxed()
    }

    fn close(&self, connection: Arc<Connection>, reason: CloseReason) -> BoxFuture<'_, ()> {
        async move { self.shards.close(connection.serial, reason).await }.boxed()
    }

    fn dismiss(&self, connection: Arc<Connection>, words: Option<&str>) -> BoxFuture<'_, ()> {
        let bye = Frame::dismissal(words);
        async move { self.shards.dismiss(connection.serial, bye).await }.boxed()
    }

    fn traffic(&self, whose: Whose) -> BoxFuture<'_, Traffics> {
        self.shards.traffic(whose).boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.shards.shutdown(self.spread).boxed()
    }

    fn trouble(&self) -> Option<String> {
        let (dead, all) = self.shards.ended();
        (dead > 0).then(|| {
            format!(
                "{dead} of {all} threads that write to browsers broke off: restart ssectld, its log says why"
            )
        })
    }
}

#[cfg(test)]
mod tests;
