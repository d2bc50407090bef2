//! Several daemons as one, over real NATS servers. Each name says `nats_server`, so that `--without` can leave it out.

mod away;
mod broadcast;
mod doubt;
mod gateways;
mod loss;
mod majority;
mod measures;
mod members;
mod memory;
mod namespace;
mod permissions;
mod prompt;
mod replay;
mod rolling;
mod servers;
mod torture;
mod versions;

use crate::{
    fakes::browser::Browser,
    fakes::browser::Event,
    harness::{Daemon, until},
};

/// Returns whether these tests can be run here; if not, says why.
fn can_play() -> bool {
    crate::load::may_open(4000) && crate::harness::is_installed("nats-server")
}

/// Returns what a browser is told up to the event of this name, that one included.
async fn up_to(browser: &mut Browser, name: &str) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = browser.next_event().await;
        let last = event.name == name;
        events.push(event);
        if last {
            return events;
        }
    }
}

/// Returns the contents of events.
fn contents(events: &[Event]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event.name.as_str(), event.data.as_str())).collect()
}

/// Returns the version that a newcomer is told by a member.
async fn greeted_with(daemon: &Daemon, request_id: &str) -> Option<String> {
    let (events, _) = Browser::open(daemon.public, request_id).await.greeting().await;
    let version = events.iter().find(|event| event.name == "version")?;
    version.json()["version"].as_str().map(str::to_owned)
}

/// Waits until this version is pending for everyone.
async fn until_pending(daemon: &Daemon, version: Option<&str>) {
    until(&format!("{version:?} to be pending"), async || {
        let answer = daemon.ask("/v1/versions/current").await;
        let now = (answer.status == 200).then(|| answer.json()["item"]["version"].clone());
        (now.as_ref().and_then(|now| now.as_str()) == version).then_some(())
    })
    .await;
}
