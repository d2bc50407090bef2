//! Browsers at `ssectld gateway`, beside browsers at the daemon itself.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    clients::Clients,
    daemon::{Daemon, Gateway, memory_of},
    publisher::{Door, Publisher},
    statistics::median,
};

/// Broadcasts of one round, one at a time.
const BROADCASTS: usize = 50;
/// From the last connect to a connection being idle: what connecting took is given back.
const SETTLE: Duration = Duration::from_secs(1);

/// What one round gave.
struct Round {
    /// From a publish to the last browser, the middle of them.
    last_s: f64,
    /// Memory per idle browser (PSS): of the daemon, and of the gateway where there is one.
    bytes: [f64; 2],
}

/// Measures a broadcast to so many browsers in both modes, in interleaved rounds. Prints and returns the times.
pub(crate) fn compare(browsers: usize, rounds: usize) -> io::Result<Value> {
    let (mut embedded, mut gateway) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        embedded.push(at_the_daemon(browsers)?);
        gateway.push(at_the_gateway(browsers)?);
    }
    let middle =
        |rounds: &[Round], read: fn(&Round) -> f64| median(&mut rounds.iter().map(read).collect::<Vec<_>>());
    let (alone, through) = (middle(&embedded, |round| round.last_s), middle(&gateway, |round| round.last_s));
    let ratio = through / alone;
    let bytes = json!({
        "embedded": middle(&embedded, |round| round.bytes[0]),
        "daemon": middle(&gateway, |round| round.bytes[0]),
        "gateway": middle(&gateway, |round| round.bytes[1]),
    });
    println!();
    println!("{:>12} {:>12} {:>16} {:>12}", "browsers", "embedded", "ssectld gateway", "time");
    println!("{browsers:>12} {:>9.1} ms {:>13.1} ms {ratio:>11.2}×", alone * 1e3, through * 1e3);
    println!("time: to the last browser, of the embedded mode's; the goal is at most 1.3.");
    println!("bytes per idle browser: {bytes}");
    Ok(
        json!({ "browsers": browsers, "embedded_s": alone, "gateway_s": through, "time": ratio, "bytes": bytes }),
    )
}

fn at_the_daemon(browsers: usize) -> io::Result<Round> {
    let folder = tempfile::tempdir()?;
    let daemon = Daemon::start(folder.path(), &[])?;
    broadcasts(&daemon, daemon.public, &[daemon.pid()], browsers)
}

fn at_the_gateway(browsers: usize) -> io::Result<Round> {
    let (folder, own) = (tempfile::tempdir()?, tempfile::tempdir()?);
    // Each of the two has to know the other's address before it starts.
    let streams = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let daemon = Daemon::start(folder.path(), &["mode=gateway", &format!("gateway.url=http://{streams}")])?;
    let gateway = Gateway::start(own.path(), streams, daemon.internal)?;
    broadcasts(&daemon, gateway.streams, &[daemon.pid(), gateway.pid()], browsers)
}

fn broadcasts(daemon: &Daemon, streams: SocketAddr, pids: &[u32], browsers: usize) -> io::Result<Round> {
    let memory = || pids.iter().map(|pid| memory_of(*pid)).collect::<io::Result<Vec<_>>>();
    let before = memory()?;
    let (mut clients, _) = Clients::connect(streams, browsers)?;
    thread::sleep(SETTLE);
    let mut bytes = [0.0; 2];
    for (bytes, (after, before)) in bytes.iter_mut().zip(memory()?.into_iter().zip(before)) {
        *bytes = after.saturating_sub(before) as f64 / browsers as f64;
    }
    let mut publisher = Publisher::connect(&Door::Ssectld(daemon.socket.clone()))?;
    let mut times = Vec::with_capacity(BROADCASTS);
    for n in 1..=BROADCASTS {
        let began = Instant::now();
        publisher
            .publish(&format!(r#"{{"text":"step {n:06} of many, in about as many bytes as others"}}"#))?;
        let last = clients.wait_for((n * browsers) as u64)?;
        times.push(last.duration_since(began).as_secs_f64());
    }
    Ok(Round { last_s: median(&mut times), bytes })
}
