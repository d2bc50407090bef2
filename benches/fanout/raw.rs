//! The physical limit: accept, answer a fixed head, and for each event one `send` of one shared buffer per socket.
//! Two share-nothing threads with an epoll each; the batched form sends everything that the publishers had
//! ready in one round with one write.
//!
//! A publisher connects to the second port and writes lines; each line is one event, answered with one byte.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    thread,
};

use mio::{
    Events, Interest, Poll, Token, Waker,
    net::{TcpListener, TcpStream},
};
use slab::Slab;

const THREADS: usize = 2;
const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n";

/// How many events one write carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// One.
    Each,
    /// All that are ready.
    Batched,
}

/// What the threads share with each other: events and accepted sockets, through queues.
enum Order {
    Adopt(std::net::TcpStream),
    Event(std::sync::Arc<[u8]>),
}

struct Worker {
    orders: SyncSender<Order>,
    waker: Waker,
}

/// Serves until the process is killed. Prints both ports when it is ready.
pub(crate) fn serve(writes: Writes) -> io::Result<()> {
    let workers = (0..THREADS).map(|_| Worker::start()).collect::<io::Result<Vec<_>>>()?;
    let streams = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    streams.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    streams.listen(4096)?;
    let streams: std::net::TcpListener = streams.into();
    let publishers = std::net::TcpListener::bind("127.0.0.1:0")?;
    writeln!(io::stdout(), "{} {}", streams.local_addr()?, publishers.local_addr()?)?;
    publishers.set_nonblocking(true)?;
    thread::scope(|scope| {
        let workers = &workers;
        scope.spawn(move || {
            let mut turn = (0..THREADS).cycle();
            for socket in streams.incoming().flatten() {
                let worker = &workers[turn.next().unwrap_or_default()];
                worker.order(Order::Adopt(socket));
            }
        });
        publish(TcpListener::from_std(publishers), workers, writes)
    })
}

/// Reads what publishers have ready, hands it to the workers, acknowledges.
fn publish(mut listener: TcpListener, workers: &[Worker], writes: Writes) -> io::Result<()> {
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut events, mut publishers) = (Events::with_capacity(64), Slab::<(TcpStream, Vec<u8>)>::new());
    loop {
        poll.poll(&mut events, None)?;
        let (mut round, mut answers) = (Vec::new(), Vec::new());
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut socket, _)) = listener.accept() {
                    socket.set_nodelay(true)?;
                    let entry = publishers.vacant_entry();
                    poll.registry().register(&mut socket, Token(entry.key()), Interest::READABLE)?;
                    entry.insert((socket, Vec::new()));
                }
                continue;
            }
            let Some((socket, line)) = publishers.get_mut(event.token().0) else { continue };
            read_all(socket, line);
            while let Some(end) = line.iter().position(|b| *b == b'\n') {
                let payload: Vec<u8> = line.drain(..=end).collect();
                round.push([b"data: ", payload.as_slice(), b"\n"].concat());
                answers.push(event.token().0);
            }
        }
        let frames = match writes {
            Writes::Batched if !round.is_empty() => vec![round.concat()],
            _ => round,
        };
        for frame in frames {
            let frame: std::sync::Arc<[u8]> = frame.into();
            for worker in workers {
                worker.order(Order::Event(frame.clone()));
            }
        }
        for key in answers {
            publishers[key].0.write_all(b".")?;
        }
    }
}

fn read_all(socket: &mut TcpStream, into: &mut Vec<u8>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = socket.read(&mut buffer) {
        into.extend_from_slice(&buffer[..n]);
    }
}

impl Worker {
    fn start() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let (orders, inbox) = sync_channel(16_384);
        thread::spawn(move || work(poll, &inbox));
        Ok(Self { orders, waker })
    }

    fn order(&self, order: Order) {
        // A worker ends only with the process.
        let _ = self.orders.send(order);
        let _ = self.waker.wake();
    }
}

fn work(mut poll: Poll, inbox: &Receiver<Order>) -> io::Result<()> {
    let (mut events, mut sockets) = (Events::with_capacity(1024), Slab::<TcpStream>::new());
    let mut scratch = [0; 4096];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            let Some(socket) = sockets.get_mut(event.token().0) else { continue };
            loop {
                match socket.read(&mut scratch) {
                    Ok(0) => {
                        sockets.remove(event.token().0);
                        break;
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        }
        loop {
            match inbox.try_recv() {
                Ok(Order::Adopt(socket)) => {
                    socket.set_nonblocking(true)?;
                    socket.set_nodelay(true)?;
                    let mut socket = TcpStream::from_std(socket);
                    socket.write_all(HEAD)?;
                    let entry = sockets.vacant_entry();
                    poll.registry().register(&mut socket, Token(entry.key()), Interest::READABLE)?;
                    entry.insert(socket);
                }
                Ok(Order::Event(frame)) => send(&mut sockets, &frame),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }
}

/// Writes to every socket; what a socket does not take at once is lost: the ceiling keeps no outbox. The load
/// generator notices, since it counts.
fn send(sockets: &mut Slab<TcpStream>, bytes: &[u8]) {
    for (_, socket) in sockets.iter_mut() {
        let mut rest = bytes;
        while let Ok(n @ 1..) = socket.write(rest) {
            rest = &rest[n..];
            if rest.is_empty() {
                break;
            }
        }
    }
}
