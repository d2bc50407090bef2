//! Request ids that are refused for a while, because an operator disconnected them and said so. Part of the state: what
//! changes them is committed with the receipt of the order, by whoever has it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use crate::{
    clock::SharedClock,
    control::types::Blocked,
    request_id::RequestId,
    store::{self, Batch, Change, Store, StoreError, Table},
};

/// How many may be refused at a time.
const MOST: usize = 10_000;

/// There are too many already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} request ids are refused already, at most {MOST} may be")]
pub struct TooMany(usize);

/// Who is refused, and until when.
pub struct Blocks {
    clock: SharedClock,
    all: Mutex<HashMap<RequestId, Blocked>>,
}

impl Blocks {
    /// Loads what earlier runs left.
    pub fn load(store: &dyn Store, clock: SharedClock) -> Result<Self, StoreError> {
        let mut all = HashMap::new();
        for (key, bytes) in store.load(Table::Blocked)? {
            let blocked: Blocked = store::decode(Table::Blocked, &key, &bytes)?;
            all.insert(blocked.request_id.clone(), blocked);
        }
        Ok(Self { clock, all: Mutex::new(all) })
    }

    /// Returns whether this id is refused at the moment.
    pub fn has(&self, id: &RequestId) -> bool {
        let all = self.lock();
        // Mostly there are none: the time need not be asked for.
        all.get(id).is_some_and(|blocked| blocked.until > self.clock.now())
    }

    /// Returns who is refused at the moment, who was first longest ago.
    pub fn list(&self) -> Vec<Blocked> {
        let now = self.clock.now();
        let mut all: Vec<_> = self.lock().values().filter(|blocked| blocked.until > now).cloned().collect();
        all.sort_by(|one, two| (one.since, &one.request_id).cmp(&(two.since, &two.request_id)));
        all
    }

    /// Refuses if there is no room for so many more.
    pub fn check_room(&self, more: usize) -> Result<(), TooMany> {
        let now = self.clock.now();
        let there = self.lock().values().filter(|blocked| blocked.until > now).count();
        if there + more > MOST { Err(TooMany(there)) } else { Ok(()) }
    }

    /// Refuses these from now on. Returns how they were refused before, those who were.
    pub fn block(&self, blocked: &[Blocked]) -> Vec<Blocked> {
        let mut all = self.lock();
        let insert = |blocked: &Blocked| all.insert(blocked.request_id.clone(), blocked.clone());
        blocked.iter().filter_map(insert).collect()
    }

    /// Takes that back: they are refused as before, or not at all, unless another order came in between.
    pub fn take_back(&self, blocked: &[Blocked], before: Vec<Blocked>) {
        let mut all = self.lock();
        let mut before: HashMap<_, _> =
            before.into_iter().map(|blocked| (blocked.request_id.clone(), blocked)).collect();
        for blocked in blocked {
            let id = &blocked.request_id;
            if all.get(id) != Some(blocked) {
                continue;
            }
            match before.remove(id) {
                Some(earlier) => all.insert(id.clone(), earlier),
                None => all.remove(id),
            };
        }
    }

    /// Returns what is to be committed so that these are refused after a restart, too.
    pub fn changes(&self, blocked: &[Blocked]) -> Result<Batch, StoreError> {
        let mut all = self.lock();
        let mut batch = sweep(&mut all, self.clock.now());
        // Somebody may have let one in again meanwhile.
        for blocked in blocked.iter().filter(|blocked| all.get(&blocked.request_id) == Some(blocked)) {
            let record = store::encode(blocked)?;
            batch.push(Change::Put(Table::Blocked, blocked.request_id.as_str().to_owned(), record));
        }
        Ok(batch)
    }

