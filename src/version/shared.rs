//! Versions on which several daemons agree: what the one that queues asks of the others, and what it hears of them.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PendingVersion, QueuedVersion, service::Inner};
use crate::{
    audience::Audience,
    delivery::{Reach, Sequence, Turn, Unplaced},
    event::{Event, VersionSequence},
    request_id::RequestId,
};

/// One thing that members agree on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// A version was queued.
    Queued {
        /// The version.
        version: Box<QueuedVersion>,
        /// By which its order is recognised when it is repeated.
        digest: String,
    },
    /// Pending versions were forgotten.
    Cleared {
        /// Those that were pending for this request id; for everyone, if none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
        /// Every one.
        #[serde(default)]
        all: bool,
        /// Up to this one. None was pending where it is [`VersionSequence::FETCHED`]: the step says that its order was
        /// carried out, and nothing else.
        upto: VersionSequence,
        /// When.
        at: Timestamp,
        /// How many they were. Older members did not say.
        #[serde(default)]
        cleared: usize,
        /// By which its order is recognised when it is repeated. Older members did not say.
        #[serde(default)]
        digest: String,
    },
}

/// Which pending versions are meant.
pub(super) enum Which {
    /// Every one.
    All,
    /// The one for this audience.
    Of(Audience),
}

/// How far members had agreed, and all of that was taken up here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The number of the last step.
    pub(crate) revision: u64,
    /// The newest version.
    pub(crate) last: VersionSequence,
}

/// What came of a step.
#[cfg_attr(not(feature = "nats"), expect(dead_code, reason = "without it, nobody is asked"))]
pub(crate) enum Added {
    /// It is the next one.
    Yes,
    /// Another one came first.
    Overtaken,
    /// It was added before: this was.
    Before(Box<Step>),
}

/// Where members agree on versions.
pub(crate) trait SharedVersions: Send + Sync + 'static {
    /// Returns what this daemon is called among the members.
    fn member(&self) -> &str;

    /// Returns how far they have agreed, once that was taken up here.
    fn settled(&self) -> BoxFuture<'_, Result<Mark, Unplaced>>;

    /// Adds a step that comes right after a mark. One with an id is added once.
    fn add(&self, after: Mark, step: Step, id: Option<String>) -> BoxFuture<'_, Result<Added, Unplaced>>;

    /// Returns whether a version for one request id had given way, or was cleared with all others, when the members
    /// were heard of last.
    fn is_displaced(&self, version: &QueuedVersion) -> bool;

    /// Gives a version that was agreed on its place in the order of events.
    fn place<'a>(&'a self, version: &'a QueuedVersion) -> BoxFuture<'a, Result<Turn, Unplaced>>;
}

impl QueuedVersion {
    /// Returns who is told now.
    pub(crate) fn live(&self) -> Audience {
        if self.live_to_all { Audience::Everyone } else { self.audience.clone() }
    }

    /// Returns what they are told; `None` if that cannot be encoded.
    #[cfg(feature = "nats")]
    pub(crate) fn event(&self) -> Option<Event> {
        super::event::of(&self.version, self.changelog.as_deref(), self.sequence)
    }

    /// Returns what later connections are told.
    pub(super) fn pending(&self) -> PendingVersion {
        PendingVersion {
            version: self.version.clone(),
            changelog: self.changelog.clone(),
            audience: self.audience.clone(),
            sequence: self.sequence,
            queued_at: self.queued_at,
            key: self.key.clone(),
        }
    }
}

impl Inner {
    /// Returns whether a version is told only to those who are there: for those who come, another one holds, or none.
    pub(super) fn is_displaced(&self, version: &QueuedVersion) -> bool {
        self.shared.get().is_some_and(|shared| shared.is_displaced(version))
    }

    /// Tells a version that is stored, and makes it pending at the moment at which it has its place. Returns to how many.
    pub(super) async fn tell_at(
        self: &Arc<Self>,
        place: Option<Sequence>,
        version: QueuedVersion,
        event: Event,
    ) -> usize {
        let reach = Arc::new(Reach::new(version.sequence));
        let live = version.live();
        // At the moment of the selection: who is told on connect is told after those who were selected.
        let pend = || {
            let (audience, sequence) = (version.audience.clone(), version.sequence);
            // In this order: who clears it meanwhile finds it pending, or is found.
            if !self.is_displaced(&version) {
                self.pending().put(version.pending());
            }
            if !self.past().enter(version, Arc::clone(&reach)) {
                self.pending().take_back(&audience, sequence);
            }
        };
        let dispatched = self.dispatcher.dispatch_at(place, &live, event, Some(&reach), pend).await;
        self.queued.notify_waiters();
        let inner = Arc::clone(self);
        self.lifecycle.spawn(async move { inner.remember(&reach).await });
        dispatched.connections
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::VersionState;

    /// Reads a step as another version of the daemon may have written it.
    fn read(text: &str) -> Step {
        serde_json::from_str(text).expect("a step")
    }

    #[test]
    fn a_step_with_what_only_newer_members_know_is_read() {
        let step = read(
            r#"{"queued":{"digest":"d","colour":"red","version":{"sequence":7,"version":"1.4.0","changelog":"c",
                "request_id":null,"live_to_all":false,"queued_at":"2026-11-26T00:00:00Z","actor":"user","uid":1,
                "user":"u","key":"k","state":"pending","superseded_by":null,"cleared_at":null,"delivery":null,
                "colour":"red"}}}"#,
        );
        let Step::Queued { version, digest } = step else { panic!("{step:?}") };
        let is = (version.sequence, version.version.as_str(), version.key.as_str(), digest.as_str());
        assert_eq!(is, (VersionSequence(7), "1.4.0", "k", "d"));
        let step = read(
            r#"{"cleared":{"request_id":"a","all":true,"upto":7,"at":"2026-11-26T00:00:00Z","colour":"red"}}"#,
        );
        let Step::Cleared { request_id, all, upto, .. } = step else { panic!("{step:?}") };
        assert_eq!((request_id, all, upto), ("a".parse().ok(), true, VersionSequence(7)));
    }

    #[test]
    fn a_step_without_what_may_be_left_out_is_read() {
        let step = read(
            r#"{"queued":{"digest":"d","version":{"sequence":7,"version":"1.4.0","request_id":null,
                "queued_at":"2026-11-26T00:00:00Z","actor":"user","key":"k"}}}"#,
        );
        let Step::Queued { version, .. } = step else { panic!("{step:?}") };
        let left_out = (version.live_to_all, version.changelog, version.state, version.delivery);
        assert_eq!(left_out, (false, None, VersionState::default(), None));
        let step = read(r#"{"cleared":{"upto":7,"at":"2026-11-26T00:00:00Z"}}"#);
        let Step::Cleared { request_id, all, cleared, digest, .. } = step else { panic!("{step:?}") };
        assert_eq!((request_id, all, cleared, digest.as_str()), (None, false, 0, ""));
    }

    #[test]
    fn a_step_is_read_as_it_was_written() {
        let text =
            r#"{"cleared":{"all":true,"upto":7,"at":"2026-11-26T00:00:00Z","cleared":2,"digest":"d"}}"#;
        assert_eq!(serde_json::to_string(&read(text)).expect("JSON"), text);
    }
}
