//! What members need to be permitted in NATS is what the page about clusters says.

use serde_json::json;

use super::{can_play, greeted_with, members::Members, up_to};
use crate::{
    fakes::browser::Browser,
    harness::{nats::Nats, until},
};

/// Returns the subjects that the page names.
fn documented() -> Vec<String> {
    let page = include_str!("../../../docs/cluster.md");
    let (_, list) = page.split_once("permissions: publish and subscribe ").expect("a list");
    let (list, _) = list.split_once(".\n").expect("its end");
    list.split('`').skip(1).step_by(2).map(|subject| subject.replace("NAME", "ssectl")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_permissions_as_documented_are_enough() {
    if !can_play() {
        return;
    }
    let members = Members::over(Nats::permitting(&documented()).await).await;
    let mut browser = Browser::open(members.at(1).public, "x").await;
    browser.greeting().await;
    let cli = members.at(0).cli();
    for order in [
        &["version", "queue", "1", "--key", "k"][..],
        &["version", "queue", "2", "--request-id", "x"],
        &["version", "clear", "--all"],
        &["version", "queue", "3"],
        &["task", "start", "demo"],
        &["event", "send", "last", "null", "--request-id", "x"],
    ] {
        cli.run(order).await.expect(0);
    }
    up_to(&mut browser, "last").await;
    until("all to know", async || {
        let known = greeted_with(members.at(2), "y").await;
        (known.as_deref() == Some("3")).then_some(())
    })
    .await;
    let again = members.at(2).queue(json!({"version": "1", "key": "k"})).await;
    assert_eq!(again["sequence"], 1, "{again}");
    until("all to be heard of", async || {
        let list = cli.json(&["members", "list"]).await;
        (list["total"] == 3 && list["unanswered"].is_null()).then_some(())
    })
    .await;
    let list = cli.json(&["connections", "list", "--cluster"]).await;
    assert_eq!((&list["total"], &list["items"][0]["member"]), (&json!(1), &json!("b")));
    let log = members.nats.logged(0);
    assert!(!log.contains("Permissions Violation"), "{log}");
    members.end().await;
}
