//! Browsers at `ssectld gateway`, beside browsers at the daemon itself.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Instant,
};

use serde_json::{Value, json};

use crate::support::{
    clients::Clients,
    daemon::{Daemon, Gateway},
    publisher::{Door, Publisher},
    statistics::median,
};

/// Broadcasts of one round, one at a time.
const BROADCASTS: usize = 50;

/// Measures a broadcast to so many browsers in both modes, in interleaved rounds. Prints and returns the times.
pub(crate) fn compare(browsers: usize, rounds: usize) -> io::Result<Value> {
    let (mut embedded, mut gateway) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        embedded.push(at_the_daemon(browsers)?);
        gateway.push(at_the_gateway(browsers)?);
    }
    let (embedded, gateway) = (median(&mut embedded), median(&mut gateway));
    let ratio = gateway / embedded;
    println!();
    println!("{:>12} {:>12} {:>16} {:>12}", "browsers", "embedded", "ssectld gateway", "time");
    println!("{browsers:>12} {:>9.1} ms {:>13.1} ms {ratio:>11.2}×", embedded * 1e3, gateway * 1e3);
    println!("time: to the last browser, of the embedded mode's; the goal is at most 1.3.");
    Ok(json!({ "browsers": browsers, "embedded_s": embedded, "gateway_s": gateway, "time": ratio }))
}

fn at_the_daemon(browsers: usize) -> io::Result<f64> {
    let folder = tempfile::tempdir()?;
    let daemon = Daemon::start(folder.path(), &[])?;
    broadcasts(&daemon, daemon.public, browsers)
}

fn at_the_gateway(browsers: usize) -> io::Result<f64> {
    let (folder, own) = (tempfile::tempdir()?, tempfile::tempdir()?);
    // Each of the two has to know the other's address before it starts.
    let streams = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let daemon = Daemon::start(folder.path(), &["mode=gateway", &format!("gateway.url=http://{streams}")])?;
    let gateway = Gateway::start(own.path(), streams, daemon.internal)?;
    broadcasts(&daemon, gateway.streams, browsers)
}

/// Returns the middle time from a publish to the last browser.
fn broadcasts(daemon: &Daemon, streams: SocketAddr, browsers: usize) -> io::Result<f64> {
    let (mut clients, _) = Clients::connect(streams, browsers)?;
    let mut publisher = Publisher::connect(&Door::Ssectld(daemon.socket.clone()))?;
    let mut times = Vec::with_capacity(BROADCASTS);
    for n in 1..=BROADCASTS {
        let began = Instant::now();
        publisher
            .publish(&format!(r#"{{"text":"step {n:06} of many, in about as many bytes as others"}}"#))?;
        let last = clients.wait_for((n * browsers) as u64)?;
        times.push(last.duration_since(began).as_secs_f64());
    }
    Ok(median(&mut times))
}
