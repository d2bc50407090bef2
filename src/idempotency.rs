//! Receipts by idempotency key: the same key and body gives the first receipt again, another body is a conflict.
//!
//! A key belongs to whoever used it and to the verb: two users, or two verbs, never meet.
//!
//! A receipt is kept for 24 hours. Where there are too many, keys that were generated make room: those that were
//! generated here at once (nobody knows them), those that a client did ([`key::GENERATED`]) after an hour, as somebody
//! may repeat what was printed. Keys that people gave are never forgotten early; orders are refused instead. Part of
//! the room is for those who end what was begun, for operators and for the admin, each leaving some to the next:
//! however many versions are queued, the daemon can be stopped.
//!
//! # How to use it
//!
//! A handler whose act needs no store of its own wraps it in [`Receipts::once`]:
//!
//! ```ignore
//! let mutation = Mutation::new(actor, "connections.disconnect", order.key.clone());
//! let key = mutation.key.clone();
//! let receipt = receipts
//!     .once(&mutation, &order, async || -> Result<_, MyError> {
//!         let receipt = DisconnectReceipt { key, disconnected: act().await, not_found: Vec::new() };
//!         Ok((receipt, Batch::new()))
//!     })
//!     .await?; // MyError: From<ReceiptError>
//! ```
//!
//! The changes that the act returns are committed together with its receipt. A service that stores first and acts
//! afterwards takes the two steps apart: [`Receipts::begin`], then [`Ticket::commit`]. Whoever must not be cut
//! off half-way by a caller that hangs up runs all of it in a spawned task.

mod digest;
mod ledger;
#[cfg(test)]
mod tests;

#[cfg(feature = "nats")]
use std::collections::HashSet;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::Instant;

use ledger::{Found, Ledger, Record};

use crate::{
    audit::Draft,
    clock::SharedClock,
    key::{self, InvalidKey},
    store::{self, Batch, Change, Store, StoreError, Table},
};

/// Who asks for a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A process of this user, over the control socket.
    Uid(u32),
    /// An application backend, over the internal listener.
    Publisher,
    /// The testing endpoints.
    Testing,
}

impl Actor {
    /// Returns what kind of caller that is, as the log of orders and the history of versions have it.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Uid(_) => "user",
            Self::Publisher => "token",
            Self::Testing => "testing",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "uid {uid}"),
            Self::Publisher => f.write_str("publisher"),
            Self::Testing => f.write_str("testing"),
        }
    }
}

/// What somebody acts by: who they are, and where it is noted what they did.
#[derive(Clone)]
pub struct Mandate {
    /// Who asks.
    pub actor: Actor,
    /// The entry of the audit log, unless there is none.
    draft: Option<Arc<Draft>>,
}

impl Mandate {
    /// Returns the mandate for an order that is audited.
    pub(crate) fn audited(actor: Actor, draft: Arc<Draft>) -> Self {
        Self { actor, draft: Some(draft) }
    }

    /// Returns the user and what it is called, over the control socket.
    pub(crate) fn user(&self) -> (Option<u32>, Option<String>) {
        match (&self.draft, self.actor) {
            (Some(draft), _) => draft.user(),
            (None, Actor::Uid(uid)) => (Some(uid), None),
            (None, Actor::Publisher | Actor::Testing) => (None, None),
        }
    }
}

impl From<Actor> for Mandate {
    fn from(actor: Actor) -> Self {
        Self { actor, draft: None }
    }
}

/// A mutation as its repetition is recognised.
#[derive(Clone)]
pub struct Mutation {
    /// By whom.
    pub by: Mandate,
    /// For what: `version.queue`, `task.create`…
    pub verb: &'static str,
    /// The idempotency key.
    pub key: String,
    /// The caller gave none: nobody knows it, and its receipt may be forgotten at any time.
    generated: bool,
}

impl Mutation {
    /// Returns a mutation with the key that was given, or a generated one.
    pub fn new(by: impl Into<Mandate>, verb: &'static str, key: Option<String>) -> Self {
        let generated = key.is_none();
        Self { by: by.into(), verb, key: key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()), generated }
    }

    /// Returns the name of its receipt's record. Unambiguous: neither actor nor verb contains a slash.
    pub(crate) fn record_key(&self) -> String {
        format!("{}/{}/{}", self.by.actor, self.verb, self.key)
    }
}

