//! How many streams there may be, and the socket options that bound what each costs the kernel.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};

use super::gate::Place;

/// Connections the kernel holds until they are accepted. With the usual 128 a reconnect storm loses SYNs, and
/// each lost one costs its browser a second.
const BACKLOG: i32 = 4096;
/// Bytes the kernel holds for one stream; it doubles the figure for its own bookkeeping. Left alone it grows to
/// megabytes for a browser that sleeps.
const SEND_BUFFER: usize = 64 * 1024;
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Descriptors that streams never take: files, control socket, internal listener; at least.
const RESERVE: u64 = 64;
/// Where descriptors are not limited, or the limit is not known.
const DESCRIPTORS: u64 = 1 << 20;

/// How many connections of each kind the public listener holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// File descriptors of this process.
    descriptors: u64,
    /// Open streams.
    pub(crate) streams: usize,
    /// Connections that are not a stream, or not yet.
    pub(crate) lobby: usize,
    /// Connections of the internal listener, within the reserve.
    pub(crate) internal: usize,
    /// Callbacks under way, within the reserve.
    pub(crate) callbacks: usize,
}

impl Limits {
    /// Returns the limits that the file descriptors of this process allow; raises its soft limit of them to the
    /// hard one first.
    pub(crate) fn of_process() -> Self {
        Self::within(raise_descriptor_limit())
    }

    fn within(descriptors: u64) -> Self {
        let lobby = (descriptors / 8).clamp(16, 4096);
        let streams = descriptors.saturating_sub(reserve(descriptors) + lobby).max(1);
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (internal, callbacks) = ((descriptors / 32).clamp(16, 512), (descriptors / 32).clamp(8, 256));
        Self {
            descriptors,
            streams: count(streams),
            lobby: count(lobby),
            internal: count(internal),
            callbacks: count(callbacks),
        }
    }

    /// Returns how many streams there may be where the config asks for this many; 0: as many as there is room for.
    pub(crate) fn streams_wanted(&self, wanted: usize) -> usize {
        if wanted > self.streams {
            tracing::warn!(
                "stream.max_connections = {wanted} is more than this process has file descriptors for ({}, of \
                 which {} are kept back): there will be {}; raise LimitNOFILE= in the unit, or ulimit -n",
                self.descriptors,
                reserve(self.descriptors),
                self.streams
            );
        }
        self.streams_had(wanted)
    }

    fn streams_had(&self, wanted: usize) -> usize {
        // Beyond that, the operator's commands would find no descriptor.
        if wanted == 0 { self.streams } else { wanted.min(self.streams) }
    }
}

/// What this process may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Open files.
    pub(crate) files: u64,
    /// Open streams.
    pub(crate) streams: usize,
}

impl Capacity {
    /// Returns it where the config asks for so many streams.
    pub(crate) fn of_process(wanted: usize) -> Self {
        let limits = Limits::of_process();
        Self { files: limits.descriptors, streams: limits.streams_had(wanted) }
    }
}

fn reserve(descriptors: u64) -> u64 {
    RESERVE.max(descriptors / 10)
}

#[cfg(unix)]
fn raise_descriptor_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Kept as it is where that is refused (macOS, an unlimited hard limit).
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
    .unwrap_or(DESCRIPTORS)
}

#[cfg(not(unix))]
fn raise_descriptor_limit() -> u64 {
    DESCRIPTORS
}

/// The places for streams.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    taken: Arc<AtomicUsize>,
    all: usize,
}

/// A stream's place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    taken: Arc<AtomicUsize>,
    /// Its place among those of its address, where these are counted: held, not looked at.
    place: Option<Box<Place>>,
}

impl Seats {
    /// Returns this many free seats.
    pub(crate) fn new(all: usize) -> Self {
        Self { taken: Arc::default(), all }
    }

    /// Takes a seat, if one is free.
    pub(crate) fn take(&self) -> Option<Seat> {
        let taken = |taken: usize| (taken < self.all).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).ok()?;
        Some(Seat { taken: Arc::clone(&self.taken), place: None })
    }

    /// Returns how many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Seat {
    /// Returns the seat with a place among the streams of an address.
    pub(crate) fn among(mut self, place: Option<Place>) -> Self {
        self.place = place.map(Box::new);
        self
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Sets the options of a listener, which every socket accepted from it has too: no system call per connection.
///
/// `unread` is how long a peer may leave bytes unacknowledged before the kernel gives it up. Every option is an
/// improvement, none a condition.
pub(super) fn prepare(listener: &tokio::net::TcpListener, unread: Duration) {
    let socket = SockRef::from(listener);
    #[cfg(not(target_os = "linux"))]
    let _ = unread;
    let options = [
        ("backlog", socket.listen(BACKLOG)),
        ("TCP_NODELAY", socket.set_tcp_nodelay(true)),
        ("SO_SNDBUF", socket.set_send_buffer_size(SEND_BUFFER)),
        ("SO_KEEPALIVE", socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE))),
        #[cfg(target_os = "linux")]
        ("TCP_USER_TIMEOUT", socket.set_tcp_user_timeout(Some(unread))),
    ];
    for (option, result) in options {
        if let Err(error) = result {
            tracing::warn!(option, %error, "the public listener refuses a socket option");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_leave_room_for_the_operator() {
        for (descriptors, streams, lobby, internal, callbacks) in [
            (256, 160, 32, 16, 8),
            (1024, 794, 128, 32, 32),
            (10_000, 7750, 1250, 312, 256),
            (524_288, 467_764, 4096, 512, 256),
        ] {
            let expected = Limits { descriptors, streams, lobby, internal, callbacks };
            assert_eq!(Limits::within(descriptors), expected);
        }
        let limits = Limits::within(1024);
        assert_eq!([0, 10, 5000].map(|wanted| limits.streams_wanted(wanted)), [794, 10, 794]);
        assert_eq!(Limits::within(20).streams, 1, "never none");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn bug_g15_the_kernel_looks_after_clients_that_vanish() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        prepare(&listener, Duration::from_secs(25));
        let address = listener.local_addr().expect("bound");
        let (_client, accepted) = tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
        let (socket, _) = accepted.expect("accepted");
        let socket = SockRef::from(&socket);
        assert!(socket.keepalive().expect("an option"));
        assert_eq!(socket.tcp_keepalive_time().expect("an option"), KEEP_ALIVE);
        assert_eq!(socket.tcp_user_timeout().expect("an option"), Some(Duration::from_secs(25)));
    }

    #[test]
    fn a_seat_is_free_again_when_its_stream_ends() {
        let seats = Seats::new(2);
        let first = seats.take().expect("a seat");
        let _second = seats.take().expect("a seat");
        assert!(seats.take().is_none());
        assert_eq!(seats.taken(), 2);
        drop(first);
        assert!(seats.take().is_some());
    }
}
