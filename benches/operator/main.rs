//! What an operator waits for, with many connections open.
//!
//!     cargo bench --bench operator -- [--connections N] [--persisted N] [--json FILE]
//!
//! Wall time of whole processes; beside each figure stands what it is measured against.

#![allow(clippy::print_stdout, reason = "what a benchmark prints is what it is for")]

#[path = "../support/mod.rs"]
mod support;

mod bare;

use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bare::Bare;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use ssectl_core::{
    clock::SystemClock,
    connection::Origin,
    lifecycle::Lifecycle,
    metrics::Metrics,
    registry::{ConnectionRegistry, Newcomer},
    store::RedbStore,
    token::Token,
};
use support::{clients::Clients, daemon::Daemon, statistics::median};

/// Runs of each short command.
const RUNS: usize = 30;
/// The exit code where there is no daemon.
const UNREACHABLE: i32 = 4;
/// Starts of the daemon.
const STARTS: usize = 5;
/// Rounds of reconnects.
const STORMS: usize = 3;

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    if words.iter().any(|word| word == bare::SERVE) {
        return bare::serve();
    }
    let value = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
    let number =
        |name, otherwise| value(name).map_or(Ok(otherwise), |text| text.parse().map_err(io::Error::other));
    let connections = number("--connections", 10_000)?;
    let persisted = number("--persisted", 50_000)?;

    let mut rows = Vec::new();
    let mut row = |what: String, millis: f64, against: &str| {
        println!("{what:<64} {millis:>9.2} ms   {against}");
        rows.push(json!({ "what": what, "ms": millis, "against": against }));
    };
    row("daemon start to READY, empty".to_owned(), empty_start()?, "goal 50 ms");
    row(
        format!("daemon start to READY, {persisted} connections of a gateway"),
        full_start(persisted)?,
        "goal 300 ms",
    );

    let nothing = wall(&mut Command::new("true"))?;
    row("a process that does nothing".to_owned(), nothing.middle, "");
    let Wall { least, middle } = without_daemon()?;
    for (what, started) in [("least", least), ("median", middle)] {
        row(format!("ssectl status without a daemon, {what}"), started, "in all; goal 10 ms");
    }
    let nothing = nothing.middle;

    let folder = tempfile::tempdir()?;
    let daemon = Daemon::start(folder.path(), &[])?;
    let (clients, _) = Clients::connect(daemon.public, connections)?;
    let status = wall(&mut ssectl(&daemon, &["status"]))?.middle;
    row(format!("ssectl status, {connections} connections"), status - nothing, "above nothing; goal 5 ms");
    let list = wall(&mut ssectl(&daemon, &["connections", "list", "-o", "json"]))?.middle;
    row(format!("ssectl connections list -o json, {connections} connections"), list, "goal 60 ms");
    // What top asks for: the first while something waits for somebody, the second otherwise.
    for words in [&["--sort", "-queued"][..], &[]] {
        let list = [&["connections", "list", "-o", "json", "--limit", "100", "--quiet"], words].concat();
        let took = wall(&mut ssectl(&daemon, &list))?.middle;
        row(format!("ssectl {}, {connections} connections", list.join(" ")), took - nothing, "above nothing");
    }

    drop(clients);
    wall(&mut ssectl(&daemon, &["version", "queue", "1.0.0", "--key", "bench"]))?;
    let storms = Storms::measure(&daemon, connections)?;
    row(format!("{connections} connects to a process that answers all the same"), storms.bare, "");
    let against = format!("{:.2}× of that; goal 1000 ms", storms.ours / storms.bare);
    row(format!("reconnect storm of {connections}: all registered, all told"), storms.ours, &against);

    if let Some(file) = value("--json") {
        fs::write(file, format!("{:#}\n", json!({ "bench": "operator", "rows": Value::Array(rows) })))?;
    }
    Ok(())
}

fn ssectl(daemon: &Daemon, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ssectl"));
    command.arg("--socket").arg(&daemon.socket).args(words);
    command
}

/// How long a command takes, from its start to its end, in milliseconds.
struct Wall {
    least: f64,
    middle: f64,
}

/// Runs `ssectl` where no daemon is: it looks for one, and says so.
fn without_daemon() -> io::Result<Wall> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ssectl"));
    command.arg("--socket").arg(folder.path().join("c.sock")).arg("status").stderr(Stdio::null());
    ending(&mut command, UNREACHABLE)
}

/// Measures a command that succeeds.
fn wall(command: &mut Command) -> io::Result<Wall> {
    ending(command, 0)
}

/// Measures a command that ends with this code, in many runs.
fn ending(command: &mut Command, code: i32) -> io::Result<Wall> {
    command.stdout(Stdio::null());
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let began = Instant::now();
        let status = command.status()?;
        times.push(millis(began.elapsed()));
        if status.code() != Some(code) {
            return Err(io::Error::other(format!("{command:?} failed")));
        }
    }
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(Wall { least, middle: median(&mut times) })
}

fn empty_start() -> io::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let folder = tempfile::tempdir()?;
        times.push(millis(Daemon::start(folder.path(), &[])?.start));
    }
    Ok(median(&mut times))
}

fn full_start(connections: usize) -> io::Result<f64> {
    let folder = tempfile::tempdir()?;
    persist(&folder.path().join("state"), connections)?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let daemon = Daemon::start(folder.path(), &["mode=gateway", "gateway.url=http://127.0.0.1:9"])?;
        times.push(millis(daemon.start));
    }
    Ok(median(&mut times))
}

/// Leaves a state folder as a daemon does that had this many connections at its gateway.
fn persist(folder: &Path, connections: usize) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (lifecycle, metrics) = (Lifecycle::new(), Arc::new(Metrics::new()));
        let registry = ConnectionRegistry::new(Arc::new(SystemClock), lifecycle, metrics);
        let store = Arc::new(RedbStore::open(folder).map_err(io::Error::other)?);
        registry.keep(store).map_err(io::Error::other)?;
        stream::iter(0..connections)
            .map(|n| {
                let request_id = format!("persisted-{n}").parse().map_err(io::Error::other)?;
                let newcomer = Newcomer { request_id, token: Token::random(), origin: Origin::default() };
                Ok(registry.register(newcomer))
            })
            .for_each_concurrent(1000, async |arrival: io::Result<_>| {
                if let Ok(arrival) = arrival {
                    registry.remember(&arrival).await;
                }
            })
            .await;
        Ok(())
    })
}

/// How long it takes until everyone is back and has been told what is pending: the middle of several rounds.
struct Storms {
    ours: f64,
    /// The same where nobody is registered.
    bare: f64,
}

impl Storms {
    fn measure(daemon: &Daemon, connections: usize) -> io::Result<Self> {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..STORMS {
            let beside = Bare::start()?;
            bare.push(storm(beside.address, connections)?);
            drop(beside);
            ours.push(storm(daemon.public, connections)?);
        }
        Ok(Self { ours: median(&mut ours), bare: median(&mut bare) })
    }
}

fn storm(address: SocketAddr, connections: usize) -> io::Result<f64> {
    let began = Instant::now();
    let (mut clients, _) = Clients::connect(address, connections)?;
    let told = clients.wait_for(connections as u64)?;
    Ok(millis(told.duration_since(began)))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
