//! What changes which versions are pending: stored first, then told.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    ClearReceipt, ClearVersion, MAX_VERSION_BYTES, PendingVersion, QueueVersion, QueuedVersion, VersionError,
    VersionReceipt, VersionState,
    service::{Inner, LAST_SEQUENCE},
    shared::Which,
};
use crate::{
    audience::Audience,
    delivery::{Reach, Unplaced},
    event::{Event, VersionSequence},
    idempotency::{Actor, Begun, KeyConflict, Mandate, Mutation, ReceiptError, Ticket},
    store::{self, Batch, Change, StoreError, Table},
};

/// How long it is watched how far a version comes, for the state.
const WATCHED: Duration = Duration::from_secs(60);

/// What is to be done with an order.
pub(super) enum Plan {
    /// Nothing: this is the answer.
    Settled(Box<VersionReceipt>),
    /// This is queued.
    New(Box<QueuedVersion>),
}

impl Inner {
    pub(super) async fn queue(
        self: &Arc<Self>,
        by: Mandate,
        order: QueueVersion,
    ) -> Result<VersionReceipt, VersionError> {
        self.check(by.actor, &order)?;
        let mutation = Mutation::new(by, "version.queue", order.key.clone());
        let begun = self.receipts.begin::<VersionReceipt>(&mutation, &order).await;
        let mut ticket = match begun.map_err(|error| which_is_which(error, &order))? {
            Begun::Repeated(receipt) => {
                if let Some(shared) = self.shared.get() {
                    // Another member may have given it: whoever connects here next is to find that version. Away, they
                    // find what is known here.
                    let _ = shared.settled().await;
                }
                return Ok(self.repeated(receipt));
            }
            Begun::First(ticket) => ticket,
        };
        let mut last = self.sequencer.lock().await;
        let (receipt, version) = match self.agree(*last, &ticket, &mutation, &order).await? {
            Plan::Settled(receipt) => {
                let done = ticket.commit(&receipt, Batch::new()).await;
                done.map_err(|error| self.may_be_done(error))?;
                return Ok(*receipt);
            }
            Plan::New(version) => (self.receipt(&version.pending()), version),
        };
        let receipt = self.queue_next(&mut last, &mut ticket, receipt, *version).await?;
        drop(last);
        if receipt.connections > 0
            && let Err(error) = ticket.amend(&receipt).await
        {
            tracing::warn!(%error, key = receipt.key, "a receipt lost its number of connections");
        }
        Ok(receipt)
    }

    /// Stores a version with its receipt, then tells it.
    async fn queue_next(
        self: &Arc<Self>,
        last: &mut VersionSequence,
        ticket: &mut Ticket<'_>,
        receipt: VersionReceipt,
        version: QueuedVersion,
    ) -> Result<VersionReceipt, VersionError> {
        let event = self.event(&version.version, version.changelog.as_deref(), version.sequence)?;
        let mut batch = self.put(&version.pending())?;
        batch.append(&mut self.past().changes(&version)?);
        ticket.commit(&receipt, batch).await.map_err(|error| self.may_be_done(error))?;
        *last = version.sequence;
        let connections = self.tell_new(version, event).await;
        Ok(VersionReceipt { connections, ..receipt })
    }

    /// Returns what is to be done after the last version.
    pub(super) fn plan(
        &self,
        last: VersionSequence,
        mutation: &Mutation,
        order: &QueueVersion,
    ) -> Result<Plan, VersionError> {
        self.expected(order)?;
        let key = mutation.key.clone();
        if let Some(same) = self.same_pending(order) {
            let receipt = VersionReceipt { key, unchanged: true, ..self.receipt(&same) };
            return Ok(Plan::Settled(Box::new(receipt)));
        }
        let version = self.next(last, order.clone(), key)?;
        Ok(Plan::New(Box::new(record(&version, &mutation.by, order.live_to_all))))
    }

    /// Tells a version that is stored. Returns to how many connections of this daemon.
    async fn tell_new(self: &Arc<Self>, version: QueuedVersion, event: Event) -> usize {
        let Some(shared) = self.shared.get() else { return self.tell_at(None, version, event).await };
        match shared.place(&version).await {
            Ok(turn) => {
                let connections = self.tell_at(Some(turn.sequence), version, event).await;
                turn.done();
                connections
            }
            Err(Unplaced::Passed) => {
                let told = self.reach(version.sequence).and_then(|reach| reach.known());
                told.map_or(0, |told| told.connections)
            }
            // Whoever finds that it was not told sees to it. Newcomers know it until then.
            Err(Unplaced::Away | Unplaced::Unknown) => {
                self.pending().put(version.pending());
                0
            }
        }
    }

