//! Orders of which a member does not hear whether they were agreed to.

use serde_json::{Value, json};

use super::{
    can_play, greeted_with,
    members::{Members, until_well},
    until_pending,
};
use crate::harness::{Daemon, until};

/// What a member says to the servers when it has an order about versions agreed to.
const AGREED: &str = "$KV.ssectl_ssectl_versions.";

/// Gives an order until it is not refused: a member that has come back refuses until it has read what it missed.
async fn answered(daemon: &Daemon, order: &[&str]) -> Value {
    until("it to be answered", async || (daemon.cli().run(order).await.code == 0).then_some(())).await;
    daemon.cli().json(order).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_that_is_not_heard_makes_a_version_unknown_which_is_repeated_with_its_key() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    members.deafen_after(0, AGREED);
    let order = ["version", "queue", "1.0", "--key", "deploy-1", "--expect-pending", ""];
    members.at(0).cli().run(&order).await.expect_helpful(7);
    until_pending(members.at(1), Some("1.0")).await;
    members.mend(0);
    until_well(members.at(0)).await;
    for daemon in members.all() {
        let receipt = answered(daemon, &order).await;
        assert_eq!((&receipt["item"]["sequence"], &receipt["item"]["version"]), (&json!(1), &json!("1.0")));
        let history = daemon.cli().json(&["version", "history"]).await;
        assert_eq!(history["items"].as_array().map(Vec::len), Some(1), "{history}");
    }
    let other = ["version", "queue", "2.0", "--key", "deploy-1"];
    members.at(2).cli().run(&other).await.expect_helpful(6);
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_that_has_forgotten_a_version_that_was_unknown_is_not_needed_to_repeat_it() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    members.deafen_after(0, AGREED);
    let order = ["version", "queue", "1.0", "--request-id", "x", "--key", "k"];
    members.at(0).cli().run(&order).await.expect_helpful(7);
    until("it to be told", async || {
        (greeted_with(members.at(1), "x").await.as_deref() == Some("1.0")).then_some(())
    })
    .await;
    // It takes the place of those for single ids, which leave the bucket.
    members.at(1).queue(json!({"version": "2.0"})).await;
    members.nats.until_kept(0, "KV_ssectl_ssectl_versions", 1).await;
    members.mend(0);
    until_well(members.at(0)).await;
    for daemon in members.all() {
        let receipt = answered(daemon, &order).await;
        assert_eq!(
            (&receipt["item"]["sequence"], &receipt["item"]["superseded_by"]),
            (&json!(1), &json!("2.0"))
        );
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_that_is_not_heard_makes_a_clear_unknown_which_clears_nothing_newer_when_it_is_repeated()
{
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    members.at(0).queue(json!({"version": "1.0"})).await;
    for (key, cleared) in [("of-one", 1), ("of-none", 0)] {
        members.deafen_after(0, AGREED);
        let order = ["version", "clear", "--key", key];
        members.at(0).cli().run(&order).await.expect_helpful(7);
        until_pending(members.at(1), None).await;
        members.mend(0);
        until_well(members.at(0)).await;
        members.at(1).queue(json!({"version": "2.0"})).await;
        for daemon in members.all() {
            let receipt = answered(daemon, &order).await;
            assert_eq!(receipt["item"]["cleared"], cleared, "{receipt}");
            until_pending(daemon, Some("2.0")).await;
        }
        members.at(2).cli().run(&["version", "clear", "--all", "--key", key]).await.expect_helpful(6);
        members.at(1).cli().run(&["version", "clear"]).await.expect(0);
        for daemon in members.all() {
            until_pending(daemon, None).await;
        }
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_keeps_few_of_the_orders_that_find_nothing_to_clear() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    members.at(0).queue(json!({"version": "1.0"})).await;
    for number in 0..70 {
        let order = json!({"request_id": format!("x{number}")});
        let cleared = members.at(number % 3).tell("/v1/versions/clear", &order).await.expect(200).json();
        assert_eq!(cleared["item"]["cleared"], 0, "{cleared}");
    }
    members.nats.until_kept(0, "KV_ssectl_ssectl_versions", 1 + 64).await;
    let newcomer = members.at(1).queue(json!({"version": "2.0", "expect_pending": "1.0"})).await;
    assert_eq!(newcomer["sequence"], 2, "{newcomer}");
    members.end().await;
}
