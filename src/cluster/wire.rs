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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::VersionSequence;

    fn event(name: &str, data: &str, kind: Kind) -> Event {
        Event { name: name.parse().expect("a name"), data: JsonLine::compact(data).expect("JSON"), kind }
    }

    fn sent(entry: &Entry) -> Entry {
        serde_json::from_slice(&serde_json::to_vec(entry).expect("JSON")).expect("an entry")
    }

    #[test]
    fn events_arrive_as_they_were_sent() {
        let one: Audience = Some("a".parse().expect("an id")).into();
        for (audience, event) in [
            (Audience::Everyone, event("hello", "{\"x\":12345678901234567890123.10}", Kind::Application)),
            (one, event("hello", "\"text\"", Kind::Application)),
            (Audience::Everyone, event("task_event", "{}", Kind::Progress("t".into()))),
            (Audience::Everyone, event("task_event", "{}", Kind::TaskState)),
        ] {
            let entry = sent(&Entry::of("m", &audience, &event).expect("it can be written"));
            let (to, arrived) = entry.event().expect("an event");
            assert_eq!((entry.member.as_str(), to), ("m", audience));
            assert_eq!((arrived.name, arrived.data, arrived.kind), (event.name, event.data, event.kind));
        }
    }

    #[test]
    fn a_version_arrives_with_all_that_is_known_of_it() {
        let version: QueuedVersion = serde_json::from_str(
            r#"{"sequence":7,"version":"1.4.0","changelog":null,"request_id":"a","live_to_all":true,
                "queued_at":"2026-11-26T00:00:00Z","actor":"user","uid":1,"user":"u","key":"k"}"#,
        )
        .expect("a version");
        let entry = sent(&Entry::of_version("m", &version).expect("it can be written"));
        let (to, event) = entry.event().expect("an event");
        assert_eq!((to, event.data.as_str()), (Audience::Everyone, "{\"version\":\"1.4.0\"}"));
        assert_eq!(event.kind, Kind::Version(VersionSequence(7)));
        assert_eq!(entry.version.as_deref(), Some(&version));
    }

    #[test]
    fn what_only_newer_members_know_is_passed_over() {
        let text = r#"{"member":"new","name":"hello","data":[1],"colour":"red","request_id":null}"#;
        let (to, event) = serde_json::from_str::<Entry>(text).expect("an entry").event().expect("an event");
        assert_eq!((to, event.kind), (Audience::Everyone, Kind::Application));
    }
}