    /// Returns what would come of an order.
    pub(super) async fn forecast(
        &self,
        actor: Actor,
        order: QueueVersion,
    ) -> Result<VersionReceipt, VersionError> {
        self.check(actor, &order)?;
        let sequencer = self.sequencer.lock().await;
        self.lifecycle.accepting()?;
        let last = self.last(*sequencer).await?;
        self.expected(&order)?;
        let key = order.key.clone().unwrap_or_default();
        if let Some(same) = self.same_pending(&order) {
            return Ok(VersionReceipt { key, unchanged: true, dry_run: true, ..self.receipt(&same) });
        }
        let connections = self.dispatcher.would_select(&live(&order));
        let receipt = self.receipt(&self.next(last, order, key)?);
        Ok(VersionReceipt { connections, stored: false, dry_run: true, ..receipt })
    }

    pub(super) async fn clear(&self, by: Mandate, order: ClearVersion) -> Result<ClearReceipt, VersionError> {
        let which = which(&order)?;
        let mutation = Mutation::new(by, "version.clear", order.key.clone());
        let mut ticket = match self.receipts.begin(&mutation, &order).await? {
            Begun::Repeated(receipt) => return Ok(receipt),
            Begun::First(ticket) => ticket,
        };
        let sequencer = self.sequencer.lock().await;
        let at = self.clock.now();
        let (cleared, here) = self.agree_to_clear(&order, &which, (&ticket, &mutation), at).await?;
        let (gone, sequences): (Vec<_>, Vec<_>) = here.into_iter().unzip();
        let receipt = ClearReceipt { key: mutation.key, cleared, durable: self.store.durable() };
        let batch = self.removal(&gone, &sequences, at).map_err(|error| self.may_be_done(error))?;
        ticket.commit(&receipt, batch).await.map_err(|error| self.may_be_done(error))?;
        self.removed(&gone, &sequences, at);
        drop(sequencer);
        Ok(receipt)
    }

    /// Returns the changes by which it is remembered that versions were cleared.
    pub(super) fn removal(
        &self,
        gone: &[Audience],
        sequences: &[VersionSequence],
        at: Timestamp,
    ) -> Result<Batch, StoreError> {
        let mut batch = remove(gone);
        batch.append(&mut self.past().cleared(sequences, at)?);
        Ok(batch)
    }

    /// Notes that versions were cleared.
    pub(super) fn removed(&self, gone: &[Audience], sequences: &[VersionSequence], at: Timestamp) {
        for (audience, sequence) in gone.iter().zip(sequences) {
            // A newer one may have come meanwhile, and stays.
            self.pending().take_back(audience, *sequence);
        }
        self.past().clear(sequences, at);
    }

    /// Keeps how far a version has come, once that does not change any more.
    pub(super) async fn remember(&self, reach: &Reach) {
        let settled = tokio::time::timeout(WATCHED, reach.until(|figures| figures.queued == 0));
        self.lifecycle.closing().run_until_cancelled(settled).await;
        let change = self.past().figures(reach.sequence());
        if let Some(change) = change
            && let Err(error) = self.store.commit(vec![change]).await
        {
            tracing::debug!(%error, "how far a version has come is not remembered");
        }
    }

    /// Returns which versions are pending.
    pub(super) fn chosen(&self, which: &Which) -> Vec<(Audience, VersionSequence)> {
        let pending = self.pending();
        let chosen = pending.all().filter(|version| match which {
            Which::All => true,
            Which::Of(audience) => version.audience == *audience,
        });
        chosen.map(|version| (version.audience.clone(), version.sequence)).collect()
    }

    /// Refuses an order that expects something else to be pending.
    fn expected(&self, order: &QueueVersion) -> Result<(), VersionError> {
        let Some(expected) = &order.expect_pending else { return Ok(()) };
        let pending = self.pending().newest(order.request_id.as_ref()).cloned();
        let is = pending.as_ref().map_or("", |version| &version.version);
        if is == expected {
            return Ok(());
        }
        let words = |version: &str| match version {
            "" => "nothing".to_owned(),
            version => version.to_owned(),
        };
        let whom = Audience::from(order.request_id.clone());
        let (is, expected) = (words(is), words(expected));
        Err(VersionError::Unexpected(format!("{is} is pending for {whom}, not {expected}: not queued")))
    }

