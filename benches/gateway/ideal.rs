//! A client that does nothing but post: what one can get out of the peer.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Instant,
};

use crate::peer::Peer;

/// Returns how long it takes to post one event to each of so many tokens.
pub(crate) fn broadcast(peer: &Peer, connections: usize, in_flight: usize) -> io::Result<f64> {
    let lanes = open(peer.address, in_flight)?;
    let began = Instant::now();
    post_all(lanes, connections, "/internal/send", |n| {
        format!(r#"{{"token":"token-{n}","event":{{"name":"bench","data":"1"}},"close":false}}"#)
    })?;
    let took = began.elapsed().as_secs_f64();
    peer.wait_for(connections)?;
    Ok(took)
}

/// Tells a daemon that so many browsers have connected.
pub(crate) fn register(daemon: SocketAddr, connections: usize, in_flight: usize) -> io::Result<()> {
    post_all(open(daemon, in_flight)?, connections, "/api/sse/callback", |n| {
        format!(
            r#"{{"action":"connect","token":"token-{n}","request":{{"url":"/s?request_id=r{n}","headers":{{}}}}}}"#
        )
    })
}

fn open(address: SocketAddr, count: usize) -> io::Result<Vec<TcpStream>> {
    (0..count)
        .map(|_| {
            let socket = TcpStream::connect(address)?;
            socket.set_nodelay(true)?;
            Ok(socket)
        })
        .collect()
}

fn post_all(
    lanes: Vec<TcpStream>,
    count: usize,
    path: &str,
    body: impl Fn(usize) -> String + Sync,
) -> io::Result<()> {
    let (step, body) = (lanes.len(), &body);
    thread::scope(|scope| {
        let posting: Vec<_> = lanes
            .into_iter()
            .enumerate()
            .map(|(lane, socket)| {
                scope.spawn(move || {
                    let mut wire = BufReader::new(socket);
                    (lane..count).step_by(step).try_for_each(|n| post(&mut wire, path, &body(n)))
                })
            })
            .collect();
        posting
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a lane panicked"))))
    })
}

fn post(wire: &mut BufReader<TcpStream>, path: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    wire.get_mut().write_all(request.as_bytes())?;
    let (mut line, mut answer, mut status) = (String::new(), 0, String::new());
    while line != "\r\n" {
        line.clear();
        wire.read_line(&mut line)?;
        if status.is_empty() {
            status.clone_from(&line);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            answer = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    wire.read_exact(&mut vec![0; answer])?;
    if status.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(io::Error::other(format!("refused: {status}")))
    }
}
