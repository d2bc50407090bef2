//! The log: the one order of events of all members. What is published gets its place there, and is dispatched by every
//! member when it reads it, its publisher included.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    link::{Link, PATIENCE},
    reader::{Hear, Known, Read, Standing},
    turns::{Given, Turns},
    wire::Entry,
};
use crate::{
    audience::Audience,
    delivery::{Dispatcher, Sequence, SharedOrder, Turn, Unplaced},
    event::{Event, Kind},
    lifecycle::{Lifecycle, Phase},
    metrics::Whose,
    task::TaskService,
    version::{QueuedVersion, VersionService},
};

/// How long an event may wait for its place.
const LIMIT: Duration = Duration::from_secs(5);
/// Between two attempts to publish.
const PAUSE: Duration = Duration::from_millis(100);

/// The log as one member reads and writes it.
pub(super) struct Log {
    link: Arc<Link>,
    member: String,
    /// Of this start of the member: what it publishes has ids that nobody else gives.
    instance: String,
    next: AtomicU64,
    dispatcher: Arc<Dispatcher>,
    versions: Arc<VersionService>,
    tasks: Arc<TaskService>,
    turns: Turns,
    /// How far it was read.
    read: watch::Sender<Progress>,
    /// How much of the past is read at the start.
    lookback: Lookback,
    pub(super) known: Known,
    lifecycle: Lifecycle,
}

/// How far the log was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// The last event that was dispatched.
    pub(super) place: Place,
    /// How old it was when it was read; nothing was yet: `None`.
    pub(super) lag: Option<Duration>,
    /// Everything that was there at the start has been read.
    pub(super) caught_up: bool,
    /// The last one that was there at the start.
    target: u64,
}

impl Progress {
    /// Nothing was read yet.
    const NONE: Self =
        Self { place: Place { epoch: 0, sequence: 0 }, lag: None, caught_up: false, target: 0 };

    /// Returns whether the log is being read: until then, there is no place in it.
    pub(super) fn has_begun(&self) -> bool {
        self.place.epoch > 0
    }

    /// Returns whether a place is yet to come, in the same log.
    fn is_before(&self, place: Place) -> bool {
        self.place.epoch == place.epoch && self.place.sequence < place.sequence
    }
}

/// How much of the past is read at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookback {
    /// So many events, for browsers that come back: nobody is connected yet.
    Events(u64),
    /// What came after this one: streams that a gateway holds have had all up to it.
    After(Option<Place>),
}

/// The place of an event in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) epoch: u64,
    pub(super) sequence: u64,
}

/// The services that the log speaks to.
pub(super) struct Ears {
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) versions: Arc<VersionService>,
    pub(super) tasks: Arc<TaskService>,
}

impl Log {
    pub(super) fn new(
        link: Arc<Link>,
        (member, instance): (String, String),
        Ears { dispatcher, versions, tasks }: Ears,
        lookback: Lookback,
        lifecycle: Lifecycle,
    ) -> Self {
        let (turns, read) = (Turns::default(), watch::Sender::new(Progress::NONE));
        let next = AtomicU64::new(1);
        let known = Known::default();
        Self {
            link,
            member,
            instance,
            next,
            dispatcher,
            versions,
            tasks,
            turns,
            read,
            lookback,
            known,
            lifecycle,
        }
    }

    /// Returns what this member is called.
    pub(super) fn member(&self) -> &str {
        &self.member
    }

    /// Returns how far it was read, now and from now on.
    pub(super) fn progress(&self) -> watch::Receiver<Progress> {
        self.read.subscribe()
    }

    /// Publishes a version that nobody has told, as far as is known here. Whoever else does at the same time
    /// publishes the same message. Returns its place, if it has one.
    pub(super) async fn tell(&self, version: &QueuedVersion) -> Option<u64> {
        let message = Entry::of_version(&self.member, version).and_then(|entry| encode(&entry))?;
        let published = self.publish(&version_id(version), message).await;
        published
            .inspect_err(
                |error| tracing::debug!(%error, version = version.version, "a version is not told yet"),
            )
            .ok()
    }

