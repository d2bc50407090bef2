//! The words of the control API. Additive only: fields are added, never renamed or given another meaning;
//! readers ignore fields they do not know.
//!
//! | method and path | body | answer |
//! |---|---|---|
//! | `GET /v1/status` | | [`Single`]`<`[`Status`]`>` |
//! | `GET /v1/connections?ghosts=` | | [`List`]`<`[`ConnectionView`]`>`; `true`: those found gone of late after them |
//! | `GET /v1/connections/{request_id}` | | [`Single`]`<`[`ConnectionView`]`>` |
//! | `POST /v1/connections/disconnect` | [`Disconnect`] | [`Single`]`<`[`DisconnectReceipt`]`>` |
//! | `GET /v1/versions` | | [`List`]`<PendingVersion>` |
//! | `GET /v1/versions/current?request_id=` | | [`Single`]`<PendingVersion>`; 404 when nothing is pending |
//! | `POST /v1/versions` | `QueueVersion` | [`Single`]`<VersionReceipt>` |
//! | `POST /v1/versions/clear` | [`ClearVersion`] | [`Single`]`<`[`ClearReceipt`]`>` |
//! | `GET /v1/tasks` | | [`List`]`<TaskView>` |
//! | `POST /v1/tasks` | `CreateTask` | [`Single`]`<TaskReceipt>` |
//! | `GET /v1/tasks/{id}` | | [`Single`]`<TaskView>` |
//! | `GET /v1/tasks/{id}/events` | | NDJSON of [`TaskLine`], ends with its `end` line |
//! | `POST /v1/tasks/{id}/progress` | `ReportProgress` | [`Single`]`<TaskView>` |
//! | `POST /v1/tasks/{id}/complete`, `…/fail`, `…/cancel` | `EndTask` | [`Single`]`<TaskReceipt>` |
//! | `POST /v1/tasks/{id}/remove` | [`Keyed`] | [`Single`]`<TaskReceipt>` |
//! | `POST /v1/events` | [`SendEvent`] | [`Single`]`<`[`EventReceipt`]`>` |
//! | `GET /v1/audit?since=&before=&limit=` | | [`List`]`<`[`AuditEntry`]`>`, newest first |
//! | `GET /v1/daemon/drain?over_ms=` | | [`Single`]`<`[`DrainView`]`>`: what would come of it |
//! | `POST /v1/daemon/drain` | [`BeginDrain`] | [`Single`]`<`[`DrainReceipt`]`>` |
//! | `POST /v1/daemon/drain/cancel` | [`Keyed`] | [`Single`]`<`[`DrainReceipt`]`>` |
//! | `POST /v1/daemon/reload` | [`Keyed`] | [`Single`]`<`[`ReloadReceipt`]`>` |
//! | `POST /v1/daemon/stop` | [`Keyed`] | [`Single`]`<`[`StopReceipt`]`>` |
//!
//! Lists take `filter`, `sort` and `limit`, as [`listing`](super::listing) has it.
//!
//! An error is [`Failure`] with a status code that its [`ErrorCode`] determines; a method that a path does not
//! take is 405, with the code `invalid`. The `Content-Type` of a body is not looked at; no body is `{}`.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[cfg(feature = "daemon")]
use super::listing::{InvalidListing, Listed, Listing};
pub use crate::version::{ClearReceipt, ClearVersion};
use crate::{
    request_id::RequestId,
    task::{TaskCounts, TaskEvent, TaskView},
};

/// The `schema` of a thing in an envelope: `ssectl/…`.
pub const SCHEMA_VERSION: u32 = 1;

/// Many things of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List<T> {
    /// What the items are, `ssectl/connections.list` for example.
    pub schema: String,
    /// Changes only when a reader of the old form would go wrong.
    pub schema_version: u32,
    /// The things.
    pub items: Vec<T>,
    /// How many there are, those that a limit left out included.
    #[serde(default)]
    pub total: usize,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
}

