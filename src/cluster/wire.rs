//! What members tell each other. Fields are only added: members of two versions talk to each other while a cluster is
//! upgraded, one after the other.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    audience::Audience,
    event::{Event, EventName, JsonLine, Kind},
    request_id::RequestId,
    version::QueuedVersion,
};

/// An event in the log.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Whose it is.
    pub(super) member: String,
    /// For this request id only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<RequestId>,
    name: EventName,
    data: Box<RawValue>,
    /// Of a version, all that is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Box<QueuedVersion>>,
    /// Of progress, the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<String>,
}

/// The name of events about tasks.
const TASK_EVENT: &str = "task_event";

impl Entry {
    /// Returns an event as it is told to the others; `None` if that cannot be written.
    pub(super) fn of(member: &str, audience: &Audience, event: &Event) -> Option<Self> {
        let progress = match &event.kind {
            Kind::Progress(task) => Some(task.to_string()),
            // Those come with all that is known of them.
            Kind::Version(_) => return None,
            Kind::TaskState | Kind::TaskEnd(_) | Kind::Application => None,
        };
        let data = RawValue::from_string(event.data.as_str().to_owned()).ok()?;
        let (member, name) = (member.to_owned(), event.name.clone());
        let request_id = audience.request_id().cloned();
        Some(Self { member, request_id, name, data, version: None, progress })
    }

    /// Returns a version as it is told to the others.
    pub(super) fn of_version(member: &str, version: &QueuedVersion) -> Option<Self> {
        let event = Event { kind: Kind::Application, ..version.event()? };
        let entry = Self::of(member, &version.live(), &event)?;
        Some(Self { version: Some(Box::new(version.clone())), ..entry })
    }

    /// Returns whether it is about a task.
    pub(super) fn is_of_task(&self) -> bool {
        self.name.as_str() == TASK_EVENT
    }

    /// Returns who it is for, and what they are told.
    pub(super) fn event(&self) -> Option<(Audience, Event)> {
        let kind = match (&self.version, &self.progress) {
            (Some(version), _) => Kind::Version(version.sequence),
            (None, Some(task)) => Kind::Progress(task.as_str().into()),
            (None, None) if self.is_of_task() => Kind::TaskState,
            (None, None) => Kind::Application,
        };
        // One line, whatever came.
        let data = JsonLine::compact(self.data.get()).ok()?;
        Some((self.request_id.clone().into(), Event { name: self.name.clone(), data, kind }))
    }
}