    /// Waits for the turn of a message that gets its place within a limit; `None`: as long as the daemon serves.
    async fn turn(&self, id: &str, message: Bytes, limit: Option<Duration>) -> Result<Turn, Unplaced> {
        let mut expected = self.turns.expect(id);
        let closing = self.lifecycle.closing();
        let patience = async {
            if limit.is_none() {
                self.lifecycle.reached(Phase::Draining).await;
            }
            sleep(limit.unwrap_or(PATIENCE)).await;
        };
        let error = tokio::select! {
            biased;
            turn = expected.come() => return Ok(turn),
            () = self.insist(id, message) => Unplaced::Passed,
            () = patience => Unplaced::Unknown,
            () = closing.cancelled() => Unplaced::Unknown,
        };
        // It may have come in this very moment.
        let outcome = expected.late().ok_or(error);
        if matches!(outcome, Err(Unplaced::Unknown)) {
            self.link.metrics.unplaced("unknown");
        }
        outcome
    }

    /// Publishes, again and again if need be. Returns when that has passed: it was read without its turn.
    async fn insist(&self, id: &str, message: Bytes) {
        let mut attempt = self.attempt(id, message.clone()).await;
        while let Err(error) = attempt {
            tracing::debug!(%error, "an event has no place in the log yet");
            sleep(PAUSE).await;
            // It may have one all the same. The servers recognise only for a while what is published again.
            attempt = match self.read_to_the_end().await {
                Ok(()) => self.attempt(id, message.clone()).await,
                Err(error) => Err(error),
            };
        }
    }

    /// Publishes once, and returns when that has passed, as above. Fails where it may be in vain.
    async fn attempt(&self, id: &str, message: Bytes) -> Result<(), async_nats::Error> {
        self.link.up().await;
        // Of what gets its place before that, there may be no turn.
        let epoch = self.read.subscribe().wait_for(Progress::has_begun).await?.place.epoch;
        let place = self.publish(id, message).await?;
        // Its turn comes first: this need be looked at only now and then.
        while self.read.borrow().is_before(Place { epoch, sequence: place }) {
            sleep(PAUSE).await;
        }
        if self.end().await?.epoch == epoch { Ok(()) } else { Err("the log is another one by now".into()) }
    }

    /// Waits until all was read that the log has by now. What has its place there has had its turn then.
    async fn read_to_the_end(&self) -> Result<(), async_nats::Error> {
        self.link.up().await;
        let Standing { epoch, last, .. } = self.end().await?;
        let there = |read: &Progress| read.place.epoch == epoch && read.place.sequence >= last;
        timeout(PATIENCE, self.read.subscribe().wait_for(there)).await??;
        Ok(())
    }

    /// Asks the servers how the log stands.
    async fn end(&self) -> Result<Standing, async_nats::Error> {
        Ok(Standing::of(self.link.stream(&self.link.log()).await?.cached_info()))
    }

    /// Publishes, and waits for the acknowledgement. Returns the place.
    async fn publish(&self, id: &str, message: Bytes) -> Result<u64, async_nats::Error> {
        let message = PublishMessage::build().message_id(id).payload(message);
        let sent = self.link.jetstream.send_publish(self.link.subject("log"), message).await?;
        let placed = sent.await?;
        self.known.is_there(placed.sequence);
        // That it is a repetition may be known without a majority.
        if !placed.duplicate {
            self.link.acknowledged();
        }
        Ok(placed.sequence)
    }

    /// Dispatches what another member, or an earlier start of this one, has published.
    async fn dispatch(&self, entry: Entry, place: Sequence) {
        let Some((audience, event)) = entry.event() else {
            tracing::warn!(
                member = entry.member,
                "an event of the cluster cannot be read: a newer member's?"
            );
            return;
        };
        if let Some(version) = entry.version {
            return self.versions.hear(*version, place).await;
        }
        if let Err(error) = self.dispatcher.check(&event) {
            tracing::warn!(member = entry.member, %error, "an event of the cluster is too large for this member");
            return;
        }
        let own = entry.member == self.member;
        let tell = || {
            if !own && entry.is_of_task() {
                self.tasks.hear(&event);
            }
        };
        self.dispatcher.dispatch_at(Some(place), &audience, event.clone(), None, tell).await;
    }
}

