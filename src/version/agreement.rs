//! What the other members of a cluster must agree to before it is so.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use super::{
    ClearReceipt, ClearVersion, PendingVersion, QueueVersion, VersionError,
    orders::{Plan, changelog, which_is_which},
    service::Inner,
    shared::{Added, Mark, SharedVersions, Step, Which},
};
use crate::{
    audience::Audience,
    delivery::Unplaced,
    event::VersionSequence,
    idempotency::{KeyConflict, Mutation, ReceiptError, Ticket},
    store::StoreError,
};

/// How long a step is tried, that others overtake or that gets no answer, and
const DECIDED: Duration = Duration::from_secs(10);
/// the pause before it is tried again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a version is known by the key of its order, as long as a receipt would be kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The attempts to have the others agree to an order.
struct Attempts<'a> {
    shared: &'a dyn SharedVersions,
    /// By which it is added once, however often it is tried.
    id: String,
    begun: Instant,
    /// It was added, or may have been.
    sent: bool,
}

/// What came of one.
enum Agreed {
    /// It was added.
    Now,
    /// It was added before, as this.
    Before(Box<Step>),
    /// Another one came first, or nobody answered: it is to be tried again.
    NotYet,
}

impl Attempts<'_> {
    /// Returns how far the others have agreed, to add what comes next.
    async fn mark(&self) -> Result<Mark, Unplaced> {
        if self.begun.elapsed() >= DECIDED {
            return Err(Unplaced::Unknown);
        }
        self.settled().await
    }

    async fn settled(&self) -> Result<Mark, Unplaced> {
        let settled = self.shared.settled().await;
        // Nothing is sent now, but what was sent may have arrived, or still arrive.
        settled.map_err(|error| if self.sent { Unplaced::Unknown } else { error })
    }

    async fn add(&mut self, after: Mark, step: Step) -> Result<Agreed, Unplaced> {
        match self.shared.add(after, step, Some(self.id.clone())).await {
            Ok(Added::Yes) => Ok(Agreed::Now),
            Ok(Added::Overtaken) => Ok(Agreed::NotYet),
            Ok(Added::Before(step)) => {
                self.sent = true;
                // The receipt says that it is stored: here, too.
                self.settled().await?;
                Ok(Agreed::Before(step))
            }
            Err(error) => {
                self.sent |= error != Unplaced::Away;
                sleep(AGAIN).await;
                Ok(Agreed::NotYet)
            }
        }
    }
}

