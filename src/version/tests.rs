mod restart;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{FutureExt, future::join_all};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{fetch::Fetched, *};
use crate::{
    connection::Connection,
    event::{JsonLine, Kind, Service},
    idempotency::Actor,
    lifecycle::Phase,
    registry::ConnectionObserver,
    store::{Store, Table},
    test_support::{Dither, World},
};

const ADMIN: Actor = Actor::Uid(0);

fn service(world: &World, frontend: Option<FrontendVersion>) -> Arc<VersionService> {
    let service = VersionService::load(
        world.store.clone(),
        Arc::clone(&world.receipts),
        Arc::clone(&world.dispatcher),
        world.lifecycle.clone(),
        world.clock.clone(),
        frontend,
    );
    Arc::new(service.expect("loads"))
}

fn version(version: &str) -> QueueVersion {
    QueueVersion { version: version.to_owned(), ..QueueVersion::default() }
}

fn version_for(id: &str, text: &str) -> QueueVersion {
    QueueVersion { request_id: Some(id.parse().expect("an id")), ..version(text) }
}

/// A frontend that tells this.
fn telling(document: &'static str, dither: Dither) -> FrontendVersion {
    let dither = Arc::new(dither);
    FrontendVersion::asking(Box::new(move || {
        let dither = Arc::clone(&dither);
        async move {
            dither.pause().await;
            let document = JsonLine::compact(document).expect("JSON");
            Some(Arc::new(Fetched { version: "fetched".to_owned(), document }))
        }
        .boxed()
    }))
}

async fn connect(world: &World, service: &VersionService, id: &str) -> Arc<Connection> {
    let connection = world.wire.connect(id);
    service.connected(&connection).await.expect("told");
    connection
}

/// Gives way until something is so.
async fn until(so: impl Fn() -> bool) {
    for _ in 0..1000 {
        if so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to be so");
}

#[tokio::test]
async fn vs_1_inv_2_pending_is_sent_on_every_connect_and_not_cleared() {
    let world = World::new();
    let service = service(&world, Some(telling("{\"version\":\"old\"}", Dither::none())));
    service.queue(ADMIN, version_for("a", "2")).await.expect("queued");
    for _ in 0..3 {
        let a = connect(&world, &service, "a").await;
        assert_eq!(world.wire.payloads(&a), [json!({"version": "2"})]);
        assert_eq!(world.wire.sent(&a)[0].name.as_str(), "version");
    }
    let b = connect(&world, &service, "b").await;
    assert_eq!(
        world.wire.payloads(&b),
        [json!({"version": "old"})],
        "what is pending for a is no concern of b"
    );
    service.queue(ADMIN, version_for("a", "3")).await.expect("queued");
    assert_eq!(service.pending().len(), 1, "overwritten, not appended");
}

#[tokio::test]
async fn vs_2_obs_1_without_pending_the_fetched_document_is_sent_whole() {
    let world = World::new();
    let service =
        service(&world, Some(telling("{ \"version\": \"1\",\n \"extra\": [1, 2.50] }", Dither::none())));
    let a = connect(&world, &service, "a").await;
    let sent = world.wire.sent(&a);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].data.as_str(), r#"{"version":"1","extra":[1,2.50]}"#);
    assert_eq!(sent[0].kind, Kind::Version(VersionSequence::FETCHED));
    let queued = service.queue(ADMIN, version("2")).await.expect("queued");
    let warning = service.disagreement().await.expect("another version is pending");
    assert!(warning.contains("2 is pending") && warning.contains("says fetched"), "{warning}");
    assert_eq!(queued.connections, 1);
    assert_eq!(world.wire.payloads(&a)[1], json!({"version": "2"}), "a fetched one is oldest of all");
}

#[tokio::test]
async fn obs_4_with_nothing_to_tell_nothing_is_sent() {
    let world = World::new();
    let none = service(&world, None);
    let a = connect(&world, &none, "a").await;
    let silent = FrontendVersion::asking(Box::new(|| std::future::ready(None).boxed()));
    let silent = service(&world, Some(silent));
    let b = connect(&world, &silent, "b").await;
    assert!(world.wire.sent(&a).is_empty() && world.wire.sent(&b).is_empty());
}

#[tokio::test]
async fn vs_4_a_delivery_that_loses_it_leaves_it_pending() {
    let world = World::new();
    let service = service(&world, None);
    service.queue(ADMIN, version("2")).await.expect("queued");
    // Its guard says that it was told a newer one: the delivery drops what is sent.
    let lost = world.wire.connect("a");
    lost.tell_version(VersionSequence(99));
    service.connected(&lost).await.expect("told");
    assert!(world.wire.sent(&lost).is_empty());
    let again = connect(&world, &service, "a").await;
    assert_eq!(world.wire.payloads(&again), [json!({"version": "2"})]);
}

