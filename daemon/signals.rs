//! Signals: SIGTERM and SIGINT ask for the end, gracefully the first time, at once the second; SIGHUP asks for the
//! settings to be read again.

use std::io::{self, IsTerminal};

use ssectl_core::lifecycle::Lifecycle;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that mean something to the daemon. Caught from the moment this exists.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Catches the signals.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Passes them on, as long as the process lives; SIGHUP to this function, which must not wait: the next signal may
    /// be the one that ends the daemon.
    pub(crate) async fn forward(mut self, lifecycle: Lifecycle, reload: impl Fn()) {
        // A terminal that is closed takes the program in its foreground with it.
        let at_terminal = io::stdin().is_terminal();
        loop {
            let name = tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.hangup.recv() => "SIGHUP",
            };
            if name == "SIGHUP" && !at_terminal {
                reload();
                continue;
            }
            tracing::info!(signal = name, "asked to stop; a second signal skips to closing streams");
            lifecycle.request_stop();
        }
    }
}
