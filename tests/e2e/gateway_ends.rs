//! How the streams of `ssectld gateway` end, and that the backend hears of each end once.

use serde_json::json;

use super::gateway_alone::{open, pair};
use crate::{
    fakes::{backend::Say, browser::Browser},
    harness::{gateway::Wire, http, until},
};

#[tokio::test]
async fn gw_21_a_client_that_leaves_is_told_of_once() {
    let (backend, gateway) = pair(&[]).await;
    for (number, way) in ["fin", "reset", "half"].into_iter().enumerate() {
        let (mut wire, token) = open(&backend, &gateway, number + 1).await;
        match way {
            "fin" => drop(wire),
            "reset" => wire.reset(),
            _ => wire.half_close().await,
        }
        let calls = backend.until("disconnect", number + 1).await;
        let target = format!("/stream/{}", number + 1);
        assert_eq!(
            calls[number].raw,
            format!(
                r#"{{"action":"disconnect","reason":"client_closed","token":"{token}","request":{{"url":"{target}","headers":{{"host":"a"}}}}}}"#
            ),
            "{way}"
        );
        gateway.send(&json!({"token": token})).await.expect(404);
    }
    assert_eq!(backend.until("disconnect", 3).await.len(), 3);
}

#[tokio::test]
async fn gw_36_gw_37_bug_g14_a_close_is_answered_at_the_end_and_the_connection_lives_on() {
    let (backend, gateway) = pair(&[]).await;
    backend.says_to_disconnects(Say::Nothing);
    let (mut wire, token) = open(&backend, &gateway, 1).await;
    let order = json!({"token": token, "event": {"data": "last"}, "close": true});
    let answer = gateway.send(&order).await.expect(200);
    assert_eq!(answer.body, r#"{"status":"ok"}"#, "the backend's answer is not awaited");
    assert_eq!(wire.until("0\r\n\r\n").await, "c\r\ndata: last\n\n\r\n0\r\n\r\n");
    gateway.send(&order).await.expect(404);
    assert_eq!(backend.until("disconnect", 1).await[0].text("reason"), "server_closed");
    wire.more(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    wire.until(r#"{"status":"ok"}"#).await;
    wire.more(b"GET /again HTTP/1.1\r\nHost: a\r\n\r\n").await;
    wire.until("text/event-stream").await;
    assert!(backend.until("connect", 2).await[1].raw.contains(r#""url":"/again""#));
}

#[tokio::test]
async fn bug_g11_two_closes_at_once_are_one() {
    let (backend, gateway) = pair(&[]).await;
    let (_wire, token) = open(&backend, &gateway, 1).await;
    let order = json!({"token": token, "close": true});
    let (one, two) = tokio::join!(gateway.send(&order), gateway.send(&order));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
    let (_next, _) = open(&backend, &gateway, 2).await;
    assert_eq!(backend.until("disconnect", 1).await.len(), 1);
}

#[tokio::test]
async fn bug_g1_a_client_that_leaves_while_its_connect_is_answered_is_reported() {
    let (backend, gateway) = pair(&[]).await;
    backend.says(Say::Nothing);
    let wire = Wire::get(gateway.address, "/s").await;
    let token = backend.token(1).await;
    drop(wire);
    until("the token to be forgotten", async || {
        (gateway.send(&json!({"token": token})).await.status == 404).then_some(())
    })
    .await;
    assert_eq!(backend.calls().len(), 1, "not before it has answered");
    backend.says(Say::status(200));
    let gone = &backend.until("disconnect", 1).await[0];
    assert_eq!((gone.text("token"), gone.text("reason")), (token, "client_closed".to_owned()));
}

#[tokio::test]
async fn bug_g1_one_that_was_refused_after_it_left_is_not() {
    let (backend, gateway) = pair(&[]).await;
    backend.says(Say::Nothing);
    let wire = Wire::get(gateway.address, "/s").await;
    let token = backend.token(1).await;
    drop(wire);
    until("the token to be forgotten", async || {
        (gateway.send(&json!({"token": token})).await.status == 404).then_some(())
    })
    .await;
    backend.says(Say::status(403));
    backend.answered(1).await;
    backend.says(Say::status(200));
    let (wire, next) = open(&backend, &gateway, 2).await;
    drop(wire);
    let gone = backend.until("disconnect", 1).await;
    assert_eq!(gone[0].text("token"), next, "and not {token}");
}

#[tokio::test]
async fn bug_g12_sigterm_ends_every_stream_tells_the_backend_and_exits_0() {
    let (backend, mut gateway) = pair(&[]).await;
    let mut streams = Vec::new();
    for number in 1..=5 {
        streams.push(open(&backend, &gateway, number).await);
    }
    gateway.terminate().await;
    for (wire, _) in streams {
        assert_eq!(wire.rest().await, "0\r\n\r\n");
    }
    assert!(gateway.ended().await.success());
    let told = backend.until("disconnect", 5).await;
    assert!(told.iter().all(|call| call.text("reason") == "server_closed"));
    assert!(tokio::net::TcpStream::connect(gateway.address).await.is_err());
}

#[tokio::test]
async fn bug_g12_a_backend_that_hangs_does_not_hold_up_the_end() {
    let (backend, mut gateway) = pair(&[]).await;
    backend.says_to_disconnects(Say::Nothing);
    let (_wire, _) = open(&backend, &gateway, 1).await;
    gateway.terminate().await;
    assert!(gateway.ended().await.success());
}

#[tokio::test]
async fn gw_36_bug_g13_bug_g18_a_stuck_reader_costs_bounded_memory_and_its_sender_is_told() {
    let (backend, gateway) = pair(&[]).await;
    let _stuck = Browser::open_narrow(gateway.address, "stuck").await;
    let token = backend.token(1).await;
    let order = json!({"token": token, "event": {"data": "x".repeat(50_000)}});
    let mut failed = None;
    for _ in 0..200 {
        let answer = gateway.send(&order).await;
        if answer.status != 200 {
            failed = Some(answer);
            break;
        }
    }
    let failed = failed.expect("10 MB do not fit").expect(500);
    assert_eq!(
        failed.body,
        r#"{"error":{"message":"Write failed: connection closed","code":"WRITE_FAILED"}}"#
    );
    assert_eq!(backend.until("disconnect", 1).await[0].text("reason"), "error");
    gateway.send(&order).await.expect(404);
    let metrics = http::get(gateway.internal, "/metrics").await.expect(200).body;
    assert!(metrics.contains(r#"ssectld_connections_closed_total{reason="slow_consumer"} 1"#), "{metrics}");
}