    /// Returns what is pending if the order would change nothing, and is to be left then.
    fn same_pending(&self, order: &QueueVersion) -> Option<PendingVersion> {
        let pending = self.pending();
        let now = pending.newest(order.request_id.as_ref()).filter(|_| order.if_changed)?;
        (now.version == order.version && now.changelog.as_deref() == changelog(order)).then(|| now.clone())
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

    pub(super) fn put(&self, version: &PendingVersion) -> Result<Batch, StoreError> {
        let mut batch = remove(&self.pending().displaced_by(&version.audience, version.sequence));
        batch.push(Change::Put(Table::Pending, record_key(&version.audience), store::encode(version)?));
        batch.push(Change::Put(Table::Counters, LAST_SEQUENCE.to_owned(), store::encode(&version.sequence)?));
        Ok(batch)
    }

    pub(super) fn receipt(&self, version: &PendingVersion) -> VersionReceipt {
        VersionReceipt {
            key: version.key.clone(),
            version: version.version.clone(),
            request_id: version.audience.request_id().cloned(),
            sequence: version.sequence,
            stored: true,
            durable: self.store.durable(),
            connections: 0,
            member: self.shared.get().map(|shared| shared.member().to_owned()),
            unchanged: false,
            dry_run: false,
            superseded_by: None,
            waited: None,
        }
    }

    pub(super) fn repeated(&self, mut receipt: VersionReceipt) -> VersionReceipt {
        let pending = self.pending();
        let newer = pending.newest(receipt.request_id.as_ref()).filter(|now| now.sequence > receipt.sequence);
        receipt.superseded_by = newer.map(|version| version.version.clone());
        receipt
    }

    fn check(&self, actor: Actor, order: &QueueVersion) -> Result<(), VersionError> {
        check(actor, order)?;
        let changelog = order.changelog.as_deref();
        Ok(self.dispatcher.check(&self.event(&order.version, changelog, VersionSequence::FETCHED)?)?)
    }
}

/// Returns who is told now.
fn live(order: &QueueVersion) -> Audience {
    if order.live_to_all { Audience::Everyone } else { order.request_id.clone().into() }
}

/// Returns what is new in a version; an empty text says nothing.
pub(super) fn changelog(order: &QueueVersion) -> Option<&str> {
    order.changelog.as_deref().filter(|text| !text.is_empty())
}

/// Returns which versions an order clears.
fn which(order: &ClearVersion) -> Result<Which, VersionError> {
    match (order.all, order.request_id.clone()) {
        (true, Some(_)) => Err(VersionError::Invalid("clear one request id, or all: not both".to_owned())),
        (true, None) => Ok(Which::All),
        (false, request_id) => Ok(Which::Of(request_id.into())),
    }
}

fn record(version: &PendingVersion, by: &Mandate, live_to_all: bool) -> QueuedVersion {
    let (uid, user) = by.user();
    QueuedVersion {
        sequence: version.sequence,
        version: version.version.clone(),
        changelog: version.changelog.clone(),
        audience: version.audience.clone(),
        live_to_all,
        queued_at: version.queued_at,
        actor: by.actor.kind().to_owned(),
        uid,
        user,
        key: version.key.clone(),
        state: VersionState::default(),
        superseded_by: None,
        cleared_at: None,
        delivery: None,
    }
}

/// Says what a key was used for, and what it was to be used for now.
pub(super) fn which_is_which(error: ReceiptError, order: &QueueVersion) -> VersionError {
    let ReceiptError::Conflict(KeyConflict { key, receipt: Some(receipt) }) = &error else {
        return error.into();
    };
    let first = receipt.get("version").and_then(Value::as_str).unwrap_or("another version");
    let to = receipt.get("request_id").and_then(Value::as_str).unwrap_or("everyone");
    let whom = Audience::from(order.request_id.clone()).to_string();
    let sequence = receipt.get("sequence").and_then(Value::as_u64).unwrap_or_default();
    let now = if (first, to) == (&order.version, &whom) {
        "the same with another changelog or other options".to_owned()
    } else {
        format!("{} for {whom}", order.version)
    };
    VersionError::KeyUsed(format!(
        "the key {key:?} was used for {first} for {to} (sequence {sequence}); this order is {now}"
    ))
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

/// Returns the changes by which it is remembered that nothing is pending for these.
pub(super) fn remove(audiences: &[Audience]) -> Batch {
    audiences.iter().map(|audience| Change::Remove(Table::Pending, record_key(audience))).collect()
}

/// Returns the name of the record. Request ids contain no colon, so the two forms never meet.
fn record_key(audience: &Audience) -> String {
    audience.request_id().map_or_else(|| "everyone".to_owned(), |id| format!("id:{id}"))
}