/// The key was used for something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key {key:?} was used before with another request")]
pub struct KeyConflict {
    /// The key.
    pub key: String,
    /// What that was answered with, unless it is not answered yet.
    pub receipt: Option<Value>,
}

/// Why a mutation may not even begin, or its receipt was not kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The key is malformed.
    #[error(transparent)]
    InvalidKey(#[from] InvalidKey),
    /// The key was used for something else.
    #[error(transparent)]
    Conflict(#[from] KeyConflict),
    /// No more keys can be remembered.
    #[error(transparent)]
    Full(#[from] TooManyKeys),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All the keys that are kept are younger than the time for which keys are promised to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} idempotency keys were used within 24 hours, the most that are remembered for such orders")]
pub struct TooManyKeys(pub usize);

/// Receipts by key.
pub struct Receipts {
    store: Arc<dyn Store>,
    clock: SharedClock,
    ledger: Mutex<Ledger>,
    /// Who else is to know them, if this daemon is not alone.
    shared: OnceLock<Arc<dyn SharedReceipts>>,
}

/// Where receipts are shared with other daemons.
pub(crate) trait SharedReceipts: Send + Sync + 'static {
    /// Takes a receipt that was kept, by its name.
    fn kept(&self, record_key: &str, record: Vec<u8>);
}

/// Whether a mutation is to be done.
pub enum Begun<'a, R> {
    /// It is the first with its key: do it, then [`Ticket::commit`].
    First(Ticket<'a>),
    /// It was done before, and this is what was answered.
    Repeated(R),
}

impl Receipts {
    /// How many keys are remembered.
    pub const CAPACITY: usize = 100_000;

    /// Loads the receipts of earlier runs.
    pub fn load(store: Arc<dyn Store>, clock: SharedClock) -> Result<Self, StoreError> {
        Self::with_capacity(store, clock, Self::CAPACITY)
    }

    /// Loads the receipts of earlier runs, and remembers so many.
    pub fn with_capacity(
        store: Arc<dyn Store>,
        clock: SharedClock,
        capacity: usize,
    ) -> Result<Self, StoreError> {
        let mut records = Vec::new();
        for (key, bytes) in store.load(Table::Receipts)? {
            let record: Record = store::decode(Table::Receipts, &key, &bytes)?;
            records.push((key, record));
        }
        let (ledger, shared) = (Mutex::new(Ledger::new(capacity, records)), OnceLock::new());
        Ok(Self { store, clock, ledger, shared })
    }

    /// Does `act` once per key: repeated with the same body (a top-level `key` in it is ignored), returns the
    /// first receipt. Whoever comes while the first one acts waits for its receipt.
    pub async fn once<R, E>(
        &self,
        mutation: &Mutation,
        body: &impl Serialize,
        act: impl AsyncFnOnce() -> Result<(R, Batch), E>,
    ) -> Result<R, E>
    where
        R: Serialize + DeserializeOwned,
        E: From<ReceiptError>,
    {
        match self.begin(mutation, body).await? {
            Begun::Repeated(receipt) => Ok(receipt),
            Begun::First(mut ticket) => {
                let (receipt, batch) = act().await?;
                ticket.commit(&receipt, batch).await.map_err(ReceiptError::from)?;
                Ok(receipt)
            }
        }
    }

    /// As [`Receipts::once`], for what cannot be undone when its changes and its receipt cannot be stored.
    pub async fn once_done<R, E>(
        &self,
        mutation: &Mutation,
        body: &impl Serialize,
        act: impl AsyncFnOnce() -> Result<(R, Batch), E>,
    ) -> Result<R, E>
    where
        R: Serialize + DeserializeOwned,
        E: From<ReceiptError>,
    {
        match self.begin(mutation, body).await? {
            Begun::Repeated(receipt) => Ok(receipt),
            Begun::First(ticket) => {
                let (receipt, batch) = act().await?;
                ticket.conclude(&receipt, batch).await;
                Ok(receipt)
            }
        }
    }

    /// Takes the key for a mutation, or returns the receipt that it got before.
    pub async fn begin<R: DeserializeOwned>(
        &self,
        mutation: &Mutation,
        body: &impl Serialize,
    ) -> Result<Begun<'_, R>, ReceiptError> {
        key::check(&mutation.key)?;
        let digest = digest::of(body);
        let record_key = mutation.record_key();
        loop {
            let found = self.lock().take(&record_key, &digest, self.clock.now(), Instant::now());
            match found {
                Found::Free => {
                    let begun_at = self.clock.now();
                    let mutation = mutation.clone();
                    return Ok(Begun::First(Ticket {
                        receipts: self,
                        mutation,
                        record_key,
                        digest,
                        begun_at,
                        end: End::Free,
                    }));
                }
                Found::Kept(receipt) => return read(&mutation.key, receipt).map(Begun::Repeated),
                Found::Other(receipt) => {
                    return Err(KeyConflict { key: mutation.key.clone(), receipt }.into());
                }
                Found::Full(count) => return Err(TooManyKeys(count).into()),
                Found::Unknown(why) => return Err(StoreError::Failed(why).into()),
                Found::UnderWay(mut ended) => {
                    // An error means that the ticket is gone: look again, all the same.
                    let _ = ended.changed().await;
                }
            }
        }
    }

    /// Shares those that are kept from now on.
    #[cfg(feature = "nats")]
    pub(crate) fn share(&self, shared: Arc<dyn SharedReceipts>) {
        let first = self.shared.set(shared).is_ok();
        debug_assert!(first, "receipts are shared once");
    }

    /// Keeps a receipt that another daemon gave, unless its key is known here.
    #[cfg(feature = "nats")]
    pub(crate) async fn hear(&self, record_key: &str, record: Vec<u8>) -> Result<(), StoreError> {
        let read: Record = store::decode(Table::Receipts, record_key, &record)?;
        let forgotten = {
            let mut ledger = self.lock();
            if !ledger.hear(record_key, read) {
                return Ok(());
            }
            ledger.forgotten()
        };
        let removals = forgotten.into_iter().map(|key| Change::Remove(Table::Receipts, key));
        let put = Change::Put(Table::Receipts, record_key.to_owned(), record);
        self.store.commit(removals.chain([put]).collect()).await
    }

    /// Returns those that are to be shared, with their names, but for these.
    #[cfg(feature = "nats")]
    pub(crate) fn but_for(&self, names: &HashSet<String>) -> Vec<(String, Vec<u8>)> {
        let ledger = self.lock();
        let others = ledger.kept().filter(|(name, record)| is_of_all(name, record) && !names.contains(*name));
        others.filter_map(|(name, record)| Some((name.to_owned(), store::encode(record).ok()?))).collect()
    }

    /// Shares a receipt with those who may be asked for it.
    fn tell(&self, record_key: &str, record: &Record) {
        if let Some(shared) = self.shared.get().filter(|_| is_of_all(record_key, record))
            && let Ok(record) = store::encode(record)
        {
            shared.kept(record_key, record);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether other daemons may be asked for a receipt: whose key was generated here nobody knows.
fn is_of_all(record_key: &str, record: &Record) -> bool {
    !record.generated && !is_of_one_daemon(record_key)
}

/// Returns whether an order is about the daemon that gets it: another one that gets it with the same key has its own to do.
fn is_of_one_daemon(record_key: &str) -> bool {
    let verb = record_key.split('/').nth(1).unwrap_or_default();
    ["daemon.", "connections."].iter().any(|of| verb.starts_with(of))
}

fn read<R: DeserializeOwned>(key: &str, receipt: Value) -> Result<R, ReceiptError> {
    serde_json::from_value(receipt).map_err(|error| {
        StoreError::Failed(format!("the receipt of the key {key:?} cannot be read: {error}")).into()
    })
}

/// A key that is taken. Dropped without [`Ticket::commit`] or [`Ticket::finish`], it is free again; by a panic, nobody
/// knows what was done with it.
#[must_use = "a ticket that is dropped frees its key"]
pub struct Ticket<'a> {
    receipts: &'a Receipts,
    mutation: Mutation,
    record_key: String,
    digest: String,
    begun_at: Timestamp,
    /// What repetitions get once the ticket is gone.
    end: End,
}

/// What becomes of a key.
enum End {
    /// Nothing was done with it.
    Free,
    /// This is what was answered.
    Kept(Box<Record>),
    /// Whether it was done is not known, for this reason.
    Unknown(String),
}

impl Ticket<'_> {
    /// Commits the mutation's changes, its receipt and its entry in the audit log together. After an error nothing is known about either.
    /// Repetitions wait until the ticket is finished or dropped.
    pub async fn commit(&mut self, receipt: &impl Serialize, mut batch: Batch) -> Result<(), StoreError> {
        let record = self.record(receipt)?;
        // Removals first: a key that was forgotten may be the one that is put anew.
        let forgotten = self.receipts.lock().forgotten();
        let removals = forgotten.into_iter().map(|key| Change::Remove(Table::Receipts, key));
        batch.splice(0..0, removals);
        batch.push(self.put(&record)?);
        let entry = match self.draft() {
            Some(draft) => Some((Arc::clone(draft), draft.join(&mut batch, &self.mutation.key)?)),
            None => None,
        };
        let done = self.receipts.store.commit(batch).await;
        if let Some((draft, entry)) = entry {
            draft.committed(entry, &done);
        }
        self.end = match &done {
            Ok(()) => End::Kept(Box::new(record)),
            Err(StoreError::Failed(why)) => End::Unknown(why.clone()),
            Err(_) => End::Free,
        };
        done
    }

    /// Commits a receipt that says more than the first one, now that the mutation is done.
    pub async fn amend(&mut self, receipt: &impl Serialize) -> Result<(), StoreError> {
        let record = self.record(receipt)?;
        let change = self.put(&record)?;
        self.end = End::Kept(Box::new(record));
        self.receipts.store.commit(vec![change]).await
    }

    /// Commits the changes and the receipt of what is done in any case, so that it must not read like a failure when
    /// they cannot be stored.
    pub async fn conclude(mut self, receipt: &impl Serialize, batch: Batch) {
        if let Err(error) = self.commit(receipt, batch).await {
            tracing::warn!(verb = self.mutation.verb, %error, "done, but the receipt was not stored");
            self.finish(receipt);
        }
    }

    /// Keeps a receipt in memory only, for what happened although it could not be stored.
    pub fn finish(mut self, receipt: &impl Serialize) {
        if let Some(draft) = self.draft() {
            draft.done();
        }
        self.end = self.record(receipt).map_or(End::Free, |record| End::Kept(Box::new(record)));
    }

    /// Returns what the body of the mutation is recognised by.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    fn draft(&self) -> Option<&Arc<Draft>> {
        self.mutation.by.draft.as_ref()
    }

    fn record(&self, receipt: &impl Serialize) -> Result<Record, StoreError> {
        let receipt = serde_json::to_value(receipt)
            .map_err(|error| StoreError::Failed(format!("the receipt cannot be encoded: {error}")))?;
        Ok(Record {
            digest: self.digest.clone(),
            at: self.begun_at,
            generated: self.mutation.generated,
            receipt,
        })
    }

    fn put(&self, record: &Record) -> Result<Change, StoreError> {
        Ok(Change::Put(Table::Receipts, self.record_key.clone(), store::encode(record)?))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let End::Kept(record) = &self.end {
            self.receipts.tell(&self.record_key, record);
        }
        let mut ledger = self.receipts.lock();
        match std::mem::replace(&mut self.end, End::Free) {
            End::Free if std::thread::panicking() => {
                ledger.doubt(&self.record_key, "the daemon failed in the middle of it".to_owned());
            }
            End::Kept(record) => ledger.keep(&self.record_key, *record),
            End::Unknown(why) => ledger.doubt(&self.record_key, why),
            End::Free => ledger.release(&self.record_key),
        }
    }
}
