//! What the backend is asked and told by whoever holds the streams, in the protocol of the Node gateway: `POST` to the callback's URL, each within its time, none repeated.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, Response, StatusCode, Url, header::CONTENT_TYPE};
use tokio::sync::Semaphore;

use super::Limits;
use crate::{
    connection::CloseReason,
    lifecycle::Lifecycle,
    outbound::{self, InvalidUrl},
    token::Token,
};

/// For a whole exchange.
const LIMIT: Duration = Duration::from_secs(5);
/// Below the 5 s after which many a server closes an idle connection.
const IDLE: Duration = Duration::from_secs(4);
/// Disconnects that are told at once; the others wait.
const AT_ONCE: usize = 128;
/// Disconnects that may wait. What does not fit is logged and lost.
const WAITING: usize = 100_000;
/// An answer is a few bytes; of one with more the rest does not matter.
const ANSWER_BYTES: usize = 64 * 1024;

/// What the backend said to a connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 2xx.
    Yes,
    /// Any other status, with the words of its status line.
    No(StatusCode, String),
    /// It cannot be reached: it knows nothing of the stream.
    Unreachable,
    /// The exchange broke off: it may have registered the stream.
    BrokenOff,
    /// It did not answer in time: it may have registered the stream.
    TimedOut,
}

/// Why a stream ended, in the words of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The client left.
    ClientClosed,
    /// We closed it.
    ServerClosed,
    /// Writing failed, or nobody knows whether it ever began.
    Error,
}

impl From<CloseReason> for Reason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::ClientClosed => Self::ClientClosed,
            CloseReason::Disconnected
            | CloseReason::Replaced
            | CloseReason::Lifetime
            | CloseReason::Drain
            | CloseReason::Shutdown => Self::ServerClosed,
            CloseReason::SlowConsumer | CloseReason::NotFound | CloseReason::Error => Self::Error,
        }
    }
}

impl Reason {
    fn label(self) -> &'static str {
        match self {
            Self::ClientClosed => "client_closed",
            Self::ServerClosed => "server_closed",
            Self::Error => "error",
        }
    }
}

/// The backend.
pub(crate) struct Callback(Arc<Shared>);

struct Shared {
    client: Client,
    url: Url,
    asking: Semaphore,
    telling: Semaphore,
    untold: AtomicUsize,
    lifecycle: Lifecycle,
}

impl Callback {
    /// Returns the backend at a URL, which is used as it is, its query included.
    pub(crate) fn new(url: &str, lifecycle: Lifecycle) -> Result<Self, InvalidUrl> {
        let url = outbound::parse(url)?;
        let client = outbound::client(&url, LIMIT, |builder| builder.pool_idle_timeout(IDLE))?;
        // Each has a descriptor of its own.
        let most = Limits::of_process().callbacks;
        let (asking, telling) = (Semaphore::new(most), Semaphore::new(AT_ONCE.min(most)));
        let untold = AtomicUsize::new(0);
        Ok(Self(Arc::new(Shared { client, url, asking, telling, untold, lifecycle })))
    }

    /// Asks whether a stream may open.
    pub(crate) async fn connect(&self, token: &Token, request: &str) -> Answer {
        let token_text = token.as_str();
        let body = format!(r#"{{"action":"connect","token":"{token_text}","request":{request}}}"#);
        // The semaphore is never closed.
        let place = self.0.asking.acquire().await;
        let answer = self.0.post(body).await;
        drop(place);
        match &answer {
            Answer::Yes => tracing::debug!(token = token.short(), "connect callback succeeded"),
            other => tracing::info!(token = token.short(), answer = ?other, "connect callback failed"),
        }
        answer
    }

    /// Tells that a stream ended, in the background. May be called from any thread.
    pub(crate) fn disconnect(&self, token: &Token, reason: Reason, request: &str) {
        let shared = Arc::clone(&self.0);
        if shared.untold.fetch_add(1, Ordering::Relaxed) >= WAITING {
            shared.untold.fetch_sub(1, Ordering::Relaxed);
            tracing::error!(
                token = token.short(),
                "the backend falls behind: it is not told that this stream ended"
            );
            return;
        }
        let (token_text, label) = (token.as_str(), reason.label());
        let body = format!(
            r#"{{"action":"disconnect","reason":"{label}","token":"{token_text}","request":{request}}}"#
        );
        let token = token.clone();
        self.0.lifecycle.spawn(async move {
            // The semaphore is never closed.
            let place = shared.telling.acquire().await;
            match shared.post(body).await {
                Answer::Yes => tracing::debug!(token = token.short(), "disconnect callback succeeded"),
                other => tracing::warn!(token = token.short(), answer = ?other, "disconnect callback failed"),
            }
            drop(place);
            shared.untold.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Returns how many disconnects are not answered yet.
    pub(crate) fn untold(&self) -> usize {
        self.0.untold.load(Ordering::Relaxed)
    }
}

impl Shared {
    async fn post(&self, body: String) -> Answer {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        let (status, phrase) = (response.status(), phrase(&response));
        if let Err(error) = discard(response).await {
            return failed(&error);
        }
        if status.is_success() { Answer::Yes } else { Answer::No(status, phrase) }
    }
}

fn failed(error: &reqwest::Error) -> Answer {
    tracing::debug!(error = outbound::reason(error), "a callback failed");
    if error.is_timeout() {
        Answer::TimedOut
    } else if error.is_connect() {
        Answer::Unreachable
    } else {
        Answer::BrokenOff
    }
}

/// Returns the words of a status line.
fn phrase(response: &Response) -> String {
    let own = response.extensions().get::<hyper::ext::ReasonPhrase>();
    match own.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned()) {
        Some(phrase) if !phrase.is_empty() => phrase,
        _ => response.status().canonical_reason().unwrap_or_default().to_owned(),
    }
}

/// Reads an answer to its end: it counts only whole.
async fn discard(mut response: Response) -> Result<(), reqwest::Error> {
    let mut read = 0;
    while let Some(chunk) = response.chunk().await? {
        read += chunk.len();
        if read > ANSWER_BYTES {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
