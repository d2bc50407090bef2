//! A thread that owns sockets: one poll, one queue of commands, one timer.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use mio::{Events, Poll, Token, Waker};
use tokio::sync::{
    mpsc::{self, error::TryRecvError},
    oneshot,
};

use super::{
    frame::{Frame, Transfer},
    lifetime::Lifetimes,
    limits::Seat,
    run::Run,
    socket::Bounds,
    table::{Returns, Share, Table},
    winding::Winding,
};
use crate::{
    connection::{CloseReason, Connection, Serial},
    delivery::Departures,
    metrics::Metrics,
    traffic::{Traffic, Whose},
};

/// Commands that may wait; then publishers do.
const QUEUE: usize = 1024;
/// What is joined into one write.
const RUN_BYTES: usize = 256 * 1024;
const EVENTS: usize = 1024;
const WAKE: Token = Token(usize::MAX);
/// The heartbeat goes to this many shares of the streams in turn, so that it never delays an event by a walk
/// over all of them.
const BEATS: usize = 16;
/// How often overdue outboxes are looked for, while there are outboxes.
const WATCH: Duration = Duration::from_millis(250);

/// A stream that a shard is to take over.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// Whose it is.
    pub(crate) connection: Arc<Connection>,
    /// Its socket, non-blocking.
    pub(crate) socket: std::net::TcpStream,
    /// The response head, and the reconnection time.
    pub(crate) opening: Bytes,
    /// What is sent first, however much it is.
    pub(crate) first: Vec<Arc<Frame>>,
    /// How its body is delimited.
    pub(crate) transfer: Transfer,
    /// Its place among all streams.
    pub(crate) seat: Seat,
}

impl Arrival {
    /// Opens the stream and ends it, as far as its socket, which is empty yet, takes the bytes.
    pub(super) fn turn_away(self, farewell: &Frame) {
        let all = [&self.opening[..], farewell.bytes(self.transfer)].concat();
        if let Err(error) = (&self.socket).write_all(&all) {
            tracing::debug!(%error, "a stream that came too late was not told");
        }
    }
}

/// Whom a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Every stream of the shard.
    Everyone,
    /// This one, if it is still there.
    One(Serial),
}

/// An order to a shard. Carried out in the order of the queue.
#[derive(Debug)]
pub(crate) enum Command {
    /// Take over a stream.
    Adopt(Arrival),
    /// Write a frame.
    Send(Target, Arc<Frame>),
    /// Write a frame to some streams, then tell which of them did not take it.
    Deliver(Vec<Serial>, Arc<Frame>, oneshot::Sender<Vec<(Serial, Missed)>>),
    /// Tell what went out, and what waits.
    Report(Whose, oneshot::Sender<Vec<(Serial, Traffic)>>),
    /// End a stream after what is queued for it.
    Close(Serial, CloseReason),
    /// End a stream that an operator wants away, after what is queued for it and with this last frame.
    Dismiss(Serial, Arc<Frame>),
    /// End all streams within this time, then the shard; then tell.
    Shutdown(Duration, oneshot::Sender<()>),
}

/// Why a stream was not given a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// It is not there, or ending.
    Gone,
    /// Giving it ended the stream.
    Failed,
}

/// When a stream's heartbeats come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Spread evenly over all streams.
    Spread,
    /// The first one interval after the stream's opening.
    SinceOpening,
}

/// What all shards have in common.
#[derive(Clone)]
pub(crate) struct ShardParts {
    /// What may wait for one connection, in bytes.
    pub(crate) outbox_bytes: usize,
    /// How long it may.
    pub(crate) write_deadline: Duration,
    /// Between two comments on a stream.
    pub(crate) heartbeat: Duration,
    /// When they come.
    pub(crate) beat: Beat,
    /// Returns the last frame of a stream that we end.
    pub(crate) farewell: fn(CloseReason) -> Frame,
    /// Takes sockets whose streams we have ended in order: they may bring another request. `None`: they are closed.
    pub(crate) returns: Option<mpsc::Sender<std::net::TcpStream>>,
    /// How long a stream may live; zero: for ever.
    pub(crate) max_lifetime: Duration,
    /// Told of streams that end.
    pub(crate) departures: Arc<dyn Departures>,
    /// Counts.
    pub(crate) metrics: Arc<Metrics>,
}

/// The publishers' side of a shard. Dropped, the shard ends, and its streams with it.
pub(crate) struct Shard {
    commands: mpsc::Sender<Command>,
    bell: Arc<Bell>,
}

