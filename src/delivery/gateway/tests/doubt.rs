//! What the gateway's answers say of connections, and of itself.

use super::*;

fn lives(house: &House) -> Vec<Life> {
    house.registry.list().iter().map(|listed| listed.vital.expect("behind a gateway").life).collect()
}

fn many(house: &House, count: usize) {
    for n in 0..count {
        house.connect(&format!("r{n}"), &format!("t{n}"));
    }
}

#[tokio::test]
async fn every_answer_that_settles_nothing_is_a_doubt_and_the_next_success_ends_it() {
    for fault in [Reply::Status(500), Reply::Status(413), Reply::Status(429), Reply::Drop, Reply::Hang] {
        let script = move |body: &Value| if number(body) == 1 { fault.clone() } else { Reply::Status(200) };
        let house = House::with(|config| config.timeout = Duration::from_millis(300), 65_536, script).await;
        house.connect("a", "a");
        assert_eq!(lives(&house), [Life::Live], "its connect proves it");
        house.broadcast(1).await;
        house.settled().await;
        assert_eq!(lives(&house), [Life::Suspect]);
        assert_eq!(house.metric("ssectld_suspect_connections"), 1);
        house.broadcast(2).await;
        house.settled().await;
        assert_eq!(lives(&house), [Life::Live]);
        assert_eq!(house.metric("ssectld_suspect_connections"), 0);
    }
}

#[tokio::test]
async fn a_gateway_that_cannot_be_reached_makes_nobody_a_ghost() {
    let house = House::with(|config| config.url = "http://127.0.0.1:9".to_owned(), 65_536, ok).await;
    many(&house, 50);
    house.broadcast(1).await;
    house.settled().await;
    assert!(!house.delivery.0.ask_for(house.registry.everyone()).await);
    assert_eq!(lives(&house), [Life::Suspect; 50]);
    assert!(house.registry.ghosts().is_empty());
    assert!(house.delivery.trouble().expect("said").contains("the gateway fails"));
    assert!(house.metric(r#"ssectld_gateway_probes_total{result="unsettled"}"#) < 20, "and is not asked on");
}

#[tokio::test]
async fn one_that_has_forgotten_all_is_recognised_and_each_is_removed_once() {
    let house = House::new(|_| Reply::Status(404)).await;
    many(&house, 100);
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!(house.registry.count(), 0);
    assert_eq!(house.metric(r#"ssectld_connections_closed_total{reason="not_found"}"#), 100);
    assert_eq!(house.metric("ssectld_gateway_forgot_total"), 1);
    assert_eq!(house.registry.ghosts().len(), 100);
    assert!(house.delivery.0.outboxes().is_empty());
}

#[tokio::test]
async fn who_connects_meanwhile_does_not_wait_for_the_forgotten() {
    let house = House::new(|body| Reply::Status(if token(body) == "new" { 200 } else { 404 })).await;
    many(&house, 3000);
    house.broadcast(0).await;
    while house.delivery.trouble().is_none() {
        house.gateway.next().await;
    }
    assert!(house.delivery.trouble().expect("said").contains("has forgotten"));
    house.connect("new", "new");
    for number in 1..=20 {
        house.broadcast(number).await;
    }
    for expected in 1..=20 {
        let body = loop {
            let body = house.gateway.next().await;
            if token(&body) == "new" {
                break body;
            }
        };
        assert_eq!(number(&body), expected);
    }
    assert!(house.registry.count() > 100, "they are asked for at a bounded rate");
    assert!(lives(&house).contains(&Life::Suspect));
    // The end of the daemon does not wait for their turns.
    house.lifecycle.advance(Phase::Closing);
    house.settled().await;
    assert_eq!(house.registry.count(), 1);
}

#[tokio::test]
async fn a_gateway_that_takes_many_tokens_is_recognised_by_one_answer_that_knows_none() {
    let house = House::new(|body| {
        let unknown = body.get("tokens").cloned().unwrap_or_default();
        Reply::Batch(4096, json!({"status": "ok", "unknown": unknown}).to_string())
    })
    .await;
    house.connect("first", "first");
    house.broadcast(0).await;
    house.settled().await;
    many(&house, 50);
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!(house.registry.count(), 0);
    assert_eq!(house.metric("ssectld_gateway_forgot_total"), 1);
}

#[tokio::test]
async fn some_unknown_among_many_are_no_sign_of_a_restart() {
    let house = House::new(|body| {
        let all = body["tokens"].as_array().cloned().unwrap_or_default();
        let unknown: Vec<_> = all.into_iter().filter(|token| token != "t7").collect();
        Reply::Batch(4096, json!({"status": "ok", "unknown": unknown}).to_string())
    })
    .await;
    house.connect("first", "first");
    house.broadcast(0).await;
    house.settled().await;
    many(&house, 50);
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!(house.registry.count(), 1);
    assert_eq!(house.metric("ssectld_gateway_forgot_total"), 0);
}
