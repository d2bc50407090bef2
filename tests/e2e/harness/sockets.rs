//! What systemd does for socket units: opens sockets, and hands them to one daemon after another.

use std::{os::fd::OwnedFd, path::Path, process::Stdio};

use tokio::process::Command;

/// Sockets with their names, held open while daemons come and go.
#[derive(Debug)]
pub struct Sockets(Vec<(&'static str, OwnedFd)>);

impl Sockets {
    /// Returns these; three at most.
    pub fn new(sockets: Vec<(&'static str, OwnedFd)>) -> Self {
        assert!(sockets.len() <= 3, "they go through a child's standard descriptors");
        Self(sockets)
    }

    /// Returns a command line that runs another one with these sockets, in a clean environment. What it says goes
    /// to a file.
    pub fn handed_to(&self, plain: &Command, log: &Path) -> Command {
        let mut command = Command::new("/bin/sh");
        let sockets = "exec 3<&0 4<&1 5<&2 </dev/null >>\"$LOG\" 2>&1";
        command.arg("-c").arg(format!("{sockets}; export LISTEN_PID=$$; exec \"$0\" \"$@\""));
        command.arg(plain.as_std().get_program()).args(plain.as_std().get_args());
        command.env_clear().kill_on_drop(true).env("LOG", log);
        for (name, value) in plain.as_std().get_envs() {
            command.envs(value.map(|value| (name, value)));
        }
        let names: Vec<_> = self.0.iter().map(|(name, _)| *name).collect();
        command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
        let mut sockets = self.0.iter().map(|(_, socket)| socket.try_clone().expect("a second handle"));
        let mut next = || sockets.next().map_or_else(Stdio::null, Stdio::from);
        command.stdin(next()).stdout(next()).stderr(next());
        command
    }
}
