//! What a restarted daemon knows.

use super::*;
use crate::store::{Batch, Store, StoreError, Table};

fn store_of(house: &House, store: &Arc<MemoryStore>) -> usize {
    house.desk.registry.keep(Arc::clone(store) as Arc<dyn Store>).expect("readable")
}

#[tokio::test]
async fn bug_m11_a_restarted_daemon_goes_on_with_the_connections_of_the_gateway() {
    let store = Arc::new(MemoryStore::default());
    let first = House::new(None);
    assert_eq!(store_of(&first, &store), 0);
    for (id, token) in [("a", "t1"), ("b", "t2"), ("a", "t3"), ("c", "t4"), ("d", "t4")] {
        assert_eq!(first.connect(&format!("/?request_id={id}"), token).await, fine());
    }
    first.disconnect("t2", "client_closed").await;
    assert!(first.desk.lifecycle.finish(Duration::from_secs(5)).await);
    let since = first.desk.registry.find(&"a".parse().expect("an id")).expect("there").connected_at;

    let second = House::new(None);
    assert_eq!(store_of(&second, &store), 2);
    let mut told = observed(&second);
    assert_eq!(
        (second.registered("a").as_deref(), second.registered("d").as_deref()),
        (Some("t3"), Some("t4"))
    );
    let restored = second.desk.registry.find(&"a".parse().expect("an id")).expect("there");
    assert_eq!(restored.connected_at, since);
    let heard = [told.recv().await.expect("told").0, told.recv().await.expect("told").0];
    assert!(heard.contains(&"t3".to_owned()) && heard.contains(&"t4".to_owned()));
    assert!(second.metric("sse_gateway_active_connections 2"));
}

/// Never commits.
struct Stuck;

impl Store for Stuck {
    fn load(&self, _: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        Ok(Vec::new())
    }
    fn commit(&self, _: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        std::future::pending().boxed()
    }
    fn durable(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_refuses_no_connect() {
    let house = House::new(None);
    let mut told = observed(&house);
    house.desk.registry.keep(Arc::new(Stuck)).expect("readable");
    assert_eq!(house.connect("/?request_id=a", "t").await, fine());
    assert_eq!(told.recv().await.expect("told").0, "t");
    let trouble = house.desk.registry.trouble().expect("said");
    assert!(trouble.contains("not remembered") && trouble.contains("longer than 1 s"), "{trouble}");
}

#[tokio::test(start_paused = true)]
async fn where_the_store_hangs_one_waits_and_nobody_else_does() {
    let house = House::new(None);
    house.desk.registry.keep(Arc::new(Stuck)).expect("readable");
    let took = async |token: &str| {
        let began = tokio::time::Instant::now();
        assert_eq!(house.connect(&format!("/?request_id={token}"), token).await, fine());
        began.elapsed()
    };
    assert_eq!(took("first").await, Duration::from_secs(1));
    for n in 0..1000 {
        assert_eq!(took(&format!("t{n}")).await, Duration::ZERO);
    }
    assert_eq!(house.desk.registry.unwritten().len(), 1001);
    // Not even the end of the daemon waits for it for long.
    house.desk.lifecycle.advance(Phase::Closing);
    assert!(house.desk.lifecycle.finish(Duration::from_secs(6)).await);
}

/// Commits when it is told to.
#[derive(Default)]
struct Slow {
    kept: MemoryStore,
    go: tokio::sync::watch::Sender<bool>,
    commits: std::sync::atomic::AtomicUsize,
}

impl Store for Slow {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.kept.load(table)
    }
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            let _ = self.go.subscribe().wait_for(|go| *go).await;
            self.commits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.kept.commit(batch).await
        }
        .boxed()
    }
    fn durable(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_store_was_too_slow_for_is_written_once_it_can() {
    let (store, house) = (Arc::new(Slow::default()), House::new(None));
    house.desk.registry.keep(Arc::clone(&store) as Arc<dyn Store>).expect("readable");
    for n in 0..100 {
        house.connect(&format!("/?request_id=i{n}"), &format!("t{n}")).await;
    }
    for n in 0..50 {
        house.disconnect(&format!("t{n}"), "client_closed").await;
    }
    assert!(house.desk.registry.trouble().is_some());
    assert_eq!(house.desk.registry.unwritten().len(), 50);
    store.go.send_replace(true);
    assert!(house.desk.lifecycle.finish(Duration::from_secs(60)).await);
    assert_eq!(house.desk.registry.trouble(), None);
    assert!(house.desk.registry.unwritten().is_empty());
    assert!(store.commits.load(std::sync::atomic::Ordering::Relaxed) <= 3, "all of it together");
    let after = House::new(None);
    assert_eq!(after.desk.registry.keep(store).expect("readable"), 50);
}
