//! Scripts as users type them: `sh` in a test's directory, where `ssectl` and `ssectld` are those that are tested.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

use super::Home;

/// Returns `sh` with this script, with nothing of the caller's environment, and where commands that fail end it.
pub fn sh(home: &Home, script: &str) -> Command {
    let mut command = Command::new("sh");
    in_home(home, &mut command);
    command.args(["-euc", script]);
    command
}

/// Gives a command the surroundings of [`sh`].
pub fn in_home(home: &Home, command: &mut Command) {
    let programs = Path::new(env!("CARGO_BIN_EXE_ssectl")).parent().expect("a directory");
    command.env_clear().stdin(Stdio::null()).kill_on_drop(true).current_dir(home.dir.path());
    command
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", programs.display()))
        .env("HOME", home.dir.path())
        .env("SSECTL_SOCKET", home.path("c.sock"))
        .env("LC_ALL", "C.UTF-8");
}
