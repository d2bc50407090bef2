//! A shell at a terminal, typed to as people type.

use std::process::Stdio;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{Home, shell, within};

/// A shell at a terminal. Killed when dropped.
#[derive(Debug)]
pub struct Terminal {
    _child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    seen: String,
}

impl Terminal {
    /// Opens one with this command; `script` of util-linux is what makes a terminal.
    pub fn open(home: &Home, command: &str) -> Self {
        let mut script = Command::new("script");
        shell::in_home(home, &mut script);
        script.env("TERM", "dumb").args(["-qfec", command, "/dev/null"]);
        let mut child =
            script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script can be run");
        let (keys, screen) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Self { _child: child, keys, screen, seen: String::new() }
    }

    /// Presses these keys.
    pub async fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).await.expect("the terminal is open");
        self.keys.flush().await.expect("the terminal is open");
    }

    /// Waits until the screen shows this, and returns what it has shown before since it was asked last.
    pub async fn shows(&mut self, text: &str) -> String {
        self.find(&[text]).await.0
    }

    /// Waits until the screen shows one of these, and returns which.
    pub async fn shows_one_of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        self.find(texts).await.1
    }

    async fn find<'a>(&mut self, texts: &[&'a str]) -> (String, &'a str) {
        let mut buffer = [0; 4096];
        within(&format!("{texts:?} on the terminal"), async {
            loop {
                let found = texts.iter().filter_map(|text| Some((self.seen.find(text)?, *text))).min();
                if let Some((at, text)) = found {
                    let before = self.seen[..at].to_owned();
                    self.seen.drain(..at + text.len());
                    return (before, text);
                }
                let length = self.screen.read(&mut buffer).await.expect("readable");
                assert!(length > 0, "the shell ended: {:?}", self.seen);
                self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
        })
        .await
    }
}
