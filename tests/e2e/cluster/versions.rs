//! Versions and receipts: what one member acknowledged is so on all.

use futures_util::future::join_all;
use serde_json::json;

use super::{
    can_play, greeted_with,
    members::{Members, NAMES, until_alone, until_well},
    until_pending,
};
use crate::{fakes::browser::Browser, harness::until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_version_queued_on_one_member_is_pending_on_all() {
    if !can_play() {
        return;
    }
    let members = Members::over_three().await;
    let mut browsers = members.browsers(50).await;
    for (member, version) in ["1", "2", "3"].into_iter().enumerate() {
        let receipt = members.at(member).cli().json(&["version", "queue", version]).await;
        assert_eq!(receipt["item"]["sequence"], member + 1, "one order: {receipt}");
        assert_eq!(receipt["item"]["durable"], true, "{receipt}");
        for daemon in members.all() {
            until_pending(daemon, Some(version)).await;
            assert_eq!(greeted_with(daemon, "new").await.as_deref(), Some(version));
        }
        for browser in &mut browsers {
            assert_eq!(browser.next_version().await, version);
        }
    }
    for daemon in members.all() {
        let history = daemon.cli().json(&["version", "history"]).await;
        let known = history["items"].as_array().expect("a list");
        assert_eq!(known.iter().map(|item| &item["version"]).collect::<Vec<_>>(), ["3", "2", "1"]);
    }
    members.at(1).cli().run(&["version", "clear"]).await.expect(0);
    for daemon in members.all() {
        until_pending(daemon, None).await;
        assert_eq!(greeted_with(daemon, "newer").await, None);
    }
    drop(browsers);
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_targeted_version_waits_for_its_browser_on_every_member() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    members.at(0).queue(json!({"version": "all"})).await;
    members.at(0).queue(json!({"version": "own", "request_id": "x"})).await;
    for daemon in members.all() {
        until("it to be pending", async || {
            let answer = daemon.ask("/v1/versions/current?request_id=x").await;
            (answer.status == 200 && answer.json()["item"]["version"] == "own").then_some(())
        })
        .await;
        assert_eq!(greeted_with(daemon, "x").await.as_deref(), Some("own"));
        assert_eq!(greeted_with(daemon, "y").await.as_deref(), Some("all"));
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_orders_of_all_members_at_once_have_one_order() {
    if !can_play() {
        return;
    }
    const EACH: usize = 10;
    let members = Members::over_three().await;
    let mut browsers = members.browsers(20).await;
    let ordering = (0..NAMES.len()).map(|member| {
        let daemon = members.at(member);
        async move {
            let mut receipts = Vec::new();
            for number in 0..EACH {
                let version = format!("{}-{number}", NAMES[member]);
                let receipt = daemon.queue(json!({"version": version})).await;
                receipts.push((receipt["sequence"].as_u64().expect("a place"), version));
            }
            assert!(receipts.is_sorted(), "later orders have later places: {receipts:?}");
            receipts
        }
    });
    let mut receipts = join_all(ordering).await.concat();
    receipts.sort();
    let places: Vec<_> = receipts.iter().map(|(place, _)| *place).collect();
    assert!(places.iter().copied().eq(1..=(NAMES.len() * EACH) as u64), "each place once: {places:?}");
    let (_, newest) = receipts.last().expect("there are some");
    for daemon in members.all() {
        until_pending(daemon, Some(newest)).await;
    }
    for browser in &mut browsers {
        let mut last = 0;
        while last < places.len() as u64 {
            let version = browser.next_version().await;
            let (place, _) =
                receipts.iter().find(|(_, known)| *known == version).expect("one that was ordered");
            assert!(*place > last, "{version} after place {last}");
            last = *place;
        }
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_the_same_key_on_another_member_gives_the_first_receipt() {
    if !can_play() {
        return;
    }
    let members = Members::over_three().await;
    let order = ["version", "queue", "1.0", "--key", "deploy-1"];
    let first = members.at(0).cli().json(&order).await;
    for daemon in members.all() {
        let again = daemon.cli().json(&order).await;
        for field in ["key", "version", "sequence"] {
            assert_eq!(again["item"][field], first["item"][field], "{again}");
        }
    }
    let other = ["version", "queue", "2.0", "--key", "deploy-1"];
    members.at(1).cli().run(&other).await.expect_helpful(6);
    members.at(2).cli().run(&other).await.expect_helpful(6);
    // Three at once, of which none is the first.
    let queue: &[_] = &["version", "queue", "2.0", "--key", "deploy-2"];
    let clear: &[_] = &["version", "clear", "--key", "deploy-2"];
    for (order, field, answer) in [(queue, "sequence", 2), (clear, "cleared", 1)] {
        let asked = members.all().map(|daemon| {
            let cli = daemon.cli();
            async move { cli.json(order).await["item"][field].clone() }
        });
        assert_eq!(join_all(asked).await, [answer; 3], "{order:?}");
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_that_has_lost_everything_is_told_again_by_the_members() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_one().await;
    let mut browser = Browser::open(members.at(0).public, "x").await;
    let order = ["version", "queue", "1.0", "--key", "deploy-1"];
    let first = members.at(0).cli().json(&order).await;
    assert_eq!(browser.next_version().await, "1.0");
    members.nats.kill(0).await;
    for daemon in members.all() {
        until_alone(daemon).await;
    }
    members.nats.wipe(0);
    members.nats.revive(0);
    members.nats.until_whole().await;
    for daemon in members.all() {
        until_well(daemon).await;
    }
    for bucket in ["versions", "receipts"] {
        members.nats.until_kept(0, &format!("KV_ssectl_ssectl_{bucket}"), 1).await;
    }
    // It knows what the servers know, and nothing else.
    members.forget(2).await;
    members.revive(2).await;
    let newcomer = members.at(2);
    until_pending(newcomer, Some("1.0")).await;
    let again = newcomer.cli().json(&order).await;
    assert_eq!(again["item"]["sequence"], first["item"]["sequence"], "{again}");
    newcomer.event("n", &json!(1)).await;
    // After a gap: what the servers had is not there to be replayed.
    browser.next_named("n").await;
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_an_order_knows_what_was_ordered_of_another_member_right_before() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    for round in 0..20 {
        let version = format!("{round}.0");
        members.at(0).queue(json!({"version": version})).await;
        let same = members.at(1).queue(json!({"version": version, "if_changed": true})).await;
        assert_eq!(same["unchanged"], true, "{same}");
        let cleared = members.at(2).tell("/v1/versions/clear", &json!({})).await.expect(200).json();
        assert_eq!(cleared["item"]["cleared"], 1, "{cleared}");
    }
    members.end().await;
}
