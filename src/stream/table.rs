//! The open streams of one shard. Every stream that ends, for whatever reason, leaves through one door here.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
    time::Instant,
};

use mio::{Interest, Registry, Token};
use slab::Slab;
use tokio::sync::mpsc;

use super::{
    frame::Transfer,
    odometer::{Odometer, Tick},
    outbox::Flushed,
    run::Run,
    shard::{Arrival, Missed},
    socket::{Bounds, Stream},
    tally::{Tally, took},
};
use crate::{
    connection::{CloseReason, Serial},
    delivery::Departures,
    metrics::Metrics,
    traffic::{Backlog, Traffic, Whose},
};

/// What a client may have sent is read into this, whoever sent it, and forgotten.
const SCRATCH: usize = 4096;

/// Which share of the streams a newcomer belongs to: heartbeats go to one share at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Any of so many.
    Spread(usize),
    /// This one, which is next: but not this time.
    After(usize),
}

/// Hashes serials. They are our own numbers, one after the other: nobody chooses them such that they collide.
#[derive(Default)]
struct Counted(u64);

impl Hasher for Counted {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0.rotate_left(8) ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio: numbers in a row are spread over all bits.
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Where sockets go whose streams have ended in order.
pub(super) struct Returns {
    /// Who takes them.
    pub(super) to: mpsc::Sender<std::net::TcpStream>,
    /// Where they are watched until then.
    pub(super) registry: Registry,
}

/// The streams, by the place that epoll names and by the serial that commands name.
pub(super) struct Table {
    streams: Slab<Stream>,
    places: HashMap<Serial, usize, BuildHasherDefault<Counted>>,
    /// Those with an outbox.
    stalled: HashSet<usize>,
    /// Those that a walk over all found to have ended.
    ended: Vec<(usize, CloseReason)>,
    /// Absent: they are closed.
    pub(super) returns: Option<Returns>,
    bounds: Bounds,
    departures: Arc<dyn Departures>,
    metrics: Arc<Metrics>,
    tally: Tally,
    /// What waits, as far as the metrics know.
    backlog: Backlog,
    /// From when on its streams count the time.
    began: Instant,
    scratch: Box<[u8; SCRATCH]>,
}

impl Table {
    /// Returns an empty table.
    pub(super) fn new(bounds: Bounds, departures: Arc<dyn Departures>, metrics: Arc<Metrics>) -> Self {
        Self {
            streams: Slab::new(),
            places: HashMap::default(),
            stalled: HashSet::new(),
            ended: Vec::new(),
            returns: None,
            bounds,
            departures,
            metrics,
            tally: Tally::default(),
            backlog: Backlog::default(),
            began: Instant::now(),
            scratch: Box::new([0; SCRATCH]),
        }
    }

    /// Returns whether no stream is open.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Returns how many streams are open.
    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Returns whether this stream is open.
    pub(super) fn has(&self, serial: Serial) -> bool {
        self.places.contains_key(&serial)
    }

    /// Returns whether bytes wait anywhere, so that [`Table::cut_overdue`] has to be called.
    pub(super) fn is_stalled(&self) -> bool {
        !self.stalled.is_empty()
    }

    /// Notes the time: a round begins.
    pub(super) fn at(&mut self, now: Instant) {
        self.tally.now = Tick::at(self.began, now);
    }

    /// Returns what went out to these, and what waits for them.
    pub(super) fn traffic(&self, whose: Whose) -> Vec<(Serial, Traffic)> {
        let read = |stream: &Stream| (stream.connection.serial, stream.traffic(self.began));
        match whose {
            Whose::Everyones => self.streams.iter().map(|(_, stream)| read(stream)).collect(),
            Whose::Of(serial) => {
                self.places.get(&serial).map(|place| read(&self.streams[*place])).into_iter().collect()
            }
        }
    }

    /// Returns all streams that are not ending.
    pub(super) fn open(&self) -> Vec<Serial> {
        let open = self.streams.iter().filter(|(_, stream)| stream.ending.is_none());
        open.map(|(_, stream)| stream.connection.serial).collect()
    }

