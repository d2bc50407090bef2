//! Streams over real loopback sockets, without front and registry.

mod house;

use std::time::Duration;

use house::{Client, House, SMALL};

use super::*;
use crate::event::{Kind, VersionSequence};
use crate::stream::Transfer;

fn config() -> StreamConfig {
    StreamConfig { heartbeat: Duration::from_secs(3600), ..StreamConfig::default() }
}

fn names(client: &Client) -> Vec<String> {
    client.messages().into_iter().map(|message| message.data).collect()
}

#[tokio::test]
async fn emb_3_everyone_hears_everything_in_order() {
    let house = House::new(&config(), Framing::Named).await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(house.open().await);
    }
    let expected: Vec<_> = (0..200).map(|number| number.to_string()).collect();
    for number in 0..200 {
        house.publish(&Kind::Application, &number).await;
    }
    for client in &mut clients {
        client.until("data: 199\n\n").await;
        assert_eq!(names(client), expected);
    }
    house.metric("sse_gateway_events_sent_total{service=\"event\",status=\"success\"} 10000").await;
}

#[tokio::test]
async fn ts_4_with_nobody_connected_nothing_happens() {
    let house = House::new(&config(), Framing::Named).await;
    house.publish(&Kind::TaskState, &"lost").await;
    let mut late = house.open().await;
    house.publish(&Kind::TaskState, &"heard").await;
    late.until("heard").await;
    assert_eq!(names(&late), ["\"heard\""], "what was sent before is not replayed");
    house.metric("sse_gateway_events_sent_total{service=\"task\",status=\"success\"} 1").await;
}

#[tokio::test]
async fn one_connection_is_told_and_no_other() {
    let house = House::new(&config(), Framing::Named).await;
    let (mut first, mut second) = (house.open().await, house.open().await);
    house.publish_to(&first, &Kind::Application, &"secret").await;
    house.publish(&Kind::Application, &"all").await;
    first.until("all").await;
    second.until("all").await;
    assert_eq!(names(&first), ["\"secret\"", "\"all\""]);
    assert_eq!(names(&second), ["\"all\""]);
}

#[tokio::test]
async fn cm_10_the_send_duration_is_observed_once_per_shard() {
    let house = House::new(&config(), Framing::Named).await;
    let mut client = house.open().await;
    house.publish(&Kind::Application, &1).await;
    client.until("data: 1").await;
    house.metric("sse_gateway_send_duration_seconds_count{service=\"event\"} 1").await;
}

#[tokio::test]
async fn a_version_is_never_followed_by_an_older_one() {
    let house = House::new(&config(), Framing::Named).await;
    let (mut told, mut fresh) = (house.open().await, house.open().await);
    let version = |number| Kind::Version(VersionSequence(number));
    house.publish_to(&told, &version(7), &"v7").await;
    for (number, text) in [(6, "v6"), (7, "v7"), (8, "v8"), (0, "fetched")] {
        house.publish(&version(number), &text).await;
    }
    house.publish(&Kind::Application, &"end").await;
    told.until("end").await;
    fresh.until("end").await;
    assert_eq!(names(&told), ["\"v7\"", "\"v8\"", "\"end\""]);
    assert_eq!(names(&fresh), ["\"v6\"", "\"v7\"", "\"v8\"", "\"end\""]);
    house.metric("sse_gateway_events_sent_total{service=\"version\",status=\"success\"} 5").await;
}

#[tokio::test]
async fn emb_6_an_idle_stream_gets_heartbeats() {
    let config = StreamConfig { heartbeat: Duration::from_millis(32), ..config() };
    let house = House::new(&config, Framing::Named).await;
    let mut client = house.open().await;
    client.until(": heartbeat\n\n\r\nd\r\n: heartbeat\n\n").await;
    assert_eq!(client.messages(), []);
}