    /// Refuses these no longer. Returns those that were refused, the others, and what is to be committed.
    pub fn unblock(&self, ids: &[RequestId]) -> (Vec<RequestId>, Vec<RequestId>, Batch) {
        let now = self.clock.now();
        let mut all = self.lock();
        let mut batch = sweep(&mut all, now);
        let (mut were, mut were_not) = (Vec::new(), Vec::new());
        for id in ids {
            if all.remove(id).is_some() {
                batch.push(Change::Remove(Table::Blocked, id.as_str().to_owned()));
                were.push(id.clone());
            } else {
                were_not.push(id.clone());
            }
        }
        (were, were_not, batch)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, Blocked>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets those whose time is over.
fn sweep(all: &mut HashMap<RequestId, Blocked>, now: Timestamp) -> Batch {
    let over = all.extract_if(|_, blocked| blocked.until <= now);
    over.map(|(id, _)| Change::Remove(Table::Blocked, id.as_str().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;

    use super::*;
    use crate::{clock::SystemClock, store::MemoryStore};

    fn id(name: &str) -> RequestId {
        name.parse().expect("an id")
    }

    fn blocked(name: &str, seconds: i64) -> Blocked {
        let now = Timestamp::now();
        Blocked {
            request_id: id(name),
            until: now + SignedDuration::from_secs(seconds),
            since: now,
            by: "uid 1".to_owned(),
            reason: None,
            member: None,
        }
    }

    fn loaded(store: &MemoryStore) -> Blocks {
        Blocks::load(store, Arc::new(SystemClock)).expect("loaded")
    }

    #[tokio::test]
    async fn they_are_refused_until_then_also_after_a_restart() {
        let store = MemoryStore::default();
        let over = store::encode(&blocked("over", -1)).expect("a record");
        store.commit(vec![Change::Put(Table::Blocked, "over".to_owned(), over)]).await.expect("kept");
        let blocks = loaded(&store);
        assert!(!blocks.has(&id("a")));
        let refused = [blocked("a", 60)];
        assert!(blocks.block(&refused).is_empty());
        store.commit(blocks.changes(&refused).expect("a batch")).await.expect("kept");
        for blocks in [&blocks, &loaded(&store)] {
            assert!(blocks.has(&id("a")) && !blocks.has(&id("b")) && !blocks.has(&id("over")));
            assert_eq!(blocks.list().len(), 1);
        }
        let (were, were_not, batch) = blocks.unblock(&[id("a"), id("b"), id("over")]);
        assert_eq!((were, were_not), (vec![id("a")], vec![id("b"), id("over")]));
        store.commit(batch).await.expect("kept");
        assert!(!blocks.has(&id("a")) && !loaded(&store).has(&id("a")));
        assert!(store.load(Table::Blocked).expect("read").is_empty(), "what is over is forgotten on the way");
    }

    #[test]
    fn they_are_bounded_by_those_who_are_still_refused() {
        let blocks = loaded(&MemoryStore::default());
        let many =
            |seconds| -> Vec<_> { (0..MOST).map(|n| blocked(&format!("{seconds}-{n}"), seconds)).collect() };
        blocks.block(&many(-1));
        assert_eq!(blocks.check_room(MOST), Ok(()));
        blocks.block(&many(60));
        assert_eq!(blocks.check_room(1), Err(TooMany(MOST)));
        assert_eq!(blocks.changes(&[]).expect("a batch").len(), MOST, "whose time is over goes");
        assert_eq!(blocks.lock().len(), MOST);
    }

    #[test]
    fn who_was_let_in_again_before_it_was_stored_is_not_refused_after_a_restart() {
        let blocks = loaded(&MemoryStore::default());
        let refused = [blocked("a", 60), blocked("b", 60)];
        blocks.block(&refused);
        blocks.unblock(&[id("a")]);
        let batch = blocks.changes(&refused).expect("a batch");
        assert!(matches!(&batch[..], [Change::Put(Table::Blocked, b, _)] if b == "b"), "{batch:?}");
    }

    #[test]
    fn what_is_taken_back_is_as_before() {
        let blocks = loaded(&MemoryStore::default());
        let first = blocked("a", 60);
        blocks.block(std::slice::from_ref(&first));
        let again = [blocked("a", 600), blocked("b", 600)];
        let before = blocks.block(&again);
        assert!(blocks.has(&id("b")));
        blocks.take_back(&again, before);
        assert_eq!(blocks.list(), [first]);
        let before = blocks.block(&again);
        let others = [blocked("a", 6000)];
        blocks.block(&others);
        blocks.take_back(&again, before);
        assert_eq!(blocks.list(), others, "another order stands");
    }
}
