//! The sequencer of versions: stores first, then tells, so that commit order is wire order.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::Notify;

use super::{
    ClearReceipt, ClearVersion, FrontendVersion, Least, PendingVersion, QueueVersion, QueuedVersion,
    VersionDelivery, VersionReceipt, event,
    past::{self, Past},
    pending::Pending,
    shared::SharedVersions,
};
use crate::{
    clock::SharedClock,
    connection::Connection,
    delivery::{Dispatcher, Reach, TooLarge, Unplaced},
    event::{Event, VersionSequence},
    idempotency::{Mandate, ReceiptError, Receipts},
    lifecycle::{Lifecycle, ShuttingDown},
    registry::{ConnectionObserver, ObserverError},
    request_id::RequestId,
    store::{self, Store, StoreError, Table},
};

/// How many versions may be pending for single request ids.
const MAX_TARGETED: usize = 10_000;
/// How long an answer may wait for what the frontend says.
const GLANCE: Duration = Duration::from_secs(1);
/// The name of the record with the last sequence number.
pub(super) const LAST_SEQUENCE: &str = "version_sequence";

/// Why an order about versions was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The version, the changelog or the key is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The event would be too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The key was used for another order.
    #[error("{0}")]
    KeyUsed(String),
    /// Something else is pending than was expected.
    #[error("{0}")]
    Unexpected(String),
    /// The key is not acceptable, or its receipt was not kept.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The shutdown began.
    #[error(transparent)]
    ShuttingDown(#[from] ShuttingDown),
    /// There are too many pending versions.
    #[error("{0} versions are pending for single request ids, the most that are kept")]
    Full(usize),
    /// The cluster did not agree to it.
    #[error(transparent)]
    Unplaced(#[from] Unplaced),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Knows what is pending, tells everyone of a new version and newcomers of the pending one.
pub struct VersionService {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    /// The last sequence number; held across commit and dispatch, which is what makes commit order wire order.
    pub(super) sequencer: tokio::sync::Mutex<VersionSequence>,
    pub(super) pending: Mutex<Pending>,
    pub(super) past: Mutex<Past>,
    /// Whenever a version was queued.
    pub(super) queued: Notify,
    pub(super) store: Arc<dyn Store>,
    pub(super) receipts: Arc<Receipts>,
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) lifecycle: Lifecycle,
    pub(super) clock: SharedClock,
    frontend: Option<FrontendVersion>,
    pub(super) max_targeted: usize,
    /// Those who must agree, if this daemon is not alone.
    pub(super) shared: OnceLock<Arc<dyn SharedVersions>>,
}

impl VersionService {
    /// Loads what earlier runs left pending.
    pub fn load(
        store: Arc<dyn Store>,
        receipts: Arc<Receipts>,
        dispatcher: Arc<Dispatcher>,
        lifecycle: Lifecycle,
        clock: SharedClock,
        frontend: Option<FrontendVersion>,
    ) -> Result<Self, StoreError> {
        let mut last = VersionSequence::FETCHED;
        for (key, bytes) in store.load(Table::Counters)? {
            if key == LAST_SEQUENCE {
                last = store::decode(Table::Counters, &key, &bytes)?;
            }
        }
        let mut loaded = Vec::new();
        for (key, bytes) in store.load(Table::Pending)? {
            let version: PendingVersion = store::decode(Table::Pending, &key, &bytes)?;
            last = last.max(version.sequence);
            loaded.push(version);
        }
        let mut queued = Vec::new();
        for (key, bytes) in store.load(Table::Versions)? {
            queued.push(store::decode::<QueuedVersion>(Table::Versions, &key, &bytes)?);
        }
        let past = Past::load(queued);
        loaded.sort_by_key(|version| version.sequence);
        let mut pending = Pending::default();
        for version in loaded.into_iter().filter(|version| !past.outdates(version)) {
            pending.put(version);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                sequencer: tokio::sync::Mutex::new(last),
                pending: Mutex::new(pending),
                past: Mutex::new(past),
                queued: Notify::new(),
                store,
                receipts,
                dispatcher,
                lifecycle,
                clock,
                frontend,
                max_targeted: MAX_TARGETED,
                shared: OnceLock::new(),
            }),
        })
    }

    /// Stores a version, then tells who is to be told; a dry run only says what would come of it. Goes through even
    /// if the caller hangs up.
    pub async fn queue(
        &self,
        by: impl Into<Mandate>,
        order: QueueVersion,
    ) -> Result<VersionReceipt, VersionError> {
        let by = by.into();
        if order.dry_run {
            return self.inner.forecast(by.actor, order).await;
        }
        let inner = Arc::clone(&self.inner);
        let queued = self.inner.lifecycle.spawn(async move { inner.queue(by, order).await });
        queued.await.unwrap_or(Err(VersionError::Store(StoreError::Closed)))
    }

    /// Forgets what is pending for a request id, for everyone, or at all. Who was told stays told.
    pub async fn clear(
        &self,
        by: impl Into<Mandate>,
        order: ClearVersion,
    ) -> Result<ClearReceipt, VersionError> {
        let by = by.into();
        let inner = Arc::clone(&self.inner);
        let cleared = self.inner.lifecycle.spawn(async move { inner.clear(by, order).await });
        cleared.await.unwrap_or(Err(VersionError::Store(StoreError::Closed)))
    }

    /// Returns what is pending for a newcomer, and what is told how far it has come, for the holder of a stream that
    /// promises it before anything else. The observer that runs later finds it told.
    pub fn known(&self, id: &RequestId) -> Option<(Event, Option<Arc<Reach>>)> {
        let newest = self.current(Some(id))?;
        let event = self.inner.event(&newest.version, newest.changelog.as_deref(), newest.sequence).ok()?;
        Some((event, self.inner.reach(newest.sequence)))
    }

    /// Returns what is pending, newest first.
    pub fn pending(&self) -> Vec<PendingVersion> {
        let mut all: Vec<_> = self.inner.pending().all().cloned().collect();
        all.sort_by_key(|version| std::cmp::Reverse(version.sequence));
        all
    }

    /// Returns what a connection of this id, or of any id that has none of its own, would be told.
    pub fn current(&self, request_id: Option<&RequestId>) -> Option<PendingVersion> {
        self.inner.pending().newest(request_id).cloned()
    }

    /// Returns the versions that were queued of late, newest first.
    pub fn history(&self) -> Vec<QueuedVersion> {
        let mut all = self.inner.past().all();
        past::judge(&mut all, &self.pending());
        all
    }

    /// Returns the newest version of this name that was queued of late and not cleared.
    pub fn named(&self, version: &str) -> Option<VersionSequence> {
        Some(self.inner.past().named(version)?.now().sequence)
    }

    /// Waits until a version of this name was queued.
    pub async fn until_queued(&self, version: &str) -> VersionSequence {
        loop {
            let queued = self.inner.queued.notified();
            tokio::pin!(queued);
            queued.as_mut().enable();
            match self.named(version) {
                Some(sequence) => return sequence,
                None => queued.await,
            }
        }
    }

    /// Returns how far a version has come; `None` where that is not known (any more).
    pub fn delivery(&self, sequence: VersionSequence, least: Least) -> Option<VersionDelivery> {
        let version = self.inner.past().find(sequence)?.now();
        let figures = version.delivery?;
        Some(VersionDelivery {
            version: version.version,
            sequence,
            figures,
            min: least.to_string(),
            needed: least.of(&figures),
            reached: least.is_reached(&figures),
            decided: least.is_decided(&figures),
        })
    }

    /// Waits until a version was written to so many, or nothing can change any more whether it is. Returns at once
    /// where that is not known.
    pub async fn until_decided(&self, sequence: VersionSequence, least: Least) {
        if let Some(reach) = self.inner.reach(sequence) {
            reach.until(|figures| least.is_decided(figures)).await;
        }
    }

    /// Returns a warning if the frontend serves another version than the one that is pending for everyone. Waits a
    /// little for it to say, and goes by what it said last where it does not.
    pub async fn disagreement(&self) -> Option<String> {
        let pending = self.current(None)?.version;
        self.inner.frontend.as_ref()?;
        let inner = Arc::clone(&self.inner);
        let asked = self.inner.lifecycle.spawn(async move {
            if let Some(frontend) = &inner.frontend {
                frontend.get_fresh(GLANCE).await;
            }
        });
        // What it said last, if it does not say anything now.
        let _ = tokio::time::timeout(GLANCE, asked).await;
        let fetched = self.inner.frontend.as_ref()?.last().filter(|fetched| *fetched != pending)?;
        Some(format!(
            "{pending} is pending for everyone, but frontend_version_url says {fetched}: newcomers are told {pending}"
        ))
    }
}

