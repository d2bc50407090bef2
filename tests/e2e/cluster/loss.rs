//! The servers have lost what they had acknowledged: what members acknowledged is not lost with it.

use serde_json::json;

use super::{
    can_play, greeted_with,
    members::{Members, until_well},
    up_to,
};
use crate::{
    fakes::browser::Browser,
    harness::{Daemon, until},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_that_has_lost_everything_is_given_back_what_members_acknowledged() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_one().await;
    let receipt = members.at(0).queue(json!({"version": "1.0"})).await;
    members.at(1).queue(json!({"version": "for-x", "request_id": "x"})).await;
    let mut browsers = members.browsers(3).await;
    members.nats.lose(0).await;
    members.nats.revive(0);
    members.nats.until_whole().await;
    for daemon in members.all() {
        until_well(daemon).await;
    }
    // Who knows nothing but what the servers know was given it back.
    let url = format!("cluster.nats_url={}", members.nats.url());
    let newcomer = Daemon::start(&[&url, "cluster.member=d"]).await;
    until("the versions to be put back", async || {
        let version = greeted_with(&newcomer, "new").await;
        let targeted = greeted_with(&newcomer, "x").await;
        ((version.as_deref(), targeted.as_deref()) == (Some("1.0"), Some("for-x"))).then_some(())
    })
    .await;
    let next = newcomer.queue(json!({"version": "2.0"})).await;
    assert!(next["sequence"].as_u64() > receipt["sequence"].as_u64(), "{next} {receipt}");
    newcomer.event("last", &json!(null)).await;
    for browser in &mut browsers {
        let told = up_to(browser, "last").await;
        let named = |name: &str| told.iter().filter(|event| event.name == name).count();
        assert_eq!(named("gap"), 1, "what was lost with the log is not known: {told:?}");
        assert!(told.iter().any(|event| event.name == "version" && event.data.contains("2.0")), "{told:?}");
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_whose_consumer_passes_something_over_is_asked_for_it_again() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    let mut browser = Browser::open(members.at(0).public, "a").await;
    browser.greeting().await;
    for stream in ["ssectl_ssectl_log", "KV_ssectl_ssectl_versions"] {
        for after in ["nothing", "another"] {
            members.leap_in(0, stream);
            members.cut(0);
            members.at(1).queue(json!({"version": "missed"})).await;
            members.mend(0);
            members.leapt(0).await;
            let mut versions = vec!["missed"];
            if after == "another" {
                members.at(2).queue(json!({"version": after})).await;
                versions.push(after);
            }
            let order = json!({"version": "last", "expect_pending": versions.last()});
            members.at(0).queue(order).await;
            versions.push("last");
            for version in versions {
                assert_eq!(
                    browser.next_event().await.json()["version"],
                    version,
                    "{stream}, {after} after it"
                );
            }
        }
    }
    members.end().await;
}