impl Inner {
    /// Returns the attempts to have the others agree; `None` where this daemon is alone.
    fn attempts(&self, mutation: &Mutation) -> Result<Option<Attempts<'_>>, StoreError> {
        let Some(shared) = self.shared.get() else { return Ok(None) };
        if let Some(why) = self.store.failure() {
            return Err(StoreError::Broken(why));
        }
        let (id, begun) = (mutation.record_key(), Instant::now());
        Ok(Some(Attempts { shared: &**shared, id, begun, sent: false }))
    }

    /// Returns what is to be done, which the others agree to where this daemon is a member of a cluster.
    pub(super) async fn agree(
        &self,
        last: VersionSequence,
        ticket: &Ticket<'_>,
        mutation: &Mutation,
        order: &QueueVersion,
    ) -> Result<Plan, VersionError> {
        self.lifecycle.accepting()?;
        let Some(mut attempts) = self.attempts(mutation)? else { return self.plan(last, mutation, order) };
        loop {
            let mark = attempts.mark().await?;
            // Its own version may be what stands in its way.
            if let Some(done) = self.carried_out(mutation, order) {
                return Ok(Plan::Settled(Box::new(self.repeated(self.receipt(&done)))));
            }
            let plan = self.plan(self.newest().max(mark.last), mutation, order)?;
            let Plan::New(version) = plan else { return Ok(plan) };
            let step = Step::Queued { version: version.clone(), digest: ticket.digest().to_owned() };
            match attempts.add(mark, step).await? {
                Agreed::Now => return Ok(Plan::New(version)),
                Agreed::Before(step) => return self.queued_before(&step, ticket, order),
                Agreed::NotYet => {}
            }
        }
    }

    /// Returns what is cleared: how many versions, and those of them that are to be removed here.
    pub(super) async fn agree_to_clear(
        &self,
        order: &ClearVersion,
        which: &Which,
        (ticket, mutation): (&Ticket<'_>, &Mutation),
        at: Timestamp,
    ) -> Result<(usize, Vec<(Audience, VersionSequence)>), VersionError> {
        let Some(mut attempts) = self.attempts(mutation)? else {
            let chosen = self.chosen(which);
            return Ok((chosen.len(), chosen));
        };
        loop {
            let mark = attempts.mark().await?;
            let chosen = self.chosen(which);
            let upto = chosen.iter().map(|(_, sequence)| mark.last.max(*sequence)).max();
            let step = Step::Cleared {
                request_id: order.request_id.clone(),
                all: order.all,
                upto: upto.unwrap_or(VersionSequence::FETCHED),
                at,
                cleared: chosen.len(),
                digest: ticket.digest().to_owned(),
            };
            match attempts.add(mark, step).await? {
                Agreed::Now => return Ok((chosen.len(), chosen)),
                // What it cleared was removed when it was read.
                Agreed::Before(step) => {
                    return Ok((self.cleared_before(&step, ticket, mutation)?, Vec::new()));
                }
                Agreed::NotYet => {}
            }
        }
    }

    /// Returns the number of the newest version, wherever it was queued.
    pub(super) async fn last(&self, last: VersionSequence) -> Result<VersionSequence, VersionError> {
        match self.shared.get() {
            Some(shared) => Ok(self.newest().max(shared.settled().await?.last)),
            None => Ok(last),
        }
    }

    /// Returns the number of the newest version that is known here. What was queued before this daemon became a member
    /// is forgotten, and does not count.
    fn newest(&self) -> VersionSequence {
        let pending = self.pending().all().map(|version| version.sequence).max();
        self.past().newest().max(pending).unwrap_or(VersionSequence::FETCHED)
    }

    /// Returns the version by which an order was carried out whose answer was lost.
    fn carried_out(&self, mutation: &Mutation, order: &QueueVersion) -> Option<PendingVersion> {
        let (actor, (uid, _)) = (mutation.by.actor.kind(), mutation.by.user());
        let (audience, now) = (Audience::from(order.request_id.clone()), self.clock.now());
        let known = self.past().all().into_iter().find(|known| {
            (known.key == mutation.key && known.actor == actor && known.uid == uid)
                && (known.version == order.version && known.changelog.as_deref() == changelog(order))
                && (known.audience == audience && known.live_to_all == order.live_to_all)
                && now.duration_since(known.queued_at) < KEPT
        });
        known.map(|known| known.pending())
    }

    /// Returns what an order was answered with that was carried out before.
    fn queued_before(
        &self,
        step: &Step,
        ticket: &Ticket<'_>,
        order: &QueueVersion,
    ) -> Result<Plan, VersionError> {
        let Step::Queued { version, digest } = step else { return Err(Unplaced::Unknown.into()) };
        let receipt = self.receipt(&version.pending());
        if digest == ticket.digest() {
            return Ok(Plan::Settled(Box::new(self.repeated(receipt))));
        }
        let receipt = serde_json::to_value(receipt).ok();
        Err(which_is_which(KeyConflict { key: version.key.clone(), receipt }.into(), order))
    }

    /// Returns how many versions an order cleared that was carried out before.
    fn cleared_before(
        &self,
        step: &Step,
        ticket: &Ticket<'_>,
        mutation: &Mutation,
    ) -> Result<usize, VersionError> {
        let Step::Cleared { cleared, digest, .. } = step else { return Err(Unplaced::Unknown.into()) };
        if digest == ticket.digest() {
            return Ok(*cleared);
        }
        let key = mutation.key.clone();
        let receipt = ClearReceipt { key: key.clone(), cleared: *cleared, durable: self.store.durable() };
        Err(ReceiptError::from(KeyConflict { key, receipt: serde_json::to_value(receipt).ok() }).into())
    }

    /// Returns why something is not stored here. It is done all the same, where others have agreed to it.
    pub(super) fn may_be_done(&self, error: StoreError) -> StoreError {
        match self.shared.get() {
            Some(_) => StoreError::Failed(error.to_string()),
            None => error,
        }
    }
}