#[tokio::test]
async fn emb_2_ready_is_for_the_envelope_form() {
    for (framing, expected) in [(Framing::Envelope, 1), (Framing::Named, 0)] {
        let house = House::new(&config(), framing).await;
        let mut client = house.open().await;
        house.delivery.ready(&client.connection).await;
        house.publish(&Kind::Application, &"end").await;
        client.until("end").await;
        let ready = client.messages().into_iter().filter(|message| message.name == "ready");
        assert_eq!(ready.count(), expected, "{framing:?}");
    }
}

#[tokio::test]
async fn a_shard_that_broke_off_is_told() {
    let house = House::new(&config(), Framing::Named).await;
    assert_eq!(house.delivery.trouble(), None);
    house.delivery.shards.break_off().await;
    let trouble = house.delivery.trouble().expect("said");
    let (_, all) = house.delivery.shards.ended();
    assert!(trouble.starts_with(&format!("1 of {all} threads")), "{trouble}");
}

#[tokio::test]
async fn emb_4_a_closed_stream_says_why_and_ends_well() {
    let house = House::new(&config(), Framing::Named).await;
    for reason in [CloseReason::Replaced, CloseReason::Disconnected] {
        let mut client = house.open().await;
        house.publish(&Kind::Application, &"before").await;
        house.delivery.close(Arc::clone(&client.connection), reason).await;
        house.publish(&Kind::Application, &"after").await;
        let body = client.rest().await;
        assert!(body.contains("before") && !body.contains("after") && !body.contains("connection_close"));
        let bye = client.messages().pop().expect("a farewell");
        assert_eq!((bye.name.as_str(), bye.data), ("bye", format!("{{\"reason\":\"{}\"}}", reason.label())));
        assert!(client.ended_well(), "the last chunk is there");
    }
}

#[tokio::test]
async fn gw_22_an_old_client_gets_no_chunks() {
    let house = House::new(&config(), Framing::Named).await;
    let mut client = house.open_with(Transfer::Plain, SMALL).await;
    house.publish(&Kind::Application, &1).await;
    house.publish(&Kind::Application, &2).await;
    house.delivery.close(Arc::clone(&client.connection), CloseReason::Replaced).await;
    let body = client.rest().await;
    assert!(body.ends_with("data: 2\n\nevent: bye\ndata: {\"reason\":\"replaced\"}\n\n"), "{body}");
}

#[tokio::test]
async fn emb_8_whoever_leaves_is_noticed() {
    let mut house = House::new(&config(), Framing::Named).await;
    let leaving: [fn(Client); 3] = [
        drop,
        |client| {
            client.reset();
            drop(client);
        },
        |client| {
            // Half-closed: it could still read, but no browser does that.
            client.half_close();
            std::mem::forget(client);
        },
    ];
    for leave in leaving {
        let mut client = house.open().await;
        house.publish(&Kind::Application, &"here").await;
        client.until("here").await;
        let serial = client.connection.serial;
        leave(client);
        assert_eq!(house.departure().await, (serial, CloseReason::ClientClosed));
    }
}

#[tokio::test]
async fn bug_g1_a_client_that_left_before_it_was_adopted_is_noticed() {
    let mut house = House::new(&config(), Framing::Named).await;
    let serial = house.open_and_leave().await;
    assert_eq!(house.departure().await, (serial, CloseReason::ClientClosed));
}

#[tokio::test]
async fn emb_4_one_replaced_before_it_was_adopted_is_closed() {
    let house = House::new(&config(), Framing::Named).await;
    house.forget_the_next();
    let mut client = house.open().await;
    client.rest().await;
    let bye = client.messages().pop().expect("a farewell");
    assert_eq!(bye.data, "{\"reason\":\"disconnected\"}");
}

#[tokio::test]
async fn a_client_that_floods_is_cut_off() {
    let mut house = House::new(&config(), Framing::Named).await;
    let mut client = house.open().await;
    let serial = client.connection.serial;
    client.flood().await;
    let (departed, reason) = house.departure().await;
    assert_eq!(departed, serial);
    assert!(matches!(reason, CloseReason::Error | CloseReason::ClientClosed), "{reason:?}");
}

