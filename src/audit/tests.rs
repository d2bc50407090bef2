//! What is entered, when it is written, and what comes after a restart.

use std::sync::Arc;

use super::{AuditLog, Draft, Page};
use crate::{
    access::Caller,
    control::types::AuditOutcome,
    idempotency::{Actor, Begun, Mandate, Mutation},
    store::{Store, Table},
    test_support::World,
};

const ALL: Page = Page { since: None, before: None };

fn log(world: &World) -> Arc<AuditLog> {
    AuditLog::load(world.store.clone(), world.clock.clone(), world.lifecycle.clone()).expect("loads")
}

fn draft(log: &Arc<AuditLog>, target: &str) -> Arc<Draft> {
    log.draft(&Caller::token(), "version.queue", target, Some("k"), None)
}

fn stored(world: &World) -> usize {
    world.store.load(Table::Audit).expect("loads").len()
}

#[tokio::test(start_paused = true)]
async fn what_is_done_is_entered_by_the_commit_of_its_receipt() {
    let world = World::new();
    let log = log(&world);
    let draft = draft(&log, "1");
    let mandate = Mandate::audited(Actor::Publisher, Arc::clone(&draft));
    let mutation = Mutation::new(mandate, "version.queue", None);
    let Ok(Begun::First(mut ticket)) = world.receipts.begin::<u8>(&mutation, &1).await else {
        panic!("it is the first");
    };
    assert!(log.page(&ALL).is_empty(), "nothing is done yet");
    ticket.commit(&1, Vec::new()).await.expect("committed");
    drop(ticket);
    draft.answered(&mutation.key);
    assert_eq!(stored(&world), 1);
    let entries = log.page(&ALL);
    assert_eq!((entries[0].sequence, entries[0].outcome), (1, AuditOutcome::Done));
    assert_eq!(entries[0].key.as_deref(), Some(mutation.key.as_str()), "the generated one");
    assert_eq!((entries[0].actor.as_str(), entries[0].uid), ("token", None));
    assert_eq!(self::log(&world.restarted()).page(&ALL), entries);
}

#[tokio::test(start_paused = true)]
async fn what_changes_nothing_is_written_a_little_later_or_with_the_next_commit() {
    let world = World::new();
    let log = log(&world);
    draft(&log, "1").refused("why not");
    draft(&log, "2").answered("k");
    assert_eq!((log.page(&ALL).len(), stored(&world)), (2, 0));
    tokio::time::sleep(super::PATIENCE * 2).await;
    assert_eq!(stored(&world), 2);
    let entries = log.page(&ALL);
    assert_eq!((entries[0].outcome, entries[1].outcome), (AuditOutcome::Repeated, AuditOutcome::Refused));
    assert_eq!(entries[1].reason.as_deref(), Some("why not"));

    draft(&log, "3").refused("no");
    let done = draft(&log, "4");
    let mutation = Mutation::new(Mandate::audited(Actor::Publisher, done), "x", None);
    let Ok(Begun::First(mut ticket)) = world.receipts.begin::<u8>(&mutation, &1).await else {
        panic!("it is the first");
    };
    ticket.commit(&1, Vec::new()).await.expect("committed");
    assert_eq!(stored(&world), 4, "it took along what waited");
    let next = self::log(&world.restarted());
    draft(&next, "5").refused("no");
    assert_eq!(next.page(&ALL).iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn of_an_order_whose_commit_failed_nothing_is_known() {
    let world = World::new();
    let log = log(&world);
    let draft = draft(&log, "1");
    let mutation = Mutation::new(Mandate::audited(Actor::Publisher, Arc::clone(&draft)), "x", None);
    let Ok(Begun::First(mut ticket)) = world.receipts.begin::<u8>(&mutation, &1).await else {
        panic!("it is the first");
    };
    world.store.break_down();
    ticket.commit(&1, Vec::new()).await.expect_err("broken");
    drop(ticket);
    assert!(log.page(&ALL).is_empty());
    draft.refused("the state could not be written");
    assert_eq!(log.page(&ALL)[0].outcome, AuditOutcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn entries_are_newest_first_and_what_others_wrote_is_cut() {
    let world = World::new();
    let log = log(&world);
    for n in 0..5 {
        draft(&log, &format!("{n}{}", "ä".repeat(1000))).refused("no");
        tokio::time::advance(std::time::Duration::from_secs(60)).await;
    }
    let sequences = |page: Page| log.page(&page).iter().map(|entry| entry.sequence).collect::<Vec<_>>();
    assert_eq!(sequences(ALL), [5, 4, 3, 2, 1]);
    assert_eq!(sequences(Page { before: Some(3), ..ALL }), [2, 1]);
    let since = log.page(&ALL)[1].at;
    assert_eq!(sequences(Page { since: Some(since), ..ALL }), [5, 4]);
    let target = &log.page(&ALL)[0].target;
    assert!(target.len() <= 260 && target.ends_with("ä…"), "{target}");
}
