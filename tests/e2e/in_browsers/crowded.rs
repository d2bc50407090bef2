//! Pages that are too many, for the daemon or for one id, or that are sent elsewhere.

use std::time::Duration;

use serde_json::json;

use super::{send, stream};
use crate::harness::{
    Daemon,
    chromium::{Chromium, Seen},
};

/// The longest that a browser is told to wait, and some more.
const LATER: Duration = Duration::from_secs(60);

#[tokio::test]
async fn chromium_that_finds_no_place_comes_back_when_there_is_one() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&["stream.max_connections=1"]).await;
    let origin = format!("http://{}", daemon.public);
    let mut first = chromium.blank(&origin).await;
    first.connect("first").await;
    let mut second = chromium.blank(&origin).await;
    second.connect("second").await;
    second.sees(&[Seen::Lost]).await;
    first.leave().await;
    daemon.until_connected(0).await;
    assert_eq!(second.next_in(LATER).await, Seen::Opened);
    send(&daemon, 1).await;
    second.hears_number(1).await;
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_does_not_push_out_one_tab_by_another_for_ever() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&[]).await;
    let origin = format!("http://{}", daemon.public);
    let (mut out, mut there) = (chromium.blank(&origin).await, chromium.blank(&origin).await);
    out.connect("same").await;
    there.connect("same").await;
    for replacement in 1.. {
        out.hears("bye", json!({"reason": "replaced"})).await;
        out.sees(&[Seen::Lost, Seen::Opened]).await;
        if replacement == 4 {
            break;
        }
        std::mem::swap(&mut out, &mut there);
    }
    // It is told to wait for a minute.
    out.sees(&[Seen::Lost]).await;
    let listed = daemon.cli().json(&["connections", "list"]).await;
    assert_eq!(listed["items"][0]["state"], "flapping", "{listed}");
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.value(r#"ssectld_streams_refused_total{reason="flapping"}"#), 1.0);
    send(&daemon, 1).await;
    there.hears_number(1).await;
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_is_sent_away_by_a_drain_and_comes_back() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&[]).await;
    let origin = format!("http://{}", daemon.public);
    let mut tabs = Vec::new();
    for number in 0..3 {
        let mut tab = chromium.blank(&origin).await;
        tab.connect(&format!("tab-{number}")).await;
        tabs.push(tab);
    }
    daemon.cli().run(&["daemon", "drain", "--over", "100ms"]).await.expect(0);
    daemon.cli().run(&["daemon", "drain", "--cancel"]).await.expect(0);
    send(&daemon, 1).await;
    for tab in &mut tabs {
        tab.hears("bye", json!({"reason": "drain"})).await;
        tab.sees(&[Seen::Lost, Seen::Opened]).await;
        tab.hears_number(1).await;
    }
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_lets_pages_of_listed_origins_read_and_no_others() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&["stream.cors_origins=[\"https://app.example.org\"]"]).await;
    let url = format!("http://{}{}", daemon.public, stream("page"));
    let mut stranger = chromium.blank("https://other.example.org").await;
    stranger.listen(&url).await;
    stranger.sees(&[Seen::GaveUp]).await;
    let mut friend = chromium.blank("https://app.example.org").await;
    friend.listen(&url).await;
    friend.sees(&[Seen::Opened]).await;
    send(&daemon, 1).await;
    friend.hears_number(1).await;
    daemon.stop().await;
}
