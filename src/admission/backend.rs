//! The backend of `stream.authorize_url`: asked before an embedded stream opens, told once when it has ended.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::StatusCode;

use crate::{
    connection::{CloseReason, Connection},
    delivery::Departures,
    lifecycle::Lifecycle,
    outbound::InvalidUrl,
    stream::{
        Admitted,
        callback::{Answer, Callback, Reason},
    },
    token::Token,
};

/// Refusals that pass: a browser that is told them by status never comes back.
const PASSING: [StatusCode; 3] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];

/// Who decides which streams open, and what it knows of them.
pub struct Backend {
    callback: Callback,
    /// What it was asked for each open stream, and is told again at its end. In memory alone: there are cookies in it.
    asked: Mutex<HashMap<Token, Arc<str>>>,
}

impl Backend {
    /// Returns the backend at this URL.
    pub fn new(url: &str, lifecycle: Lifecycle) -> Result<Self, InvalidUrl> {
        Ok(Self { callback: Callback::new(url, lifecycle)?, asked: Mutex::default() })
    }

    /// Asks whether a stream may open.
    pub(super) async fn ask(&self, token: &Token, request: Arc<str>) -> Result<(), Admitted> {
        match self.callback.connect(token, &request).await {
            Answer::Yes => {
                self.lock().insert(token.clone(), request);
                Ok(())
            }
            Answer::No(status, _) if status.is_client_error() && !PASSING.contains(&status) => {
                Err(Admitted::Denied(status))
            }
            Answer::No(..) | Answer::Unreachable => Err(Admitted::Unavailable),
            Answer::TimedOut | Answer::BrokenOff => {
                // It may have taken the stream for open.
                self.callback.disconnect(token, Reason::Error, &request);
                Err(Admitted::Unavailable)
            }
        }
    }

    /// Tells that a stream has ended, if it does not know yet. Returns at once.
    pub(super) fn tell(&self, token: &Token, reason: Reason) {
        let mut asked = self.lock();
        let request = asked.remove(token);
        if asked.is_empty() {
            asked.shrink_to_fit();
        }
        drop(asked);
        if let Some(request) = request {
            self.callback.disconnect(token, reason, &request);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Token, Arc<str>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes departures on, and tells the backend of them: of every stream that was open, whatever ended it.
pub(crate) struct TellingDepartures {
    pub(crate) registry: Arc<dyn Departures>,
    pub(crate) backend: Arc<Backend>,
}

impl Departures for TellingDepartures {
    fn departed(&self, connection: &Connection, reason: CloseReason) {
        self.registry.departed(connection, reason);
        self.backend.tell(&connection.token, reason.into());
    }
}
