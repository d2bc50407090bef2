//! Gateway mode: order on every connection, and nobody waits for another.

use serde_json::json;

use crate::{fakes::gateway::Mode, gateway_mode::pair};

#[tokio::test]
async fn bug_m1_a_late_404_of_the_old_token_leaves_the_new_connection() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "old").await;
    gateway.set("old", Mode::Hang);
    daemon.event("marker", &json!(1)).await;
    gateway.events_to("old", 1).await;
    gateway.connect(daemon.internal, "a", "new").await;
    gateway.set("old", Mode::Status(404));
    daemon.until_metrics("the late answer", |m| m.sent("event", "error") == 1.0).await;
    daemon.event("marker", &json!(2)).await;
    gateway.events_to("new", 1).await;
    gateway.disconnect(daemon.internal, "a", "old").await;
    assert_eq!(daemon.connected().await, ["a"]);
    assert_eq!(daemon.metrics().await.connections(), (2.0, 1.0, 1.0));
}

#[tokio::test]
async fn bug_m2_connects_minus_disconnects_is_what_is_active() {
    let (gateway, daemon) = pair().await;
    for round in 0..5 {
        for id in ["a", "b", "c"] {
            gateway.connect(daemon.internal, id, &format!("{id}-{round}")).await;
        }
    }
    gateway.disconnect(daemon.internal, "a", "a-4").await;
    gateway.disconnect(daemon.internal, "a", "a-3").await;
    gateway.forget("b-4");
    daemon.event("marker", &json!(1)).await;
    daemon.until_connected(1).await;
    assert_eq!(daemon.metrics().await.connections(), (15.0, 14.0, 1.0));
}

#[tokio::test]
async fn bug_m5_a_hanging_connection_holds_up_no_other() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "stuck", "stuck").await;
    gateway.set("stuck", Mode::Hang);
    gateway.connect(daemon.internal, "quick", "quick").await;
    for round in 0..10 {
        daemon.event("tick", &json!(round)).await;
        gateway.events_to("quick", round + 1).await;
    }
    assert_eq!(gateway.events("stuck").len(), 1, "and it still waits for its first");
}

#[tokio::test]
async fn bug_m10_every_connection_gets_its_events_in_order_one_at_a_time() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    gateway.set("a", Mode::Hang);
    for round in 0..20 {
        daemon.event("tick", &json!(round)).await;
    }
    gateway.events_to("a", 1).await;
    gateway.set("a", Mode::Faithful);
    let data: Vec<_> = gateway.events_to("a", 20).await.iter().map(|sent| sent.data()).collect();
    assert_eq!(data, (0..20).map(|round| json!(round)).collect::<Vec<_>>());
    assert_eq!(gateway.most_in_flight("a"), 1);
}

#[tokio::test]
async fn no_connection_is_sent_an_older_version_after_a_newer_one() {
    let (gateway, daemon) = pair().await;
    daemon.queue(json!({"version": "1"})).await;
    gateway.set("a", Mode::Hang);
    gateway.connect(daemon.internal, "a", "a").await;
    gateway.events_to("a", 1).await;
    for version in ["2", "3"] {
        daemon.queue(json!({"version": version})).await;
    }
    gateway.set("a", Mode::Faithful);
    gateway
        .until("the newest version", |sent| sent.iter().find(|sent| sent.data()["version"] == "3").cloned())
        .await;
    daemon.event("marker", &json!(1)).await;
    gateway.until("the marker", |sent| sent.iter().find(|sent| sent.name() == Some("marker")).cloned()).await;
    let events = gateway.events("a");
    let versions: Vec<_> =
        events.iter().filter_map(|sent| sent.data()["version"].as_str().map(str::to_owned)).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    assert_eq!(versions.last().map(String::as_str), Some("3"));
}

#[tokio::test]
async fn inv_1_concurrent_connects_of_one_id_leave_one_connection() {
    let (gateway, daemon) = pair().await;
    let connects = (0..8).map(|n| {
        let (gateway, to) = (gateway.clone(), daemon.internal);
        tokio::spawn(async move { gateway.connect(to, "same", &format!("token-{n}")).await })
    });
    for connect in connects.collect::<Vec<_>>() {
        connect.await.expect("every connect is answered");
    }
    assert_eq!(daemon.connected().await, ["same"]);
    assert_eq!(daemon.metrics().await.connections(), (8.0, 7.0, 1.0));
    for n in 0..8 {
        gateway.disconnect(daemon.internal, "same", &format!("token-{n}")).await;
    }
    assert_eq!(daemon.metrics().await.connections(), (8.0, 8.0, 0.0));
}

#[tokio::test]
async fn inv_3_task_events_go_to_all_who_are_connected_and_to_nobody_later() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "a", "a").await;
    gateway.connect(daemon.internal, "b", "b").await;
    let id = daemon.start_task("demo", json!({"steps": 1, "delay": 0})).await;
    for token in ["a", "b"] {
        gateway
            .until("the end of the task", |_| {
                let is_end = |data: &serde_json::Value| data["event_type"] == "task_completed";
                gateway.events(token).iter().map(|sent| sent.data()).find(is_end)
            })
            .await;
    }
    assert_eq!(daemon.show_task(&id).await["status"], "completed");
    gateway.connect(daemon.internal, "late", "late").await;
    daemon.event("marker", &json!(2)).await;
    assert_eq!(gateway.events_to("late", 1).await[0].name(), Some("marker"));
}

#[tokio::test]
async fn a_broken_connection_keeps_nobody_from_being_disconnected() {
    let (gateway, daemon) = pair().await;
    gateway.connect(daemon.internal, "stuck", "stuck").await;
    gateway.set("stuck", Mode::Hang);
    daemon.event("marker", &json!(1)).await;
    gateway.events_to("stuck", 1).await;
    let order = json!({"request_ids": ["stuck"]});
    daemon.tell("/v1/connections/disconnect", &order).await.expect(200);
    assert!(daemon.connected().await.is_empty());
    gateway.closed("stuck").await;
}
