//! What members need to be permitted in NATS is what the page about clusters says.

use serde_json::json;

use super::{
    can_play, greeted_with,
    members::{Members, degraded},
    up_to,
};
use crate::{
    fakes::browser::Browser,
    harness::{Daemon, nats::Nats, nats_login::Operator, until},
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_that_refuses_the_login_is_told_from_one_that_is_away() {
    if !can_play() {
        return;
    }
    let operator = Operator::new();
    let nats = Nats::of(&operator).await;
    let url = format!("cluster.nats_url={}", nats.url());
    let daemon = Daemon::start(&[&url, "cluster.member=a"]).await;
    let status = degraded(&daemon).await;
    assert!(status.contains("cannot be reached (authorization violation)"), "{status}");
    let checks = daemon.cli().run(&["doctor", "-o", "json"]).await.expect(10).stdout;
    assert!(checks.contains("does not reach NATS: authorization violation"), "{checks}");
    daemon.cli().run(&["version", "queue", "1.0"]).await.expect_helpful(1);
    let log = daemon.log();
    assert_eq!(log.matches("authorization violation").count(), 1, "said once, not at each attempt: {log}");
    let home = daemon.stop().await;

    let file = home.write("nats.creds", &operator.credentials(&documented()));
    let credentials = format!("cluster.credentials_file={file}");
    let daemon = home.start(&[&url, "cluster.member=a", &credentials]).await;
    daemon.cli().run(&["version", "queue", "1.0"]).await.expect(0);
    assert_eq!(degraded(&daemon).await, "[]");
    daemon.stop().await;
}
