//! Members that work behind gateways of their own.

use serde_json::json;

use super::{can_play, members::until_well};
use crate::{
    fakes::{browser::Browser, gateway::Gateway},
    harness::{Daemon, Home, nats::Nats},
};

/// Where no NATS server is.
const NOWHERE: &str = "nats://127.0.0.1:1";

/// Starts a member behind a gateway.
async fn behind(gateway: &Gateway, nats: &Nats, home: Home, name: &str) -> Daemon {
    over(&nats.url(), gateway, home, name).await
}

/// Starts a member behind a gateway with this URL of NATS servers.
async fn over(nats: &str, gateway: &Gateway, home: Home, name: &str) -> Daemon {
    let [mode, url] = gateway.settings();
    let cluster = [format!("cluster.nats_url={nats}"), format!("cluster.member={name}")];
    home.start(&[&mode, &url, &cluster[0], &cluster[1]]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_members_behind_gateways_tell_their_connections_what_any_member_is_told() {
    if !can_play() {
        return;
    }
    let nats = Nats::alone().await;
    let (one, two) = (Gateway::start().await, Gateway::start().await);
    let a = behind(&one, &nats, Home::new(), "a").await;
    let b = behind(&two, &nats, Home::new(), "b").await;
    let url = format!("cluster.nats_url={}", nats.url());
    let embedded = Daemon::start(&[&url, "cluster.member=c"]).await;
    let mut browser = Browser::open(embedded.public, "browser").await;
    browser.greeting().await;
    one.connect(a.internal, "one", "token-one").await;
    two.connect(b.internal, "two", "token-two").await;
    b.event("first", &json!(1)).await;
    one.events_to("token-one", 1).await;
    two.events_to("token-two", 1).await;
    assert_eq!(browser.next_event().await.name, "first");

    // What comes while one is away its gateway's connections are told afterwards, each once and in order.
    let home = a.stop().await;
    b.event("second", &json!(2)).await;
    b.queue(json!({"version": "2.0"})).await;
    let a = behind(&one, &nats, home, "a").await;
    until_well(&a).await;
    a.event("last", &json!(3)).await;
    let told = one.events_to("token-one", 4).await;
    let names: Vec<_> = told.iter().map(|sent| sent.name().expect("an event")).collect();
    assert_eq!(names, ["first", "second", "version", "last"]);
    two.events_to("token-two", 4).await;

    // A request id that connects to another member is closed at the first one's gateway.
    two.connect(b.internal, "one", "token-new").await;
    one.closed("token-one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_behind_a_gateway_a_start_that_finds_no_nats_forgets_no_place_in_the_log() {
    if !can_play() {
        return;
    }
    let nats = Nats::alone().await;
    let gateway = Gateway::start().await;
    let member = behind(&gateway, &nats, Home::new(), "a").await;
    let url = format!("cluster.nats_url={}", nats.url());
    let other = Daemon::start(&[&url, "cluster.member=b"]).await;
    gateway.connect(member.internal, "one", "token-one").await;
    other.event("first", &json!(1)).await;
    gateway.events_to("token-one", 1).await;
    let home = member.stop().await;
    let home = over(NOWHERE, &gateway, home, "a").await.stop().await;
    other.event("meanwhile", &json!(2)).await;
    let member = behind(&gateway, &nats, home, "a").await;
    member.event("last", &json!(3)).await;
    let told = gateway.events_to("token-one", 3).await;
    let names: Vec<_> = told.iter().map(|sent| sent.name().expect("an event")).collect();
    assert_eq!(names, ["first", "meanwhile", "last"]);
}
