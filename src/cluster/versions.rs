//! The versions on which the members agree: a bucket of keys and values in which the order of the steps is the order of
//! versions. A step is added only by who has taken up all before it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::jetstream::{
    context::PublishErrorKind,
    message::PublishMessage,
    stream::{Config, Stream},
};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    fold::{Fold, ONE, clears, key},
    link::{Link, PATIENCE},
    log::Log,
    reader::{Hear, Known, Read, Standing},
};
use crate::{
    audience::Audience,
    delivery::{Turn, Unplaced},
    event::VersionSequence,
    lifecycle::Lifecycle,
    version::{Added, Mark, QueuedVersion, SharedVersions, Step, VersionService},
};

/// The bucket.
pub(super) const BUCKET: &str = "versions";
/// Steps that are kept for each key: the history of versions.
const KEPT: i64 = 64;
/// How long a step is recognised when it is added again, as long as its receipt is kept.
const REPEATED: Duration = Duration::from_secs(24 * 3600);
/// How long a version may go untold before whoever notices tells it.
const UNTOLD: Duration = Duration::from_secs(2);

/// The bucket as one member reads and writes it.
pub(super) struct Versions {
    link: Arc<Link>,
    log: Arc<Log>,
    service: Arc<VersionService>,
    lifecycle: Lifecycle,
    fold: Mutex<Fold>,
    /// Those that were added, and not told here yet.
    untold: Mutex<BTreeMap<VersionSequence, QueuedVersion>>,
    /// Told whenever the fold changed.
    folded: watch::Sender<u64>,
    pub(super) known: Known,
}

impl Versions {
    pub(super) fn new(
        link: Arc<Link>,
        log: Arc<Log>,
        service: Arc<VersionService>,
        lifecycle: Lifecycle,
    ) -> Self {
        let (fold, untold, folded) = (Mutex::default(), Mutex::default(), watch::Sender::new(0));
        Self { link, log, service, lifecycle, fold, untold, folded, known: Known::default() }
    }

    /// Returns what the bucket is like.
    pub(super) fn config(link: &Link) -> Config {
        Config { max_messages_per_subject: KEPT, duplicate_window: REPEATED, ..link.bucket(BUCKET) }
    }

    /// Waits until all that was there at the start was taken up.
    pub(super) async fn settle(&self) {
        let mut folded = self.folded.subscribe();
        while !self.fold().settled {
            if folded.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until a step was taken up here.
    async fn read_up_to(&self, revision: u64) {
        let mut folded = self.folded.subscribe();
        while self.fold().revision < revision && folded.changed().await.is_ok() {}
    }

    fn fold(&self) -> MutexGuard<'_, Fold> {
        self.fold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn untold(&self) -> MutexGuard<'_, BTreeMap<VersionSequence, QueuedVersion>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self) -> Option<Mark> {
        self.fold().mark()
    }

    /// Takes up what was there at the start, and what this member alone still has.
    async fn take_up(self: &Arc<Self>, steps: Vec<Step>) {
        if let Err(error) = self.service.belong_to(self.link.name(), &steps).await {
            tracing::warn!(%error, "which cluster the versions here are of is not stored");
        }
        if self.fold().begun || self.service.has_listeners() {
            self.fold().settled = true;
            for step in steps {
                self.take(step).await;
            }
        } else if let Err(error) = self.service.adopt(&steps).await {
            tracing::warn!(%error, "the cluster's versions are not stored here: a restart without NATS forgets them");
        }
        {
            let mut fold = self.fold();
            (fold.settled, fold.begun) = (true, true);
        }
        let versions = Arc::clone(self);
        let closing = self.lifecycle.closing();
        self.lifecycle.spawn(async move { closing.run_until_cancelled(versions.restore()).await });
    }

    /// Puts back what this daemon has acknowledged and the servers have lost.
    async fn restore(&self) {
        for version in self.service.held() {
            while let Some(mark) = self.mark().filter(|_| !self.fold().covers(&version)) {
                let step = Step::Queued { version: Box::new(version.clone()), digest: String::new() };
                match self.add(mark, step, None).await {
                    Ok(Added::Yes) => {
                        tracing::warn!(
                            version = version.version,
                            sequence = version.sequence.0,
                            "the cluster had lost a version that is pending here: it was put back"
                        );
                        break;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, version = version.version, "a version was not put back yet");
                        sleep(UNTOLD).await;
                    }
                }
            }
        }
    }