    /// Takes a stream in and writes its opening.
    pub(super) fn adopt(&mut self, arrival: Arrival, share: Share, registry: &Registry) {
        let Arrival { connection, socket, opening, first, transfer, seat } = arrival;
        let mut socket = mio::net::TcpStream::from_std(socket);
        let entry = self.streams.vacant_entry();
        let place = entry.key();
        // Both at once, so that a stream that begins to wait needs no further system call to be told of room.
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = registry.register(&mut socket, Token(place), interest) {
            tracing::warn!(%error, "a stream cannot be watched and is closed");
            self.departures.departed(&connection, CloseReason::Error);
            return;
        }
        self.places.insert(connection.serial, place);
        let (share, fresh) = match share {
            Share::Spread(shares) => (place % shares, false),
            Share::After(share) => (share, true),
        };
        let share = u8::try_from(share).unwrap_or_default();
        let (ending, outbox, odometer) = (None, None, Odometer::default());
        let stream = entry.insert(Stream {
            connection,
            socket,
            transfer,
            ending,
            share,
            fresh,
            outbox,
            odometer,
            seat,
        });
        let written = stream.begin(opening, first, &mut self.tally);
        self.settle(place, written);
    }

    /// Writes a run to every stream.
    pub(super) fn broadcast(&mut self, run: &Run) {
        self.walk(run, |_| true);
        if !self.streams.is_empty() {
            took(run.frames(), &self.metrics);
        }
        self.remove_ended();
    }

    /// Writes a run to one share of the streams, except where something waits already.
    pub(super) fn broadcast_part(&mut self, run: &Run, share: usize) {
        self.walk(run, |stream| {
            usize::from(stream.share) == share
                && !std::mem::take(&mut stream.fresh)
                && stream.outbox.is_none()
        });
        self.remove_ended();
    }

    /// Writes a run to some streams. Returns those that did not take it.
    pub(super) fn send(&mut self, to: &[Serial], run: &Run) -> Vec<(Serial, Missed)> {
        let mut missed = Vec::new();
        for serial in to {
            let place = self.places.get(serial).filter(|place| self.streams[**place].ending.is_none());
            let Some(&place) = place else {
                missed.push((*serial, Missed::Gone));
                continue;
            };
            let written = self.streams[place].write(run, self.bounds, &mut self.tally);
            if written.is_err() {
                missed.push((*serial, Missed::Failed));
            }
            self.settle(place, written);
        }
        if missed.len() < to.len() {
            took(run.frames(), &self.metrics);
        }
        missed
    }

    /// Ends a stream after what is queued for it.
    pub(super) fn close(&mut self, serial: Serial, reason: CloseReason, bye: &Run) {
        let Some(&place) = self.places.get(&serial) else { return };
        let written = self.streams[place].end(bye, reason, &mut self.tally);
        self.settle(place, written);
    }

    /// Reads what a client sent: its leaving shows there.
    pub(super) fn readable(&mut self, place: usize) {
        let Some(stream) = self.streams.get_mut(place) else { return };
        if let Err(reason) = stream.discard(self.scratch.as_mut_slice()) {
            self.remove(place, reason);
        }
    }

    /// Writes what waits for a stream that has room again.
    pub(super) fn writable(&mut self, place: usize) {
        let Some(stream) = self.streams.get_mut(place).filter(|stream| stream.outbox.is_some()) else {
            return;
        };
        let flushed = stream.flush(&mut self.tally);
        self.settle(place, flushed);
    }

    /// Tells the metrics what waits.
    pub(super) fn measure(&mut self) {
        let waiting = self.stalled.iter().map(|place| self.streams[*place].traffic(self.began));
        let add = |all: Backlog, one: Traffic| Backlog {
            connections: all.connections + 1,
            events: all.events + one.queued_events,
            bytes: all.bytes + one.queued_bytes,
        };
        let backlog = waiting.fold(Backlog::default(), add);
        self.metrics.backlog_changed(std::mem::replace(&mut self.backlog, backlog), backlog);
    }