impl Inner {
    pub(super) fn event(
        &self,
        version: &str,
        changelog: Option<&str>,
        sequence: VersionSequence,
    ) -> Result<Event, VersionError> {
        let event = event::of(version, changelog, sequence);
        event.ok_or_else(|| VersionError::Invalid("the version cannot be encoded".to_owned()))
    }

    /// Tells a newcomer the newest version there is for it.
    ///
    /// What is looked up here may be overtaken by a version that is dispatched before it: the connection's
    /// guard then drops the older one. A version that is queued after the look-up selects the connection
    /// itself, because it is registered by now.
    async fn tell(&self, connection: &Arc<Connection>) -> Result<(), VersionError> {
        if self.tell_pending(connection).await? {
            return Ok(());
        }
        let Some(frontend) = &self.frontend else { return Ok(()) };
        let Some(fetched) = frontend.get().await else { return Ok(()) };
        // One may have been queued for this id meanwhile.
        if self.tell_pending(connection).await? {
            return Ok(());
        }
        let event = event::with(fetched.document.clone(), VersionSequence::FETCHED);
        self.dispatcher.check(&event)?;
        self.dispatcher.dispatch_to(Arc::clone(connection), event).await;
        Ok(())
    }

    /// Tells a newcomer what is pending for it, unless it was told. Returns whether something is pending.
    async fn tell_pending(&self, connection: &Arc<Connection>) -> Result<bool, VersionError> {
        let newest = self.pending().newest(Some(&connection.request_id)).cloned();
        let Some(newest) = newest else { return Ok(false) };
        if connection.told_version() < Some(newest.sequence) {
            let event = self.event(&newest.version, newest.changelog.as_deref(), newest.sequence)?;
            self.dispatcher.check(&event)?;
            let reach = self.reach(newest.sequence);
            self.dispatcher.dispatch_to_counted(Arc::clone(connection), event, reach).await;
        }
        Ok(true)
    }

    pub(super) fn reach(&self, sequence: VersionSequence) -> Option<Arc<Reach>> {
        self.past().find(sequence).and_then(|entry| entry.reach.clone())
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionObserver for VersionService {
    fn name(&self) -> &'static str {
        "version"
    }

    fn connected<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        async { Ok(self.inner.tell(connection).await?) }.boxed()
    }
}
