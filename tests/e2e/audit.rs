//! The audit log: every order, whoever gave it and whatever became of it.

use serde_json::{Value, json};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, http},
};

/// Returns actor, command, target, outcome and key of all entries, oldest first.
async fn entries(daemon: &Daemon) -> Vec<[String; 5]> {
    let list = daemon.cli().json(&["audit", "--limit", "1000"]).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let entry =
        |entry: &Value| ["actor", "command", "target", "outcome", "key"].map(|field| text(&entry[field]));
    list["items"].as_array().expect("a list").iter().rev().map(entry).collect()
}

#[tokio::test]
async fn every_order_is_audited_done_repeated_or_refused_and_a_crash_loses_none_that_was_done() {
    let home = Home::new();
    let token = format!("publish.token_file={}", home.write("token", "open-sesame-open-sesame\n"));
    let daemon = home.start(&["testing=true", &token]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    daemon.queue(json!({"version": "1.0", "key": "k1"})).await;
    daemon.queue(json!({"version": "1.0", "key": "k1"})).await;
    daemon.tell("/v1/versions", &json!({"version": "2.0", "key": "k1"})).await.expect(409);
    let id = daemon.create_task(json!({"name": "import", "key": "k2"})).await;
    daemon.task(&id, "progress", &json!({"value": 0.5})).await.expect(200);
    daemon.event("plain", &json!(1)).await;
    daemon.tell("/v1/connections/disconnect", &json!({"request_ids": ["a"], "key": "k3"})).await.expect(200);
    let order = json!({"version": "4.0", "request_id": "c"});
    http::post(daemon.internal, "/api/testing/deployments/version", &order).await.expect(202);
    let bearer = [("Authorization", "Bearer open-sesame-open-sesame")];
    let order = json!({"version": "3.0", "request_id": "b", "key": "k4"});
    http::post_with(daemon.internal, "/v1/versions", &bearer, &order).await.expect(200);

    let mut told = entries(&daemon).await;
    let generated = std::mem::replace(&mut told[5][4], "generated".to_owned());
    assert!(generated.len() > 30, "{generated}");
    let expected = [
        ["user", "version.queue", "1.0 for everyone", "done", "k1"],
        ["user", "version.queue", "1.0 for everyone", "repeated", "k1"],
        ["user", "version.queue", "2.0 for everyone", "refused", "k1"],
        ["user", "task.create", "import", "done", "k2"],
        ["user", "connections.disconnect", "a", "done", "k3"],
        ["testing", "version.queue", "4.0 for c, live to all", "done", "generated"],
        ["token", "version.queue", "3.0 for b", "done", "k4"],
    ];
    assert_eq!(told, expected.map(|entry| entry.map(str::to_owned)), "no event, no progress");

    let daemon = daemon.kill().await.start(&[]).await;
    let survived = entries(&daemon).await;
    let done = |entry: &&[String; 5]| entry[3] == "done";
    assert_eq!(survived.iter().filter(done).count(), 5, "{survived:?}");
}

#[tokio::test]
async fn the_log_is_read_in_pages_by_people_and_programs() {
    let daemon = Daemon::start(&[]).await;
    for n in 1..=5 {
        daemon.queue(json!({"version": n.to_string(), "key": format!("k{n}")})).await;
    }
    let cli = daemon.cli();
    let list = cli.json(&["audit", "--limit", "2"]).await;
    assert_eq!(list["schema"], "ssectl/audit.list");
    let me = ssectl_core::private_dir::own_uid();
    assert_eq!((&list["items"][0]["uid"], &list["items"][0]["sequence"]), (&json!(me), &json!(5)), "{list}");
    assert!(list["items"][0]["pid"].is_number() || cfg!(not(target_os = "linux")), "{list}");
    let names = cli.run(&["audit", "--limit", "2", "--before", "4", "-o", "name"]).await.expect(0);
    assert_eq!(names.stdout, "3\n2\n");
    let table = cli.run(&["audit", "--since", "1h"]).await.expect(0);
    assert!(
        table
            .stdout
            .lines()
            .nth(1)
            .is_some_and(|line| line.contains("5 for everyone") && line.contains("k5"))
    );
    let none = cli.run(&["audit", "--since", "2200-01-01T00:00:00Z"]).await.expect(0);
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "nothing was ordered\n"));
    cli.run(&["audit", "--since", "yesterday"]).await.expect(2);
    daemon.ask("/v1/audit?limit=1001").await.expect(400);
    daemon.ask("/v1/audit?since=yesterday").await.expect(400);
}

#[tokio::test]
async fn what_was_refused_is_written_before_long_and_by_the_end_of_the_daemon() {
    let daemon = Daemon::start(&[]).await;
    daemon.cli().run(&["task", "cancel", "absent", "--key", "k1"]).await.expect(3);
    let daemon = daemon.stop().await.start(&[]).await;
    let told = entries(&daemon).await;
    assert_eq!(told, [["user", "task.cancel", "absent", "refused", "k1"].map(str::to_owned)]);
    let list = daemon.cli().json(&["audit"]).await;
    assert_eq!(list["items"][0]["reason"], "there is no task absent");
}
