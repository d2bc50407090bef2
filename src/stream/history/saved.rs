//! The history over a restart: written when the daemon ends in order, taken out of the store when it starts. What a
//! crash came after is not there, and its browsers are told of a gap.

use std::{sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};

use super::{Entry, History, Retention, size};
use crate::{
    audience::Audience,
    config::Framing,
    event::{Service, VersionSequence},
    store::{self, Batch, Change, Store, StoreError, Table},
    stream::{
        event_id::{Epoch, EventId},
        frame::{Content, Frame, Transfer},
    },
};

/// The name of the record that the events belong to.
const BOUNDS: &str = "bounds";

#[derive(Serialize, Deserialize)]
struct Bounds {
    framing: Framing,
    floor: EventId,
    #[serde(default)]
    unbroken: Epoch,
    head: EventId,
    /// Where the runs before ended.
    #[serde(default)]
    heads: Vec<EventId>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    id: EventId,
    audience: Audience,
    block: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<VersionSequence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<Arc<str>>,
    service: Service,
}

impl History {
    /// Takes what the last run left, if it fits this one. From then on the store has none: it would be without what
    /// follows.
    pub(crate) async fn take(
        store: &dyn Store,
        framing: Framing,
        retention: Retention,
    ) -> Result<Self, StoreError> {
        let records = store.load(Table::Replay)?;
        let bounds = bounds(&records);
        let last = bounds.as_ref().ok().and_then(|bounds| bounds.as_ref().map(|bounds| bounds.head.epoch));
        let left = bounds.and_then(|bounds| Ok((bounds, events(&records)?))).unwrap_or_else(|error| {
            tracing::warn!(%error, "browsers that come back will be told of a gap: the events of late cannot be read");
            (None, Vec::new())
        });
        store
            .commit(records.into_iter().map(|(key, _)| Change::Remove(Table::Replay, key)).collect())
            .await?;
        let history = Self::new(framing, Epoch::after(last), retention);
        let (Some(bounds), mut events) = left else { return Ok(history) };
        if bounds.framing != framing {
            return Ok(history);
        }
        events.sort_unstable_by_key(|event| event.id);
        let mut kept = history.kept();
        kept.floor = bounds.floor;
        kept.unbroken = bounds.unbroken;
        kept.heads = bounds.heads;
        kept.heads.push(bounds.head);
        for event in events {
            let entry = event.into_entry();
            kept.bytes += size(&entry.frame);
            kept.entries.push_back(entry);
        }
        kept.shrink(retention, Instant::now());
        drop(kept);
        Ok(history)
    }

    /// Counts on where the last run left off: what follows is of the same order, which others keep.
    pub(crate) fn go_on(self) -> Self {
        let mut kept = self.kept();
        if let Some(head) = kept.heads.pop() {
            (kept.epoch, kept.head) = (head.epoch, head);
        }
        drop(kept);
        self
    }

    /// Returns what the next run is to take.
    pub(crate) fn leave(&self) -> Result<Batch, StoreError> {
        let kept = self.kept();
        let heads = kept.heads.iter().filter(|head| **head >= kept.floor).copied().collect();
        let (floor, unbroken, head) = (kept.floor, kept.unbroken, kept.head);
        let bounds = Bounds { framing: self.framing, floor, unbroken, head, heads };
        let mut batch = vec![Change::Put(Table::Replay, BOUNDS.to_owned(), store::encode(&bounds)?)];
        for (number, entry) in kept.entries.iter().enumerate() {
            let record = store::encode(&Record::of(entry))?;
            batch.push(Change::Put(Table::Replay, format!("{number:08}"), record));
        }
        Ok(batch)
    }
}

fn bounds(records: &[(String, Vec<u8>)]) -> Result<Option<Bounds>, StoreError> {
    let found = records.iter().find(|(key, _)| key == BOUNDS);
    found.map(|(key, bytes)| store::decode(Table::Replay, key, bytes)).transpose()
}

fn events(records: &[(String, Vec<u8>)]) -> Result<Vec<Record>, StoreError> {
    let events = records.iter().filter(|(key, _)| key != BOUNDS);
    events.map(|(key, bytes)| store::decode(Table::Replay, key, bytes)).collect()
}

impl Record {
    fn of(entry: &Entry) -> Self {
        let Entry { id, audience, frame, .. } = entry;
        let (version, progress) = match &frame.content {
            Content::Version(sequence) => (Some(*sequence), None),
            Content::Progress(task) => (None, Some(Arc::clone(task))),
            Content::Event | Content::Held(_) | Content::Note => (None, None),
        };
        let block = String::from_utf8_lossy(frame.bytes(Transfer::Plain)).into_owned();
        Self { id: *id, audience: audience.clone(), block, version, progress, service: frame.service }
    }

    fn into_entry(self) -> Entry {
        let content = match (self.version, self.progress) {
            (Some(sequence), _) => Content::Version(sequence),
            (None, Some(task)) => Content::Progress(task),
            (None, None) => Content::Event,
        };
        let frame = Frame::restored(&self.block, content, self.service);
        Entry { id: self.id, audience: self.audience, frame: Arc::new(frame), at: Instant::now() }
    }
}
