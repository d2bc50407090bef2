//! The gateway's callback protocol, seen from the holder of the streams: a backend is asked before a stream opens,
//! and told once when it has ended.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url, header::CONTENT_TYPE};

use super::request::RequestHead;
use crate::{
    outbound::{self, InvalidUrl},
    token::Token,
};

/// A whole exchange, connecting included.
pub const LIMIT: Duration = Duration::from_secs(5);
/// Below the 5 s after which Node closes an idle connection, so that it is we who do.
const IDLE: Duration = Duration::from_secs(4);
/// What of an answer is read: more makes its connection not worth keeping.
const ANSWER_BYTES: usize = 64 * 1024;
/// Idle connections to the backend that are kept.
const KEPT: usize = 64;

/// Why a stream ended, in the protocol's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client left.
    Client,
    /// We closed it.
    Server,
    /// Writing failed, or nobody knows whether it ever began.
    Error,
}

impl Ended {
    fn label(self) -> &'static str {
        match self {
            Self::Client => "client_closed",
            Self::Server => "server_closed",
            Self::Error => "error",
        }
    }
}

/// Why a stream may not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The backend says so: anything but 2xx.
    Status {
        /// Its status,
        status: StatusCode,
        /// and the words beside it, where there are any.
        phrase: Option<String>,
    },
    /// No answer within [`LIMIT`]. Perhaps it took the stream for opened: it should be told the end.
    TimedOut,
    /// It could not be reached, or the exchange broke off.
    Unreachable(Reached),
}

/// Whether a backend may have seen a request that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It cannot have.
    No,
    /// It may have: it should be told the end.
    Perhaps,
}

/// A backend's callback URL.
#[derive(Clone, Debug)]
pub struct Callback {
    client: Client,
    url: Url,
}

impl Callback {
    /// Returns the callback at this URL, its query kept.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        let url = outbound::parse(url)?;
        let tune =
            |builder: reqwest::ClientBuilder| builder.pool_idle_timeout(IDLE).pool_max_idle_per_host(KEPT);
        let client = outbound::client(&url, LIMIT, tune)?;
        Ok(Self { client, url })
    }

    /// Asks whether a stream may open.
    pub async fn connect(&self, token: &Token, request: &RequestHead) -> Result<(), Refused> {
        let body =
            format!(r#"{{"action":"connect","token":{},"request":{}}}"#, json(token), request.as_json());
        let answered = match self.post(body).await {
            Ok(response) => settle(response).await,
            Err(error) => Err(error),
        };
        let token = token.short();
        answered.map_err(|failure| match failure {
            Failure::Status { status, phrase } => {
                tracing::debug!(token, %status, "the connect callback refused a stream");
                Refused::Status { status, phrase }
            }
            Failure::Broken(error) if error.is_timeout() => {
                tracing::warn!(token, limit = ?LIMIT, "the connect callback got no answer in time");
                Refused::TimedOut
            }
            Failure::Broken(error) => {
                tracing::warn!(token, error = outbound::reason(&error), "the connect callback failed");
                Refused::Unreachable(if error.is_connect() { Reached::No } else { Reached::Perhaps })
            }
        })
    }

    /// Tells that a stream has ended. Not repeated: what becomes of it is only logged.
    pub async fn disconnect(&self, token: &Token, reason: Ended, request: &RequestHead) {
        let body = format!(
            r#"{{"action":"disconnect","reason":"{}","token":{},"request":{}}}"#,
            reason.label(),
            json(token),
            request.as_json()
        );
        let answered = match self.post(body).await {
            Ok(response) => settle(response).await,
            Err(error) => Err(error),
        };
        let token = token.short();
        match answered {
            Ok(()) => tracing::debug!(token, "the disconnect callback was taken"),
            Err(Failure::Status { status, .. }) => {
                tracing::warn!(token, %status, "the disconnect callback was refused");
            }
            Err(Failure::Broken(error)) => {
                tracing::warn!(token, error = outbound::reason(&error), "the disconnect callback failed");
            }
        }
    }

    async fn post(&self, body: String) -> Result<Response, Failure> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        request.body(body).send().await.map_err(Failure::Broken)
    }
}

enum Failure {
    Status { status: StatusCode, phrase: Option<String> },
    Broken(reqwest::Error),
}

/// Reads an answer to its end, or as far as anybody cares.
async fn settle(mut response: Response) -> Result<(), Failure> {
    let status = response.status();
    let phrase = response.extensions().get::<hyper::ext::ReasonPhrase>();
    let phrase = phrase.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned());
    let mut read = 0;
    while read <= ANSWER_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) => break,
            // A status has been given, whatever becomes of the words behind it.
            Err(_) if !status.is_success() => break,
            Err(error) => return Err(Failure::Broken(error)),
        }
    }
    if status.is_success() { Ok(()) } else { Err(Failure::Status { status, phrase }) }
}

/// Returns a token as JSON.
fn json(token: &Token) -> serde_json::Value {
    token.as_str().into()
}

#[cfg(test)]
mod tests;
