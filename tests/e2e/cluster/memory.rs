//! What members remember of before: what was cleared, what was never told, what they had when they were alone.

use serde_json::json;

use super::{
    can_play, greeted_with,
    members::{Members, until_alone, until_well},
    up_to,
};
use crate::{
    fakes::browser::Browser,
    harness::{Home, nats::Nats, until},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_what_was_cleared_while_a_member_was_away_stays_cleared_there() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    members.cut(2);
    until_alone(members.at(2)).await;
    members.at(0).queue(json!({"version": "withdrawn"})).await;
    members.at(0).queue(json!({"version": "for-x", "request_id": "x"})).await;
    members.at(1).cli().run(&["version", "clear", "--all"]).await.expect(0);
    members.mend(2);
    until_well(members.at(2)).await;
    let mut browser = Browser::open(members.at(2).public, "there").await;
    browser.greeting().await;
    members.at(2).event("last", &json!(null)).await;
    up_to(&mut browser, "last").await;
    for daemon in members.all() {
        // Steps and events are read apart.
        until("it to be cleared", async || greeted_with(daemon, "new").await.is_none().then_some(())).await;
        assert_eq!(greeted_with(daemon, "x").await, None);
        daemon.cli().run(&["version", "current"]).await.expect(3);
    }
    let next = members.at(2).queue(json!({"version": "next"})).await;
    assert_eq!(next["sequence"], 3, "no number is given twice, and none is left out");
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_what_was_displaced_while_a_member_was_away_does_not_come_back() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_one().await;
    members.at(0).queue(json!({"version": "for-x", "request_id": "x"})).await;
    until("it to know", async || greeted_with(members.at(2), "x").await).await;
    members.cut(2);
    until_alone(members.at(2)).await;
    members.at(0).queue(json!({"version": "for-all"})).await;
    members.at(0).cli().run(&["version", "clear"]).await.expect(0);
    members.mend(2);
    until_well(members.at(2)).await;
    let displaced = async || greeted_with(members.at(2), "x").await.is_none().then_some(());
    until("it to be displaced", displaced).await;
    members.stop(2).await;
    members.revive(2).await;
    members.at(2).queue(json!({"version": "for-y", "request_id": "y"})).await;
    for daemon in members.all() {
        until("it to know", async || greeted_with(daemon, "y").await).await;
        assert_eq!(greeted_with(daemon, "x").await, None, "nobody has put it back");
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_away_when_a_task_ends_is_told_of_it_by_the_next_start() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_one().await;
    let mut elsewhere = Browser::open(members.at(1).public, "elsewhere").await;
    elsewhere.greeting().await;
    let cli = members.at(0).cli();
    let task = cli.run(&["task", "create", "--name", "deploy", "-o", "name"]).await.expect(0).stdout;
    up_to(&mut elsewhere, "task_event").await;
    members.nats.kill(0).await;
    until_alone(members.at(0)).await;
    let (follow, complete) = (["task", "follow", task.trim()], ["task", "complete", task.trim()]);
    let (followed, completed) = tokio::join!(cli.run(&follow), cli.run(&complete));
    followed.expect(0);
    completed.expect(0);
    let shown = cli.json(&["task", "show", task.trim()]).await;
    assert_eq!(shown["item"]["status"], "completed", "who asks there sees it");
    members.stop(0).await;
    members.nats.revive(0);
    members.nats.until_whole().await;
    members.revive(0).await;
    let told = up_to(&mut elsewhere, "task_event").await;
    let ended = told.last().expect("an event").json();
    assert_eq!((&ended["event_type"], &ended["task_id"]), (&json!("task_completed"), &json!(task.trim())));
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_who_joins_with_versions_of_its_own_takes_the_clusters() {
    if !can_play() {
        return;
    }
    let nats = Nats::alone().await;
    let member = |name: &str| [format!("cluster.nats_url={}", nats.url()), format!("cluster.member={name}")];
    let [url, name] = member("first");
    let alone = Home::new().start(&[]).await;
    alone.queue(json!({"version": "brought"})).await;
    let first = alone.stop().await.start(&[&url, &name]).await;
    assert_eq!(
        greeted_with(&first, "new").await.as_deref(),
        Some("brought"),
        "the first one's are the cluster's"
    );

    let alone = Home::new().start(&[]).await;
    for version in ["own-1", "own-2", "own-3"] {
        alone.queue(json!({"version": version})).await;
    }
    let [url, name] = member("second");
    let second = alone.stop().await.start(&[&url, &name]).await;
    for daemon in [&first, &second] {
        assert_eq!(greeted_with(daemon, "new").await.as_deref(), Some("brought"));
    }
    assert!(second.log().contains("is forgotten"), "{}", second.log());
    let dry = second.queue(json!({"version": "next", "dry_run": true, "key": "dry"})).await;
    let next = second.queue(json!({"version": "next"})).await;
    assert_eq!((&dry["sequence"], &next["sequence"]), (&json!(2), &json!(2)), "after the cluster's: {next}");
    let dry = first.queue(json!({"version": "later", "dry_run": true, "key": "dry"})).await;
    assert_eq!((&dry["sequence"], &dry["dry_run"]), (&json!(3), &json!(true)), "{dry}");
}
