//! The command: in our process group, with our stdin, its output through us, our signals passed on to it.

use std::{
    ffi::OsString,
    io::{self, IsTerminal, PipeReader, PipeWriter},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::ExitStatusExt,
    },
    process::ExitStatus,
    sync::Arc,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Command,
    signal::unix::{self, SignalKind},
};

use super::{
    marks::{self, Lines, Mark},
    news::{News, Source},
    relay::{Relay, Running},
    terminal::{self, Terminal},
};
use crate::{args::RunTask, error::CliError, exit::Exit};

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With this code.
    Exited(u8),
    /// By this signal.
    Killed(i32),
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            // The system keeps eight bits of it.
            (Some(code), _) => Self::Exited(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, signal) => Self::Killed(signal.unwrap_or_default()),
        }
    }

    /// Returns the code that a shell gives to it.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }

    /// Returns what browsers are told of it; none if all is well.
    pub(super) fn failure(self) -> Option<String> {
        match self {
            Self::Exited(0) => None,
            Self::Exited(code) => Some(format!("exit code {code}")),
            Self::Killed(signal) => Some(format!("signal {}", name(signal))),
        }
    }
}

fn name(signal: i32) -> String {
    match Signal::from_named_raw(signal).map(|signal| format!("{signal:?}")) {
        // Its own names of these are not those of the system.
        Some(name) if name.contains("ABORT") => "SIGABRT".to_owned(),
        Some(name) if name.contains("::ALARM") => "SIGALRM".to_owned(),
        Some(name) => format!("SIG{}", name.trim_matches('"').trim_start_matches("Signal::")),
        None => signal.to_string(),
    }
}

/// A command that runs.
pub(super) struct Child {
    process: tokio::process::Child,
    signals: Signals,
    relays: Vec<Relay>,
    /// Our ends of its terminals, and what shows them.
    terminals: Vec<(OwnedFd, OwnedFd)>,
    running: Option<Running>,
}

impl Child {
    /// Starts the command.
    pub(super) fn start(
        order: &RunTask,
        environment: Vec<(&'static str, OsString)>,
        news: &Arc<News>,
    ) -> Result<Self, CliError> {
        // Before there is a command to which they are to be passed on.
        let signals = Signals::catch().map_err(|error| cannot(&error))?;
        let mut command = Command::new(&order.command[0]);
        command.args(&order.command[1..]).envs(environment);
        let mut streams = Vec::new();
        if !order.raw {
            streams = direct(&mut command).map_err(|error| cannot(&error))?;
        }
        let process = command.spawn().map_err(|error| not_started(&order.command[0], &error))?;
        // It holds the command's ends of the output.
        drop(command);
        let mut child = Self { process, signals, relays: Vec::new(), terminals: Vec::new(), running: None };
        child.pass_on(streams, order, news).map_err(|error| cannot(&error))?;
        Ok(child)
    }

    fn pass_on(
        &mut self,
        streams: Vec<(OwnedFd, OwnedFd)>,
        order: &RunTask,
        news: &Arc<News>,
    ) -> io::Result<()> {
        let (watched, running): (PipeReader, PipeWriter) = io::pipe()?;
        for (ours, shown) in streams {
            if ours.is_terminal() {
                self.terminals.push((ours.try_clone()?, shown.try_clone()?));
            }
            let listen = listener(order, Arc::clone(news));
            self.relays.push(Relay::start(ours, shown, watched.try_clone()?, listen)?);
        }
        self.running = Some(running);
        Ok(())
    }

    /// Passes signals on until the command has ended.
    pub(super) async fn ended(&mut self) -> Ended {
        let ended = loop {
            tokio::select! {
                ended = self.process.wait() => break ended,
                signal = self.signals.next() => self.take(signal),
            }
        };
        self.running = None;
        // It is our own child, and nobody else waits for it.
        ended.map_or(Ended::Exited(u8::MAX), Ended::of)
    }

    /// Waits until all of its output was passed on.
    pub(super) async fn passed_on(&mut self) {
        for relay in &mut self.relays {
            relay.done().await;
        }
    }

    fn take(&self, signal: Caught) {
        let Caught::PassOn(signal) = signal else { return };
        if signal == Signal::WINCH {
            for (terminal, shown) in &self.terminals {
                // It stays as large as it was.
                let _ = terminal::fit(terminal, shown);
            }
        }
        // Until it was waited for, the number is its own.
        let pid = self.process.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // An error says that it has ended.
            let _ = kill_process(pid, signal);
        }
    }
}

