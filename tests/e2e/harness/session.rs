//! A program at a terminal of its own, which is typed at and looked at as people do: it leads a session, the terminal is
//! that session's, so that keys are signals and sizes change.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZeroU16,
    os::fd::OwnedFd,
    process::{ExitStatus, Stdio},
};

use rustix::termios::{LocalModes, tcgetattr, tcsetwinsize};
use tokio::{
    process::{Child, Command},
    sync::mpsc,
};

use super::{screen, within};

/// A program at a terminal. Killed when dropped.
pub struct Session {
    child: Child,
    keys: File,
    line: OwnedFd,
    shown: mpsc::Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// All that was written, as it was.
    pub written: String,
}

impl Session {
    /// Starts a program on a terminal of so many columns and rows; `setsid` of util-linux is what gives it to it.
    pub fn open(columns: u16, rows: u16, program: &Command) -> Self {
        let (ours, line) = screen::open(columns, rows);
        let mut command = Command::new("setsid");
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("TERM", "xterm-256color");
        for (name, value) in program.as_std().get_envs() {
            value.map(|value| command.env(name, value));
        }
        command.arg("--ctty").arg(program.as_std().get_program()).args(program.as_std().get_args());
        if let Some(folder) = program.as_std().get_current_dir() {
            command.current_dir(folder);
        }
        let end = || Stdio::from(line.try_clone().expect("a second handle"));
        command.stdin(end()).stdout(end()).stderr(end()).kill_on_drop(true);
        let child = command.spawn().expect("setsid can be run");
        let keys = ours.try_clone().expect("a second handle");
        let parser = vt100::Parser::new(size(rows), size(columns), 0);
        Self { child, keys, line, shown: reader(ours), parser, written: String::new() }
    }

    /// Presses these keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal is open");
    }

    /// Makes the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.screen_mut().set_size(size(rows), size(columns));
        tcsetwinsize(&self.keys, screen::size(columns, rows)).expect("a terminal has a size");
    }

    /// Waits until the screen shows this, and returns all that it shows.
    pub async fn shows(&mut self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text)).await
    }

    /// Waits until something holds of what the screen shows, and returns that.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let found = tokio::time::timeout(super::LIMIT, async {
            while !holds(&self.contents()) {
                let bytes = self.shown.recv().await;
                self.take(&bytes.unwrap_or_else(|| panic!("it ended before {what}:\n{}", self.contents())));
            }
        })
        .await;
        assert!(found.is_ok(), "waited in vain for {what} on the screen:\n{}", self.contents());
        self.contents()
    }

    /// Returns what the screen shows.
    pub fn contents(&self) -> String {
        self.parser.screen().contents()
    }

    /// Returns the screen.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Returns the program's process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Returns whether the terminal is as a shell has it: lines are edited, keys are seen, the cursor too.
    pub fn is_as_before(&self) -> bool {
        let modes = tcgetattr(&self.keys).expect("a terminal has modes").local_modes;
        let usual = modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        usual && !self.screen().alternate_screen() && !self.screen().hide_cursor()
    }

    /// Waits for its end, and sees what it has shown until then.
    pub async fn ended(&mut self) -> ExitStatus {
        let status = within("the program to end", self.child.wait()).await.expect("its status can be read");
        // Whatever was written is there by now; something else may hold the terminal open.
        self.rest().await;
        status
    }

    async fn rest(&mut self) {
        let mark = "\u{1b}[5n";
        let mut line = File::from(self.line.try_clone().expect("a second handle"));
        line.write_all(mark.as_bytes()).expect("the terminal is open");
        within("the rest of what was shown", async {
            while !self.written.ends_with(mark) {
                let bytes = self.shown.recv().await.expect("we hold it open ourselves");
                self.take(&bytes);
            }
        })
        .await;
        self.written.truncate(self.written.len() - mark.len());
    }

    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.written.push_str(&String::from_utf8_lossy(bytes));
    }
}

fn size(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has room")
}

/// Returns what is written on a terminal, piece by piece.
fn reader(mut screen: File) -> mpsc::Receiver<Vec<u8>> {
    let (shown, pieces) = mpsc::channel(64);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // On Linux the end is an error.
        while let Ok(length @ 1..) = screen.read(&mut buffer) {
            if shown.blocking_send(buffer[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    pieces
}

/// Returns whether a program is stopped, if it is there, as with Ctrl-Z.
pub fn is_stopped(pid: u32) -> Option<bool> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit(") ").next()?.starts_with('T'))
}
