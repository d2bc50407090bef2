//! One open stream: its socket, its connection, and what waits for it. Knows nothing of the other streams.

use std::{
    io::{self, Read, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use mio::net::TcpStream;

use super::{
    frame::{Content, Frame, Transfer},
    limits::Seat,
    odometer::Odometer,
    outbox::{Flushed, Outbox},
    run::Run,
    tally::Tally,
};
use crate::{
    connection::{CloseReason, Connection},
    traffic::Traffic,
};

/// How often in a row a shard reads what a client sends. A browser sends nothing after its head; one that
/// floods us is cut off.
const READS: usize = 16;

/// Of what a stream begins with, so many frames are joined into one write.
const FIRST_FRAMES: usize = 64;

/// Bounds of every outbox.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// What may wait for one connection, in bytes. A single event always may.
    pub(super) bytes: usize,
    /// How long it may.
    pub(super) age: Duration,
}

impl Bounds {
    const NONE: Self = Self { bytes: usize::MAX, age: Duration::MAX };
}

/// An open stream. Every byte here is paid for each idle browser.
#[derive(Debug)]
pub(super) struct Stream {
    /// Whose it is.
    pub(super) connection: Arc<Connection>,
    /// Its socket.
    pub(super) socket: TcpStream,
    /// How its body is delimited.
    pub(super) transfer: Transfer,
    /// It is to be closed once nothing waits.
    pub(super) ending: Option<CloseReason>,
    /// The share of the streams that it gets heartbeats with.
    pub(super) share: u8,
    /// Its first heartbeat is left out.
    pub(super) fresh: bool,
    /// What waits, if anything does.
    pub(super) outbox: Option<Box<Outbox>>,
    /// What was written to it.
    pub(super) odometer: Odometer,
    /// Its place among all streams, freed with it.
    pub(super) seat: Seat,
}

impl Stream {
    /// Writes a run, except versions older than one that the connection was told. Fails with the reason to end
    /// the stream at once.
    pub(super) fn write(
        &mut self,
        run: &Run,
        bounds: Bounds,
        tally: &mut Tally,
    ) -> Result<Flushed, CloseReason> {
        if self.ending.is_some() {
            return Ok(self.state());
        }
        if !run.has_versions() {
            return self.put(run, bounds, tally);
        }
        if let [only] = run.frames() {
            return if self.is_news(only) { self.put(run, bounds, tally) } else { Ok(self.state()) };
        }
        let news: Vec<_> = run.frames().iter().filter(|frame| self.is_news(frame)).cloned().collect();
        if news.is_empty() {
            Ok(self.state())
        } else if news.len() == run.frames().len() {
            self.put(run, bounds, tally)
        } else {
            self.put(&Run::new(news), bounds, tally)
        }
    }

    /// Writes what a stream begins with, versions included, which whoever put it together has noted. However much it
    /// is, it counts nothing in the outbox.
    pub(super) fn begin(
        &mut self,
        opening: Bytes,
        first: Vec<Arc<Frame>>,
        tally: &mut Tally,
    ) -> Result<Flushed, CloseReason> {
        let mut frames = vec![Arc::new(Frame::raw(opening))];
        frames.extend(first);
        let mut flushed = Flushed::All;
        for frames in frames.chunks(FIRST_FRAMES) {
            flushed = self.put(&Run::new(frames.to_vec()), Bounds::NONE, tally)?;
        }
        if let Some(outbox) = &mut self.outbox {
            outbox.excuse();
        }
        Ok(flushed)
    }

    /// Writes the last frame; nothing follows it. [`Flushed::All`]: close now.
    pub(super) fn end(
        &mut self,
        bye: &Run,
        reason: CloseReason,
        tally: &mut Tally,
    ) -> Result<Flushed, CloseReason> {
        if self.ending.is_some() {
            return Ok(self.state());
        }
        self.ending = Some(reason);
        let mut aside = tally.aside();
        let put = self.put(bye, Bounds::NONE, &mut aside);
        tally.also(&aside);
        put
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self, tally: &mut Tally) -> Result<Flushed, CloseReason> {
        let Some(outbox) = &mut self.outbox else { return Ok(Flushed::All) };
        let (before, mut events) = (outbox.bytes(), 0);
        let flushed = outbox.flush(&mut self.socket, |frame| {
            tally.sent(frame, &self.connection);
            events += u32::from(frame.is_event());
        });
        let written = before - outbox.bytes();
        if written > 0 {
            self.note(written, events, tally);
        }
        if let Ok(Flushed::All) = flushed {
            self.outbox = None;
        }
        flushed.map_err(|error| reason_of(&error))
    }

    /// Reads and forgets what the client sent. Fails with the reason to end the stream.
    pub(super) fn discard(&mut self, scratch: &mut [u8]) -> Result<(), CloseReason> {
        for _ in 0..READS {
            match self.socket.read(scratch) {
                Ok(0) => return Err(CloseReason::ClientClosed),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(reason_of(&error)),
            }
        }
        Err(CloseReason::Error)
    }

    /// Returns what went out, and what waits; its shard began at this moment.
    pub(super) fn traffic(&self, began: Instant) -> Traffic {
        let waiting = self.outbox.as_ref().map_or((0, 0), |outbox| {
            (outbox.unsent().filter(|frame| frame.is_event()).count() as u64, outbox.bytes() as u64)
        });
        let (queued_events, queued_bytes) = waiting;
        Traffic { queued_events, queued_bytes, ..self.odometer.read(began) }
    }

    /// Returns whether something has waited longer than it may.
    pub(super) fn is_overdue(&self, bounds: Bounds, now: Instant) -> bool {
        let oldest = self.outbox.as_ref().and_then(|outbox| outbox.oldest());
        oldest.is_some_and(|since| now.saturating_duration_since(since) > bounds.age)
    }

    /// Makes the coming close a reset: what the kernel still holds for a client that does not read is dropped.
    pub(super) fn reset(&self) {
        // Refused, the kernel keeps the bytes a while: a cost, not a fault.
        let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }

    fn state(&self) -> Flushed {
        if self.outbox.is_some() { Flushed::Blocked } else { Flushed::All }
    }

    /// Notes that a version is about to be enqueued; false if it is old news.
    fn is_news(&self, frame: &Frame) -> bool {
        match frame.content {
            Content::Version(sequence) => self.connection.tell_version(sequence),
            Content::Progress(_) | Content::Event | Content::Held(_) | Content::Note => true,
        }
    }

    fn put(&mut self, run: &Run, bounds: Bounds, tally: &mut Tally) -> Result<Flushed, CloseReason> {
        if self.outbox.is_some() {
            return self.wait(run.frames(), 0, bounds, tally).map(|()| Flushed::Blocked);
        }
        let bytes = run.bytes(self.transfer);
        let written = loop {
            match self.socket.write(bytes) {
                Ok(count) if count == bytes.len() => {
                    tally.sent_all(run, &self.connection);
                    self.note(count, run.counts().total(), tally);
                    return Ok(Flushed::All);
                }
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    run.frames().iter().for_each(|frame| tally.failed(frame));
                    return Err(reason_of(&error));
                }
            }
        };
        let (whole, begun) = run.place_of(written, self.transfer);
        let mut events = 0;
        for frame in &run.frames()[..whole] {
            tally.sent(frame, &self.connection);
            events += u32::from(frame.is_event());
        }
        if written > 0 {
            self.note(written, events, tally);
        }
        self.wait(&run.frames()[whole..], begun, bounds, tally)?;
        // Readiness is edge-triggered: only a write that was refused is followed by a notice.
        self.flush(tally)
    }

    /// The kernel took so many bytes, and with them the ends of so many events.
    fn note(&mut self, bytes: usize, events: u32, tally: &mut Tally) {
        self.odometer.wrote(bytes, events, tally.now);
        tally.wrote(bytes);
    }

    /// Lets frames wait, `begun` bytes of the first being written.
    fn wait(
        &mut self,
        frames: &[Arc<Frame>],
        mut begun: usize,
        bounds: Bounds,
        tally: &mut Tally,
    ) -> Result<(), CloseReason> {
        let now = Instant::now();
        let outbox = self.outbox.get_or_insert_with(|| Box::new(Outbox::new(self.transfer)));
        for (place, frame) in frames.iter().enumerate() {
            if outbox.push(Arc::clone(frame), std::mem::take(&mut begun), now) {
                self.odometer.coalesced();
            }
            if outbox.counted() > bounds.bytes && outbox.len() > 1 {
                frames[place + 1..].iter().for_each(|frame| tally.failed(frame));
                return Err(CloseReason::SlowConsumer);
            }
        }
        Ok(())
    }
}

/// Returns why a stream ended whose socket failed.
fn reason_of(error: &io::Error) -> CloseReason {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected => CloseReason::ClientClosed,
        _ => CloseReason::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_stream_stays_small() {
        // 64 without what mio adds to its sockets where defects are looked for.
        assert!(size_of::<Stream>() <= 80, "{}", size_of::<Stream>());
    }
}
