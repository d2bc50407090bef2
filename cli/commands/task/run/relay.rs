//! Passes the command's output on, byte for byte and at once, and listens in. On a thread of its own: whoever reads our
//! output may take their time, and the daemon must hear from us meanwhile.

use std::{
    fs::File,
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::{AsFd, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use tokio::sync::oneshot;

const BUFFER: usize = 64 * 1024;
/// How long children of the command may write on after its end,
const GRACE: Duration = Duration::from_millis(900);
/// and how much of what is there by then is passed on: no less than any pipe holds of the command itself.
const REST_BYTES: usize = 1024 * 1024;

/// Dropped when the command has ended.
pub(super) type Running = PipeWriter;

/// One stream that is passed on.
pub(super) struct Relay {
    done: Option<oneshot::Receiver<()>>,
}

impl Relay {
    /// Passes on what comes `from` the command until that ends, or the command has.
    pub(super) fn start(
        from: OwnedFd,
        to: OwnedFd,
        command: PipeReader,
        listen: impl FnMut(&[u8]) + Send + 'static,
    ) -> io::Result<Self> {
        let (tell, done) = oneshot::channel();
        let copy =
            Copy { from: File::from(from), to: File::from(to), command, ended: None, rest: REST_BYTES };
        thread::Builder::new().name("relay".to_owned()).spawn(move || {
            copy.run(listen);
            let _ = tell.send(());
        })?;
        Ok(Self { done: Some(done) })
    }

    /// Waits until all was passed on.
    pub(super) async fn done(&mut self) {
        if let Some(done) = &mut self.done {
            let _ = done.await;
            self.done = None;
        }
    }
}

struct Copy {
    from: File,
    to: File,
    command: PipeReader,
    ended: Option<Instant>,
    rest: usize,
}

impl Copy {
    fn run(mut self, mut listen: impl FnMut(&[u8])) {
        let mut buffer = vec![0; BUFFER];
        while self.has_more() {
            match self.from.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    // Nobody reads it any more: the command must learn that as if it wrote there itself.
                    if write_all(&mut self.to, &buffer[..length]).is_err() {
                        return;
                    }
                    listen(&buffer[..length]);
                    if self.is_over() {
                        self.rest = self.rest.saturating_sub(length);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // How a terminal says that its other end is closed.
                Err(_) => return,
            }
        }
    }

    fn is_over(&self) -> bool {
        self.ended.is_some_and(|ended| ended.elapsed() >= GRACE)
    }

    /// Waits for output. False when none will come that is waited for.
    fn has_more(&mut self) -> bool {
        loop {
            if self.rest == 0 {
                return false;
            }
            let left = self.ended.map(|ended| GRACE.saturating_sub(ended.elapsed()));
            let limit = left.and_then(|left| Timespec::try_from(left).ok());
            let ready = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
            let mut both = [PollFd::new(&self.from, ready), PollFd::new(&self.command, ready)];
            let watched = if self.ended.is_none() { &mut both[..] } else { &mut both[..1] };
            match poll(watched, limit.as_ref()) {
                Ok(0) => return false,
                Ok(_) if both[0].revents().intersects(ready) => return true,
                Ok(_) => self.ended = Some(Instant::now()),
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }
}

/// Writes all, also where somebody made our output one that does not wait.
fn write_all(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(&to.as_fd(), PollFlags::OUT)], None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Stage {
        /// What the command writes to.
        command: Option<PipeWriter>,
        running: Option<Running>,
        shown: PipeReader,
        relay: Relay,
        heard: Arc<Mutex<Vec<u8>>>,
    }

    fn stage() -> Stage {
        let (from, command) = io::pipe().expect("a pipe");
        let (shown, to) = io::pipe().expect("a pipe");
        let (watched, running) = io::pipe().expect("a pipe");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listened = Arc::clone(&heard);
        let listen = move |bytes: &[u8]| listened.lock().expect("not poisoned").extend_from_slice(bytes);
        let relay = Relay::start(from.into(), to.into(), watched, listen).expect("a thread");
        Stage { command: Some(command), running: Some(running), shown, relay, heard }
    }

    #[tokio::test]
    async fn every_byte_passes_and_is_heard() {
        let mut stage = stage();
        let all: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let (mut command, written) = (stage.command.take().expect("open"), all.clone());
        let writer = thread::spawn(move || command.write_all(&written).expect("written"));
        let mut shown = Vec::new();
        stage.shown.read_to_end(&mut shown).expect("read");
        writer.join().expect("no panic");
        stage.relay.done().await;
        assert!(shown == all && *stage.heard.lock().expect("not poisoned") == all);
    }

    #[tokio::test]
    async fn a_grandchild_that_keeps_the_output_open_holds_nobody_up() {
        let mut stage = stage();
        stage.command.as_mut().expect("open").write_all(b"last words").expect("written");
        stage.running = None;
        stage.relay.done().await;
        let mut shown = Vec::new();
        stage.shown.read_to_end(&mut shown).expect("read");
        assert_eq!(shown, b"last words");
        let silenced = stage.command.as_mut().expect("open").write_all(b"x").expect_err("nobody listens");
        assert_eq!(silenced.kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn when_nobody_reads_on_the_command_learns_it() {
        let Stage { command, shown, mut relay, running, .. } = stage();
        drop(shown);
        let mut command = command.expect("open");
        command.write_all(b"x").expect("a pipe takes it");
        relay.done().await;
        assert_eq!(command.write_all(b"y").expect_err("gone").kind(), io::ErrorKind::BrokenPipe);
        drop(running);
    }
}