impl Shard {
    /// Starts a shard's thread.
    pub(crate) fn start(number: usize, parts: ShardParts) -> io::Result<Self> {
        let poll = Poll::new()?;
        let bell = Arc::new(Bell { waker: Waker::new(poll.registry(), WAKE)?, rung: AtomicBool::new(false) });
        let (commands, queue) = mpsc::channel(QUEUE);
        let registry = poll.registry().try_clone()?;
        let returns = parts.returns.clone().map(|to| Returns { to, registry });
        let mut worker = Worker::new(poll, queue, Arc::clone(&bell), parts);
        worker.table.returns = returns;
        thread::Builder::new().name(format!("shard-{number}")).spawn(move || worker.run())?;
        Ok(Self { commands, bell })
    }

    /// Enqueues a command; waits while the queue is full. Gives it back if the shard has ended.
    pub(crate) async fn order(&self, command: Command) -> Result<(), Command> {
        let sent = self.commands.send(command).await.map_err(|error| error.0);
        self.bell.ring();
        sent
    }

    /// Returns whether its thread takes no more commands.
    pub(crate) fn has_ended(&self) -> bool {
        self.commands.is_closed()
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        // The queue's end is noticed when it is looked at.
        self.commands = mpsc::channel(1).0;
        self.bell.ring();
    }
}

/// Wakes a shard from its poll, with at most one system call for many commands.
struct Bell {
    waker: Waker,
    rung: AtomicBool,
}

impl Bell {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::SeqCst)
            && let Err(error) = self.waker.wake()
        {
            tracing::error!(%error, "a shard cannot be woken; it goes on at its next timer");
        }
    }

    /// To be called before the queue is looked at: what comes later rings anew.
    fn quiet(&self) {
        self.rung.store(false, Ordering::SeqCst);
    }
}

/// Whether a shard goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queue {
    Empty,
    More,
    Ended,
}

/// The thread's side.
struct Worker {
    poll: Poll,
    queue: mpsc::Receiver<Command>,
    bell: Arc<Bell>,
    table: Table,
    departures: Arc<dyn Departures>,
    heartbeat: Run,
    farewell: fn(CloseReason) -> Frame,
    rhythm: Beat,
    beat: Duration,
    beats: usize,
    next_beat: Instant,
    next_watch: Instant,
    lifetimes: Option<Lifetimes>,
    winding: Option<Winding>,
}

