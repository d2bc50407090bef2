//! A broadcast through a gateway that needs one request per connection: the daemon beside an ideal client. Then
//! one through `ssectld gateway`, which takes many tokens with one request: beside the embedded mode.
//!
//!     cargo bench --bench gateway -- [--connections N]... [--browsers N] [--cost-us U] [--rounds R] [--json FILE]
//!
//! The peer is a stand-in with the cost of the seed's gateway (one thread, 230 µs per request, measured at
//! 210–270). The ideal client keeps 64 connections open and always has one request under way on each.

#![allow(clippy::print_stdout, reason = "what a benchmark prints is what it is for")]

mod ideal;
mod ours;
mod peer;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs, io,
    time::{Duration, Instant},
};

use peer::Peer;
use serde_json::json;
use support::{
    daemon::Daemon,
    publisher::{Door, Publisher},
    statistics::median,
};

/// Requests under way at once, of both.
const IN_FLIGHT: usize = 64;
/// Events in a row, to see reordering.
const ROW: usize = 5;

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let values = |name: &str| -> Vec<&String> {
        words
            .iter()
            .zip(words.iter().skip(1))
            .filter(|(word, _)| *word == name)
            .map(|(_, value)| value)
            .collect()
    };
    let number = |text: &&String| text.parse::<usize>().map_err(io::Error::other);
    let one = |name, otherwise| values(name).first().map_or(Ok(otherwise), number);
    let mut sizes = values("--connections").iter().map(number).collect::<io::Result<Vec<_>>>()?;
    if sizes.is_empty() {
        sizes = vec![100, 1000];
    }
    let cost = Duration::from_micros(one("--cost-us", 230)? as u64);
    let rounds = one("--rounds", 3)?;

    println!("{:>12} {:>12} {:>12} {:>12} {:>12}", "connections", "ideal", "daemon", "rate", "reordered");
    let mut results = Vec::new();
    for connections in sizes {
        let (mut ideal, mut daemon, mut reordered) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            let peer = Peer::start(cost)?;
            ideal.push(ideal::broadcast(&peer, connections, IN_FLIGHT)?);
            let (took, wrong) = through_daemon(&peer, connections)?;
            daemon.push(took);
            reordered += wrong;
        }
        let (ideal, daemon) = (median(&mut ideal), median(&mut daemon));
        println!(
            "{connections:>12} {:>9.1} ms {:>9.1} ms {:>11.2}× {reordered:>12}",
            ideal * 1e3,
            daemon * 1e3,
            ideal / daemon
        );
        results.push(json!({
            "connections": connections, "ideal_s": ideal, "daemon_s": daemon, "rate": ideal / daemon, "reordered": reordered
        }));
    }
    println!("rate: of the ideal client's; the goal is at least 0.95. Reordered must be 0.");
    let ours = ours::compare(one("--browsers", 10_000)?, rounds)?;
    if let Some(file) = values("--json").first() {
        let found = json!({ "bench": "gateway", "results": results, "ours": ours });
        fs::write(file, format!("{found:#}\n"))?;
    }
    Ok(())
}

/// Returns how long one broadcast takes, and how many events came out of order in a row of them.
fn through_daemon(peer: &Peer, connections: usize) -> io::Result<(f64, usize)> {
    let folder = tempfile::tempdir()?;
    let (url, in_flight) =
        (format!("gateway.url=http://{}", peer.address), format!("gateway.in_flight={IN_FLIGHT}"));
    let daemon = Daemon::start(folder.path(), &["mode=gateway", &url, &in_flight])?;
    ideal::register(daemon.internal, connections, IN_FLIGHT)?;
    let mut publisher = Publisher::connect(&Door::Ssectld(daemon.socket.clone()))?;
    publisher.publish("0")?;
    peer.wait_for(connections)?;
    let began = Instant::now();
    publisher.publish("1")?;
    peer.wait_for(connections)?;
    let took = began.elapsed().as_secs_f64();
    for number in 2..2 + ROW {
        publisher.publish(&number.to_string())?;
    }
    Ok((took, peer.wait_for(connections * ROW)?))
}
