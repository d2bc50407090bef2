//! Browsers that never read: each comes back as soon as it has been thrown out.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use socket2::{Domain, Socket, Type};

/// The least that the kernel allows: what a stalled browser takes is kept small on its side.
const RECEIVE_BUFFER: usize = 2048;

/// They stall until they are ended.
pub(crate) struct Stalled {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    thrown_out: AtomicUsize,
}

impl Stalled {
    /// Connects so many of them.
    pub(crate) fn start(address: SocketAddr, count: usize) -> Self {
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        Self { shared, thread: Some(thread::spawn(move || stall(address, count, &theirs))) }
    }

    /// Ends it. Returns how often one of them was thrown out.
    pub(crate) fn end(mut self) -> io::Result<usize> {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_| io::Error::other("the stalled browsers panicked"))??;
        }
        Ok(self.shared.thrown_out.load(Ordering::Relaxed))
    }
}

fn stall(address: SocketAddr, count: usize, shared: &Shared) -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(256));
    let connect = |key: usize| -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        socket.connect(&address.into())?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket.into());
        write!(
            socket,
            "GET /api/sse/stream?request_id=stalled-{key} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
        )?;
        Ok(socket)
    };
    let mut sockets = (0..count).map(connect).collect::<io::Result<Vec<_>>>()?;
    // Whatever is asked for, epoll tells of a reset too.
    for (key, socket) in sockets.iter_mut().enumerate() {
        poll.registry().register(socket, Token(key), Interest::WRITABLE)?;
    }
    while !shared.over.load(Ordering::Relaxed) {
        poll.poll(&mut events, Some(Duration::from_millis(50)))?;
        for event in events.iter().filter(|event| event.is_error() || event.is_write_closed()) {
            let key = event.token().0;
            shared.thrown_out.fetch_add(1, Ordering::Relaxed);
            sockets[key] = connect(key)?;
            poll.registry().register(&mut sockets[key], event.token(), Interest::WRITABLE)?;
        }
    }
    Ok(())
}