#[tokio::test]
async fn vs_5_a_slow_fetch_blocks_no_other_connect() {
    let world = World::new();
    let service = service(&world, Some(FrontendVersion::asking(Box::new(|| std::future::pending().boxed()))));
    service.queue(ADMIN, version_for("b", "2")).await.expect("queued");
    let waiting = world.wire.connect("a");
    assert!(service.connected(&waiting).now_or_never().is_none());
    let b = connect(&world, &service, "b").await;
    assert_eq!(world.wire.payloads(&b), [json!({"version": "2"})]);
}

#[tokio::test]
async fn vs_10_live_to_all_tells_everyone_and_stores_for_one() {
    let world = World::new();
    let service = service(&world, None);
    let (a, b) = (world.wire.connect("a"), world.wire.connect("b"));
    let order = QueueVersion { live_to_all: true, ..version_for("a", "2") };
    let receipt = service.queue(ADMIN, order).await.expect("queued");
    assert_eq!(receipt.connections, 2);
    for connection in [&a, &b] {
        assert_eq!(world.wire.payloads(connection), [json!({"version": "2"})]);
    }
    assert_eq!(world.wire.sent(&*connect(&world, &service, "a").await).len(), 1);
    assert_eq!(world.wire.sent(&*connect(&world, &service, "b").await).len(), 0);
    let targeted = service.queue(ADMIN, version_for("a", "3")).await.expect("queued");
    assert_eq!(targeted.connections, 1, "without live_to_all only its own connection is told");
}

#[tokio::test]
async fn vs_11_vs_12_without_connections_it_is_stored_and_the_last_one_wins() {
    let world = World::new();
    let service = service(&world, None);
    for text in ["1", "2"] {
        let receipt = service.queue(ADMIN, version(text)).await.expect("queued");
        assert_eq!((receipt.connections, receipt.stored, receipt.durable), (0, true, true));
    }
    let a = connect(&world, &service, "a").await;
    assert_eq!(world.wire.payloads(&a), [json!({"version": "2"})]);
}

