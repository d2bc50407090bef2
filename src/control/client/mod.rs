//! Asks the control API.
//!
//! A request is one connection. What was written to it is counted, so an error says truly whether the daemon
//! can have seen the request: [`ClientError::Unreachable`] means that nothing was sent.

mod io;
mod operations;
mod path;
mod stream;
mod wait;
/// For [`crate::fuzzing`]: what a daemon answers.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    use super::types::{ConnectionView, List, Single, Status};
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = failure(StatusCode::BAD_REQUEST, text);
        let _ = serde_json::from_str::<Single<Status>>(text);
        let _ = serde_json::from_str::<List<ConnectionView>>(text);
    }
    stream::fuzz(bytes);
}

#[cfg(test)]
mod tests;

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};

pub use self::stream::LineStream;
use self::{
    io::{Counting, Sent},
    path::segment,
};
use super::{
    local,
    types::{ApiError, Failure, Line},
};

/// The largest answer that is read.
const MAX_ANSWER: usize = 256 * 1024 * 1024;
/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing was sent: the request may be repeated as it is.
    #[error("cannot reach the daemon: {0}")]
    Unreachable(#[source] std::io::Error),
    /// Something was sent, and no answer came: whether it was done is unknown.
    #[error("no answer from the daemon: {0}")]
    NoAnswer(String),
    /// The daemon refused.
    #[error(transparent)]
    Refused(ApiError),
    /// It answered something that is not of this API.
    #[error("the daemon's answer is not understood: {0}")]
    NotUnderstood(String),
}

/// An answer, understood and as it came.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// What it says.
    pub value: T,
    /// The JSON text, with whatever a newer daemon says besides.
    pub json: String,
}

type Asked<T> = Result<Answer<T>, ClientError>;
type Connection =
    http1::Connection<TokioIo<Counting<interprocess::local_socket::tokio::Stream>>, Full<Bytes>>;

/// Whether a list of connections has those that are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ghosts {
    /// Also those that were found gone at the gateway of late.
    Too,
    /// Only where a filter asks for them.
    Hidden,
}

/// Whom a daemon asks on behalf of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    /// Itself.
    Daemon,
    /// All members of its cluster.
    Cluster,
}

/// Talks to one daemon.
#[derive(Clone, Debug)]
pub struct Client {
    path: PathBuf,
    limit: Duration,
    sent: Sent,
    /// The member of its cluster that it passes everything on to.
    member: Option<String>,
    whom: Whom,
}

impl Client {
    /// Returns a client of the daemon on this socket; every answer may take this long.
    pub fn new(path: &Path, limit: Duration) -> Self {
        Self { path: path.to_owned(), limit, sent: Sent::default(), member: None, whom: Whom::Daemon }
    }

    /// Returns the same, whose answers may take this long.
    pub fn with_limit(&self, limit: Duration) -> Self {
        Self { limit, ..self.clone() }
    }

    /// Returns the same for another member of the daemon's cluster, to which that passes on what is asked.
    pub fn at_member(&self, member: Option<&str>) -> Self {
        Self { member: member.map(str::to_owned), ..self.clone() }
    }

    /// Returns the same for all members of the daemon's cluster. For what can be asked of all.
    pub fn of_cluster(&self) -> Self {
        Self { whom: Whom::Cluster, ..self.clone() }
    }

    /// Returns the socket's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether anything of the latest request was sent.
    pub fn has_sent(&self) -> bool {
        self.sent.any()
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Asked<T> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, order: &impl Serialize) -> Asked<T> {
        let body = serde_json::to_vec(order)
            .map_err(|error| ClientError::Unreachable(std::io::Error::other(error)))?;
        self.ask(Method::POST, path, body.into()).await
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Asked<T> {
        self.limited(async {
            let (response, connection) = self.exchange(method, path, body).await?;
            self.understand(response, connection).await
        })
        .await
    }

    /// Opens a stream, which has no time limit as a whole; its beginning has.
    async fn stream<L: Line>(&self, path: &str) -> Result<LineStream<L>, ClientError> {
        self.limited(async {
            let (response, connection) = self.exchange(Method::GET, path, Bytes::new()).await?;
            if response.status().is_success() {
                return Ok(LineStream::new(response.into_body(), connection));
            }
            Err(self.understand::<()>(response, connection).await.err().unwrap_or_else(contradiction))
        })
        .await
    }

    async fn limited<T>(&self, work: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
        self.sent.forget();
        match tokio::time::timeout(self.limit, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.lost(&format!("nothing came within {:?}", self.limit))),
        }
    }

    /// Sends a request. Returns the head of the answer, and what must be driven to read the rest.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(Response<Incoming>, Pin<Box<Connection>>), ClientError> {
        let stream = local::connect(&self.path).await.map_err(ClientError::Unreachable)?;
        let io = TokioIo::new(Counting::new(stream, self.sent.clone()));
        let (mut sender, connection) =
            http1::handshake(io).await.map_err(|error| self.lost(&chain(&error)))?;
        let request = Request::builder()
            .method(method)
            .uri(self.placed(path))
            .header(HOST, "ssectld")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| ClientError::Unreachable(std::io::Error::other(error)))?;
        let mut connection = Box::pin(connection);
        let response = driven(&mut connection, sender.send_request(request)).await;
        response.map(|response| (response, connection)).map_err(|error| self.lost(&chain(&error)))
    }

    /// Returns where something is asked for, of whom it is to be asked.
    fn placed(&self, path: &str) -> String {
        let path = match (&self.member, path.strip_prefix("/v1/")) {
            (Some(member), Some(rest)) => format!("/v1/members/{}/{rest}", segment(member)),
            _ => path.to_owned(),
        };
        match self.whom {
            Whom::Daemon => path,
            Whom::Cluster if path.contains('?') => format!("{path}&cluster=true"),
            Whom::Cluster => format!("{path}?cluster=true"),
        }
    }

    async fn understand<T: DeserializeOwned>(
        &self,
        response: Response<Incoming>,
        mut connection: Pin<Box<Connection>>,
    ) -> Asked<T> {
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect();
        let body = driven(&mut connection, body).await.map_err(|error| self.lost(&error.to_string()))?;
        let json = String::from_utf8(body.to_bytes().into())
            .map_err(|_| ClientError::NotUnderstood("it is not text".to_owned()))?;
        if !status.is_success() {
            return Err(failure(status, &json));
        }
        match serde_json::from_str(&json) {
            Ok(value) => Ok(Answer { value, json }),
            Err(error) => Err(ClientError::NotUnderstood(error.to_string())),
        }
    }

    fn lost(&self, why: &str) -> ClientError {
        if self.sent.any() {
            ClientError::NoAnswer(why.to_owned())
        } else {
            ClientError::Unreachable(std::io::Error::other(why.to_owned()))
        }
    }
}

fn failure(status: StatusCode, json: &str) -> ClientError {
    match serde_json::from_str::<Failure>(json) {
        Ok(failure) => ClientError::Refused(failure.error),
        Err(_) => ClientError::NotUnderstood(format!("status {status} without an explanation")),
    }
}

fn contradiction() -> ClientError {
    ClientError::NotUnderstood("an error that is none".to_owned())
}

/// Completes `work` while the connection that it depends on is driven.
async fn driven<T>(connection: &mut Pin<Box<Connection>>, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        // Its error, if any, reaches `work` too.
        _ = connection.as_mut() => {}
    }
    work.await
}

/// Returns an error with its causes: hyper's own words alone say little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