#[tokio::test]
async fn bug_g13_a_stalled_client_is_reset_and_nobody_else_notices() {
    let mut house = House::new(&config(), Framing::Named).await;
    let mut stalled = house.open_with(Transfer::Chunked, SMALL).await;
    let mut healthy = house.open().await;
    let big = "x".repeat(30_000);
    let mut published = 0;
    let departed = loop {
        house.publish(&Kind::Application, &format!("{published}:{big}")).await;
        healthy.until(&format!("\"{published}:")).await;
        published += 1;
        assert!(published < 1000, "it is bounded");
        if let Some(departed) = house.departed_already() {
            break departed;
        }
    };
    assert_eq!(departed, (stalled.connection.serial, CloseReason::SlowConsumer));
    house.publish(&Kind::Application, &"end").await;
    healthy.until("end").await;
    assert_eq!(healthy.messages().len(), published + 1, "the healthy one missed nothing");
    assert!(stalled.is_reset().await);
    let metrics = house.metrics.render();
    let line = metrics.lines().find(|line| line.contains("events_sent_total") && line.contains("error"));
    assert!(line.is_some(), "what it did not get is counted");
}

#[tokio::test]
async fn bug_g15_a_client_that_takes_nothing_has_a_deadline() {
    let config = StreamConfig { write_deadline: Duration::ZERO, outbox_bytes: 1 << 30, ..config() };
    let mut house = House::new(&config, Framing::Named).await;
    let stalled = house.open_with(Transfer::Chunked, SMALL).await;
    let big = "x".repeat(30_000);
    for _ in 0..100 {
        house.publish(&Kind::Application, &big).await;
    }
    assert_eq!(house.departure().await, (stalled.connection.serial, CloseReason::SlowConsumer));
}

#[tokio::test]
async fn progress_is_coalesced_for_whoever_lags_and_its_end_is_not() {
    let config = StreamConfig { outbox_bytes: 1 << 30, ..config() };
    let house = House::new(&config, Framing::Named).await;
    let mut lagging = house.open_with(Transfer::Chunked, SMALL).await;
    let mut healthy = house.open().await;
    let big = "x".repeat(30_000);
    for _ in 0..100 {
        house.publish(&Kind::Application, &big).await;
    }
    for percent in 0..100 {
        house.publish(&Kind::Progress("task".into()), &format!("{percent} %")).await;
        healthy.until(&format!("\"{percent} %\"")).await;
    }
    house.publish(&Kind::TaskState, &"completed").await;
    healthy.until("completed").await;
    lagging.until("completed").await;
    let small =
        |client: &Client| names(client).into_iter().filter(|data| data.len() < 100).collect::<Vec<_>>();
    assert_eq!(small(&lagging), ["\"99 %\"", "\"completed\""]);
    assert_eq!(small(&healthy).len(), 101);
    assert_eq!(names(&lagging).len(), 102, "and nothing else is left out");
}

#[tokio::test]
async fn bug_s5_the_shutdown_tells_every_stream_and_waits_for_it() {
    let mut house = House::new(&config(), Framing::Named).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(house.open().await);
    }
    house.publish(&Kind::Application, &"last").await;
    house.delivery.shutdown().await;
    for client in &mut clients {
        let body = client.rest().await;
        assert!(body.contains("last"));
        assert_eq!(client.messages().pop().expect("a farewell").data, "{\"reason\":\"shutdown\"}");
        assert_eq!(house.departure().await.1, CloseReason::Shutdown);
    }
    let late = house.open().await;
    assert_eq!(house.departure().await, (late.connection.serial, CloseReason::Shutdown));
    house.delivery.shutdown().await;
}

#[tokio::test]
async fn many_streams_are_closed_spread_over_the_time_and_all_of_them() {
    let house = House::new(&config(), Framing::Named).await;
    let mut clients = Vec::new();
    for _ in 0..=crate::stream::AT_ONCE {
        clients.push(house.open().await);
    }
    house.delivery.shutdown().await;
    for client in &mut clients {
        client.rest().await;
        assert!(client.ended_well());
    }
}
