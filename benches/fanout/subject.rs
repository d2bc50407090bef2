//! The servers under test, each a process of its own.

use std::{
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::support::{
    daemon::{Daemon, cpu_of, memory_of},
    publisher::Door,
};

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
    process: Process,
    /// Where browsers connect.
    pub(crate) streams: SocketAddr,
    /// Where events are published.
    pub(crate) door: Door,
}

enum Process {
    Ours(Child),
    Daemon { daemon: Daemon, _state: tempfile::TempDir },
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
        Ok(Self { process: Process::Ours(child), streams, door })
    }

    fn daemon() -> io::Result<Self> {
        let state = tempfile::tempdir()?;
        let daemon = Daemon::start(state.path(), &[])?;
        let (streams, door) = (daemon.public, Door::Ssectld(daemon.socket.clone()));
        Ok(Self { process: Process::Daemon { daemon, _state: state }, streams, door })
    }

    /// Returns the processor time used so far.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        cpu_of(&self.pid().to_string())
    }

    /// Returns the memory that is the server's own share, in bytes (PSS).
    pub(crate) fn memory(&self) -> io::Result<u64> {
        memory_of(self.pid())
    }

    fn pid(&self) -> u32 {
        match &self.process {
            Process::Ours(child) => child.id(),
            Process::Daemon { daemon, .. } => daemon.pid(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Process::Ours(child) = &mut self.process {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
