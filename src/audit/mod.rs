//! Who ordered what, and what became of it: a bounded log in the state, to which entries are only added.
//!
//! An order that is carried out is entered by the commit of its receipt, so the log costs no commit of its own and
//! never disagrees with what was done. Refused and repeated ones are written with the next commit, or a little
//! later. Refusals have a bound of their own: nobody can push out what was done by asking in vain.

mod book;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use self::book::Book;
use crate::{
    access::Caller,
    clock::SharedClock,
    control::types::{AuditEntry, AuditOutcome},
    lifecycle::{Lifecycle, Phase},
    store::{self, Batch, Change, Store, StoreError, Table},
};

/// How long an entry may wait for somebody else's commit.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is kept of texts that others wrote, in bytes.
const MAX_TEXT: usize = 256;

/// The log of orders.
pub struct AuditLog {
    store: Arc<dyn Store>,
    clock: SharedClock,
    lifecycle: Lifecycle,
    book: Mutex<Book>,
}

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page {
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// With smaller numbers than this.
    pub before: Option<u64>,
}

impl AuditLog {
    /// Loads the entries of earlier runs.
    pub fn load(
        store: Arc<dyn Store>,
        clock: SharedClock,
        lifecycle: Lifecycle,
    ) -> Result<Arc<Self>, StoreError> {
        let mut book = Book::default();
        for (key, bytes) in store.load(Table::Audit)? {
            book.enter(store::decode(Table::Audit, &key, &bytes)?);
        }
        Ok(Arc::new(Self { store, clock, lifecycle, book: Mutex::new(book) }))
    }

    /// Returns entries, newest first.
    pub fn page(&self, page: &Page) -> Vec<AuditEntry> {
        let book = self.book();
        let asked = book.newest_first(page.before).filter(|entry| page.since <= Some(entry.at));
        asked.cloned().collect()
    }

    /// Returns a draft of the entry for an order that is about to be carried out, or refused.
    pub(crate) fn draft(
        self: &Arc<Self>,
        caller: &Caller,
        command: &str,
        target: &str,
        key: Option<&str>,
        reason: Option<&str>,
    ) -> Arc<Draft> {
        let peer = caller.peer.as_deref();
        let entry = AuditEntry {
            sequence: 0,
            at: self.clock.now(),
            actor: caller.actor.kind().to_owned(),
            uid: peer.map(|peer| peer.uid),
            user: peer.and_then(|peer| peer.account.name.as_deref()).map(str::to_owned),
            pid: peer.and_then(|peer| peer.pid),
            via: caller.via.as_deref().map(cut),
            command: command.to_owned(),
            target: cut(target),
            key: key.map(cut),
            outcome: AuditOutcome::Refused,
            reason: reason.map(cut),
        };
        Arc::new(Draft { log: Arc::clone(self), entry, stage: Mutex::new(Stage::Begun) })
    }

    /// Enters what needs no commit of its own, and sees to it that it is written before long.
    fn enter_lazily(self: &Arc<Self>, mut entry: AuditEntry) {
        let mut book = self.book();
        entry.sequence = book.next();
        if let Ok(bytes) = store::encode(&entry) {
            book.write_later(entry.sequence, bytes);
        }
        book.enter(entry);
        if book.begin_to_wait() {
            let log = Arc::clone(self);
            self.lifecycle.spawn(async move { log.write_before_long().await });
        }
    }

    async fn write_before_long(&self) {
        tokio::select! {
            () = tokio::time::sleep(PATIENCE) => {}
            () = self.lifecycle.reached(Phase::Closed) => {}
        }
        let batch = self.book().take_waiting();
        if let Err(error) = self.store.commit(batch).await {
            tracing::warn!(%error, "entries of the audit log were not stored");
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far an order came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was done.
    Begun,
    /// It was done, but its receipt was not stored.
    Done,
    /// It was done, and its entry written with its receipt.
    Entered,
    /// The commit of its receipt failed: whether that is there is not known.
    Doubtful,
}

/// The entry of one order, until it is known what became of it.
pub(crate) struct Draft {
    log: Arc<AuditLog>,
    entry: AuditEntry,
    stage: Mutex<Stage>,
}

impl Draft {
    /// Returns whose order it is, and what that user is called.
    pub(crate) fn user(&self) -> (Option<u32>, Option<String>) {
        (self.entry.uid, self.entry.user.clone())
    }

    /// Returns the entry for an order that is done once its batch is committed, and adds it to that batch, with
    /// what else waits to be written.
    pub(crate) fn join(&self, batch: &mut Batch, key: &str) -> Result<AuditEntry, StoreError> {
        let mut book = self.log.book();
        let entry = AuditEntry {
            sequence: book.next(),
            key: Some(key.to_owned()),
            outcome: AuditOutcome::Done,
            ..self.entry.clone()
        };
        batch.push(Change::Put(Table::Audit, record_key(entry.sequence), store::encode(&entry)?));
        batch.append(&mut book.take_waiting());
        Ok(entry)
    }

    /// Enters what was committed. Of a commit that failed nothing is known.
    pub(crate) fn committed(&self, entry: AuditEntry, done: &Result<(), StoreError>) {
        let stage = match done {
            Ok(()) => {
                self.log.book().enter(entry);
                Stage::Entered
            }
            Err(StoreError::Failed(_)) => Stage::Doubtful,
            Err(_) => Stage::Begun,
        };
        *self.stage() = stage;
    }

    /// Notes that the order was done although its receipt could not be stored.
    pub(crate) fn done(&self) {
        let mut stage = self.stage();
        if *stage != Stage::Entered {
            *stage = Stage::Done;
        }
    }

    /// Enters what was answered, if it is not entered yet: an order that did nothing repeated an earlier one.
    pub(crate) fn answered(&self, key: &str) {
        let outcome = match *self.stage() {
            Stage::Entered => return,
            Stage::Done => AuditOutcome::Done,
            Stage::Begun | Stage::Doubtful => AuditOutcome::Repeated,
        };
        self.log.enter_lazily(AuditEntry { outcome, key: Some(key.to_owned()), ..self.entry.clone() });
    }

    /// Enters a refusal, or why it is not known whether it was done.
    pub(crate) fn refused(&self, why: &str) {
        let doubtful = *self.stage() == Stage::Doubtful;
        self.not_done(if doubtful { AuditOutcome::Unknown } else { AuditOutcome::Refused }, why);
    }

    /// Enters that the order broke off, unless it is entered already that it was done.
    pub(crate) fn broken(&self, why: &str) {
        if *self.stage() != Stage::Entered {
            self.not_done(AuditOutcome::Unknown, why);
        }
    }

    fn not_done(&self, outcome: AuditOutcome, why: &str) {
        self.log.enter_lazily(AuditEntry { outcome, reason: Some(cut(why)), ..self.entry.clone() });
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In the order of the numbers.
fn record_key(sequence: u64) -> String {
    format!("{sequence:020}")
}

/// Returns what is kept of a text that others wrote.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().find(|(at, c)| at + c.len_utf8() > MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
