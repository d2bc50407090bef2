//! The log: one line for each mutation, whichever door it came through, done or refused.

use serde_json::{Value, json};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, http},
};

/// Returns the lines that say `order done` or `order refused`, and those that say `task ended`.
fn lines(daemon: &Daemon) -> (Vec<Value>, Vec<Value>) {
    let log = daemon.log();
    let all = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    let informing = all.filter(|line| line["level"] == "INFO");
    let said = |line: &Value, what| line["message"].as_str().is_some_and(|text| text.starts_with(what));
    let (orders, others): (Vec<_>, Vec<_>) = informing.partition(|line| said(line, "order "));
    (orders, others.into_iter().filter(|line| said(line, "task ")).collect())
}

/// Returns what a line says, without what every line has.
fn facts(line: &Value) -> Value {
    let mut line = line.clone();
    let fields = line.as_object_mut().expect("an object");
    for common in ["timestamp", "level", "target"] {
        fields.remove(common);
    }
    line
}

#[tokio::test]
async fn the_journal_gets_whole_lines_with_their_priority() {
    let daemon = Daemon::start(&["log.format=journald"]).await;
    daemon.queue(json!({"version": "1.0\" actor=root", "key": "k"})).await;
    let log = daemon.log();
    let order = log.lines().find(|line| line.contains("order done")).expect("one line");
    let what = r#"what="1.0\" actor=root for everyone""#;
    assert!(order.starts_with(&format!(r#"<6>order done verb="version.queue" {what} actor="#)), "{order}");
    assert!(order.ends_with(r#"key="k" sequence=1 connections=0"#), "{order}");
}

#[tokio::test]
async fn each_mutation_has_one_line_with_who_what_and_how_it_ended() {
    let home = Home::new();
    let token = format!("publish.token_file={}", home.write("token", "open-sesame-0123456789\n"));
    let daemon = home.start(&["log.format=json", "testing=true", &token]).await;
    let _browser = Browser::open(daemon.public, "a").await;
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("proc"));
    let me = format!("uid {uid}");

    daemon.queue(json!({"version": "1.0", "key": "k1"})).await;
    daemon.tell("/v1/versions", &json!({"version": "2.0", "key": "k1"})).await.expect(409);
    let id = daemon.create_task(json!({"name": "import", "key": "k2"})).await;
    daemon.task(&id, "progress", &json!({"value": 0.5})).await.expect(200);
    daemon.task(&id, "complete", &json!({"key": "k3"})).await.expect(200);
    daemon.task(&id, "complete", &json!({"key": "k4"})).await.expect(409);
    daemon.task(&id, "remove", &json!({"key": "k5"})).await.expect(200);
    daemon.tell("/v1/versions/clear", &json!({"all": true, "key": "k6"})).await.expect(200);
    daemon.event("plain", &json!(1)).await;
    daemon.tell("/v1/connections/disconnect", &json!({"request_ids": ["a"], "key": "k7"})).await.expect(200);
    let bearer = [("Authorization", "Bearer open-sesame-0123456789")];
    let order = json!({"version": "3.0", "request_id": "b", "key": "k8"});
    http::post_with(daemon.internal, "/v1/versions", &bearer, &order).await.expect(200);
    let order = json!({"version": "4.0", "request_id": "c"});
    http::post(daemon.internal, "/api/testing/deployments/version", &order).await.expect(202);
    let order = json!({"task_type": "demo_task", "params": {"steps": 1, "delay": 0}});
    let started = http::post(daemon.internal, "/api/testing/tasks/start", &order).await.expect(200).json();
    let demo = started["task_id"].as_str().expect("an id");
    daemon.until_task(demo, "completed").await;

    let (orders, ended) = lines(&daemon);
    let keys: Vec<_> = orders.iter().map(|line| line["key"].clone()).collect();
    let generated = keys.iter().skip(9).all(|key| key.as_str().is_some_and(|key| key.len() > 30));
    assert!(orders.len() == 11 && generated, "{orders:#?}");
    let told: Vec<_> = orders.iter().map(facts).collect();
    let done = |actor: &str, verb, what: &str, key: &Value, more: Value| {
        let mut line =
            json!({"message": "order done", "actor": actor, "verb": verb, "what": what, "key": key});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let mine = |verb, what: &str, key: &str, more| done(&me, verb, what, &json!(key), more);
    let refused = |verb, what: &str, key: &str, why: &str| json!({"message": "order refused", "actor": me, "verb": verb, "what": what, "key": key, "why": why});
    let expected = [
        mine("version.queue", "1.0 for everyone", "k1", json!({"sequence": 1, "connections": 1})),
        refused(
            "version.queue",
            "2.0 for everyone",
            "k1",
            "the key \"k1\" was used for 1.0 for everyone (sequence 1); this order is 2.0 for everyone",
        ),
        mine("task.create", "import", "k2", json!({"task": id})),
        mine("task.complete", &id, "k3", json!({})),
        refused("task.complete", &id, "k4", &format!("the task {id} has ended already: completed")),
        mine("task.remove", &id, "k5", json!({})),
        mine("version.clear", "all", "k6", json!({"cleared": 1})),
        mine("connections.disconnect", "a", "k7", json!({"connections": 1})),
        done(
            "publisher",
            "version.queue",
            "3.0 for b",
            &json!("k8"),
            json!({"sequence": 2, "connections": 0}),
        ),
        done(
            "testing",
            "version.queue",
            "4.0 for c, live to all",
            &keys[9],
            json!({"sequence": 3, "connections": 0}),
        ),
        done("testing", "task.create", "demo", &keys[10], json!({"task": demo})),
    ];
    for (told, expected) in told.iter().zip(expected) {
        assert_eq!(*told, expected);
    }
    let ended: Vec<_> = ended.iter().map(facts).collect();
    let expected = json!({"message": "task ended", "task": demo, "name": "demo", "status": "completed"});
    assert_eq!(ended, [expected], "nobody ordered this one to end");
}
