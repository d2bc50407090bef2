//! Asks the control API.
//!
//! A request is one connection. What was written to it is counted, so an error says truly whether the daemon
//! can have seen the request: [`ClientError::Unreachable`] means that nothing was sent.

mod io;
mod stream;
mod wait;
/// For [`crate::fuzzing`]: what a daemon answers.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
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
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

use self::io::{Counting, Sent};
pub use self::stream::LineStream;
use super::{
    listing::{Filter, Listing},
    local,
    types::{
        ApiError, AuditEntry, BeginDrain, Blocked, ClearReceipt, ClearVersion, ConnectionLine,
        ConnectionView, Disconnect, DisconnectReceipt, DrainReceipt, DrainView, EventLine, EventReceipt,
        Failure, Keyed, Line, List, LogLevelReceipt, LogLevelView, Member, ReloadReceipt, SendEvent,
        SetLogLevel, Single, Status, StopReceipt, TaskLine, Unblock, UnblockReceipt, VersionStatus,
    },
};
use crate::{
    event::EventName,
    request_id::RequestId,
    task::{CreateTask, EndTask, ReportProgress, TaskReceipt, TaskView},
    version::{PendingVersion, QueueVersion, QueuedVersion, VersionReceipt},
};

/// The largest answer that is read.
const MAX_ANSWER: usize = 256 * 1024 * 1024;
/// What a path segment may hold unencoded is less than this; dots too are encoded, for proxies that tidy paths.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'=')
    .add(b'.')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b'[')
    .add(b']');

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

    /// Asks how the daemon is.
    pub async fn status(&self) -> Asked<Single<Status>> {
        self.get("/v1/status").await
    }

    /// Asks for the members of the cluster, each as it is now.
    pub async fn members(&self, asked: &Listing) -> Asked<List<Member>> {
        self.get(&format!("/v1/members?{}", asked.to_query())).await
    }

    /// Asks for the members of the cluster as they were last heard of.
    pub async fn members_heard(&self, asked: &Listing) -> Asked<List<Member>> {
        self.get(&format!("/v1/members?heard=true&{}", asked.to_query())).await
    }

    /// Asks for connections.
    pub async fn connections(&self, asked: &Listing, ghosts: Ghosts) -> Asked<List<ConnectionView>> {
        let besides = if ghosts == Ghosts::Too { "ghosts=true&" } else { "" };
        self.get(&format!("/v1/connections?{besides}{}", asked.to_query())).await
    }

    /// Asks for one connection.
    pub async fn connection(&self, id: &RequestId) -> Asked<Single<ConnectionView>> {
        self.get(&format!("/v1/connections/{}", connection(id.as_str()))).await
    }

    /// Watches what happens to connections.
    pub async fn watch_connections(
        &self,
        filters: &[Filter],
    ) -> Result<LineStream<ConnectionLine>, ClientError> {
        let asked = Listing { filters: filters.to_vec(), ..Listing::default() };
        self.stream(&format!("/v1/connections/events?{}", asked.to_query())).await
    }

    /// Asks which request ids are refused.
    pub async fn blocked(&self, asked: &Listing) -> Asked<List<Blocked>> {
        self.get(&format!("/v1/connections/blocked?{}", asked.to_query())).await
    }

    /// Lets request ids in again.
    pub async fn unblock(&self, order: &Unblock) -> Asked<Single<UnblockReceipt>> {
        self.post("/v1/connections/unblock", order).await
    }

    /// Disconnects.
    pub async fn disconnect(&self, order: &Disconnect) -> Asked<Single<DisconnectReceipt>> {
        self.post("/v1/connections/disconnect", order).await
    }

    /// Asks what is pending.
    pub async fn versions(&self, asked: &Listing) -> Asked<List<PendingVersion>> {
        self.get(&format!("/v1/versions?{}", asked.to_query())).await
    }

    /// Asks what a newcomer would be told.
    pub async fn current_version(&self, id: Option<&RequestId>) -> Asked<Single<PendingVersion>> {
        let query = id.map_or(String::new(), |id| format!("?request_id={}", segment(id.as_str())));
        self.get(&format!("/v1/versions/current{query}")).await
    }

    /// Queues a version.
    pub async fn queue_version(&self, order: &QueueVersion) -> Asked<Single<VersionReceipt>> {
        self.post("/v1/versions", order).await
    }

    /// Forgets pending versions.
    pub async fn clear_version(&self, order: &ClearVersion) -> Asked<Single<ClearReceipt>> {
        self.post("/v1/versions/clear", order).await
    }

    /// Asks which versions were queued of late.
    pub async fn version_history(&self, asked: &Listing) -> Asked<List<QueuedVersion>> {
        self.get(&format!("/v1/versions/history?{}", asked.to_query())).await
    }

    /// Asks how many connections were sent which version.
    pub async fn version_status(&self, version: Option<&str>) -> Asked<Single<VersionStatus>> {
        let query = version.map_or_else(String::new, |version| format!("?version={}", segment(version)));
        self.get(&format!("/v1/versions/status{query}")).await
    }

    /// Asks for tasks.
    pub async fn tasks(&self, asked: &Listing) -> Asked<List<TaskView>> {
        self.get(&format!("/v1/tasks?{}", asked.to_query())).await
    }

    /// Asks for one task.
    pub async fn task(&self, id: &str) -> Asked<Single<TaskView>> {
        self.get(&format!("/v1/tasks/{}", segment(id))).await
    }

    /// Starts or creates a task.
    pub async fn create_task(&self, order: &CreateTask) -> Asked<Single<TaskReceipt>> {
        self.post("/v1/tasks", order).await
    }

    /// Reports progress.
    pub async fn report(&self, id: &str, report: &ReportProgress) -> Asked<Single<TaskView>> {
        self.post(&format!("/v1/tasks/{}/progress", segment(id)), report).await
    }

    /// Ends a task well.
    pub async fn complete_task(&self, id: &str, order: &EndTask) -> Asked<Single<TaskReceipt>> {
        self.post(&format!("/v1/tasks/{}/complete", segment(id)), order).await
    }

    /// Ends a task badly.
    pub async fn fail_task(&self, id: &str, order: &EndTask) -> Asked<Single<TaskReceipt>> {
        self.post(&format!("/v1/tasks/{}/fail", segment(id)), order).await
    }

    /// Cancels a task.
    pub async fn cancel_task(&self, id: &str, order: &EndTask) -> Asked<Single<TaskReceipt>> {
        self.post(&format!("/v1/tasks/{}/cancel", segment(id)), order).await
    }

    /// Forgets an ended task.
    pub async fn remove_task(&self, id: &str, order: &Keyed) -> Asked<Single<TaskReceipt>> {
        self.post(&format!("/v1/tasks/{}/remove", segment(id)), order).await
    }

    /// Follows a task.
    pub async fn follow_task(&self, id: &str) -> Result<LineStream<TaskLine>, ClientError> {
        self.stream(&format!("/v1/tasks/{}/events", segment(id))).await
    }

    /// Follows a task as its reporter, which is lost when it hangs up.
    pub async fn hold_task(&self, id: &str) -> Result<LineStream<TaskLine>, ClientError> {
        self.stream(&format!("/v1/tasks/{}/hold", segment(id))).await
    }

    /// Watches what is dispatched: after a number of that daemon first, as far as it remembers.
    pub async fn tail_events(
        &self,
        filters: &[Filter],
        names: &[EventName],
        since: Option<u64>,
        of: Option<Timestamp>,
    ) -> Result<LineStream<EventLine>, ClientError> {
        let asked = Listing { filters: filters.to_vec(), ..Listing::default() };
        let names = names.iter().map(EventName::as_str).collect::<Vec<_>>().join(",");
        let names = if names.is_empty() { names } else { format!("&names={names}") };
        let since = since.map_or_else(String::new, |since| format!("&since={since}"));
        let of = of.map_or_else(String::new, |of| format!("&of={of}"));
        self.stream(&format!("/v1/events?{}{names}{since}{of}", asked.to_query())).await
    }

    /// Sends an event.
    pub async fn send_event(&self, order: &SendEvent) -> Asked<Single<EventReceipt>> {
        self.post("/v1/events", order).await
    }

    /// Asks for entries of the audit log.
    pub async fn audit(
        &self,
        since: Option<Timestamp>,
        before: Option<u64>,
        asked: &Listing,
    ) -> Asked<List<AuditEntry>> {
        let since = since.map_or_else(String::new, |since| format!("&since={since}"));
        let before = before.map_or_else(String::new, |before| format!("&before={before}"));
        self.get(&format!("/v1/audit?{}{since}{before}", asked.to_query())).await
    }

    /// Asks what would come of a drain.
    pub async fn forecast_drain(&self, over_ms: Option<u64>) -> Asked<Single<DrainView>> {
        let query = over_ms.map_or(String::new(), |ms| format!("?over_ms={ms}"));
        self.get(&format!("/v1/daemon/drain{query}")).await
    }

    /// Sends embedded streams away.
    pub async fn drain(&self, order: &BeginDrain) -> Asked<Single<DrainReceipt>> {
        self.post("/v1/daemon/drain", order).await
    }

    /// Takes a drain back.
    pub async fn cancel_drain(&self, order: &Keyed) -> Asked<Single<DrainReceipt>> {
        self.post("/v1/daemon/drain/cancel", order).await
    }

    /// Asks what is logged.
    pub async fn log_level(&self) -> Asked<Single<LogLevelView>> {
        self.get("/v1/daemon/log-level").await
    }

    /// Has something else logged.
    pub async fn set_log_level(&self, order: &SetLogLevel) -> Asked<Single<LogLevelReceipt>> {
        self.post("/v1/daemon/log-level", order).await
    }

    /// Has the settings read again.
    pub async fn reload(&self, order: &Keyed) -> Asked<Single<ReloadReceipt>> {
        self.post("/v1/daemon/reload", order).await
    }

    /// Begins the daemon's shutdown.
    pub async fn stop(&self, order: &Keyed) -> Asked<Single<StopReceipt>> {
        self.post("/v1/daemon/stop", order).await
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

/// Returns the segment of a request id, not to be taken for the name of a path beside it.
fn connection(id: &str) -> String {
    match (id, id.as_bytes()) {
        ("blocked" | "disconnect" | "events" | "unblock", [first, ..]) => format!("%{first:02X}{}", &id[1..]),
        _ => segment(id).to_string(),
    }
}

fn segment(text: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(text, SEGMENT)
}
