//! The release daemon as a process of its own, and what the kernel says a process costs.

use std::{
    fs,
    io::{self},
    net::SocketAddr,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::publisher::{Door, Publisher};

/// A daemon that runs until it is dropped.
pub(crate) struct Daemon {
    process: Process,
    /// Where browsers connect.
    pub(crate) public: SocketAddr,
    /// Where a gateway calls back.
    pub(crate) internal: SocketAddr,
    /// The control socket.
    pub(crate) socket: PathBuf,
    /// From its start to its being ready.
    pub(crate) start: Duration,
}

impl Daemon {
    /// Starts a daemon with its state and sockets in this folder, and waits until it is ready.
    pub(crate) fn start(folder: &Path, settings: &[&str]) -> io::Result<Self> {
        let socket = folder.join("c.sock");
        let (process, start) = Process::start(folder, |command| {
            command
                .args(["--set", "listen.public=127.0.0.1:0", "--set", "listen.internal=127.0.0.1:0"])
                .args(["--set", "stream.heartbeat=1h", "--set", "log.level=error"])
                .args(settings.iter().flat_map(|setting| ["--set", setting]))
                .arg("--set")
                .arg(format!("state.dir={}", folder.join("state").display()))
                .arg("--socket")
                .arg(&socket);
        })?;
        let status = Publisher::connect(&Door::Ssectld(socket.clone()))?.status()?;
        let status: serde_json::Value = serde_json::from_str(&status)?;
        let address = |name: &str| {
            let text = status["item"]["listen"][name].as_str().unwrap_or_default();
            text.parse().map_err(|_| io::Error::other(format!("no {name} address in {status}")))
        };
        Ok(Self { process, public: address("public")?, internal: address("internal")?, socket, start })
    }

    /// Returns its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }
}

/// `ssectld gateway`, until it is dropped.
pub(crate) struct Gateway {
    process: Process,
    /// Where browsers connect.
    pub(crate) streams: SocketAddr,
}

impl Gateway {
    /// Starts a gateway at this address, which calls back to a daemon's internal listener.
    pub(crate) fn start(folder: &Path, streams: SocketAddr, internal: SocketAddr) -> io::Result<Self> {
        let (process, _) = Process::start(folder, |command| {
            command
                .arg("gateway")
                .args(["--set", "stream.heartbeat=1h", "--set", "log.level=error"])
                .args(["--set", &format!("gateway_server.listen={streams}")])
                .args(["--callback-url", &format!("http://{internal}/api/sse/callback")]);
        })?;
        Ok(Self { process, streams })
    }

    /// Returns its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }
}

/// A process of `ssectld`, until it is dropped.
struct Process(Child);

impl Process {
    /// Starts it and waits until it is ready. Returns how long that took.
    fn start(folder: &Path, arguments: impl FnOnce(&mut Command)) -> io::Result<(Self, Duration)> {
        let ready = folder.join("ready");
        // Left by an earlier process in the same folder.
        let _ = fs::remove_file(&ready);
        let notices = UnixDatagram::bind(&ready)?;
        notices.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_ssectld"));
        arguments(&mut command);
        let began = Instant::now();
        let process = Self(command.env("NOTIFY_SOCKET", &ready).stdout(Stdio::null()).spawn()?);
        let (mut notice, mut said) = ([0; 4096], String::new());
        while !said.contains("READY=1") {
            let n = notices.recv(&mut notice)?;
            said = String::from_utf8_lossy(&notice[..n]).into_owned();
        }
        Ok((process, began.elapsed()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the memory that is a process's own share, in bytes (PSS).
pub(crate) fn memory_of(pid: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kib =
        text.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.parse().ok());
    kib.map(|kib: u64| kib * 1024).ok_or_else(|| io::Error::other("no Pss"))
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
