//! What browsers are told besides the events of applications, as types. Frames are written of them, and the front end's
//! `web/events.d.ts` is made of their schemas.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{connection::CloseReason, forms::Moment, stream::Gap as GapReason, task::Progress};

/// A version of the frontend: as it was queued, or the whole document of `frontend_version_url`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Version<'a> {
    /// Opaque: what is not the same is another one.
    pub version: &'a str,
    /// What is new, for people. May have several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changelog: Option<&'a str>,
}

/// What happened to a task, as `task` writes it: tests hold what browsers get against this. Something unknown may be added: ignore it.
#[derive(Clone, Debug, JsonSchema)]
#[serde(tag = "event_type", rename_all = "snake_case")]
pub enum TaskEvent {
    /// It began.
    TaskStarted {
        /// Which one.
        task_id: String,
        /// When, in UTC.
        #[schemars(with = "Moment")]
        timestamp: String,
        /// Nothing.
        data: (),
    },
    /// It is further. Some steps may be left out, none goes back.
    ProgressUpdate {
        /// Which one.
        task_id: String,
        /// When, in UTC.
        #[schemars(with = "Moment")]
        timestamp: String,
        /// How far.
        data: Progress,
    },
    /// It ended well. Nothing follows.
    TaskCompleted {
        /// Which one.
        task_id: String,
        /// When, in UTC.
        #[schemars(with = "Moment")]
        timestamp: String,
        /// What it gave.
        data: Map<String, Value>,
    },
    /// It ended otherwise, cancelled for example. Nothing follows.
    TaskFailed {
        /// Which one.
        task_id: String,
        /// When, in UTC.
        #[schemars(with = "Moment")]
        timestamp: String,
        /// Why.
        data: TaskFailure,
    },
}

/// Why a task failed.
#[derive(Clone, Debug, JsonSchema)]
#[expect(dead_code, reason = "a description")]
pub struct TaskFailure {
    /// In words: `cancelled`, `daemon restarted`, `reporter lost`, or those of whoever ran it.
    error: String,
}

/// Events are missing that nobody can tell any more. How things are follows.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Gap {
    /// Why.
    pub reason: GapReason,
}

/// The last event of a stream that the server ends.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Bye<'a> {
    /// Why. After `replaced` another stream has this request id: stay away. After all others come back.
    pub reason: CloseReason,
    /// What an operator says to whoever is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'a str>,
}

/// The connect was refused: the only event of its stream. Of `ssectld gateway` in the envelope framing alone.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Rejected<'a> {
    /// The status with which the backend refused it.
    pub status: u16,
    /// The same in words.
    pub message: &'a str,
}

/// What each event carries, by its name.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename = "EventMap")]
#[expect(dead_code, reason = "a description")]
pub struct Events<'a> {
    version: Version<'a>,
    task_event: TaskEvent,
    /// What was pending has been sent. In the envelope framing alone.
    ready: (),
    rejected: Rejected<'a>,
    gap: Gap,
    bye: Bye<'a>,
}

/// Returns the schema of [`Events`], with those of all that is in it.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Events<'_>>()
}
