//! NATS is away, from all members or from one: what is known is served, what cannot be kept is refused, and afterwards
//! all catch up.

use serde_json::json;

use super::{
    can_play, contents, greeted_with,
    members::{Members, until_alone, until_well},
    servers::ask,
    up_to,
};
use crate::{
    access::is_root,
    fakes::browser::Browser,
    harness::{Daemon, Home, nats::Nats, until},
};

/// Checks that a daemon without NATS does what it can, and says what it cannot.
async fn is_alone(daemon: &Daemon, version: &str) {
    until_alone(daemon).await;
    assert_eq!(greeted_with(daemon, "newcomer").await.as_deref(), Some(version), "newcomers are served");
    let refused = daemon.cli().run(&["version", "queue", "refused"]).await.expect_helpful(1);
    assert!(refused.stderr.contains("NATS"), "{refused:?}");
    daemon.cli().run(&["version", "queue", "refused", "--dry-run"]).await.expect_helpful(1);
    daemon.cli().run(&["event", "send", "refused", "1"]).await.expect_helpful(1);
    daemon.cli().run(&["version", "current"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_away_newcomers_are_served_orders_refused_and_afterwards_all_catch_up() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_three().await;
    let mut browsers = members.browsers(20).await;
    members.at(0).queue(json!({"version": "before"})).await;
    for browser in &mut browsers {
        assert_eq!(browser.next_version().await, "before");
    }
    for server in 0..members.nats.count() {
        members.nats.kill(server).await;
    }
    for daemon in members.all() {
        is_alone(daemon, "before").await;
    }
    for server in 0..members.nats.count() {
        members.nats.revive(server);
    }
    members.nats.until_whole().await;
    for daemon in members.all() {
        until_well(daemon).await;
    }
    members.at(1).queue(json!({"version": "after"})).await;
    members.at(2).event("last", &json!(null)).await;
    for browser in &mut browsers {
        let told = up_to(browser, "last").await;
        assert_eq!(contents(&told), [("version", "{\"version\":\"after\"}"), ("last", "null")]);
    }
    members.end().await;
}

/// The last member is cut off, meanwhile things happen on the others, and it comes back.
async fn one_is_cut_off(members: Members) {
    let mut browsers = members.browsers(20).await;
    members.at(0).queue(json!({"version": "before"})).await;
    for browser in &mut browsers {
        assert_eq!(browser.next_version().await, "before");
    }
    members.cut(2);
    is_alone(members.at(2), "before").await;
    members.at(1).queue(json!({"version": "meanwhile"})).await;
    members.at(0).event("n", &json!(1)).await;
    assert_eq!(greeted_with(members.at(0), "new").await.as_deref(), Some("meanwhile"));
    members.mend(2);
    until_well(members.at(2)).await;
    members.at(2).event("last", &json!(null)).await;
    for browser in &mut browsers {
        let told = up_to(browser, "last").await;
        let all = [("version", "{\"version\":\"meanwhile\"}"), ("n", "1"), ("last", "null")];
        assert_eq!(contents(&told), all, "in the order of the others, each once");
    }
    assert_eq!(greeted_with(members.at(2), "new").await.as_deref(), Some("meanwhile"));
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_away_at_the_start_a_member_says_that_it_does_not_know_the_others() {
    if !can_play() {
        return;
    }
    let mut nats = Nats::alone().await;
    nats.kill(0).await;
    let url = format!("cluster.nats_url={}", nats.url());
    let daemon = Home::new().start(&[&url, "cluster.member=a"]).await;
    let cli = daemon.cli();
    let task = "00000000-0000-4000-8000-000000000000";
    for (command, code) in [
        (&["connections", "list", "--cluster"][..], 8),
        (&["status", "--cluster"], 8),
        (&["members", "list"], 8),
        (&["--member", "b", "status"], 4),
        (&["task", "follow", task, "--cluster"], 1),
        (&["connections", "disconnect", "x", "--expect", "1", "--cluster"], 1),
    ] {
        let output = cli.run(command).await.expect(code);
        assert!(output.stderr.contains("which other members there are is not known"), "{}", output.stderr);
    }
    nats.revive(0);
    until("it to know that it is alone", async || {
        (cli.run(&["members", "list"]).await.code == 0).then_some(())
    })
    .await;
    cli.run(&["connections", "list", "--cluster"]).await.expect(0);
    cli.run(&["--member", "b", "status"]).await.expect(3);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_member_that_is_cut_off_serves_what_it_knows_and_catches_up() {
    if can_play() {
        one_is_cut_off(Members::over_one().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_member_whose_packets_are_lost_serves_what_it_knows_and_catches_up_as_root() {
    if can_play()
        && is_root()
        && let Some(members) = Members::with_one_apart().await
    {
        one_is_cut_off(members).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_member_whose_connection_is_reset_while_events_come_misses_none() {
    if !can_play() {
        return;
    }
    const TIMES: usize = 15;
    let members = Members::over_one().await;
    let mut browser = Browser::open(members.at(2).public, "x").await;
    for time in 0..TIMES {
        for number in 0..10 {
            members.at(0).event("n", &json!(time * 10 + number)).await;
            if number == 8 {
                members.flicker(2);
            }
        }
        // Nothing comes after the last one that would show what is missing.
        for number in 0..10 {
            assert_eq!(browser.next_event().await.json(), time * 10 + number);
        }
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_whose_answers_are_lost_is_given_no_event_twice_however_long_that_lasts() {
    if !can_play() {
        return;
    }
    let nats = Nats::alone().await;
    // Members take the stream as it is: one that recognises a repetition for a tenth of a second only.
    let log = json!({
        "name": "ssectl_ssectl_log", "subjects": ["ssectl.ssectl.log"], "storage": "file", "num_replicas": 1,
        "max_age": 3_600_000_000_000_u64, "duplicate_window": 100_000_000,
    });
    assert!(ask(&nats, 0, "STREAM.CREATE.ssectl_ssectl_log", &log).await["error"].is_null());
    let members = Members::over(nats).await;
    let mut browsers = members.browsers(1).await;
    for browser in &mut browsers {
        browser.greeting().await;
    }
    let cli = members.at(0).cli();
    let task = cli.run(&["task", "create", "--name", "deploy", "-o", "name"]).await.expect(0).stdout;
    for browser in &mut browsers {
        up_to(browser, "task_event").await;
    }
    members.deafen_after(0, "task_completed");
    cli.run(&["task", "complete", task.trim()]).await.expect(0);
    for browser in &mut browsers[1..] {
        assert_eq!(browser.next_event().await.json()["event_type"], "task_completed", "it is in the log");
    }
    until_alone(members.at(0)).await;
    members.mend(0);
    assert_eq!(browsers[0].next_event().await.json()["event_type"], "task_completed", "in its turn");
    until_well(members.at(0)).await;
    members.at(0).event("last", &json!(null)).await;
    for browser in &mut browsers {
        assert_eq!(contents(&up_to(browser, "last").await), [("last", "null")], "each once");
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_member_that_was_held_for_a_while_catches_up() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    let mut browsers = members.browsers(20).await;
    members.at(2).signal("STOP").await;
    members.at(0).queue(json!({"version": "1"})).await;
    members.at(1).event("last", &json!(null)).await;
    for browser in &mut browsers[..40] {
        assert_eq!(up_to(browser, "last").await.len(), 2, "the others go on");
    }
    members.at(2).signal("CONT").await;
    for browser in &mut browsers[40..] {
        assert_eq!(
            contents(&up_to(browser, "last").await),
            [("version", "{\"version\":\"1\"}"), ("last", "null")]
        );
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_that_leads_is_killed_held_and_nothing_acknowledged_is_lost() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_three().await;
    let mut browsers = members.browsers(20).await;
    const ROUNDS: usize = 2;
    for round in 0..ROUNDS {
        let leader = members.nats.leader("ssectl_ssectl_log").await;
        if round % 2 == 0 {
            members.nats.kill(leader).await;
        } else {
            members.nats.hold(leader).await;
        }
        let version = format!("{round}");
        for daemon in members.all() {
            until("an order to be taken", async || {
                let order = ["version", "queue", &version, "--key", &version];
                let output = daemon.cli().run(&order).await;
                assert!([0, 1, 7].contains(&output.code), "{output:?}");
                (output.code == 0).then_some(())
            })
            .await;
        }
        if round % 2 == 0 {
            members.nats.revive(leader);
        } else {
            members.nats.release(leader).await;
        }
        members.nats.until_whole().await;
    }
    for browser in &mut browsers {
        // One that was overtaken need not be told.
        let mut told = vec![browser.next_version().await];
        while told.last().is_some_and(|last| *last != (ROUNDS - 1).to_string()) {
            told.push(browser.next_version().await);
        }
        assert!(told.is_sorted() && told.windows(2).all(|two| two[0] != two[1]), "{told:?}");
    }
    for daemon in members.all() {
        assert_eq!(greeted_with(daemon, "new").await.as_deref(), Some("1"));
        let again = daemon.queue(json!({"version": "0", "key": "0"})).await;
        assert_eq!(again["sequence"], 1, "{again}");
    }
    members.end().await;
}
