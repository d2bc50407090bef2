//! What a member of a cluster hears of the versions of others.

use std::sync::Arc;

use super::{
    PendingVersion, QueuedVersion, VersionService, VersionState,
    service::Inner,
    shared::{SharedVersions, Step},
};
use crate::{
    delivery::Sequence,
    event::VersionSequence,
    store::{Batch, StoreError},
};

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
        if self.knows(version.sequence) {
            // For those who come back. Whoever was told it or a newer one is not told again.
            self.dispatcher.dispatch_at(Some(place), &version.live(), event, None, || {}).await;
            return;
        }
        if let Err(error) = self.keep(&version).await {
            tracing::warn!(%error, "a version of the cluster is not stored here: a restart without NATS forgets it");
        }
        self.tell_at(Some(place), version, event).await;
    }

    /// Returns whether a version was taken up here, or is older than all that are remembered.
    pub(super) fn knows(&self, sequence: VersionSequence) -> bool {
        self.past().knows(sequence)
    }

    async fn keep(&self, version: &QueuedVersion) -> Result<(), StoreError> {
        let pending = version.pending();
        let mut batch = self.past().changes(version)?;
        if self.pending().would_take(&pending) {
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
        let Step::Cleared { request_id, all, upto, at } = step else { return Ok(Batch::new()) };
        let mut chosen = self.chosen(*all, &request_id.clone().into());
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