    /// Sees to it that a version is told, should whoever queued it not get to that.
    fn watch_over(self: &Arc<Self>, version: QueuedVersion) {
        self.untold().insert(version.sequence, version.clone());
        let versions = Arc::clone(self);
        let closing = self.lifecycle.closing();
        self.lifecycle.spawn(closing.run_until_cancelled_owned(async move {
            loop {
                sleep(UNTOLD).await;
                if versions.see_to(&version).await {
                    versions.untold().remove(&version.sequence);
                    return;
                }
            }
        }));
    }

    /// Tells a version that was not told yet. Returns whether there is nothing left to do.
    async fn see_to(&self, version: &QueuedVersion) -> bool {
        if self.service.knows(version.sequence) {
            return true;
        }
        if self.fold().outdates(version) {
            self.note(version.clone()).await;
            return true;
        }
        let Some(place) = self.log.tell(version).await else { return false };
        let passed = place <= self.log.progress().borrow().place.sequence;
        if passed && !self.service.knows(version.sequence) {
            self.service.hear_late(version.clone()).await;
            self.folded.send_modify(|changes| *changes += 1);
        }
        passed
    }

    /// Remembers a version that nobody is to be told of any more.
    async fn note(&self, version: QueuedVersion) {
        if let Err(error) = self.service.note(version).await {
            tracing::warn!(%error, "a version of the cluster is not remembered here");
        }
        self.folded.send_modify(|changes| *changes += 1);
    }

    /// Takes one step that came after the start.
    async fn take(self: &Arc<Self>, step: Step) {
        match &step {
            Step::Queued { version, .. } if self.service.knows(version.sequence) => {}
            Step::Queued { version, .. } if self.fold().outdates(version) => {
                self.note(*version.clone()).await;
            }
            Step::Queued { version, .. } => self.watch_over(*version.clone()),
            Step::Cleared { at, .. } => {
                let cleared: Vec<_> =
                    self.untold().values().filter(|version| clears(&step, version)).cloned().collect();
                for version in cleared {
                    self.note(QueuedVersion { cleared_at: Some(*at), ..version }).await;
                }
                if let Err(error) = self.service.forget(&step).await {
                    tracing::warn!(%error, "that versions were cleared is not stored here");
                }
            }
        }
    }

    /// Waits until a version was taken up here.
    async fn taken_up(&self, sequence: VersionSequence) {
        let (mut read, mut folded) = (self.log.progress(), self.folded.subscribe());
        while sequence > VersionSequence::FETCHED && !self.service.knows(sequence) {
            let changed = tokio::select! {
                changed = read.changed() => changed,
                changed = folded.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        }
    }

    async fn stream(&self) -> Result<Stream, Unplaced> {
        self.link.stream(&Self::config(&self.link)).await.map_err(|_| Unplaced::Away)
    }

    /// Returns the step that was added with an id before.
    async fn before(&self, revision: u64) -> Result<Added, Unplaced> {
        let stream = self.stream().await.map_err(|_| Unplaced::Unknown)?;
        let message = stream.get_raw_message(revision).await.map_err(|_| Unplaced::Unknown)?;
        let step = serde_json::from_slice(&message.payload).map_err(|_| Unplaced::Unknown)?;
        Ok(Added::Before(Box::new(step)))
    }

    async fn publish(&self, after: Mark, step: &Step, id: Option<String>) -> Result<Added, Unplaced> {
        let payload = serde_json::to_vec(step).map_err(|_| Unplaced::Unknown)?;
        let mut message =
            PublishMessage::build().payload(Bytes::from(payload)).expected_last_sequence(after.revision);
        if let Some(id) = id {
            message = message.message_id(id);
        }
        let subject = self.link.key(BUCKET, &key(step));
        let sent = self.link.jetstream.send_publish(subject, message).await.map_err(|_| Unplaced::Away)?;
        match sent.await {
            Ok(placed) if placed.duplicate => self.before(placed.sequence).await,
            Ok(placed) => {
                self.link.acknowledged();
                self.known.is_there(placed.sequence);
                self.make_room(step, placed.sequence);
                Ok(Added::Yes)
            }
            Err(error) => match error.kind() {
                PublishErrorKind::WrongLastSequence => Ok(Added::Overtaken),
                PublishErrorKind::StreamNotFound => Err(Unplaced::Away),
                _ => Err(Unplaced::Unknown),
            },
        }
    }
}

impl Versions {
    /// Forgets the versions for single request ids, of which none is pending after a step.
    fn make_room(&self, step: &Step, revision: u64) {
        // To the servers, everything before the first is everything.
        if revision <= 1 || !self.fold().ends_with(step) {
            return;
        }
        let (link, closing) = (Arc::clone(&self.link), self.lifecycle.closing());
        self.lifecycle.spawn(closing.run_until_cancelled_owned(async move {
            let Ok(stream) = link.stream(&Self::config(&link)).await else { return };
            let purged = stream.purge().filter(link.key(BUCKET, &format!("{ONE}>"))).sequence(revision).await;
            if let Err(error) = purged {
                tracing::debug!(%error, "older versions for single request ids stay until the next step that displaces them");
            }
        }));
    }
}

impl SharedVersions for Shared {
    fn member(&self) -> &str {
        self.0.log.member()
    }