impl SharedOrder for Log {
    fn reachable(&self) -> Result<(), Unplaced> {
        if self.link.is_up() { Ok(()) } else { Err(Unplaced::Away) }
    }

    fn place<'a>(
        &'a self,
        audience: &'a Audience,
        event: &'a Event,
    ) -> BoxFuture<'a, Result<Turn, Unplaced>> {
        async {
            let limit = match &event.kind {
                // Sooner or later everybody must know.
                Kind::TaskEnd(_) => None,
                // The next one says more.
                Kind::Progress(_) => Some(PATIENCE),
                Kind::TaskState | Kind::Application | Kind::Version(_) => Some(LIMIT),
            };
            if limit.is_some() {
                self.link.up_soon().await?;
            }
            let message = Entry::of(&self.member, audience, event).and_then(|entry| encode(&entry));
            let id = format!("{}-{}", self.instance, self.next.fetch_add(1, Ordering::Relaxed));
            self.turn(&id, message.ok_or(Unplaced::Unknown)?, limit).await
        }
        .boxed()
    }
}

impl Log {
    /// Gives a version that was agreed on its place.
    pub(super) async fn place_version(&self, version: &QueuedVersion) -> Result<Turn, Unplaced> {
        let message = Entry::of_version(&self.member, version).and_then(|entry| encode(&entry));
        self.turn(&version_id(version), message.ok_or(Unplaced::Unknown)?, Some(LIMIT)).await
    }
}

impl Log {
    /// Returns the last event of a log that this daemon has dispatched, in this run or in the last one.
    fn left_off(&self, epoch: u64) -> Option<u64> {
        let left_off = match self.lookback {
            Lookback::After(place) => place,
            Lookback::Events(_) => {
                self.dispatcher.counted().map(|(epoch, Sequence(sequence))| Place { epoch, sequence })
            }
        };
        left_off.filter(|place| place.epoch == epoch).map(|place| place.sequence)
    }
}

impl Hear for Log {
    async fn begin(&self, standing: Standing, next: Option<u64>) -> u64 {
        let Standing { epoch, first, last } = standing;
        let known = next.or_else(|| self.left_off(epoch).map(|sequence| sequence + 1));
        let from = match known {
            Some(next) if (first..=last + 1).contains(&next) => next,
            Some(next) if next < first => {
                let gone = first - next;
                tracing::warn!(gone, "events had left the cluster's log before they were read here");
                self.link.metrics.missed(gone);
                first
            }
            Some(_) => {
                tracing::error!(
                    "JetStream has lost events that it had acknowledged: browsers are told of a gap"
                );
                last + 1
            }
            None => match self.lookback {
                Lookback::Events(count) if self.dispatcher.nobody_is_there() => {
                    first.max((last + 1).saturating_sub(count))
                }
                _ => last + 1,
            },
        };
        let after = Sequence(from.saturating_sub(1));
        if known == Some(from) {
            self.dispatcher.count_on(after).await;
        } else {
            self.dispatcher.recount(epoch, after).await;
        }
        self.read.send_modify(|read| {
            *read = Progress {
                place: Place { epoch, sequence: from.saturating_sub(1) },
                lag: read.lag,
                caught_up: read.caught_up || from > last,
                target: last,
            };
        });
        from
    }

    async fn hear(&self, read: Read) {
        let place = Sequence(read.sequence);
        let given = self.turns.give(read.id(), place).await;
        if given != Given::Dispatched {
            match serde_json::from_slice(&read.message.payload) {
                Ok(entry) => self.dispatch(entry, place).await,
                Err(error) => {
                    tracing::warn!(%error, "an event of the cluster cannot be read: a newer member's?");
                }
            }
        }
        self.link.metrics.read(if given == Given::Kept { Whose::Others } else { Whose::Own }, read.ago);
        self.link.metrics.behind(read.behind);
        self.read.send_modify(|progress| {
            progress.place.sequence = read.sequence;
            progress.lag = Some(read.ago);
            progress.caught_up |= read.sequence >= progress.target;
        });
    }
}

fn encode(entry: &Entry) -> Option<Bytes> {
    serde_json::to_vec(entry).ok().map(Bytes::from)
}

fn version_id(version: &QueuedVersion) -> String {
    format!("version-{}", version.sequence.0)
}
