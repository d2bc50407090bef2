//! What happens to processes: races, stops, clocks that jump, strangers by the thousand.

use std::{net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use futures_util::future::join_all;
use serde_json::json;
use ssectl_core::app::Parts;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    process::Child,
    time::interval,
};

use crate::{
    fakes::{backend::Backend, browser::Browser},
    harness::{
        Cli, Daemon, Home,
        gateway::GatewayProcess,
        http,
        in_process::{HeldClock, Inside},
        until, within,
    },
    limits::descriptors_of,
    load::{ALONE, memory_of},
};

/// Starts a daemon with a directory of its own on somebody else's socket.
fn contender(home: &Home, socket: &str) -> Child {
    let mut command = home.command(&[socket]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("ssectld can be run")
}

#[tokio::test]
async fn of_two_daemons_that_race_for_a_socket_exactly_one_wins() {
    let shared = Home::new();
    let cli: Cli = shared.cli();
    let socket = format!("control.socket={}", shared.path("c.sock").display());
    for round in 0..50 {
        let homes = [Home::new(), Home::new()];
        let [mut first, mut second] = [contender(&homes[0], &socket), contender(&homes[1], &socket)];
        let first_lost = within("one of them to give up", async {
            tokio::select! {
                _ = first.wait() => true,
                _ = second.wait() => false,
            }
        })
        .await;
        let (loser, mut winner) = if first_lost { (first, second) } else { (second, first) };
        let output = within("its words", loser.wait_with_output()).await.expect("they can be read");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "round {round}: {words}");
        assert!(words.contains("error: ") && words.contains("c.sock") && words.contains("hint: "), "{words}");
        // The loser has taken nothing away: the winner answers where both wanted to.
        let pid = until("the winner to answer", async || {
            let answer = cli.run(&["status", "-o", "json"]).await;
            let status: serde_json::Value = serde_json::from_str(&answer.stdout).ok()?;
            status["item"]["pid"].as_u64()
        })
        .await;
        assert_eq!(Some(pid), winner.id().map(u64::from), "round {round}");
        // What a killed one leaves is what the next two find.
        winner.start_kill().expect("it runs");
        within("its end", winner.wait()).await.expect("it ends");
        assert!(shared.path("c.sock").exists(), "a killed daemon leaves its socket");
    }
}

