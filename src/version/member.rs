//! What a member of a cluster hears of the versions of others.

use std::sync::Arc;

use super::{
    PendingVersion, QueuedVersion, VersionService, VersionState,
    orders::remove,
    service::Inner,
    shared::{SharedVersions, Step, Which},
};
use crate::{
    delivery::Sequence,
    event::{Event, VersionSequence},
    store::{self, Batch, Change, StoreError, Table},
};

/// The name of the record that says which cluster the versions are of.
const CLUSTER: &str = "cluster";

impl VersionService {
    /// Agrees with others on versions, from now on.
    pub(crate) fn share(&self, shared: Arc<dyn SharedVersions>) {
        let first = self.inner.shared.set(shared).is_ok();
        debug_assert!(first, "versions are shared once");
    }

    /// Takes a version that has its place in the order of events, whoever queued it.
    pub(crate) async fn hear(&self, version: QueuedVersion, place: Sequence) {
        self.inner.hear(version, place).await;
    }

    /// Takes a version whose place in the order of events was passed over here.
    pub(crate) async fn hear_late(&self, version: QueuedVersion) {
        if let Some(event) = version.event().filter(|_| !self.knows(version.sequence)) {
            self.inner.take_up(None, version, event).await;
        }
    }

    /// Remembers a version that nobody is to be told of any more.
    pub(crate) async fn note(&self, version: QueuedVersion) -> Result<(), StoreError> {
        self.inner.note(version).await
    }

    /// Makes what is known here that of a cluster. What it was before is forgotten where the cluster has its own.
    pub(crate) async fn belong_to(&self, cluster: &str, first: &[Step]) -> Result<(), StoreError> {
        self.inner.belong_to(cluster, first).await
    }

    /// Returns whether a version was taken up here, or is older than all that are remembered.
    pub(crate) fn knows(&self, sequence: VersionSequence) -> bool {
        self.inner.knows(sequence)
    }

    /// Returns whether somebody would be told of a version now.
    pub(crate) fn has_listeners(&self) -> bool {
        !self.inner.dispatcher.nobody_is_there()
    }

    /// Takes up what was agreed on, while nobody is there to be told.
    pub(crate) async fn adopt(&self, steps: &[Step]) -> Result<(), StoreError> {
        self.inner.adopt(steps).await
    }

    /// Forgets what another member cleared.
    pub(crate) async fn forget(&self, cleared: &Step) -> Result<(), StoreError> {
        let batch = self.inner.forget(cleared)?;
        self.inner.store.commit(batch).await
    }

    /// Returns what is pending here, as members agree on it.
    pub(crate) fn held(&self) -> Vec<QueuedVersion> {
        self.inner.held()
    }
}

impl QueuedVersion {
    /// Returns what is known of a version of which no more is remembered than that it is pending.
    fn of(pending: &PendingVersion) -> Self {
        Self {
            sequence: pending.sequence,
            version: pending.version.clone(),
            changelog: pending.changelog.clone(),
            audience: pending.audience.clone(),
            live_to_all: false,
            queued_at: pending.queued_at,
            actor: String::new(),
            uid: None,
            user: None,
            key: pending.key.clone(),
            state: VersionState::default(),
            superseded_by: None,
            cleared_at: None,
            delivery: None,
        }
    }
}

impl Inner {
    /// Takes a version that has its place in the order of events, whoever queued it.
    pub(super) async fn hear(self: &Arc<Self>, version: QueuedVersion, place: Sequence) {
        let Some(event) = version.event() else { return };
        if self.past().is_cleared(version.sequence) {
            return;
        }
        if self.knows(version.sequence) {
            // For those who come back. Whoever was told it or a newer one is not told again.
            self.dispatcher.dispatch_at(Some(place), &version.live(), event, None, || {}).await;
            return;
        }
        self.take_up(Some(place), version, event).await;
    }

    /// Stores a version and tells it; without a place, that of what came before it.
    async fn take_up(self: &Arc<Self>, place: Option<Sequence>, version: QueuedVersion, event: Event) {
        let (sequence, audience) = (version.sequence, version.audience.clone());
        let mut stored = self.keep(&version).await;
        self.tell_at(place, version, event).await;
        if self.past().is_cleared(sequence) {
            // Meanwhile: what was kept is not pending.
            let removal = self.removal(&[audience], &[sequence], self.clock.now());
            stored = match removal {
                Ok(batch) => self.store.commit(batch).await,
                Err(error) => Err(error),
            };
        }
        if let Err(error) = stored {
            tracing::warn!(%error, "a version of the cluster is not stored here: a restart without NATS forgets it");
        }
    }