#[tokio::test]
async fn vs_13_bug_v11_the_changelog_is_there_only_if_there_is_one() {
    let world = World::new();
    let service = service(&world, None);
    let a = world.wire.connect("a");
    for changelog in [None, Some(String::new()), Some("new\nthings".to_owned())] {
        let order = QueueVersion { changelog, ..version("1") };
        service.queue(ADMIN, order).await.expect("queued");
    }
    let lines: Vec<_> = world.wire.sent(&a).iter().map(|event| event.data.as_str().to_owned()).collect();
    let plain = r#"{"version":"1"}"#;
    assert_eq!(lines, [plain, plain, r#"{"version":"1","changelog":"new\nthings"}"#]);
}

#[tokio::test]
async fn vs_14_bug_v8_a_shutdown_refuses_by_name_and_nothing_is_stored_or_sent() {
    let world = World::new();
    let service = service(&world, None);
    let a = world.wire.connect("a");
    let key = Some("k".to_owned());
    service.queue(ADMIN, QueueVersion { key: key.clone(), ..version("1") }).await.expect("queued");
    // The order waits in front of the critical section when the shutdown begins.
    let gate = world.wire.gate.lock().await;
    let (first, second) = (service.clone(), service.clone());
    let first = world.lifecycle.spawn(async move { first.queue(ADMIN, version("2")).await });
    let second = world.lifecycle.spawn(async move { second.queue(ADMIN, version("3")).await });
    until(|| service.pending()[0].version == "2").await;
    world.lifecycle.advance(Phase::Draining);
    drop(gate);
    first.await.expect("runs").expect("it was accepted before");
    let refused = second.await.expect("runs");
    assert!(matches!(refused, Err(VersionError::ShuttingDown(_))), "{refused:?}");
    assert_eq!(world.wire.sent(&a).len(), 2);
    assert_eq!(service.pending()[0].version, "2", "and what is pending survives");
    let again = service.queue(ADMIN, QueueVersion { key, ..version("1") }).await.expect("a repetition");
    assert_eq!(again.superseded_by.as_deref(), Some("2"));
}

#[tokio::test]
async fn inv_4_the_service_label_comes_from_the_event() {
    let world = World::new();
    let service = service(&world, None);
    let a = world.wire.connect("a");
    service.queue(ADMIN, version("1")).await.expect("queued");
    assert_eq!(world.wire.sent(&a)[0].service(), Service::Version);
}

#[tokio::test]
async fn bug_v1_who_connects_while_a_version_is_stored_is_told_it() {
    let world = World::new();
    let service = service(&world, None);
    let gate = world.wire.gate.lock().await;
    let queueing = service.clone();
    let queueing = world.lifecycle.spawn(async move { queueing.queue(ADMIN, version("2")).await });
    until(|| !service.pending().is_empty()).await;
    // Stored, not yet sent: looked up by whoever comes now.
    let late = world.wire.connect("late");
    let telling = service.clone();
    let (told, connection) = (late.clone(), late.clone());
    let telling = world.lifecycle.spawn(async move { telling.connected(&told).await.is_ok() });
    drop(gate);
    queueing.await.expect("runs").expect("queued");
    assert!(telling.await.expect("runs"));
    assert_eq!(world.wire.payloads(&connection), [json!({"version": "2"})], "once");
}

#[tokio::test]
async fn bug_v2_of_versions_queued_at_once_the_stored_one_is_the_last_sent() {
    for seed in 0..20 {
        let world = World::dithering(seed);
        let service = service(&world, None);
        let a = world.wire.connect("a");
        let queued = (0..8).map(|n| {
            let service = service.clone();
            world.lifecycle.spawn(async move { service.queue(ADMIN, version(&n.to_string())).await })
        });
        for outcome in join_all(queued).await {
            outcome.expect("runs").expect("queued");
        }
        let sent = world.wire.payloads(&a);
        assert_eq!(sent.len(), 8);
        assert_eq!(sent[7]["version"], Value::from(service.pending()[0].version.clone()));
    }
}

#[tokio::test]
async fn bug_v7_the_pending_map_is_bounded_and_shrinks() {
    let world = World::new();
    let service = service(&world, None);
    for n in 0..10_000 {
        service.queue(ADMIN, version_for(&format!("id{n}"), "1")).await.expect("queued");
    }
    let full = service.queue(ADMIN, version_for("one-more", "1")).await;
    assert!(matches!(full, Err(VersionError::Full(10_000))), "{full:?}");
    service.queue(ADMIN, version_for("id7", "2")).await.expect("overwriting needs no room");
    service.queue(ADMIN, version("3")).await.expect("everyone has its own place");
    assert_eq!(service.pending().len(), 1, "older ones for single ids have given way");
    assert_eq!(world.store.load(Table::Pending).expect("records").len(), 1);
}

#[tokio::test]
async fn bug_v9_the_receipt_says_what_was_done_and_no_more() {
    let world = World::new();
    let service = service(&world, None);
    let receipt = service.queue(ADMIN, version_for("nobody", "1")).await.expect("queued");
    let value = serde_json::to_value(&receipt).expect("JSON");
    let keys: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys, ["key", "version", "request_id", "sequence", "stored", "durable", "connections"]);
    assert_eq!(value["connections"], 0);
}

#[test]
fn bug_v12_an_id_that_can_never_connect_is_no_target() {
    let order = r#"{"version":"1","request_id":"a:b"}"#;
    assert!(serde_json::from_str::<QueueVersion>(order).is_err());
}

#[tokio::test]
async fn bad_versions_are_refused_before_anything_happens() {
    let world = World::new();
    let service = service(&world, None);
    let long = "x".repeat(257);
    for bad in ["", "a\nb", "\u{85}", &long] {
        let refused = service.queue(ADMIN, version(bad)).await;
        assert!(matches!(refused, Err(VersionError::Invalid(_))), "{bad:?}");
    }
    let large = QueueVersion { changelog: Some("x".repeat(40_000)), ..version("1") };
    assert!(matches!(service.queue(ADMIN, large).await, Err(VersionError::TooLarge(_))));
    let odd = QueueVersion { live_to_all: true, ..version("1") };
    assert!(matches!(service.queue(ADMIN, odd).await, Err(VersionError::Invalid(_))));
    assert!(service.pending().is_empty());
}

#[tokio::test]
async fn the_sequence_goes_on_after_everything_was_cleared() {
    let world = World::new();
    let first = service(&world, None);
    first.queue(ADMIN, version("1")).await.expect("queued");
    first.queue(ADMIN, version_for("a", "2")).await.expect("queued");
    let order =
        ClearVersion { request_id: Some("a".parse().expect("an id")), all: false, key: Some("k".into()) };
    let cleared = first.clear(ADMIN, order.clone()).await.expect("cleared");
    assert_eq!((cleared.cleared, cleared.durable), (1, true));
    assert_eq!(first.current(Some(&"a".parse().expect("an id"))).expect("pending").version, "1");
    let all = ClearVersion { all: true, ..ClearVersion::default() };
    assert_eq!(first.clear(ADMIN, all).await.expect("cleared").cleared, 1);
    assert_eq!(first.clear(ADMIN, order).await.expect("repeated"), cleared);
    assert!(first.pending().is_empty() && first.current(None).is_none());
    let world = world.restarted();
    let second = service(&world, None);
    assert!(second.pending().is_empty());
    assert_eq!(second.queue(ADMIN, version("3")).await.expect("queued").sequence, VersionSequence(3));
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_sent() {
    let world = World::new();
    let service = service(&world, None);
    let a = world.wire.connect("a");
    world.store.break_down();
    let failed = service.queue(ADMIN, version("1")).await;
    assert!(matches!(failed, Err(VersionError::Store(_))));
    assert!(world.wire.sent(&a).is_empty() && service.pending().is_empty());
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_stop_half_way() {
    let world = World::new();
    let service = service(&world, None);
    let a = world.wire.connect("a");
    let gate = world.wire.gate.lock().await;
    {
        let mut queueing = std::pin::pin!(service.queue(ADMIN, version("1")));
        assert!(queueing.as_mut().now_or_never().is_none());
        until(|| !service.pending().is_empty()).await;
    }
    drop(gate);
    service.queue(ADMIN, version("2")).await.expect("queued");
    assert_eq!(world.wire.sent(&a).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn bug_v10_however_many_connect_there_is_one_fetch_and_its_answer_holds_for_a_while() {
    let world = World::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let frontend = FrontendVersion::asking(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            None
        }
        .boxed()
    }));
    let service = service(&world, Some(frontend));
    let connections: Vec<_> = (0..100).map(|n| world.wire.connect(&format!("id{n}"))).collect();
    for told in join_all(connections.iter().map(|connection| service.connected(connection))).await {
        told.expect("told");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    connect(&world, &service, "soon").await;
    assert_eq!(asked.load(Ordering::SeqCst), 1, "no answer is an answer too");
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    connect(&world, &service, "later").await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[derive(Clone, Debug)]
enum Step {
    Connect(u8),
    Queue(Option<u8>),
}

fn steps() -> impl Strategy<Value = Vec<(u8, Step)>> {
    let step =
        prop_oneof![(0..3u8).prop_map(Step::Connect), proptest::option::of(0..3u8).prop_map(Step::Queue),];
    proptest::collection::vec((0..24u8, step), 1..16)
}

/// Lets the steps run at once, each after its own delay.
async fn interleave(seed: u64, steps: Vec<(u8, Step)>) -> (World, Arc<VersionService>) {
    let world = World::dithering(seed);
    let frontend = telling("{\"version\":\"fetched\"}", Dither::seeded(seed.wrapping_add(2)));
    let service = service(&world, Some(frontend));
    let running: Vec<_> = steps
        .into_iter()
        .enumerate()
        .map(|(number, (delay, step))| {
            let (wire, service) = (Arc::clone(&world.wire), Arc::clone(&service));
            world.lifecycle.spawn(async move {
                for _ in 0..delay {
                    tokio::task::yield_now().await;
                }
                match step {
                    Step::Connect(id) => {
                        let connection = wire.connect(&format!("id{id}"));
                        service.connected(&connection).await.expect("told");
                    }
                    Step::Queue(target) => {
                        let request_id = target.map(|id| format!("id{id}").parse().expect("an id"));
                        let order = QueueVersion { request_id, ..version(&number.to_string()) };
                        service.queue(ADMIN, order).await.expect("queued");
                    }
                }
            })
        })
        .collect();
    for step in running {
        step.await.expect("runs");
    }
    (world, service)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever interleaves (connect, fetch, queue, reconnect), no connection is ever sent a version older than
    /// one it was sent before, and none misses the newest.
    #[test]
    fn bug_v1_bug_v2_no_connection_goes_back_and_none_misses_the_newest(seed: u64, steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (world, service) = runtime.block_on(interleave(seed, steps));
        for connection in crate::delivery::Directory::everyone(&*world.wire) {
            let told: Vec<_> = world.wire.sent(&connection).iter().map(|event| match event.kind {
                Kind::Version(sequence) => sequence,
                _ => unreachable!("only versions are sent"),
            }).collect();
            prop_assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
            let newest = service.current(Some(&connection.request_id)).map(|pending| pending.sequence);
            prop_assert!(told.last().copied() >= newest, "{told:?}, newest {newest:?}");
            prop_assert!(!told.is_empty());
        }
    }
}