    fn settled(&self) -> BoxFuture<'_, Result<Mark, Unplaced>> {
        async {
            self.0.link.up_soon().await?;
            let settled = async {
                // As far as the servers have got, not as far as was heard here.
                let last = self.0.stream().await.ok()?.cached_info().state.last_sequence;
                self.0.known.is_there(last);
                self.0.settle().await;
                self.0.read_up_to(last).await;
                let mark = self.0.mark();
                self.0.taken_up(mark.map_or(VersionSequence::FETCHED, |mark| mark.last)).await;
                mark
            };
            let mark = timeout(PATIENCE + UNTOLD, settled).await.ok().flatten();
            mark.ok_or(Unplaced::Away)
        }
        .boxed()
    }

    fn add(&self, after: Mark, step: Step, id: Option<String>) -> BoxFuture<'_, Result<Added, Unplaced>> {
        async move {
            let added = self.0.add(after, step, id).await;
            if added.is_err() {
                self.0.link.metrics.unplaced("unknown");
            }
            added
        }
        .boxed()
    }

    fn is_displaced(&self, version: &QueuedVersion) -> bool {
        version.audience != Audience::Everyone && self.0.fold().displaces(version)
    }

    fn place<'a>(&'a self, version: &'a QueuedVersion) -> BoxFuture<'a, Result<Turn, Unplaced>> {
        self.0.log.place_version(version).boxed()
    }
}

impl Versions {
    async fn add(&self, after: Mark, step: Step, id: Option<String>) -> Result<Added, Unplaced> {
        let added = self.publish(after, &step, id).await?;
        if matches!(added, Added::Overtaken) {
            // At the latest then it is tried again, and refused again.
            let _ = timeout(PATIENCE, self.read_up_to(after.revision + 1)).await;
        }
        Ok(added)
    }
}

/// The bucket as it is written and read by those who own it together.
pub(super) struct Shared(pub(super) Arc<Versions>);

impl Hear for Shared {
    async fn begin(&self, standing: Standing, next: Option<u64>) -> u64 {
        let known = next.filter(|next| (standing.first..=standing.last + 1).contains(next));
        if let Some(next) = known {
            return next;
        }
        let empty = standing.last < standing.first;
        self.0.fold().begin(standing.last, if empty { standing.last } else { 0 });
        if empty {
            self.0.take_up(Vec::new()).await;
            self.0.folded.send_modify(|changes| *changes += 1);
        }
        standing.first
    }

    async fn hear(&self, read: Read) {
        let step = serde_json::from_slice::<Step>(&read.message.payload).inspect_err(
            |error| tracing::warn!(%error, "a step of the cluster cannot be read: a newer member's?"),
        );
        let first = self.0.fold().add(step.as_ref().ok(), read.sequence);
        match (first, step) {
            (Some(first), _) => self.0.take_up(first).await,
            (None, Ok(step)) if self.0.fold().settled => self.0.take(step).await,
            (None, _) => {}
        }
        // Not before: who goes on from here has taken it up.
        self.0.fold().revision = read.sequence;
        self.0.folded.send_modify(|changes| *changes += 1);
    }
}
