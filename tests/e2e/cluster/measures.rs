//! What is measured of a cluster.

use serde_json::json;

use super::{
    can_play,
    members::{Members, until_alone, until_well},
    servers,
};
use crate::fakes::browser::Browser;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_away_reached_and_purged_meanwhile_is_measured() {
    const MISSED: u32 = 3;
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    let c = members.at(2);
    let mut browser = Browser::open(c.public, "x").await;
    members.at(0).event("first", &json!(null)).await;
    browser.next_named("first").await;
    let lag = "ssectld_cluster_lag_seconds_count";
    let before = c.until_metrics("one event that was read", |m| m.value(lag) == 1.0).await;
    let state = ["ssectld_cluster_connected", r#"ssectld_degraded{part="cluster"}"#];
    let connects = "ssectld_cluster_connects_total";
    assert_eq!((state.map(|name| before.value(name)), before.value(connects)), ([1.0, 0.0], 1.0));
    assert_eq!(before.kind("ssectld_cluster_events_behind"), Some("gauge"));

    members.cut(2);
    until_alone(c).await;
    c.cli().run(&["event", "send", "refused", "1"]).await.expect(1);
    c.until_metrics("the servers to be away", |m| {
        state.map(|name| m.value(name)) == [0.0, 1.0]
            && m.value(r#"ssectld_cluster_unplaced_total{outcome="away"}"#) == 1.0
    })
    .await;
    for number in 0..MISSED {
        members.at(0).event("meanwhile", &json!(number)).await;
    }
    let purged = servers::ask(&members.nats, 0, "STREAM.PURGE.ssectl_ssectl_log", &json!({})).await;
    assert_eq!(purged["success"], true, "{purged}");

    members.mend(2);
    until_well(c).await;
    browser.next_named("gap").await;
    members.at(0).event("last", &json!(null)).await;
    browser.next_named("last").await;
    c.until_metrics("what was missed, and what came after it", |m| {
        (state.map(|name| m.value(name)), m.value(connects)) == ([1.0, 0.0], 2.0)
            && m.value("ssectld_cluster_events_missed_total") == f64::from(MISSED)
            && (m.value(lag), m.value("ssectld_cluster_events_behind")) == (2.0, 0.0)
    })
    .await;
    members.end().await;
}
