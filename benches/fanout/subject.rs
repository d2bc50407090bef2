//! The servers under test, each a process of its own, and what the kernel says they cost.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    os::unix::net::UnixDatagram,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::publisher::{Door, Publisher};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One write per event and socket.
    Raw,
    /// One write per round and socket.
    RawBatched,
    /// axum, broadcast channel, `Sse`.
    Axum,
    /// The daemon.
    Ssectld,
}

impl Subject {
    /// Every subject, in the order of the tables.
    pub(crate) const ALL: [Self; 4] = [Self::Raw, Self::RawBatched, Self::Axum, Self::Ssectld];

    /// Returns the name in tables and arguments.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::RawBatched => "raw-batched",
            Self::Axum => "axum",
            Self::Ssectld => "ssectld",
        }
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where browsers connect.
    pub(crate) streams: SocketAddr,
    /// Where events are published.
    pub(crate) door: Door,
    _state: Option<tempfile::TempDir>,
}

impl Server {
    /// Starts a server and waits until it serves.
    pub(crate) fn start(subject: Subject) -> io::Result<Self> {
        if subject == Subject::Ssectld { Self::daemon() } else { Self::ourselves(subject) }
    }

    fn ourselves(subject: Subject) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", subject.name()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        BufReader::new(stdout).read_line(&mut line)?;
        let ports: Vec<SocketAddr> = line.split_whitespace().filter_map(|port| port.parse().ok()).collect();
        let [streams, publishers] = ports[..] else {
            return Err(io::Error::other(format!("{} printed {line:?}", subject.name())));
        };
        let door = if subject == Subject::Axum { Door::Axum(publishers) } else { Door::Raw(publishers) };
        Ok(Self { child, streams, door, _state: None })
    }

    fn daemon() -> io::Result<Self> {
        let state = tempfile::tempdir()?;
        let (ready, socket) = (state.path().join("ready"), state.path().join("c.sock"));
        let notices = UnixDatagram::bind(&ready)?;
        notices.set_read_timeout(Some(Duration::from_secs(30)))?;
        let child = Command::new(env!("CARGO_BIN_EXE_ssectld"))
            .args(["--set", "listen.public=127.0.0.1:0", "--set", "listen.internal=127.0.0.1:0"])
            .args(["--set", "stream.heartbeat=1h", "--set", "log.level=warn"])
            .arg("--set")
            .arg(format!("state.dir={}", state.path().join("state").display()))
            .arg("--socket")
            .arg(&socket)
            .env("NOTIFY_SOCKET", &ready)
            .stdout(Stdio::null())
            .spawn()?;
        let (mut notice, mut said) = ([0; 4096], String::new());
        while !said.contains("READY=1") {
            let n = notices.recv(&mut notice)?;
            said = String::from_utf8_lossy(&notice[..n]).into_owned();
        }
        let door = Door::Ssectld(socket);
        let status = Publisher::connect(&door)?.status()?;
        let status: serde_json::Value = serde_json::from_str(&status)?;
        let streams = status["item"]["listen"]["public"].as_str().and_then(|address| address.parse().ok());
        let streams = streams.ok_or_else(|| io::Error::other(format!("no address in {status}")))?;
        Ok(Self { child, streams, door, _state: Some(state) })
    }

    /// Returns the processor time used so far.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        cpu_of(&self.child.id().to_string())
    }

    /// Returns the memory that is the server's own share, in bytes (PSS).
    pub(crate) fn memory(&self) -> io::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let kib =
            text.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.parse().ok());
        kib.map(|kib: u64| kib * 1024).ok_or_else(|| io::Error::other("no Pss"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the processor time that a process has used (`self` for this one).
pub(crate) fn cpu_of(pid: &str) -> io::Result<Duration> {
    // Scheduled time in nanoseconds, of all threads: finer than the clock ticks of `stat`.
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
        total += Duration::from_nanos(nanos);
    }
    Ok(total)
}
