//! Who left unnoticed, the end, and a gateway that hangs for ever.

use super::*;

#[tokio::test]
async fn bug_m11_who_left_unnoticed_is_found_by_asking() {
    let house = House::new(|body| match token(body) {
        "ghost" => Reply::Status(404),
        _ => Reply::Status(200),
    })
    .await;
    house.connect("a", "ghost");
    house.connect("b", "here");
    let before = house.registry.everyone();
    house.connect("a2", "ghost2");
    assert!(house.delivery.0.ask_for(before).await);
    let mut asked = vec![house.gateway.next().await, house.gateway.next().await];
    asked.sort_by_key(|body| token(body).to_owned());
    assert_eq!(asked, [json!({"token": "ghost"}), json!({"token": "here"})]);
    assert_eq!(
        house.registry.everyone().iter().map(|c| c.token.as_str()).collect::<Vec<_>>(),
        ["here", "ghost2"]
    );
    assert_eq!((house.sent("success"), house.sent("error"), house.timed()), (0, 0, 0));
}

#[tokio::test]
async fn bug_m11_a_failing_gateway_is_not_asked_on_and_nobody_is_removed() {
    let house = House::new(|_| Reply::Status(500)).await;
    for n in 0..100 {
        house.connect(&format!("r{n}"), &format!("t{n}"));
    }
    assert!(!house.delivery.0.ask_for(house.registry.everyone()).await);
    assert_eq!(house.registry.count(), 100);
    let mut asked = 0;
    while house.gateway.already().await.is_some() {
        asked += 1;
    }
    assert!(asked <= 16, "{asked}");
}

#[tokio::test]
async fn shutdown_flushes_and_leaves_streams_open() {
    let house = House::with(|config| config.in_flight = 1, 65_536, ok).await;
    for n in 0..10 {
        house.connect(&format!("r{n}"), &format!("t{n}"));
    }
    house.broadcast(1).await;
    house.delivery.shutdown().await;
    for _ in 0..10 {
        assert_eq!(house.gateway.next().await["close"], json!(false));
    }
    assert_eq!(house.gateway.already().await, None);
    assert_eq!(house.registry.count(), 10);
    house.lifecycle.advance(Phase::Closing);
    assert!(house.lifecycle.finish(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_shutdown_that_is_given_up_leaves_no_task_behind() {
    let house = House::new(|_| Reply::Hang).await;
    house.connect("a", "a");
    house.broadcast(1).await;
    house.gateway.next().await;
    let mut shutdown = house.delivery.shutdown();
    assert!(futures_util::poll!(&mut shutdown).is_pending());
    drop(shutdown);
    house.lifecycle.advance(Phase::Closing);
    assert!(house.lifecycle.finish(Duration::from_secs(4)).await);
}

#[tokio::test]
async fn a_thousand_connections_at_a_hanging_gateway_delay_nobody_who_publishes() {
    let house =
        House::with(|config| config.timeout = Duration::from_secs(600), 65_536, |_| Reply::Hang).await;
    for n in 0..1000 {
        house.connect(&format!("r{n}"), &format!("t{n}"));
    }
    house.broadcast(0).await;
    // A quarter of gateway.in_flight is kept for the slow.
    for _ in 0..48 {
        house.gateway.next().await;
    }
    // Not one request is ever answered. All of this is done nevertheless.
    for n in 1..200 {
        house.send(&Audience::Everyone, Kind::Progress("task".into()), n).await;
        assert_eq!(house.registry.list().len(), 1000);
    }
    let closed = house.registry.disconnect(&"t5".parse().expect("a token"), CloseReason::Disconnected);
    house.delivery.close(closed.expect("registered"), CloseReason::Disconnected).await;
    house.connect("r5", "new");
    house.broadcast(7).await;
    assert_eq!(house.gateway.already().await, None);
    assert_eq!(house.registry.count(), 1000);
    assert!(house.delivery.0.outboxes().values().all(|outbox| outbox.len() <= 4));
}
