//! What a listener does when a connection cannot be accepted.

use std::{io, time::Duration};

/// Out of file descriptors: others must close some first.
const PAUSE: Duration = Duration::from_millis(200);

/// Keeps a listener at it.
pub(crate) struct Stamina {
    whom: &'static str,
    struggling: bool,
}

impl Stamina {
    /// Returns the stamina of a listener for these.
    pub(crate) fn new(whom: &'static str) -> Self {
        Self { whom, struggling: false }
    }

    /// Notes that one was accepted.
    pub(crate) fn recovered(&mut self) {
        self.struggling = false;
    }

    /// Returns when it makes sense to go on. What is wrong is logged once, until it is over.
    pub(crate) async fn endure(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, NotConnected};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | NotConnected) {
            // It concerns one connection, which is gone.
            return;
        }
        if !std::mem::replace(&mut self.struggling, true) {
            tracing::error!(%error, "cannot accept {}; trying until it works", self.whom);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_only_where_the_listener_itself_is_in_trouble() {
        let (began, mut stamina) = (Instant::now(), Stamina::new("anybody"));
        stamina.endure(&io::ErrorKind::ConnectionAborted.into()).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        stamina.endure(&io::Error::from_raw_os_error(24)).await;
        assert!(began.elapsed() >= PAUSE && stamina.struggling);
        stamina.recovered();
        assert!(!stamina.struggling, "told anew next time");
    }
}
