//! What a restart finds.

use super::*;
use crate::store::Change;

#[tokio::test]
async fn a_repeated_order_gets_the_first_receipt_even_after_a_restart() {
    let world = World::new();
    let first = service(&world, None);
    let a = world.wire.connect("a");
    let order = QueueVersion { key: Some("deploy-1".into()), ..version("1") };
    let receipt = first.queue(ADMIN, order.clone()).await.expect("queued");
    assert_eq!((receipt.sequence, receipt.connections), (VersionSequence(1), 1));
    assert_eq!(first.queue(ADMIN, order.clone()).await.expect("repeated"), receipt);
    assert_eq!(world.wire.sent(&a).len(), 1);
    let other = QueueVersion { version: "2".into(), ..order.clone() };
    assert!(matches!(
        first.queue(ADMIN, other).await,
        Err(VersionError::KeyUsed(why)) if why.contains("for 1 for everyone") && why.contains("is 2 for everyone")
    ));

    let world = world.restarted();
    let second = service(&world, None);
    assert_eq!(second.queue(ADMIN, order.clone()).await.expect("repeated"), receipt);
    let newer = second.queue(ADMIN, version("2")).await.expect("queued");
    assert_eq!(newer.sequence, VersionSequence(2), "the sequence goes on");
    let late = second.queue(ADMIN, order).await.expect("repeated");
    assert_eq!(late, VersionReceipt { superseded_by: Some("2".into()), ..receipt });
}

#[tokio::test]
async fn what_lost_its_place_while_it_was_stored_is_not_pending_after_a_restart() {
    let world = World::new();
    let before = service(&world, None);
    before.queue(ADMIN, version_for("a", "1")).await.expect("queued");
    before.queue(ADMIN, version_for("b", "2")).await.expect("queued");
    let stored = world.store.load(Table::Pending).expect("loads");
    before
        .clear(ADMIN, ClearVersion { request_id: "b".parse().ok(), ..ClearVersion::default() })
        .await
        .expect("cleared");
    let again = |stored: Vec<(String, Vec<u8>)>| {
        let puts = stored.into_iter().map(|(key, bytes)| Change::Put(Table::Pending, key, bytes));
        world.store.commit(puts.collect())
    };
    again(stored.clone()).await.expect("stored");
    let after = service(&world, None);
    let named = |service: &VersionService| {
        service.pending().into_iter().map(|version| version.version).collect::<Vec<_>>()
    };
    assert_eq!(named(&after), ["1"], "2 was cleared");
    after.queue(ADMIN, version("3")).await.expect("queued");
    after.clear(ADMIN, ClearVersion::default()).await.expect("cleared");
    again(stored).await.expect("stored");
    assert!(named(&service(&world, None)).is_empty(), "3 had taken its place");
}
