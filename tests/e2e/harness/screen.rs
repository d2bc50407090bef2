//! A terminal of a certain width, to see what is shown on one.

use std::{fs::File, io::Read, os::fd::OwnedFd, process::Stdio};

use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// A terminal that nobody types at.
#[derive(Debug)]
pub struct Screen {
    screen: File,
    line: OwnedFd,
}

/// Returns our end of a terminal of so many columns and rows, and the program's.
pub fn open(columns: u16, rows: u16) -> (File, OwnedFd) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .expect("there are pseudoterminals");
    grantpt(&screen).expect("it is ours");
    unlockpt(&screen).expect("it is ours");
    let name = ptsname(&screen, Vec::new()).expect("it has a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let line = rustix::fs::open(&name, flags, Mode::empty()).expect("it is ours");
    tcsetwinsize(&line, size(columns, rows)).expect("a terminal has a size");
    (screen.into(), line)
}

/// Returns a size.
pub fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Screen {
    /// Returns one with so many columns.
    pub fn new(columns: u16) -> Self {
        let (screen, line) = open(columns, 50);
        Self { screen, line }
    }

    /// Runs a program on it to its end. Returns the exit code, and what was written, line ends as usual.
    pub async fn run(self, mut command: tokio::process::Command) -> (i32, String) {
        let end = || Stdio::from(self.line.try_clone().expect("a second handle"));
        command.stdin(end()).stdout(end()).stderr(end());
        let mut child = command.spawn().expect("it can be run");
        // Reading ends when nobody holds the other end any more.
        drop(command);
        drop(self.line);
        let mut screen = self.screen;
        let reading = tokio::task::spawn_blocking(move || {
            let mut shown = Vec::new();
            let mut buffer = [0; 4096];
            // On Linux the end is an error.
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                shown.extend_from_slice(&buffer[..length]);
            }
            String::from_utf8(shown).expect("it is UTF-8").replace("\r\n", "\n")
        });
        let shown = super::within("the end of what is shown", reading).await.expect("it can be read");
        let status = super::within("the program to end", child.wait()).await.expect("its status can be read");
        (status.code().unwrap_or(-1), shown)
    }
}