    /// Remembers a version that nobody is to be told of any more. What it has displaced is not pending all the same.
    async fn note(&self, version: QueuedVersion) -> Result<(), StoreError> {
        let mut batch = self.past().changes(&version)?;
        self.past().adopt(&version);
        let displaced = self.pending().displaced_by(&version.audience, version.sequence);
        for audience in &displaced {
            self.pending().remove(audience);
        }
        batch.append(&mut remove(&displaced));
        self.store.commit(batch).await
    }

    /// Returns whether what is known here is of this cluster.
    fn belongs_to(&self, cluster: &str) -> Result<bool, StoreError> {
        let records = self.store.load(Table::Counters)?;
        let of = records.iter().find(|(key, _)| key == CLUSTER);
        let of = of.map(|(key, bytes)| store::decode::<String>(Table::Counters, key, bytes)).transpose()?;
        Ok(of.as_deref() == Some(cluster))
    }

    /// Makes what is known here that of a cluster. What it was before is forgotten where the cluster has its own.
    async fn belong_to(&self, cluster: &str, first: &[Step]) -> Result<(), StoreError> {
        if self.belongs_to(cluster)? {
            return Ok(());
        }
        let mut batch = Batch::new();
        if !first.is_empty() {
            let pending: Vec<_> = self.pending().all().map(|version| version.audience.clone()).collect();
            if !pending.is_empty() {
                tracing::warn!(
                    cluster,
                    versions = pending.len(),
                    "what was pending here before it was a member is forgotten: the cluster has its own versions"
                );
            }
            batch = self.removal(&pending, &[], self.clock.now())?;
            for audience in &pending {
                self.pending().remove(audience);
            }
            batch.append(&mut self.past().abandon());
        }
        batch.push(Change::Put(Table::Counters, CLUSTER.to_owned(), store::encode(&cluster)?));
        self.store.commit(batch).await
    }

    /// Returns whether a version was taken up here, or is older than all that are remembered.
    pub(super) fn knows(&self, sequence: VersionSequence) -> bool {
        self.past().knows(sequence)
    }

    async fn keep(&self, version: &QueuedVersion) -> Result<(), StoreError> {
        let pending = version.pending();
        let mut batch = self.past().changes(version)?;
        if self.pending().would_take(&pending) && !self.is_displaced(version) {
            batch.append(&mut self.put(&pending)?);
        }
        self.store.commit(batch).await
    }

    /// Takes up what was agreed on before anybody is told anything.
    pub(super) async fn adopt(&self, steps: &[Step]) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for step in steps {
            match step {
                Step::Queued { version, .. } if !self.knows(version.sequence) => {
                    let pending = version.pending();
                    batch.append(&mut self.past().changes(version)?);
                    if self.pending().would_take(&pending) {
                        batch.append(&mut self.put(&pending)?);
                        self.pending().put(pending);
                    }
                    self.past().adopt(version);
                }
                Step::Queued { .. } => {}
                cleared @ Step::Cleared { .. } => batch.append(&mut self.forget(cleared)?),
            }
        }
        self.store.commit(batch).await
    }

    /// Forgets what another member cleared. Returns the changes by which that is remembered.
    pub(super) fn forget(&self, step: &Step) -> Result<Batch, StoreError> {
        let Step::Cleared { request_id, all, upto, at, .. } = step else { return Ok(Batch::new()) };
        let which = if *all { Which::All } else { Which::Of(request_id.clone().into()) };
        let mut chosen = self.chosen(&which);
        chosen.retain(|(_, sequence)| sequence <= upto);
        let (gone, sequences): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
        let batch = self.removal(&gone, &sequences, *at)?;
        self.removed(&gone, &sequences, *at);
        Ok(batch)
    }

    /// Returns what is pending here, as members agree on it.
    pub(super) fn held(&self) -> Vec<QueuedVersion> {
        let pending: Vec<_> = self.pending().all().cloned().collect();
        let past = self.past();
        let whole = |version: &PendingVersion| {
            past.find(version.sequence).map_or_else(|| QueuedVersion::of(version), |entry| entry.now())
        };
        pending.iter().map(whole).collect()
    }
}
