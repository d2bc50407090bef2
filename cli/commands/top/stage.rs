//! The terminal: taken over, drawn on, typed at, and given back as it was, whatever happens.

use std::{
    io::{self, BufWriter, Stdout, Write, stdout},
    panic,
    sync::Once,
    thread,
    time::{Duration, Instant},
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::{Hide, Show},
        event::{self, Event},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
    layout::{Position, Rect},
};
use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use tokio::{
    signal::unix::{self, SignalKind},
    sync::{Notify, mpsc, watch},
};

use super::{
    feed::{News, Wish},
    keys,
    model::{Model, Then},
    view,
};
use crate::{error::CliError, exit::Exit};

/// How often it is drawn while nothing happens: the seconds of a silence are counted.
const TICK: Duration = Duration::from_secs(1);
/// Keys that may wait.
const KEYS: usize = 64;

type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// The terminal, while it is ours.
pub(super) struct Stage {
    screen: Screen,
    typed: mpsc::Receiver<Event>,
    signals: Signals,
    _given_back: GivenBack,
}

impl Stage {
    /// Takes the terminal over.
    pub(super) fn enter() -> io::Result<Self> {
        // Before there is anything that a signal would leave behind.
        let signals = Signals::catch()?;
        restore_in_panics();
        let given_back = GivenBack;
        take_over()?;
        let screen = Terminal::new(CrosstermBackend::new(BufWriter::new(stdout())))?;
        Ok(Self { screen, typed: typed()?, signals, _given_back: given_back })
    }

    /// Shows the model until somebody leaves. Returns the exit code.
    pub(super) async fn play(
        mut self,
        mut model: Model,
        mut heard: mpsc::Receiver<News>,
        wanted: &watch::Sender<Wish>,
        at_once: &Notify,
    ) -> Result<u8, CliError> {
        loop {
            self.draw(&model).map_err(|error| lost(&error))?;
            let then = tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Caught::Ends(code) => return Ok(code),
                    Caught::Stops => {
                        self.suspend().map_err(|error| lost(&error))?;
                        Then::Draw
                    }
                },
                typed = self.typed.recv() => match typed {
                    Some(Event::Key(key)) => keys::meaning(key).map_or(Then::Draw, |key| model.act(key)),
                    Some(_) => Then::Draw,
                    None => return Err(lost(&io::ErrorKind::UnexpectedEof.into())),
                },
                news = heard.recv() => {
                    news.map_or(Ok(()), |news| model.hear(news))?;
                    Then::Draw
                }
                () = tokio::time::sleep(TICK) => Then::Draw,
            };
            match then {
                Then::End(exit) => return Ok(exit as u8),
                Then::AskAtOnce => at_once.notify_one(),
                Then::StopAll => stop_all(),
                Then::Redraw => self.clear().map_err(|error| lost(&error))?,
                Then::Draw => {
                    wanted.send_if_modified(|wish| {
                        let now = model.wish();
                        let changed = *wish != now;
                        *wish = now;
                        changed
                    });
                }
            }
        }
    }

    fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.screen.draw(|frame| view::draw(frame, model, Instant::now())).map(drop)
    }

    /// Gives the terminal back, stops, and takes it over again when somebody lets us go on.
    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        kill_process(getpid(), Signal::STOP)?;
        take_over()?;
        self.clear()
    }

    /// Has all of it drawn anew. (What the screen has for that asks the terminal something, and waits for keys.)
    fn clear(&mut self) -> io::Result<()> {
        let size = self.screen.size()?;
        self.screen.resize(Rect::from((Position::ORIGIN, size)))
    }
}

/// Gives the terminal back when it goes.
struct GivenBack;

impl Drop for GivenBack {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, Hide)
}

fn give_back() {
    // What fails here fails because there is no terminal any more.
    let _ = execute!(stdout(), Show, LeaveAlternateScreen);
    let _ = stdout().flush();
    let _ = disable_raw_mode();
}

/// Gives the terminal back before a defect is told on it.
fn restore_in_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |defect| {
            give_back();
            tell(defect);
        }));
    });
}

/// Returns what is typed. The thread is left behind: it ends with the process.
fn typed() -> io::Result<mpsc::Receiver<Event>> {
    let (typed, events) = mpsc::channel(KEYS);
    thread::Builder::new().name("keys".to_owned()).spawn(move || {
        while let Ok(event) = event::read() {
            if typed.blocking_send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(events)
}

/// Tells the process group, ourselves included, to stop: as a terminal does where Ctrl-Z is its key.
fn stop_all() {
    // An error leaves us where we are.
    let _ = kill_current_process_group(Signal::TSTP);
}

enum Caught {
    /// With this exit code.
    Ends(u8),
    Stops,
}

/// The signals that would leave the terminal as it is.
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hang_up: unix::Signal,
    quit: unix::Signal,
    stop: unix::Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hang_up: unix::signal(SignalKind::hangup())?,
            quit: unix::signal(SignalKind::quit())?,
            stop: unix::signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
        })
    }

    async fn next(&mut self) -> Caught {
        let signal = tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
            _ = self.quit.recv() => Signal::QUIT,
            _ = self.stop.recv() => return Caught::Stops,
        };
        Caught::Ends(u8::try_from(128 + signal.as_raw()).unwrap_or(u8::MAX))
    }
}

/// The terminal is gone, or never was one.
pub(super) fn lost(error: &io::Error) -> CliError {
    CliError::new(Exit::Failed, "cannot use the terminal").cause(error)
}