impl Worker {
    fn new(poll: Poll, queue: mpsc::Receiver<Command>, bell: Arc<Bell>, parts: ShardParts) -> Self {
        let ShardParts {
            outbox_bytes,
            write_deadline,
            heartbeat,
            beat: rhythm,
            farewell,
            max_lifetime,
            departures,
            metrics,
            returns: _,
        } = parts;
        let beat = (heartbeat / BEATS as u32).max(Duration::from_millis(1));
        let now = Instant::now();
        Self {
            poll,
            queue,
            bell,
            table: Table::new(
                Bounds { bytes: outbox_bytes, age: write_deadline },
                Arc::clone(&departures),
                metrics,
            ),
            departures,
            heartbeat: Arc::new(Frame::heartbeat()).into(),
            farewell,
            rhythm,
            beat,
            beats: 0,
            next_beat: now + beat,
            next_watch: now,
            lifetimes: Lifetimes::new(max_lifetime),
            winding: None,
        }
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut queue = Queue::Empty;
        loop {
            let patience = if queue == Queue::More { Duration::ZERO } else { self.patience() };
            match self.poll.poll(&mut events, Some(patience)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(%error, "a shard cannot wait for its sockets and ends");
                    break;
                }
            }
            self.table.at(Instant::now());
            for event in events.iter().filter(|event| event.token() != WAKE) {
                let Token(place) = event.token();
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    self.table.readable(place);
                }
                if event.is_writable() {
                    self.table.writable(place);
                }
            }
            queue = self.obey();
            self.keep_time(Instant::now());
            self.table.publish();
            if queue == Queue::Ended || self.wound_up() {
                break;
            }
        }
        self.leave();
    }

    /// Carries out what is queued.
    fn obey(&mut self) -> Queue {
        self.bell.quiet();
        let (mut frames, mut bytes) = (Vec::new(), 0);
        let mut rest = Queue::More;
        for _ in 0..QUEUE {
            match self.queue.try_recv() {
                Ok(Command::Send(Target::Everyone, frame)) => {
                    bytes += frame.bytes(Transfer::Chunked).len();
                    frames.push(frame);
                    if bytes < RUN_BYTES {
                        continue;
                    }
                    self.broadcast(&mut frames);
                    bytes = 0;
                }
                Ok(command) => {
                    self.broadcast(&mut frames);
                    bytes = 0;
                    self.carry_out(command);
                }
                Err(TryRecvError::Empty) => {
                    rest = Queue::Empty;
                    break;
                }
                Err(TryRecvError::Disconnected) => {
                    rest = Queue::Ended;
                    break;
                }
            }
        }
        self.broadcast(&mut frames);
        rest
    }

    fn broadcast(&mut self, frames: &mut Vec<Arc<Frame>>) {
        if !frames.is_empty() {
            self.table.broadcast(&Run::new(std::mem::take(frames)));
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Adopt(arrival) => {
                let serial = arrival.connection.serial;
                let share = match self.rhythm {
                    Beat::Spread => Share::Spread(BEATS),
                    Beat::SinceOpening => Share::After(self.beats % BEATS),
                };
                self.table.adopt(arrival, share, self.poll.registry());
                if let Some(lifetimes) = &mut self.lifetimes {
                    let table = &self.table;
                    lifetimes.begin(serial, Instant::now(), table.len(), |serial| table.has(serial));
                }
                if self.winding.is_some() {
                    self.close(serial, CloseReason::Shutdown);
                }
            }
            Command::Send(Target::Everyone, frame) => self.table.broadcast(&frame.into()),
            Command::Send(Target::One(serial), frame) => {
                self.table.send(&[serial], &frame.into());
            }
            Command::Deliver(to, frame, told) => {
                // Whoever asked may have left.
                let _ = told.send(self.table.send(&to, &frame.into()));
            }
            Command::Report(whose, told) => {
                let _ = told.send(self.table.traffic(whose));
            }
            Command::Close(serial, reason) => self.close(serial, reason),
            Command::Dismiss(serial, bye) => {
                self.table.close(serial, CloseReason::Disconnected, &bye.into());
            }
            Command::Shutdown(spread, done) => {
                self.winding = Some(Winding::new(self.table.open(), spread, done, Instant::now()));
            }
        }
    }

    fn close(&mut self, serial: Serial, reason: CloseReason) {
        self.table.close(serial, reason, &Arc::new((self.farewell)(reason)).into());
    }

    fn keep_time(&mut self, now: Instant) {
        if now >= self.next_beat {
            self.table.broadcast_part(&self.heartbeat, self.beats % BEATS);
            self.beats = self.beats.wrapping_add(1);
            self.next_beat = now.max(self.next_beat + self.beat);
        }
        if now >= self.next_watch {
            self.table.cut_overdue(now);
            self.table.measure();
            self.next_watch = now + WATCH;
        }
        for serial in self.lifetimes.as_mut().map_or_else(Vec::new, |lifetimes| lifetimes.due(now)) {
            self.close(serial, CloseReason::Lifetime);
        }
        if let Some(winding) = &mut self.winding {
            for serial in winding.due(now) {
                let bye = Arc::new((self.farewell)(CloseReason::Shutdown)).into();
                self.table.close(serial, CloseReason::Shutdown, &bye);
            }
        }
    }

    /// Returns how long the shard may sleep.
    fn patience(&self) -> Duration {
        let mut until = self.next_beat;
        if self.table.is_stalled() {
            until = until.min(self.next_watch);
        }
        if let Some(end) = self.lifetimes.as_ref().and_then(Lifetimes::next) {
            until = until.min(end);
        }
        if let Some(winding) = &self.winding {
            until = until.min(winding.next().unwrap_or(self.next_watch));
        }
        until.saturating_duration_since(Instant::now())
    }

    fn wound_up(&self) -> bool {
        let Some(winding) = &self.winding else { return false };
        let empty = self.table.is_empty() && winding.next().is_none();
        empty || winding.is_over(Instant::now())
    }

    /// Ends what is left, if anything is: streams whose daemon is gone, and those that came too late.
    fn leave(mut self) {
        self.queue.close();
        while let Ok(command) = self.queue.try_recv() {
            if let Command::Adopt(arrival) = command {
                self.departures.departed(&arrival.connection, CloseReason::Shutdown);
                arrival.turn_away(&(self.farewell)(CloseReason::Shutdown));
            }
        }
        for serial in self.table.open() {
            self.close(serial, CloseReason::Shutdown);
        }
        self.table.cut_all();
        self.table.publish();
        if let Some(winding) = self.winding {
            winding.done();
        }
    }
}
