use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::{lifecycle::Lifecycle, store::MemoryStore, test_support::TestClock};

fn mutation(key: &str) -> Mutation {
    Mutation::new(Actor::Uid(1000), "test.act", Some(key.to_owned()))
}

/// Acts once under a key, and returns the number of that act.
async fn act(
    receipts: &Receipts,
    count: &AtomicUsize,
    of: &Mutation,
    body: &str,
) -> Result<usize, ReceiptError> {
    let act = async || Ok::<_, ReceiptError>((count.fetch_add(1, Ordering::SeqCst), Batch::new()));
    receipts.once(of, &json!({"body": body}), act).await
}

#[tokio::test(start_paused = true)]
async fn the_same_key_and_body_give_the_first_receipt_across_restarts() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let (clock, count) = (TestClock::new(), AtomicUsize::new(0));
    let receipts = Receipts::load(Arc::clone(&store), clock.clone()).expect("loads");
    assert_eq!(act(&receipts, &count, &mutation("k"), "a").await.expect("first"), 0);
    assert_eq!(act(&receipts, &count, &mutation("k"), "a").await.expect("again"), 0);
    let conflict = act(&receipts, &count, &mutation("k"), "b").await.expect_err("another body");
    assert!(matches!(conflict, ReceiptError::Conflict(KeyConflict { key, .. }) if key == "k"));
    for other in [
        Mutation::new(Actor::Uid(1), "test.act", Some("k".into())),
        Mutation::new(Actor::Uid(1000), "test.other", Some("k".into())),
    ] {
        assert_ne!(act(&receipts, &count, &other, "a").await.expect("another scope"), 0);
    }
    tokio::time::advance(Duration::from_secs(24 * 3600 - 1)).await;
    let receipts = Receipts::load(store, clock).expect("loads again");
    assert_eq!(act(&receipts, &count, &mutation("k"), "a").await.expect("after a restart"), 0);
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn an_expired_key_is_free_and_its_new_receipt_is_stored() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let (clock, count) = (TestClock::new(), AtomicUsize::new(0));
    let receipts = Receipts::load(Arc::clone(&store), clock.clone()).expect("loads");
    act(&receipts, &count, &mutation("k"), "a").await.expect("first");
    clock.jump(SignedDuration::from_hours(48));
    assert_eq!(act(&receipts, &count, &mutation("k"), "a").await.expect("a jump is no age"), 0);
    tokio::time::advance(Duration::from_secs(24 * 3600)).await;
    assert_eq!(act(&receipts, &count, &mutation("k"), "b").await.expect("expired"), 1);
    assert_eq!(store.load(Table::Receipts).expect("records").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_full_of_young_keys_it_refuses_and_forgets_generated_ones_only() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let count = AtomicUsize::new(0);
    let receipts = Receipts::with_capacity(Arc::clone(&store), TestClock::new(), 3).expect("loads");
    act(&receipts, &count, &Mutation::new(Actor::Publisher, "test.act", None), "a").await.expect("generated");
    for key in ["a", "b", "c"] {
        act(&receipts, &count, &mutation(key), "x").await.expect(key);
    }
    let full = act(&receipts, &count, &mutation("d"), "x").await.expect_err("no room");
    assert!(matches!(full, ReceiptError::Full(TooManyKeys(3))));
    assert_eq!(act(&receipts, &count, &mutation("a"), "x").await.expect("still known"), 1);
    assert_eq!(store.load(Table::Receipts).expect("records").len(), 3);
}

#[tokio::test]
async fn of_two_at_once_one_acts_and_a_failed_one_frees_the_key() {
    let receipts = Receipts::load(Arc::new(MemoryStore::default()), TestClock::new()).expect("loads");
    let count = AtomicUsize::new(0);
    let slow = async || {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        Ok::<_, ReceiptError>((count.fetch_add(1, Ordering::SeqCst), Batch::new()))
    };
    let of = mutation("k");
    let body = json!({"body": "a"});
    let failing = async {
        let fail = async || Err::<(usize, Batch), _>(ReceiptError::Store(StoreError::Closed));
        receipts.once(&of, &body, fail).await
    };
    let (failed, first, second) =
        tokio::join!(failing, receipts.once(&of, &body, slow), receipts.once(&of, &body, slow));
    assert!(failed.is_err());
    assert_eq!((first.expect("acts"), second.expect("waits")), (0, 0));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let receipts = Receipts::load(Arc::new(MemoryStore::default()), TestClock::new()).expect("loads");
    let refused = act(&receipts, &AtomicUsize::new(0), &mutation("a b"), "a").await;
    assert!(matches!(refused, Err(ReceiptError::InvalidKey(InvalidKey))));
}

/// Acts under a key, at a verb, until that is refused. Returns how many times that was done.
async fn fill(receipts: &Receipts, verb: &'static str, key: &str) -> usize {
    let count = AtomicUsize::new(0);
    for number in 0.. {
        let of = Mutation::new(Actor::Uid(1000), verb, Some(format!("{key}{number}")));
        match act(receipts, &count, &of, "x").await {
            Ok(_) => {}
            Err(ReceiptError::Full(_)) => break,
            Err(error) => panic!("{error}"),
        }
    }
    count.into_inner()
}

