//! A gateway as slow as the one that the seed talks to: one thread, and so many microseconds of it per request.
//! It holds no streams; it only counts what it was asked to send, per token.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::SocketAddr,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use serde_json::Value;
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";

/// What was sent to a token.
pub(crate) struct Sent {
    /// The token.
    pub(crate) token: String,
    /// The event's data, one number.
    pub(crate) data: String,
}

/// A running peer.
pub(crate) struct Peer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it was asked to send, in order.
    pub(crate) sent: Receiver<Sent>,
}

struct Connection {
    socket: TcpStream,
    request: Vec<u8>,
}

impl Peer {
    /// Starts a peer that spends `cost` of its only thread on each request.
    pub(crate) fn start(cost: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let (report, sent) = sync_channel(1_000_000);
        thread::spawn(move || serve(listener, cost, &report));
        Ok(Self { address, sent })
    }

    /// Waits until this many events have been sent. Returns how many came out of order on their token.
    pub(crate) fn wait_for(&self, count: usize) -> io::Result<usize> {
        let (mut last, mut reordered) = (HashMap::<String, u64>::new(), 0);
        for _ in 0..count {
            let Sent { token, data } =
                self.sent.recv_timeout(Duration::from_secs(60)).map_err(io::Error::other)?;
            let number = data.parse().unwrap_or(0);
            let before = last.insert(token, number).unwrap_or(0);
            reordered += usize::from(number < before);
        }
        Ok(reordered)
    }
}

fn serve(mut listener: TcpListener, cost: Duration, report: &SyncSender<Sent>) -> io::Result<()> {
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut events, mut connections) = (Events::with_capacity(256), Slab::<Connection>::new());
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut socket, _)) = listener.accept() {
                    socket.set_nodelay(true)?;
                    let entry = connections.vacant_entry();
                    poll.registry().register(&mut socket, Token(entry.key()), Interest::READABLE)?;
                    entry.insert(Connection { socket, request: Vec::new() });
                }
            } else if let Some(connection) = connections.get_mut(event.token().0)
                && connection.answer(cost, report).is_err()
            {
                connections.remove(event.token().0);
            }
        }
    }
}

impl Connection {
    /// Answers all whole requests that are there. Fails when the client has left.
    fn answer(&mut self, cost: Duration, report: &SyncSender<Sent>) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => self.request.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while let Some((body, end)) = whole(&self.request) {
            work(cost);
            if let Ok(body) = serde_json::from_slice::<Value>(&self.request[body..end]) {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                // The bench has ended.
                let _ = report.send(Sent { token: text(&body["token"]), data: text(&body["event"]["data"]) });
            }
            self.request.drain(..end);
            self.socket.write_all(ANSWER)?;
        }
        Ok(())
    }
}

/// Returns where the body of the first request begins and ends, if all of it is there.
fn whole(request: &[u8]) -> Option<(usize, usize)> {
    let body = request.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&request[..body]).ok()?.to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    (request.len() >= body + length).then_some((body, body + length))
}

fn work(cost: Duration) {
    let began = Instant::now();
    while began.elapsed() < cost {
        std::hint::spin_loop();
    }
}
