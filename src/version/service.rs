//! The sequencer of versions: stores first, then tells, so that commit order is wire order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{FutureExt, future::BoxFuture};
use serde::Serialize;

use super::{
    ClearReceipt, ClearVersion, FrontendVersion, MAX_VERSION_BYTES, PendingVersion, QueueVersion,
    VersionReceipt, pending::Pending,
};
use crate::{
    audience::Audience,
    clock::SharedClock,
    connection::Connection,
    delivery::{Dispatcher, TooLarge},
    event::{Event, EventName, JsonLine, Kind, VersionSequence},
    idempotency::{Actor, Begun, Mandate, Mutation, ReceiptError, Receipts},
    lifecycle::{Lifecycle, ShuttingDown},
    registry::{ConnectionObserver, ObserverError},
    request_id::RequestId,
    store::{self, Batch, Change, Store, StoreError, Table},
};

/// How many versions may be pending for single request ids.
const MAX_TARGETED: usize = 10_000;
/// The name of the record with the last sequence number.
const LAST_SEQUENCE: &str = "version_sequence";

/// Why an order about versions was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The version, the changelog or the key is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The event would be too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The key is not acceptable, or its receipt was not kept.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The shutdown began.
    #[error(transparent)]
    ShuttingDown(#[from] ShuttingDown),
    /// There are too many pending versions.
    #[error("{0} versions are pending for single request ids, the most that are kept")]
    Full(usize),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Knows what is pending, tells everyone of a new version and newcomers of the pending one.
pub struct VersionService {
    inner: Arc<Inner>,
}

struct Inner {
    /// The last sequence number; held across commit and dispatch, which is what makes commit order wire order.
    sequencer: tokio::sync::Mutex<VersionSequence>,
    pending: Mutex<Pending>,
    store: Arc<dyn Store>,
    receipts: Arc<Receipts>,
    dispatcher: Arc<Dispatcher>,
    lifecycle: Lifecycle,
    clock: SharedClock,
    frontend: Option<FrontendVersion>,
    name: EventName,
    max_targeted: usize,
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
        loaded.sort_by_key(|version| version.sequence);
        let mut pending = Pending::default();
        for version in loaded {
            pending.put(version);
        }
        let name = "version".parse().expect("a valid event name");
        Ok(Self {
            inner: Arc::new(Inner {
                sequencer: tokio::sync::Mutex::new(last),
                pending: Mutex::new(pending),
                store,
                receipts,
                dispatcher,
                lifecycle,
                clock,
                frontend,
                name,
                max_targeted: MAX_TARGETED,
            }),
        })
    }

    /// Stores a version, then tells who is to be told. Goes through even if the caller hangs up.
    pub async fn queue(
        &self,
        by: impl Into<Mandate>,
        order: QueueVersion,
    ) -> Result<VersionReceipt, VersionError> {
        let by = by.into();
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

    /// Tells a newcomer what is pending for it, and fetches nothing: for the holder of a stream that promises the
    /// pending version before anything else. The observer that runs later finds it told.
    pub async fn tell_pending(&self, connection: &Arc<Connection>) {
        if let Err(error) = self.inner.tell_pending(connection).await {
            tracing::warn!(%error, "the pending version could not be sent");
        }
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

    /// Returns the version that the frontend told when it was last asked, if it was and told one.
    pub fn fetched(&self) -> Option<String> {
        self.inner.frontend.as_ref().and_then(FrontendVersion::last)
    }
}

impl Inner {
    async fn queue(&self, by: Mandate, order: QueueVersion) -> Result<VersionReceipt, VersionError> {
        check(by.actor, &order)?;
        let changelog = order.changelog.as_deref();
        self.dispatcher.check(&self.event(&order.version, changelog, VersionSequence::FETCHED)?)?;
        let mutation = Mutation::new(by, "version.queue", order.key.clone());
        let mut ticket = match self.receipts.begin::<VersionReceipt>(&mutation, &order).await? {
            Begun::Repeated(receipt) => return Ok(self.repeated(receipt)),
            Begun::First(ticket) => ticket,
        };
        let mut last = self.sequencer.lock().await;
        self.lifecycle.accepting()?;
        let live = if order.live_to_all { Audience::Everyone } else { order.request_id.clone().into() };
        let version = self.next(*last, order, mutation.key)?;
        let event = self.event(&version.version, version.changelog.as_deref(), version.sequence)?;
        let mut receipt = self.receipt(&version);
        ticket.commit(&receipt, self.put(&version)?).await?;
        *last = version.sequence;
        // Before it is dispatched: who connects from here on looks it up, who was there before is selected.
        self.pending().put(version);
        receipt.connections = self.dispatcher.dispatch(&live, event).await.connections;
        drop(last);
        if receipt.connections > 0
            && let Err(error) = ticket.amend(&receipt).await
        {
            tracing::warn!(%error, key = receipt.key, "a receipt lost its number of connections");
        }
        Ok(receipt)
    }

    async fn clear(&self, by: Mandate, order: ClearVersion) -> Result<ClearReceipt, VersionError> {
        if order.all && order.request_id.is_some() {
            return Err(VersionError::Invalid("clear one request id, or all: not both".to_owned()));
        }
        let mutation = Mutation::new(by, "version.clear", order.key.clone());
        let mut ticket = match self.receipts.begin(&mutation, &order).await? {
            Begun::Repeated(receipt) => return Ok(receipt),
            Begun::First(ticket) => ticket,
        };
        let sequencer = self.sequencer.lock().await;
        let gone = self.chosen(&order);
        let receipt = ClearReceipt { key: mutation.key, cleared: gone.len(), durable: self.store.durable() };
        let batch = gone.iter().map(|audience| Change::Remove(Table::Pending, record_key(audience)));
        ticket.commit(&receipt, batch.collect()).await?;
        for audience in &gone {
            self.pending().remove(audience);
        }
        drop(sequencer);
        Ok(receipt)
    }

    fn chosen(&self, order: &ClearVersion) -> Vec<Audience> {
        let pending = self.pending();
        if order.all {
            return pending.all().map(|version| version.audience.clone()).collect();
        }
        let audience = Audience::from(order.request_id.clone());
        if pending.contains(&audience) { vec![audience] } else { Vec::new() }
    }

    /// Returns the version that comes after the last one.
    fn next(
        &self,
        last: VersionSequence,
        order: QueueVersion,
        key: String,
    ) -> Result<PendingVersion, VersionError> {
        let audience = Audience::from(order.request_id);
        let pending = self.pending();
        let grows = audience != Audience::Everyone && !pending.contains(&audience);
        if grows && pending.targeted() >= self.max_targeted {
            return Err(VersionError::Full(self.max_targeted));
        }
        Ok(PendingVersion {
            version: order.version,
            changelog: order.changelog.filter(|text| !text.is_empty()),
            audience,
            sequence: VersionSequence(last.0 + 1),
            queued_at: self.clock.now(),
            key,
        })
    }

    fn put(&self, version: &PendingVersion) -> Result<Batch, StoreError> {
        let dropped = match version.audience {
            Audience::Everyone => self.pending().older_than(version.sequence),
            Audience::One(_) => Vec::new(),
        };
        let mut batch: Batch =
            dropped.iter().map(|audience| Change::Remove(Table::Pending, record_key(audience))).collect();
        batch.push(Change::Put(Table::Pending, record_key(&version.audience), store::encode(version)?));
        batch.push(Change::Put(Table::Counters, LAST_SEQUENCE.to_owned(), store::encode(&version.sequence)?));
        Ok(batch)
    }

    fn receipt(&self, version: &PendingVersion) -> VersionReceipt {
        VersionReceipt {
            key: version.key.clone(),
            version: version.version.clone(),
            request_id: version.audience.request_id().cloned(),
            sequence: version.sequence,
            stored: true,
            durable: self.store.durable(),
            connections: 0,
            superseded_by: None,
        }
    }

    fn repeated(&self, mut receipt: VersionReceipt) -> VersionReceipt {
        let pending = self.pending();
        let newer = pending.newest(receipt.request_id.as_ref()).filter(|now| now.sequence > receipt.sequence);
        receipt.superseded_by = newer.map(|version| version.version.clone());
        receipt
    }

    fn event(
        &self,
        version: &str,
        changelog: Option<&str>,
        sequence: VersionSequence,
    ) -> Result<Event, VersionError> {
        let payload = Payload { version, changelog: changelog.filter(|text| !text.is_empty()) };
        let data = JsonLine::encode(&payload)
            .ok_or_else(|| VersionError::Invalid("the version cannot be encoded".to_owned()))?;
        Ok(self.wrap(data, sequence))
    }

    fn wrap(&self, data: JsonLine, sequence: VersionSequence) -> Event {
        Event { name: self.name.clone(), data, kind: Kind::Version(sequence) }
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
        let event = self.wrap(fetched.document.clone(), VersionSequence::FETCHED);
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
            self.dispatcher.dispatch_to(Arc::clone(connection), event).await;
        }
        Ok(true)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What browsers get.
#[derive(Serialize)]
struct Payload<'a> {
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    changelog: Option<&'a str>,
}

/// The testing endpoint has always taken empty versions.
fn check(actor: Actor, order: &QueueVersion) -> Result<(), VersionError> {
    let version = &order.version;
    let least = usize::from(actor != Actor::Testing);
    if !(least..=MAX_VERSION_BYTES).contains(&version.len()) || version.chars().any(char::is_control) {
        let why = format!("a version is 1 to {MAX_VERSION_BYTES} bytes without control characters");
        return Err(VersionError::Invalid(why));
    }
    if order.live_to_all && order.request_id.is_none() {
        return Err(VersionError::Invalid(
            "live_to_all goes with a request id: without one, everyone is told anyway".to_owned(),
        ));
    }
    Ok(())
}

/// Returns the name of the record. Request ids contain no colon, so the two forms never meet.
fn record_key(audience: &Audience) -> String {
    audience.request_id().map_or_else(|| "everyone".to_owned(), |id| format!("id:{id}"))
}
