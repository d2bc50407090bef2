//! The embedded delivery: events go to the shards of the stream engine, which hold the browsers' sockets.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};

use super::{Delivery, Departures, Directory, Dispatch, Reach, Recipients, Sequence};
use crate::{
    audience::Audience,
    config::{Framing, StreamConfig},
    connection::{CloseReason, Connection},
    event::Event,
    metrics::Metrics,
    request_id::RequestId,
    store::{Batch, StoreError},
    stream::{Arrival, Beat, Frame, Gap, History, Seat, ShardParts, Shards},
    traffic::{Traffics, Whose},
};

/// Writes events to the sockets of browsers.
pub struct EmbeddedDelivery {
    shards: Shards,
    history: History,
    spread: Duration,
    directory: Arc<dyn Directory>,
    departures: Arc<dyn Departures>,
}

impl EmbeddedDelivery {
    /// Starts a shard for each core. What browsers miss is in the history. When the daemon stops, streams are closed evenly over `spread`.
    pub(crate) fn start(
        config: &StreamConfig,
        history: History,
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
        Ok(Arc::new(Self { shards, history, spread, directory, departures }))
    }

    /// Takes a place for one more stream, if there is one.
    pub(crate) fn seat(&self) -> Option<Seat> {
        self.shards.seat()
    }

    /// Returns what is written for a browser that says which event it saw last: what it has missed, or why nobody
    /// knows. To be called within the ordering point, as [`EmbeddedDelivery::adopt`] then is.
    pub(crate) fn missed(&self, last_event_id: &str, reader: &RequestId) -> Result<Vec<Arc<Frame>>, Gap> {
        let last = last_event_id.parse().map_err(|_| Gap::Unknown)?;
        self.history.since(last, reader, Instant::now())
    }

    /// Returns an event as a newcomer is told it: it is no news, and has no place in the order.
    /// Of a version it is counted what becomes of it.
    pub(crate) fn known(&self, event: &Event, reach: Option<Arc<Reach>>) -> Arc<Frame> {
        let frame = Frame::event(self.history.framing(), None, event, Instant::now());
        Arc::new(frame.counted_by(reach))
    }

    /// Returns what tells a browser that it knows all that was sent until now.
    pub(crate) fn place(&self) -> Arc<Frame> {
        Arc::new(Frame::place(self.history.head()))
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
        if self.history.framing() == Framing::Envelope {
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
        let id = self.history.id(dispatch.sequence);
        let frame = Frame::event(self.history.framing(), Some(id), &dispatch.event, dispatch.at);
        let frame = Arc::new(frame.counted_by(dispatch.reach));
        match &to {
            Recipients::Everyone => self.history.record(id, Audience::Everyone, &frame, dispatch.at),
            Recipients::One(reader, _) => {
                self.history.record(id, Audience::One(reader.clone()), &frame, dispatch.at);
            }
            Recipients::Only(_) => self.history.pass(id),
        }
        async move {
            match to {
                Recipients::Everyone => self.shards.broadcast(&frame).await,
                Recipients::One(_, Some(connection)) | Recipients::Only(connection) => {
                    self.shards.send(connection.serial, frame).await;
                }
                Recipients::One(_, None) => {}
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

    fn outlives_runs(&self) -> bool {
        false
    }

    fn legacy(&self) -> Result<Batch, StoreError> {
        self.history.leave()
    }

    fn recount(&self, epoch: u64, after: Sequence) -> BoxFuture<'_, ()> {
        self.history.recount(epoch, after);
        async { self.shards.broadcast(&Arc::new(Frame::gap(Gap::Expired))).await }.boxed()
    }

    fn counted(&self) -> Option<(u64, Sequence)> {
        let head = self.history.head();
        Some((head.epoch.0, head.sequence))
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