/// One thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Single<T> {
    /// What the item is, `ssectl/receipt` for example.
    pub schema: String,
    /// Changes only when a reader of the old form would go wrong.
    pub schema_version: u32,
    /// The thing.
    pub item: T,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
}

impl<T> List<T> {
    /// Returns an envelope around all items.
    pub fn new(schema: &str, items: Vec<T>) -> Self {
        Self {
            schema: format!("ssectl/{schema}"),
            schema_version: SCHEMA_VERSION,
            total: items.len(),
            items,
            warnings: Vec::new(),
        }
    }
}

#[cfg(feature = "daemon")]
impl<T: Listed> List<T> {
    /// Returns an envelope around those items that were asked for.
    pub(crate) fn of(
        schema: &str,
        items: Vec<T>,
        asked: &Listing,
        now: Timestamp,
    ) -> Result<Self, InvalidListing> {
        let (items, total) = asked.apply(items, now)?;
        Ok(Self { total, ..Self::new(schema, items) })
    }
}

impl<T> Single<T> {
    /// Returns an envelope around the item.
    pub fn new(schema: &str, item: T) -> Self {
        Self {
            schema: format!("ssectl/{schema}"),
            schema_version: SCHEMA_VERSION,
            item,
            warnings: Vec::new(),
        }
    }
}

/// What kind of failure it is; decides the HTTP status and the exit code of `ssectl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is wrong. 400, exit 2.
    Invalid,
    /// The caller may not. 403, exit 5.
    Denied,
    /// There is no such thing. 404, exit 3.
    NotFound,
    /// It contradicts what is. 409, exit 6.
    Conflict,
    /// It is over a limit. 413, exit 2.
    TooLarge,
    /// The daemon does not do it now; the message says why. 503, exit 1.
    Refused,
    /// Something broke. 500, exit 1.
    Internal,
    /// Whether it was done is not known. 500, exit 7.
    OutcomeUnknown,
    /// A code of a newer daemon. Exit 1.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// Returns the HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Refused => 503,
            Self::Internal | Self::OutcomeUnknown | Self::Unknown => 500,
        }
    }
}

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error.
    pub error: ApiError,
}

/// What went wrong, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to type next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A mutation without further content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyed {
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The daemon at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// `starting`, `ready`, `draining`, `closing`.
    pub phase: String,
    /// `embedded` or `gateway`.
    pub mode: String,
    /// `named` or `envelope`.
    pub framing: String,
    /// When it started.
    pub started_at: Timestamp,
    /// The bound addresses.
    pub listen: Listen,
    /// The control socket.
    pub socket: PathBuf,
    /// Which of these sockets a service manager holds open: `public`, `internal`, `control`.
    #[serde(default)]
    pub activated: Vec<String>,
    /// Open connections.
    pub connections: usize,
    /// Pending versions.
    pub pending_versions: usize,
    /// Tasks by state.
    pub tasks: TaskCounts,
    /// How far the drain has come, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<DrainView>,
    /// Whether state survives a restart.
    pub durable: bool,
    /// What is wrong at the moment; empty when all is well.
    pub degraded: Vec<String>,
}

/// The bound addresses, `127.0.0.1:8090`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listen {
    /// Streams, page, health.
    pub public: String,
    /// Callbacks, metrics, publishers.
    pub internal: String,
}

/// A connection in a listing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionView {
    /// The browser's logical id.
    pub request_id: RequestId,
    /// The stream's token; whoever is no operator sees 8 characters.
    pub token: String,
    /// `live` or `flapping`; behind a gateway also `suspect`, and `ghost` for what is gone.
    pub state: String,
    /// When it was registered.
    pub connected_at: Timestamp,
    /// How long ago that was.
    pub age_ms: i64,
    /// When the gateway last proved to have it; null for a stream that the daemon holds itself.
    #[serde(default)]
    pub last_proven: Option<Timestamp>,
    /// Whether a restarted daemon will know it; null for a stream that the daemon holds itself.
    #[serde(default)]
    pub durable: Option<bool>,
    /// The browser's address, where known.
    pub address: Option<String>,
    /// Its `User-Agent`, where known.
    pub user_agent: Option<String>,
    /// The sequence of the newest version enqueued to it.
    pub version_sequence: Option<u64>,
}