#[tokio::test]
async fn a_daemon_that_is_stopped_for_a_while_loses_nothing() {
    let daemon = Daemon::start(&[]).await;
    let cli = daemon.cli();
    let mut browser = Browser::open(daemon.public, "a").await;
    daemon.queue(json!({"version": "1"})).await;
    assert_eq!(browser.next_version().await, "1");

    daemon.signal("STOP").await;
    // Nobody hangs, and nobody says that it was done or was not.
    for arguments in [&["status", "--timeout", "300ms"][..], &["connections", "list", "--timeout", "300ms"]] {
        let output = cli.run(arguments).await.expect(7);
        assert!(output.stderr.contains("did not answer"), "{output:?}");
    }
    let queue = ["version", "queue", "2", "--key", "once", "--timeout", "300ms"];
    let output = cli.run(&queue).await.expect_helpful(7);
    assert!(output.stderr.contains("--key once"), "it says how to repeat it: {output:?}");
    // The kernel takes who comes meanwhile.
    let mut late = TcpStream::connect(daemon.public).await.expect("the backlog takes it");
    let stream = http::request("GET", "/api/sse/stream?request_id=late", &[], b"");
    late.write_all(&stream).await.expect("the kernel takes it");

    daemon.signal("CONT").await;
    let receipt = cli.json(&queue[..5]).await;
    assert_eq!(receipt["item"]["sequence"], 2, "once, whenever it was carried out: {receipt}");
    assert_eq!(browser.next_version().await, "2");
    let mut late = Browser::begin(late, b"").await;
    assert_eq!(late.status, 200);
    // It may have come before the order or after it.
    while late.next_version().await != "2" {}
    daemon.event("marker", &json!(1)).await;
    for browser in [&mut browser, &mut late] {
        assert_eq!(browser.next_event().await.name, "marker", "nothing came twice");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_clock_that_jumps_changes_what_is_shown_and_nothing_else() {
    let clock = HeldClock::at("2026-01-02T03:04:05Z");
    let daemon = Inside::start(Parts { clock: clock.clone(), ..Parts::default() }, |_| {}).await;
    let socket = daemon.home.path("c.sock");
    let tell = async |target: &str, body: serde_json::Value| {
        let body = body.to_string();
        let request = http::request("POST", target, &[("Content-Type", "application/json")], body.as_bytes());
        let stream = UnixStream::connect(&socket).await.expect("the control socket accepts");
        http::exchange(stream, &request).await.expect(200).json()
    };
    let mut browser = Browser::open(daemon.public, "a").await;
    let first = tell("/v1/versions", json!({"version": "0", "key": "first"})).await;
    assert_eq!(browser.next_version().await, "0");
    let task = tell("/v1/tasks", json!({"name": "long"})).await;
    let task = task["item"]["task_id"].as_str().expect("an id").to_owned();
    let ended = tell("/v1/tasks", json!({"name": "short"})).await;
    let ended = ended["item"]["task_id"].as_str().expect("an id").to_owned();
    tell(&format!("/v1/tasks/{ended}/complete"), json!({})).await;

    let jumps =
        ["2026-01-03T03:04:05Z", "1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "2026-01-02T03:04:06Z"];
    for (number, time) in (1..).zip(jumps) {
        *clock.0.lock().expect("no test panics with the lock") = time.parse().expect("a time");
        let version = number.to_string();
        let receipt = tell("/v1/versions", json!({"version": version})).await;
        assert_eq!(receipt["item"]["sequence"], number + 1, "{time}");
        assert_eq!(browser.next_version().await, version, "{time}");
        let mut newcomer = Browser::open(daemon.public, &format!("b{number}")).await;
        assert_eq!(newcomer.next_version().await, version, "{time}");
        let again = tell("/v1/versions", json!({"version": "0", "key": "first"})).await;
        assert_eq!(again["item"]["sequence"], first["item"]["sequence"], "{time}: the key is remembered");
        // Leases and what is kept of ended tasks are spans, not times of day.
        tell(&format!("/v1/tasks/{task}/progress"), json!({"value": f64::from(number) / 10.0})).await;
        let cli = Cli { socket: socket.clone() };
        let list = cli.json(&["task", "list"]).await;
        let statuses: Vec<_> =
            list["items"].as_array().expect("a list").iter().map(|t| &t["status"]).collect();
        assert_eq!(statuses, ["completed", "running"], "{time}: {list}");
        for command in [&["connections", "list"][..], &["status"], &["task", "list"], &["version", "list"]] {
            cli.run(command).await.expect(0);
        }
    }
    tell(&format!("/v1/tasks/{task}/complete"), json!({})).await;
    daemon.stop().await;
}

/// A place to connect to.
#[derive(Clone, Debug)]
enum Door {
    Tcp(SocketAddr),
    Socket(PathBuf),
}

impl Door {
    /// Returns every listener of a daemon.
    fn of(daemon: &Daemon) -> [Self; 3] {
        [Self::Tcp(daemon.public), Self::Tcp(daemon.internal), Self::Socket(daemon.home().path("c.sock"))]
    }

    /// Sends bytes byte by byte until the other side has enough of it.
    async fn drip(self, bytes: &'static [u8]) {
        match self {
            Self::Tcp(to) => drip(TcpStream::connect(to).await.expect("it accepts"), bytes).await,
            Self::Socket(path) => drip(UnixStream::connect(path).await.expect("it accepts"), bytes).await,
        }
    }

    /// Comes and goes, in the manner of this number.
    async fn bother(&self, manner: usize) {
        // The backlog may be full for a moment, and either side may hang up at any.
        match self {
            Self::Tcp(to) => {
                let Ok(mut stream) = TcpStream::connect(to).await else { return };
                misbehave(&mut stream, manner).await;
                stream.set_zero_linger().expect("linger can be set");
            }
            Self::Socket(path) => {
                let Ok(mut stream) = UnixStream::connect(path).await else { return };
                misbehave(&mut stream, manner).await;
            }
        }
    }
}

async fn drip(stream: impl AsyncRead + AsyncWrite, bytes: &[u8]) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut pace = interval(Duration::from_millis(200));
    let sending = async {
        for byte in bytes.chunks(1).cycle() {
            pace.tick().await;
            if writer.write_all(byte).await.is_err() {
                return;
            }
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        _ = reader.read_to_end(&mut answer) => {}
        () = sending => {}
    }
}

async fn misbehave(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), manner: usize) {
    let noise: Vec<u8> = (0..3000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let long = [b"GET /".as_slice(), &[b'a'; 40_000]].concat();
    let bytes: &[u8] = match manner % 6 {
        0 => b"",
        1 => b"GET /api/sse/str",
        2 => &noise,
        3 => &long,
        4 => b"POST /internal/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
        _ => b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    let _ = stream.write_all(bytes).await;
    if manner % 12 >= 6 {
        let _ = stream.shutdown().await;
    }
}

/// Bothers a door this often, a few at a time.
async fn storm(door: &Door, times: usize) {
    let lanes = 16;
    join_all((0..lanes).map(async |lane| {
        for number in 0..times / lanes {
            door.bother(number + lane).await;
        }
    }))
    .await;
}

#[tokio::test]
async fn who_drips_a_head_is_cut_off_at_every_door() {
    let daemon = Daemon::start(&[]).await;
    let backend = Backend::start().await;
    let gateway = GatewayProcess::start(&backend, &[]).await;
    let doors = Door::of(&daemon).into_iter().chain([gateway.address, gateway.internal].map(Door::Tcp));
    let heads: [&[u8]; 3] = [b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"POST /internal/send HTT", b" "];
    let dripping: Vec<_> =
        doors.flat_map(|door| heads.map(|head| tokio::spawn(door.clone().drip(head)))).collect();
    // Meanwhile everybody else is served.
    let mut browser = Browser::open(daemon.public, "a").await;
    daemon.cli().run(&["status"]).await.expect(0);
    http::get(gateway.address, "/healthz").await.expect(200);
    daemon.event("marker", &json!(1)).await;
    assert_eq!(browser.next_event().await.name, "marker");
    within("all of them to be cut off", join_all(dripping)).await;
    daemon.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_strangers_who_come_and_go_at_each_door_leave_nothing_behind() {
    const TIMES: usize = 10_000;
    let _alone = ALONE.lock().await;
    let daemon = Daemon::start(&[]).await;
    let backend = Backend::start().await;
    let gateway = GatewayProcess::start(&backend, &[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    daemon.until_connected(1).await;
    for (pid, door) in Door::of(&daemon)
        .map(|door| (daemon.pid(), door))
        .into_iter()
        .chain([gateway.address, gateway.internal].map(|to| (gateway.pid(), Door::Tcp(to))))
    {
        let files = descriptors_of(pid);
        storm(&door, TIMES / 10).await;
        // What allocators and tables take once.
        let before = memory_of(pid);
        storm(&door, TIMES).await;
        daemon.cli().run(&["status"]).await.expect(0);
        until("the descriptors to return", async || (descriptors_of(pid) <= files).then_some(())).await;
        let grown = memory_of(pid).saturating_sub(before);
        eprintln!("{door:?}: {grown} bytes more after {TIMES} more strangers");
        assert!(grown < TIMES * 1024, "{door:?}: {grown} bytes");
    }
    daemon.event("marker", &json!(1)).await;
    assert_eq!(browser.next_event().await.name, "marker");
    daemon.until_connected(1).await;
    for log in [daemon.log(), gateway.log()] {
        assert!(!log.contains("panicked"), "{log}");
    }
    daemon.stop().await;
}
