//! Publishing: one keep-alive connection, one event under way, whatever the server speaks.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
};

/// How events are handed to a server.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    /// Lines, each answered with one byte.
    Raw(SocketAddr),
    /// `POST /publish` with the payload.
    Axum(SocketAddr),
    /// `POST /v1/events` on the control socket.
    Ssectld(PathBuf),
}

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// A connected publisher.
pub(crate) struct Publisher {
    door: Door,
    wire: BufReader<Box<dyn Wire>>,
}

impl Publisher {
    /// Connects.
    pub(crate) fn connect(door: &Door) -> io::Result<Self> {
        let wire: Box<dyn Wire> = match door {
            Door::Raw(address) | Door::Axum(address) => {
                let socket = TcpStream::connect(address)?;
                socket.set_nodelay(true)?;
                Box::new(socket)
            }
            Door::Ssectld(path) => Box::new(UnixStream::connect(path)?),
        };
        Ok(Self { door: door.clone(), wire: BufReader::new(wire) })
    }

    /// Publishes an event and waits for its acknowledgement.
    pub(crate) fn publish(&mut self, payload: &str) -> io::Result<()> {
        match &self.door {
            Door::Raw(_) => {
                self.wire.get_mut().write_all(format!("{payload}\n").as_bytes())?;
                self.wire.read_exact(&mut [0])
            }
            Door::Axum(_) => self.post("/publish", payload),
            Door::Ssectld(_) => self.post("/v1/events", &format!(r#"{{"name":"bench","data":{payload}}}"#)),
        }
    }

    /// Publishes an event to one request id, at a daemon.
    pub(crate) fn send(&mut self, request_id: &str, payload: &str) -> io::Result<()> {
        self.post(
            "/v1/events",
            &format!(r#"{{"name":"bench","request_id":"{request_id}","data":{payload}}}"#),
        )
    }

    /// Queues a version for everyone, at a daemon.
    pub(crate) fn queue(&mut self, version: &str) -> io::Result<()> {
        self.post("/v1/versions", &format!(r#"{{"version":"{version}"}}"#))
    }

    /// Asks the daemon for its status: what an operator does during a fan-out.
    pub(crate) fn status(&mut self) -> io::Result<String> {
        self.ask("/v1/status")
    }

    /// Asks the daemon for something.
    pub(crate) fn ask(&mut self, target: &str) -> io::Result<String> {
        self.exchange(&format!("GET {target} HTTP/1.1\r\nHost: ssectld\r\n\r\n"))
    }

    fn post(&mut self, path: &str, body: &str) -> io::Result<()> {
        let length = body.len();
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: ssectld\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .map(drop)
    }

    fn exchange(&mut self, request: &str) -> io::Result<String> {
        self.wire.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut length, mut ok) = (String::new(), 0, None);
        while line != "\r\n" {
            line.clear();
            self.wire.read_line(&mut line)?;
            ok = ok.or_else(|| Some(line.starts_with("HTTP/1.1 2")));
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.wire.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        if ok == Some(true) { Ok(body) } else { Err(io::Error::other(format!("refused: {body}"))) }
    }
}