    /// Ends the streams for which something has waited too long.
    pub(super) fn cut_overdue(&mut self, now: Instant) {
        let overdue = self.stalled.iter().filter(|place| self.streams[**place].is_overdue(self.bounds, now));
        self.ended.extend(overdue.map(|place| (*place, CloseReason::SlowConsumer)));
        self.remove_ended();
    }

    /// Ends the streams that still do not take what waits for them.
    pub(super) fn cut_all(&mut self) {
        self.ended.extend(self.streams.iter().map(|(place, _)| (place, CloseReason::SlowConsumer)));
        self.remove_ended();
    }

    /// Hands what was counted to the metrics.
    pub(super) fn publish(&mut self) {
        if self.stalled.is_empty() && self.backlog != Backlog::default() {
            self.measure();
        }
        self.tally.publish(&self.metrics);
    }

    fn walk(&mut self, run: &Run, mut chosen: impl FnMut(&mut Stream) -> bool) {
        for (place, stream) in &mut self.streams {
            if !chosen(stream) {
                continue;
            }
            match stream.write(run, self.bounds, &mut self.tally) {
                Ok(Flushed::All) => {}
                Ok(Flushed::Blocked) => {
                    self.stalled.insert(place);
                }
                Err(reason) => self.ended.push((place, reason)),
            }
        }
    }

    fn remove_ended(&mut self) {
        while let Some((place, reason)) = self.ended.pop() {
            self.remove(place, reason);
        }
    }

    fn settle(&mut self, place: usize, written: Result<Flushed, CloseReason>) {
        match (written, self.streams[place].ending) {
            (Ok(Flushed::Blocked), _) => {
                self.stalled.insert(place);
            }
            (Ok(Flushed::All), None) => {
                self.stalled.remove(&place);
            }
            (Ok(Flushed::All), Some(CloseReason::Disconnected)) => self.give_back(place),
            (Ok(Flushed::All), Some(reason)) | (Err(reason), _) => self.remove(place, reason),
        }
    }

    /// Lets go of a stream that has been sent whole: its socket may bring another request.
    fn give_back(&mut self, place: usize) {
        let returns = self.returns.as_ref().filter(|_| self.streams[place].transfer == Transfer::Chunked);
        let Some(returns) = returns else { return self.remove(place, CloseReason::Disconnected) };
        if returns.registry.deregister(&mut self.streams[place].socket).is_err() {
            return self.remove(place, CloseReason::Disconnected);
        }
        let to = returns.to.clone();
        let Stream { connection, socket, seat, .. } = self.take(place);
        drop(seat);
        // Where nobody takes it, it is closed.
        let _ = to.try_send(socket.into());
        self.departures.departed(&connection, CloseReason::Disconnected);
    }

    fn take(&mut self, place: usize) -> Stream {
        let stream = self.streams.remove(place);
        self.places.remove(&stream.connection.serial);
        self.stalled.remove(&place);
        if self.streams.is_empty() {
            self.streams.shrink_to_fit();
            self.places.shrink_to_fit();
            self.stalled.shrink_to_fit();
        }
        stream
    }

    fn remove(&mut self, place: usize, reason: CloseReason) {
        let mut stream = self.take(place);
        if let Some(outbox) = &stream.outbox {
            outbox.unsent().for_each(|frame| self.tally.failed(frame));
        }
        if reason == CloseReason::SlowConsumer {
            stream.reset();
        } else {
            // Bytes left unread would turn the close into a reset, which may overtake what was written.
            let _ = stream.discard(self.scratch.as_mut_slice());
        }
        let Stream { connection, socket, ending, seat, .. } = stream;
        drop((socket, seat));
        self.departures.departed(&connection, ending.unwrap_or(reason));
    }
}

impl Drop for Table {
    /// Whatever ends a shard, even a defect in it: no connection stays registered without its stream.
    fn drop(&mut self) {
        self.metrics.backlog_changed(self.backlog, Backlog::default());
        for stream in self.streams.drain() {
            self.departures.departed(&stream.connection, CloseReason::Error);
        }
    }
}