#[tokio::test(start_paused = true)]
async fn keys_of_publishers_leave_room_for_ends_operators_and_the_admin() {
    let receipts =
        Receipts::with_capacity(Arc::new(MemoryStore::default()), TestClock::new(), 100).expect("loads");
    for (verb, more) in [
        ("version.queue", 80),
        ("task.create", 0),
        ("task.complete", 10),
        ("version.queue", 0),
        ("connections.disconnect", 5),
        ("task.fail", 0),
        ("daemon.stop", 5),
    ] {
        assert_eq!(fill(&receipts, verb, "mine").await, more, "{verb}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_clients_generate_make_room_after_an_hour() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let clock = TestClock::new();
    let receipts = Receipts::with_capacity(Arc::clone(&store), clock.clone(), 3).expect("loads");
    let verb = "version.clear";
    assert_eq!(fill(&receipts, verb, key::GENERATED).await, 3);
    clock.jump(SignedDuration::from_hours(2));
    assert_eq!(fill(&receipts, verb, "mine").await, 0, "a jump is no age");
    tokio::time::advance(Duration::from_secs(3599)).await;
    assert_eq!(fill(&receipts, verb, "mine").await, 0, "not yet");
    let count = AtomicUsize::new(7);
    let repeated = Mutation::new(Actor::Uid(1000), verb, Some(format!("{}0", key::GENERATED)));
    assert_eq!(act(&receipts, &count, &repeated, "x").await.expect("repeated"), 0);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(fill(&receipts, verb, "mine").await, 3);
    assert_eq!(store.load(Table::Receipts).expect("records").len(), 3);
    assert_eq!(fill(&receipts, verb, key::GENERATED).await, 0, "what people gave stays");
}

#[tokio::test]
async fn what_broke_off_is_unknown_and_not_done_again() {
    let receipts = Receipts::load(Arc::new(MemoryStore::default()), TestClock::new()).expect("loads");
    let receipts = Arc::new(receipts);
    let broken = Arc::clone(&receipts);
    let breaks = async move {
        let act = async || -> Result<(usize, Batch), ReceiptError> { panic!("a defect") };
        broken.once(&mutation("k"), &json!({"body": "a"}), act).await
    };
    assert!(Lifecycle::new().spawn(breaks).await.expect_err("panicked").is_panic());
    let count = AtomicUsize::new(0);
    let again = act(&receipts, &count, &mutation("k"), "a").await;
    assert!(matches!(again, Err(ReceiptError::Store(StoreError::Failed(_)))), "{again:?}");
    assert_eq!(count.into_inner(), 0);
}

#[test]
fn what_one_daemon_has_done_of_itself_another_one_has_not() {
    for (verb, own) in [
        ("daemon.drain", true),
        ("connections.disconnect", true),
        ("version.queue", false),
        ("task.create", false),
    ] {
        let mutation = Mutation::new(Actor::Uid(1), verb, Some("a/b".into()));
        assert_eq!(super::is_of_one_daemon(&mutation.record_key()), own, "{verb}");
    }
}

#[cfg(feature = "nats")]
#[tokio::test]
async fn a_receipt_that_another_daemon_gave_is_repeated_and_changes_none_of_ours() {
    struct Sent(std::sync::Mutex<Vec<(String, Vec<u8>)>>);
    impl super::SharedReceipts for Sent {
        fn kept(&self, record_key: &str, record: Vec<u8>) {
            self.0.lock().expect("not poisoned").push((record_key.to_owned(), record));
        }
    }
    let house = || Receipts::load(Arc::new(MemoryStore::default()), TestClock::new()).expect("loads");
    let (one, other, sent) = (house(), house(), Arc::new(Sent(std::sync::Mutex::default())));
    one.share(sent.clone());
    let (given, generated) = (mutation("k"), Mutation::new(Actor::Uid(1000), "version.queue", None));
    let count = AtomicUsize::new(5);
    for mutation in [&given, &generated] {
        act(&one, &count, mutation, "x").await.expect("done");
    }
    let sent = sent.0.lock().expect("not poisoned").clone();
    assert_eq!(sent.len(), 1, "whose key was generated here nobody knows");
    let (key, record) = &sent[0];
    other.hear(key, record.clone()).await.expect("kept");
    assert_eq!(act(&other, &count, &given, "x").await.expect("repeated"), 5);
    assert!(matches!(act(&other, &count, &given, "y").await, Err(ReceiptError::Conflict(_))));
    act(&other, &count, &mutation("own"), "x").await.expect("done");
    other.hear(&mutation("own").record_key(), record.clone()).await.expect("ignored");
    assert_eq!(act(&other, &count, &mutation("own"), "x").await.expect("ours"), 7);
}

#[test]
fn a_receipt_of_another_version_of_the_daemon_is_read() {
    let at = Timestamp::UNIX_EPOCH;
    let record = Record { digest: "d".to_owned(), at, generated: true, receipt: json!({"x": 1}) };
    let mut text = serde_json::to_value(&record).expect("JSON");
    text["colour"] = json!("red");
    let newer: Record = serde_json::from_value(text.clone()).expect("a newer one's");
    assert_eq!(
        (newer.digest, newer.at, newer.generated, newer.receipt),
        ("d".into(), at, true, record.receipt)
    );
    text.as_object_mut().expect("an object").remove("generated");
    let older: Record = serde_json::from_value(text).expect("an older one's");
    assert!(!older.generated);
}
