//! `ssectld` as a process, known to be up by what it tells systemd.

use std::{
    fs::{self, File},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use tempfile::TempDir;
use tokio::{
    net::UnixDatagram,
    process::{Child, Command},
};

use super::{Cli, sockets::Sockets, within};

/// A directory that one daemon after another lives in. Its path is short: socket addresses must be.
#[derive(Debug)]
pub struct Home {
    pub dir: TempDir,
}

/// A running daemon. Killed when dropped; its log is printed if the test fails.
#[derive(Debug)]
pub struct Daemon {
    home: Option<Home>,
    child: Child,
    notices: UnixDatagram,
    pub public: SocketAddr,
    pub internal: SocketAddr,
}

impl Home {
    /// Returns a fresh directory.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("sse").tempdir_in("/tmp").expect("a directory in /tmp");
        Self { dir }
    }

    /// Returns the path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file in it that others may not read, and returns its path as text.
    pub fn write(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        fs::write(&path, content).expect("a file in the test's directory");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its owner may");
        path.to_str().expect("the path is ASCII").to_owned()
    }

    /// Writes a script in it that may be executed.
    pub fn write_script(&self, name: &str, commands: &str) {
        let path = self.write(name, &format!("#!/bin/sh\n{commands}"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("its owner may");
    }

    /// Returns `ssectl` for this directory's socket.
    pub fn cli(&self) -> Cli {
        Cli { socket: self.path("c.sock") }
    }

    /// Returns the command line of a daemon that lives here, with nothing of the caller's environment.
    pub fn command(&self, settings: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ssectld"));
        command.env_clear().env("HOME", self.dir.path()).stdin(Stdio::null()).kill_on_drop(true);
        let own = [
            "listen.public=127.0.0.1:0".to_owned(),
            "listen.internal=127.0.0.1:0".to_owned(),
            format!("control.socket={}", self.path("c.sock").display()),
            format!("state.dir={}", self.path("state").display()),
        ];
        for setting in own.iter().map(String::as_str).chain(settings.iter().copied()) {
            command.args(["--set", setting]);
        }
        command
    }

    /// Starts a daemon here and waits until it says that it is ready.
    pub async fn start(self, settings: &[&str]) -> Daemon {
        let command = self.command(settings);
        self.start_command(command).await
    }

    /// Starts a daemon here that may have so many files open.
    pub async fn start_with_files(self, files: usize, settings: &[&str]) -> Daemon {
        let plain = self.command(settings);
        let mut command = Command::new("/bin/sh");
        command.env_clear().env("HOME", self.dir.path()).stdin(Stdio::null()).kill_on_drop(true);
        command.arg("-c").arg(format!("ulimit -n {files}; exec \"$0\" \"$@\""));
        command.arg(plain.as_std().get_program()).args(plain.as_std().get_args());
        self.start_command(command).await
    }

    /// Starts a daemon here that is handed these sockets.
    pub async fn start_activated(self, sockets: &Sockets, settings: &[&str]) -> Daemon {
        let command = sockets.handed_to(&self.command(settings), &self.path("log"));
        self.launch(command).await
    }

    /// Starts a daemon here with this command line.
    pub async fn start_command(self, mut command: Command) -> Daemon {
        let log = File::create(self.path("log")).expect("a file for its log");
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.launch(command).await
    }

    async fn launch(self, mut command: Command) -> Daemon {
        let notify = self.path("n.sock");
        let _ = fs::remove_file(&notify);
        let notices = UnixDatagram::bind(&notify).expect("a socket for its notices");
        let mut child = command.env("NOTIFY_SOCKET", &notify).spawn().expect("ssectld can be run");
        let ready = tokio::select! {
            _ = notice(&notices, "READY=1") => true,
            _ = child.wait() => false,
        };
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut daemon = Daemon { home: Some(self), child, notices, public: unknown, internal: unknown };
        assert!(ready, "ssectld ended before it was ready");
        let status = daemon.cli().json(&["status"]).await;
        let address = |which: &str| {
            let text = status["item"]["listen"][which].as_str().unwrap_or_else(|| panic!("{status}"));
            text.parse().expect("a bound address")
        };
        (daemon.public, daemon.internal) = (address("public"), address("internal"));
        daemon
    }
}

impl Daemon {
    /// Starts a daemon in a directory of its own.
    pub async fn start(settings: &[&str]) -> Self {
        Home::new().start(settings).await
    }

    /// Returns its directory.
    pub fn home(&self) -> &Home {
        self.home.as_ref().expect("a running daemon has its directory")
    }

    /// Returns `ssectl` for it.
    pub fn cli(&self) -> Cli {
        self.home().cli()
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it is running")
    }

    /// Returns what it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home().path("log")).unwrap_or_default()
    }

    /// Waits until it tells systemd this.
    pub async fn notice(&self, text: &str) {
        notice(&self.notices, text).await;
    }

    /// Waits until it tells systemd this, and returns all that it tells with it.
    pub async fn notice_with(&self, text: &str) -> String {
        notice(&self.notices, text).await
    }

    /// Returns what it has told systemd meanwhile.
    pub fn notices(&self) -> String {
        let (mut all, mut buffer) = (String::new(), [0; 4096]);
        while let Ok(length) = self.notices.try_recv(&mut buffer) {
            all.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        all
    }

    /// Sends it a signal: `TERM`, `INT`, `KILL`.
    pub async fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await.expect("kill can be run");
        assert!(sent.success(), "kill -s {name} {pid}");
    }

    /// Waits for its end. Its directory stays.
    pub async fn ended(&mut self) -> ExitStatus {
        within("ssectld to end", self.child.wait()).await.expect("its status can be read")
    }

    /// Returns the directory of a daemon that has ended.
    pub fn leave(mut self) -> Home {
        self.home.take().expect("taken once, at the end")
    }

    /// Stops it as systemd does, expects success, returns its directory.
    pub async fn stop(mut self) -> Home {
        self.signal("TERM").await;
        let status = self.ended().await;
        assert!(status.success(), "ssectld ended with {status}");
        self.leave()
    }

    /// Kills it as a power failure would, returns its directory.
    pub async fn kill(mut self) -> Home {
        self.signal("KILL").await;
        self.ended().await;
        self.leave()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let (true, Some(home)) = (std::thread::panicking(), &self.home) {
            let log = fs::read_to_string(home.path("log")).unwrap_or_default();
            eprintln!("--- log of ssectld\n{log}---");
        }
    }
}

async fn notice(notices: &UnixDatagram, text: &str) -> String {
    within(&format!("the notice {text}"), async {
        let mut buffer = [0; 4096];
        loop {
            let length = notices.recv(&mut buffer).await.expect("the notices can be read");
            let told = String::from_utf8_lossy(&buffer[..length]);
            if told.lines().any(|line| line == text) {
                return told.into_owned();
            }
        }
    })
    .await
}