/// Directs the command's output through us. Returns our ends, each with where it is shown. Where both streams go to one
/// terminal they have one: so what is written to them keeps its order.
fn direct(command: &mut Command) -> io::Result<Vec<(OwnedFd, OwnedFd)>> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let first = Stream::to(stdout.as_fd())?;
    if first.ours.is_terminal() && terminal::is_same(&stdout, &stderr) {
        command.stdout(first.theirs.try_clone()?).stderr(first.theirs);
        return Ok(vec![(first.ours, first.shown)]);
    }
    let second = Stream::to(stderr.as_fd())?;
    command.stdout(first.theirs).stderr(second.theirs);
    Ok(vec![(first.ours, first.shown), (second.ours, second.shown)])
}

/// One stream of output: the command's end, ours, and where it is shown.
struct Stream {
    theirs: OwnedFd,
    ours: OwnedFd,
    shown: OwnedFd,
}

impl Stream {
    fn to(shown: BorrowedFd<'_>) -> io::Result<Self> {
        let shown = shown.try_clone_to_owned()?;
        if shown.is_terminal()
            && let Ok(Terminal { ours, theirs }) = Terminal::like(&shown)
        {
            return Ok(Self { theirs: theirs.into(), ours, shown });
        }
        let (ours, theirs) = io::pipe()?;
        Ok(Self { theirs: theirs.into(), ours: ours.into(), shown })
    }
}

/// Returns what finds out from output how far the command is.
fn listener(order: &RunTask, news: Arc<News>) -> impl FnMut(&[u8]) + Send + 'static + use<> {
    let (percent, share) = (!order.no_percent, order.share_output);
    let mut lines = Lines::default();
    move |output| {
        lines.push(output, |line| {
            if let Some(mark) = marks::spoken(line) {
                return news.note(mark, Source::Spoken);
            }
            let value = if percent { marks::percentage(line) } else { None };
            let text = if share { marks::said(line) } else { None };
            if value.is_some() || text.is_some() {
                news.note(Mark { value, text }, Source::Seen);
            }
        });
    }
}

/// A signal that came to us.
#[derive(Clone, Copy)]
enum Caught {
    /// The command is to have it, too.
    PassOn(Signal),
    /// The terminal sent it to the command as well, which decides what comes of it.
    Ours,
}

/// The signals that would end us, which the command is to decide on.
struct Signals {
    terminate: unix::Signal,
    hang_up: unix::Signal,
    user_1: unix::Signal,
    user_2: unix::Signal,
    window: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            hang_up: unix::signal(SignalKind::hangup())?,
            user_1: unix::signal(SignalKind::user_defined1())?,
            user_2: unix::signal(SignalKind::user_defined2())?,
            window: unix::signal(SignalKind::window_change())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            quit: unix::signal(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.terminate.recv() => Caught::PassOn(Signal::TERM),
            _ = self.hang_up.recv() => Caught::PassOn(Signal::HUP),
            _ = self.user_1.recv() => Caught::PassOn(Signal::USR1),
            _ = self.user_2.recv() => Caught::PassOn(Signal::USR2),
            _ = self.window.recv() => Caught::PassOn(Signal::WINCH),
            _ = self.interrupt.recv() => Caught::Ours,
            _ = self.quit.recv() => Caught::Ours,
        }
    }
}

fn cannot(error: &io::Error) -> CliError {
    CliError::new(Exit::CannotExecute, "cannot prepare to run the command").cause(error)
}

fn not_started(program: &OsString, error: &io::Error) -> CliError {
    let program = program.to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotFound => {
            CliError::new(Exit::NoCommand, format!("{program}: there is no such command"))
                .cause(error)
                .hint("name it with its path, or see whether its interpreter is there")
        }
        _ => CliError::new(Exit::CannotExecute, format!("{program} cannot be executed"))
            .cause(error)
            .hint("see whether it may be executed, and is a program"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_are_those_of_a_shell() {
        let told = |raw: i32| {
            let ended = Ended::of(ExitStatus::from_raw(raw));
            (ended.code(), ended.failure())
        };
        assert_eq!(told(0), (0, None));
        assert_eq!(told(3 << 8), (3, Some("exit code 3".to_owned())));
        assert_eq!(told(15), (143, Some("signal SIGTERM".to_owned())));
        assert_eq!(told(9), (137, Some("signal SIGKILL".to_owned())));
        assert_eq!(told(6), (134, Some("signal SIGABRT".to_owned())));
        assert_eq!(told(11), (139, Some("signal SIGSEGV".to_owned())));
        assert_eq!(told(40), (168, Some("signal 40".to_owned())));
    }
}