/// An order to disconnect: by ids and tokens, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    /// These request ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_ids: Vec<RequestId>,
    /// These tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<String>,
    /// Everyone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What was disconnected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisconnectReceipt {
    /// The idempotency key.
    pub key: String,
    /// The request ids whose connection was removed and is being closed.
    pub disconnected: Vec<RequestId>,
    /// The ids and tokens that were not connected.
    pub not_found: Vec<String>,
}

/// An event of an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendEvent {
    /// Its name; reserved ones are refused.
    pub name: String,
    /// Its payload: any JSON.
    pub data: Box<RawValue>,
    /// For this request id only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReceipt {
    /// Its place in the order of events.
    pub sequence: u64,
    /// How many connections were selected.
    pub connections: usize,
}

/// The settings were read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadReceipt {
    /// The idempotency key.
    pub key: String,
    /// The settings that were changed and hold now. Secrets and roles were looked up again, too.
    pub changed: Vec<String>,
    /// The settings that were changed and hold after a restart.
    pub after_restart: Vec<String>,
}

/// The daemon is stopping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopReceipt {
    /// The idempotency key.
    pub key: String,
    /// Unfinished tasks that it waits for.
    pub tasks: usize,
    /// The sockets that a service manager holds open: it starts the daemon again at the next connection.
    #[serde(default)]
    pub activated: Vec<String>,
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was carried out.
    Done,
    /// It was carried out before; the first receipt was given again.
    Repeated,
    /// It was not carried out.
    Refused,
    /// It was tried, and whether it was done is not known; or an outcome of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// An order, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number; larger ones are newer.
    pub sequence: u64,
    /// When it was given.
    pub at: Timestamp,
    /// `user`, over the control socket; `token`, over the internal listener; `testing`.
    pub actor: String,
    /// The user, over the control socket.
    pub uid: Option<u32>,
    /// What that user was called.
    pub user: Option<String>,
    /// The process, which may be gone, and its number another's.
    pub pid: Option<u32>,
    /// `version.queue`, `task.cancel`…
    pub command: String,
    /// What it was about.
    pub target: String,
    /// The idempotency key, if there was one.
    pub key: Option<String>,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// The longest that a drain may take.
pub const MAX_DRAIN: Duration = Duration::from_secs(86_400);

/// An order to send embedded streams away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeginDrain {
    /// Evenly over this time; not given: a drain under way goes on as it is, another takes a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_ms: Option<u64>,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// A drain: embedded streams are sent away, none are let in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrainView {
    /// When it began, or got its present pace.
    pub began_at: Timestamp,
    /// Over what time streams are sent away.
    pub over_ms: u64,
    /// How many there were then.
    pub connections: usize,
    /// How many are left.
    pub left: usize,
    /// How many browsers are sent away, and soon come back, in a second.
    pub reconnects_per_second: f64,
}

/// A drain has begun, or was taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrainReceipt {
    /// The idempotency key.
    pub key: String,
    /// The drain; none if there was none to take back.
    pub drain: Option<DrainView>,
}

/// A line of `GET /v1/tasks/{id}/events`: first `task`, then an `event` for each that follows, `heartbeat`s in
/// between, last `end`. A stream without `end` was cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TaskLine {
    /// The task as it was when the stream began.
    Task {
        /// The task.
        task: TaskView,
    },
    /// Something happened.
    Event {
        /// What browsers were sent.
        event: TaskEvent,
    },
    /// Nothing happened for a while.
    Heartbeat,
    /// The task has ended.
    End {
        /// The task as it ended.
        task: TaskView,
    },
}
