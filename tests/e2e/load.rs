//! Many connections, some of them stalled, some hostile, all the while events: what must hold for the others.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Mutex, watch},
};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, until, within},
    limits::descriptors,
};

/// What these tests measure is the machine's: one at a time.
pub static ALONE: Mutex<()> = Mutex::const_new(());

/// Healthy connections; ten times as many for `tests/run --torture`.
fn connections() -> usize {
    if std::env::var_os("SSECTL_TORTURE").is_some() { 10_000 } else { 1_000 }
}

/// Lets this process have as many descriptors as it may. False: they are not enough.
pub fn may_open(files: u64) -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Refused, it stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.is_none_or(|current| current >= files)
}

/// A connection that is read to see that it gets each event once and in order.
struct Reader {
    socket: TcpStream,
    part: Vec<u8>,
    last: Option<u64>,
    count: usize,
    all: DefaultHasher,
}

impl Reader {
    async fn open(daemon: &Daemon, id: &str) -> Self {
        let mut socket = TcpStream::connect(daemon.public).await.expect("the listener accepts");
        let head = format!("GET /api/sse/stream?request_id={id} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        socket.write_all(head.as_bytes()).await.expect("sent");
        let mut reader = Self { socket, part: Vec::new(), last: None, count: 0, all: DefaultHasher::new() };
        while !reader.part.windows(7).any(|part| part == b"retry: ") {
            reader.more().await;
        }
        reader
    }

    async fn more(&mut self) {
        self.part.reserve(32 * 1024);
        let read = within("more of a stream", self.socket.read_buf(&mut self.part)).await;
        assert!(read.expect("a healthy connection is not reset") > 0, "a healthy connection is not ended");
    }

    /// Reads until there were so many events.
    async fn until(&mut self, count: usize) {
        while self.count < count {
            self.look();
            if self.count < count {
                self.more().await;
            }
        }
        assert_eq!(self.count, count, "none twice");
    }

    fn look(&mut self) {
        let whole = std::str::from_utf8(&self.part).expect("ASCII").rfind('\n').map_or(0, |at| at + 1);
        let rest = self.part.split_off(whole);
        let text = String::from_utf8(std::mem::replace(&mut self.part, rest)).expect("ASCII");
        for line in text.split('\n') {
            if let Some(id) = line.strip_prefix("id: ") {
                let number = id.rsplit('-').next().and_then(|number| number.parse().ok()).expect("a number");
                assert!(self.last.is_none_or(|last| number == last + 1), "{number} after {:?}", self.last);
                self.last = Some(number);
            } else if let Some(data) = line.strip_prefix("data: ") {
                data.hash(&mut self.all);
                self.count += 1;
            }
        }
    }
}

/// Returns the resident memory of a daemon in bytes.
fn memory(daemon: &Daemon) -> usize {
    memory_of(daemon.pid())
}

/// Returns the resident memory of a process in bytes.
pub fn memory_of(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("kilobytes") * 1024
}

/// Connects and leaves, in every manner, until told to stop.
async fn churn(daemon: &Daemon, lane: usize, stop: &AtomicBool) -> usize {
    let mut times = 0;
    while !stop.load(Ordering::Relaxed) {
        let reader = Reader::open(daemon, &format!("churn-{lane}-{times}")).await;
        if times % 2 == 0 {
            reader.socket.set_zero_linger().expect("linger can be set");
        }
        times += 1;
    }
    times
}

const SLOW: &str = r#"ssectld_connections_closed_total{reason="slow_consumer"}"#;

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy_connections_get_each_event_once_in_order_whatever_the_others_do() {
    const SMALL: usize = 300;
    const LARGE: usize = 8;
    let healthy = connections();
    let stalled = healthy / 100;
    if !may_open(healthy as u64 + 500) {
        eprintln!("left out: {healthy} connections need more file descriptors than this process may have");
        return;
    }
    let _alone = ALONE.lock().await;
    let daemon = Arc::new(Daemon::start(&[]).await);
    let (empty, files) = (memory(&daemon), descriptors(&daemon));
    let opening = (0..healthy).map(|id| {
        let daemon = Arc::clone(&daemon);
        async move { Reader::open(&daemon, &format!("h{id}")).await }
    });
    let mut readers: Vec<_> = stream::iter(opening).buffer_unordered(64).collect().await;
    let mut lazy = Vec::new();
    for id in 0..stalled {
        lazy.push(Browser::open_narrow(daemon.public, &format!("stalled{id}")).await);
    }
    daemon.until_connected(healthy + stalled).await;
    let idle = memory(&daemon);

    let stop = Arc::new(AtomicBool::new(false));
    let churning: Vec<_> = (0..8)
        .map(|lane| {
            let (daemon, stop) = (Arc::clone(&daemon), Arc::clone(&stop));
            tokio::spawn(async move { churn(&daemon, lane, &stop).await })
        })
        .collect();
    let goal = watch::Sender::new(SMALL);
    let reached = watch::Sender::new(0);
    let reading: Vec<_> = readers
        .drain(..)
        .map(|mut reader| {
            let (mut goals, reached) = (goal.subscribe(), reached.clone());
            tokio::spawn(async move {
                loop {
                    let count = *goals.borrow_and_update();
                    reader.until(count).await;
                    reached.send_modify(|reached| *reached += 1);
                    if count == SMALL + LARGE {
                        return (reader.last, reader.all.finish(), reader.socket);
                    }
                    goals.changed().await.expect("the test goes on");
                }
            })
        })
        .collect();

    let publishing = (0..SMALL).map(|number| {
        let daemon = Arc::clone(&daemon);
        async move { daemon.event("small", &json!({ "number": number, "pad": "x".repeat(60) })).await }
    });
    stream::iter(publishing).buffer_unordered(16).collect::<Vec<_>>().await;
    // What stalls the stalled. The others have read the one before: it is not they who are tested for speed.
    let large = "y".repeat(30_000);
    let mut most = 0;
    for number in 1..=LARGE {
        let all = number * healthy;
        let mut reports = reached.subscribe();
        within("everyone to have read", reports.wait_for(|reached| *reached >= all)).await.expect("open");
        daemon.event("large", &json!(large)).await;
        most = most.max(memory(&daemon));
        daemon.ask("/v1/status").await.expect(200);
        goal.send_replace(SMALL + number);
    }
    let ends: Vec<_> = join_all(reading).await.into_iter().map(|end| end.expect("no reader fails")).collect();
    assert!(ends.iter().all(|(last, all, _)| (last, all) == (&ends[0].0, &ends[0].1)), "all got the same");
    stop.store(true, Ordering::Relaxed);
    let churned: usize =
        join_all(churning).await.into_iter().map(|times| times.expect("no churner fails")).sum();
    assert!(churned > 0, "connects and disconnects went on");
    // The stalled are reset; nobody else is ended for being slow.
    let metrics = daemon.until_metrics("the stalled to be ended", |m| m.value(SLOW) >= stalled as f64).await;
    assert_eq!(metrics.value(SLOW), stalled as f64);

    let per_connection = (idle.saturating_sub(empty)) / (healthy + stalled);
    let load = most.saturating_sub(idle);
    eprintln!("{per_connection} B per idle connection, {load} B more under load, {churned} came and went");
    // docs/limits.md, and what a debug build's allocator keeps of heads and of the lobby.
    let slack = 16 << 20;
    assert!(idle - empty <= (healthy + stalled) * 1024 + slack, "{per_connection} B per idle connection");
    assert!(load <= stalled * (96 << 10) + slack, "{load} B under load");

    drop((ends, lazy));
    daemon.until_connected(0).await;
    until("descriptors to return", async || (descriptors(&daemon) <= files).then_some(())).await;
    let (came, left, active) = daemon.metrics().await.connections();
    assert_eq!((came - left, active), (0.0, 0.0), "connects − disconnects = active");
    Arc::into_inner(daemon).expect("nobody else has it").stop().await;
}

/// The usual size of a page. Where they are larger the bound is looser.
const PAGE: usize = 4096;

/// Returns the bytes that the kernel holds for TCP, on this whole machine. `None` where it does not tell.
fn kernel_memory() -> Option<usize> {
    let sockets = fs::read_to_string("/proc/net/sockstat").ok()?;
    let tcp = sockets.lines().find(|line| line.starts_with("TCP:"))?;
    let mut words = tcp.split(' ').skip_while(|word| *word != "mem");
    Some(words.nth(1)?.parse::<usize>().ok()? * PAGE)
}

#[tokio::test]
async fn stalled_clients_cost_the_kernel_little_and_are_reset_in_time() {
    const STALLED: usize = 30;
    const EVENTS: u64 = 100;
    let _alone = ALONE.lock().await;
    let daemon = Daemon::start(&["stream.outbox_bytes=4194304", "stream.write_deadline=3s"]).await;
    let mut healthy = Reader::open(&daemon, "healthy").await;
    let mut stalled = Vec::new();
    for id in 0..STALLED {
        stalled.push(Browser::open_narrow(daemon.public, &format!("s{id}")).await);
    }
    let before = kernel_memory();
    let large = "y".repeat(30_000);
    for number in 1..=EVENTS {
        daemon.event("large", &json!(large)).await;
        healthy.until(usize::try_from(number).expect("small")).await;
    }
    match (before, kernel_memory()) {
        (Some(before), Some(after)) => {
            // Twice SO_SNDBUF for each, and as much for the client's side; left alone each takes megabytes.
            // The slack is for the sockets of tests beside this one.
            let (grown, bound) = (after.saturating_sub(before), STALLED * 4 * (64 << 10) + (16 << 20));
            eprintln!("{grown} bytes of kernel memory for {STALLED} stalled clients");
            assert!(grown <= bound, "{grown} of {bound}");
        }
        _ => eprintln!("kernel memory is not looked at: this machine has no /proc/net/sockstat"),
    }
    let metrics = daemon.until_metrics("resets", |metrics| metrics.value(SLOW) >= STALLED as f64).await;
    assert_eq!(metrics.value(SLOW), STALLED as f64, "and nobody else");
    daemon.until_connected(1).await;
    for browser in stalled {
        browser.until_reset().await;
    }
    daemon.event("last", &json!(1)).await;
    healthy.until(usize::try_from(EVENTS).expect("small") + 1).await;
    daemon.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn hundreds_of_hostile_clients_at_once_leave_nothing_behind() {
    let _alone = ALONE.lock().await;
    let daemon = Daemon::start(&[]).await;
    let mut healthy = Reader::open(&daemon, "healthy").await;
    daemon.until_connected(1).await;
    let files = descriptors(&daemon);
    let stream = "GET /api/sse/stream?request_id=hostile";
    let hostile = (0..400).map(|number| {
        let to = daemon.public;
        async move {
            let Ok(mut socket) = TcpStream::connect(to).await else { return };
            let whole = format!("{stream}-{number} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let bytes: Vec<u8> = match number % 8 {
                0 => Vec::new(),
                1 => whole.as_bytes()[..20].to_vec(),
                2 => (0..5000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect(),
                3 => format!("{stream} HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(50_000)).into_bytes(),
                4 => "GET / HTTP/1.1\r\n".repeat(3000).into_bytes(),
                // Streams that are flooded, half-closed, reset.
                5 => [whole.as_bytes(), &[b'z'; 100_000]].concat(),
                _ => whole.into_bytes(),
            };
            // It may hang up at any moment.
            let _ = socket.write_all(&bytes).await;
            match number % 8 {
                6 => {
                    let _ = socket.shutdown().await;
                    let _ = within("the end", socket.read_to_end(&mut Vec::new())).await;
                }
                0 | 2 | 7 => socket.set_zero_linger().expect("linger can be set"),
                _ => {}
            }
        }
    });
    join_all(hostile).await;
    daemon.cli().run(&["status"]).await.expect(0);
    daemon.event("still", &json!("here")).await;
    healthy.until(1).await;
    daemon.until_connected(1).await;
    until("descriptors to return", async || (descriptors(&daemon) <= files).then_some(())).await;
    let (came, left, active) = daemon.metrics().await.connections();
    assert_eq!((came - left, active), (1.0, 1.0));
    daemon.stop().await;
}
