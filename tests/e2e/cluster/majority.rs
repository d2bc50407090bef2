//! NATS is reached, and cannot keep anything: a majority of its servers is lost, or this member's is not of it.

use serde_json::json;

use super::{
    can_play, greeted_with,
    members::{Members, degraded, until_well},
};
use crate::harness::{Daemon, until};

const DEGRADED: &str = r#"ssectld_degraded{part="cluster"}"#;

async fn until_silent(daemon: &Daemon) {
    until("JetStream to be silent", async || degraded(daemon).await.contains("JetStream").then_some(()))
        .await;
}

/// Checks that a daemon says what is wrong, and refuses what it cannot do.
async fn says_so_and_refuses(daemon: &Daemon) {
    until_silent(daemon).await;
    let status = daemon.cli().run(&["status", "--check"]).await;
    assert_eq!((status.code, status.stdout.contains("JetStream does not answer")), (10, true), "{status:?}");
    let doctor = daemon.cli().run(&["doctor"]).await;
    assert!(doctor.stdout.contains("but JetStream does not answer"), "{doctor:?}");
    for order in [
        &["version", "queue", "refused"][..],
        &["version", "clear", "--all"],
        &["event", "send", "refused", "1"],
        &["task", "create", "--name", "refused"],
        &["task", "start", "demo"],
    ] {
        let refused = daemon.cli().run(order).await.expect_helpful(1);
        assert!(refused.stderr.contains("NATS"), "{refused:?}");
    }
    let metrics = daemon.metrics().await;
    assert_eq!((metrics.value(DEGRADED), metrics.value("ssectld_cluster_connected")), (1.0, 0.0));
    assert_eq!(greeted_with(daemon, "newcomer").await.as_deref(), Some("before"), "newcomers are served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_majority_lost_is_noticed_orders_are_refused_and_one_that_comes_back_is_enough() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_three().await;
    let mut browsers = members.browsers(3).await;
    members.at(0).queue(json!({"version": "before"})).await;
    for browser in &mut browsers {
        assert_eq!(browser.next_version().await, "before");
    }
    for server in 0..2 {
        members.nats.kill(server).await;
    }
    for daemon in members.all() {
        says_so_and_refuses(daemon).await;
    }
    members.nats.revive(0);
    members.nats.until_whole().await;
    for stream in ["ssectl_ssectl_log", "KV_ssectl_ssectl_versions"] {
        members.nats.leader(stream).await;
    }
    for daemon in members.all() {
        until_well(daemon).await;
        let metrics = daemon.metrics().await;
        assert_eq!((metrics.value(DEGRADED), metrics.value("ssectld_cluster_connected")), (0.0, 1.0));
    }
    members.at(1).queue(json!({"version": "after"})).await;
    for browser in &mut browsers {
        assert_eq!(browser.next_version().await, "after", "none was sent away");
    }
    members.end().await;
}
