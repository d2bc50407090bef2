//! The servers that these tests stand on.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::can_play;
use crate::harness::{nats::Nats, within};

/// Asks a server's JetStream, in the words of NATS' protocol.
pub async fn ask(nats: &Nats, number: usize, what: &str, body: &Value) -> Value {
    let stream = TcpStream::connect(nats.address(number)).await.expect("it accepts");
    let mut stream = BufReader::new(stream);
    let body = body.to_string();
    let request = format!(
        "CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\nPUB $JS.API.{what} answer {}\r\n{body}\r\n",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("it reads");
    within("an answer of JetStream", async {
        let mut lines = stream.lines();
        loop {
            let line = lines.next_line().await.expect("text").expect("it does not end");
            if line.starts_with("MSG answer ") {
                let answer = lines.next_line().await.expect("text").expect("it does not end");
                return serde_json::from_str(&answer).expect("JSON");
            }
        }
    })
    .await
}

#[tokio::test]
async fn nats_server_alone_keeps_its_store_when_it_is_killed() {
    if !can_play() {
        return;
    }
    let mut nats = Nats::alone().await;
    assert_eq!(nats.url(), format!("nats://{}", nats.address(0)));
    let stream = json!({"name": "S", "subjects": ["s"], "storage": "file"});
    assert!(ask(&nats, 0, "STREAM.CREATE.S", &stream).await["error"].is_null());
    nats.kill(0).await;
    nats.revive(0);
    nats.until_whole().await;
    assert_eq!(ask(&nats, 0, "STREAM.INFO.S", &json!({})).await["config"]["name"], "S");
}

#[tokio::test]
async fn nats_server_cluster_of_three_goes_on_whoever_is_killed_held_or_stopped() {
    if !can_play() {
        return;
    }
    let mut nats = Nats::cluster().await;
    assert_eq!((nats.count(), nats.url().matches("nats://").count()), (3, 3));
    let stream = json!({"name": "S", "subjects": ["s"], "storage": "file", "num_replicas": 3});
    assert!(ask(&nats, 0, "STREAM.CREATE.S", &stream).await["error"].is_null());
    for fault in 0..3 {
        let leader = nats.leader("S").await;
        match fault {
            0 => nats.kill(leader).await,
            1 => nats.stop(leader).await,
            _ => nats.hold(leader).await,
        }
        assert_ne!(nats.leader("S").await, leader);
        if fault == 2 {
            nats.release(leader).await;
        } else {
            nats.revive(leader);
        }
        nats.until_whole().await;
    }
}
