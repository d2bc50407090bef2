//! The browsers of the load generator: one thread, one epoll, and per connection nothing but a counter.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

/// How long the generator waits for anything before it calls the run broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connects under way at once.
pub(crate) const WINDOW: usize = 512;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Asked,
    Open,
}

struct Client {
    socket: TcpStream,
    state: State,
}

/// All connections, and what they have received together.
pub(crate) struct Clients {
    poll: Poll,
    all: Vec<Option<Client>>,
    opened: usize,
    frames: u64,
    scratch: Vec<u8>,
}

impl Clients {
    /// Connects `count` browsers and waits until each has its head. Returns how long that took.
    pub(crate) fn connect(address: SocketAddr, count: usize) -> io::Result<(Self, Duration)> {
        Self::spread(&[address], count, WINDOW)
    }

    /// Like [`Clients::connect`], in turn to each of these, with so many connects under way at once.
    pub(crate) fn spread(
        addresses: &[SocketAddr],
        count: usize,
        window: usize,
    ) -> io::Result<(Self, Duration)> {
        let mut clients = Self {
            poll: Poll::new()?,
            all: Vec::with_capacity(count),
            opened: 0,
            frames: 0,
            scratch: vec![0; 256 * 1024],
        };
        let began = Instant::now();
        while clients.opened < count {
            while clients.all.len() < count && clients.all.len() - clients.opened < window {
                clients.add(addresses[clients.all.len() % addresses.len()])?;
            }
            clients.turn(began)?;
        }
        Ok((clients, began.elapsed()))
    }

    fn add(&mut self, address: SocketAddr) -> io::Result<()> {
        let key = self.all.len();
        let mut socket = TcpStream::connect(address)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, Token(key), interest)?;
        self.all.push(Some(Client { socket, state: State::Connecting }));
        Ok(())
    }

    /// Forgets what was received.
    pub(crate) fn reset(&mut self) {
        self.frames = 0;
    }

    /// Reads until all clients together have received this many events. Returns when that was.
    pub(crate) fn wait_for(&mut self, frames: u64) -> io::Result<Instant> {
        let began = Instant::now();
        while self.frames < frames {
            self.turn(began)?;
        }
        Ok(Instant::now())
    }

    /// Closes this many connections.
    pub(crate) fn leave(&mut self, count: usize) {
        for client in self.all.iter_mut().filter(|client| client.is_some()).take(count) {
            *client = None;
        }
    }

    fn turn(&mut self, began: Instant) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        self.poll.poll(&mut events, Some(Duration::from_millis(200)))?;
        if began.elapsed() > PATIENCE {
            return Err(io::Error::other(format!(
                "after {PATIENCE:?}: {} of {} connections open, {} events received",
                self.opened,
                self.all.len(),
                self.frames
            )));
        }
        for event in &events {
            let key = event.token().0;
            let Some(client) = &mut self.all[key] else { continue };
            if event.is_writable() && client.state == State::Connecting {
                // One write of a small request into an empty socket buffer cannot be partial.
                client.state = State::Asked;
                write!(
                    client.socket,
                    "GET /api/sse/stream?request_id=bench-{key:026} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench/1 (load generator)\r\nAccept: text/event-stream\r\n\r\n"
                )?;
            }
            if event.is_readable() {
                let (frames, opened) = client.read(&mut self.scratch)?;
                self.frames += frames;
                self.opened += usize::from(opened);
            }
        }
        Ok(())
    }
}

impl Drop for Clients {
    /// Resets what is still open: thousands of sockets in TIME_WAIT would make the next round's connects slow.
    fn drop(&mut self) {
        for client in self.all.iter().flatten() {
            // A socket that refuses is closed in the ordinary way.
            let _ = socket2::SockRef::from(&client.socket).set_linger(Some(Duration::ZERO));
        }
    }
}

impl Client {
    /// Reads all there is. Returns how many events ended in it, and whether the head came with it.
    fn read(&mut self, scratch: &mut [u8]) -> io::Result<(u64, bool)> {
        let (mut frames, mut opened) = (0, false);
        loop {
            match self.socket.read(scratch) {
                Ok(0) => return Err(io::Error::other("the server closed a stream")),
                Ok(n) => {
                    if self.state != State::Open {
                        (self.state, opened) = (State::Open, true);
                        if !scratch.starts_with(b"HTTP/1.1 200") {
                            let answer = String::from_utf8_lossy(&scratch[..n]);
                            return Err(io::Error::other(format!("a stream was refused: {answer}")));
                        }
                    }
                    frames += events_in(&scratch[..n]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((frames, opened)),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Counts events: each payload of the benches has exactly one closing brace, which nothing else on the stream
/// has.
fn events_in(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'}')).sum()
}
