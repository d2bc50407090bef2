//! Pages in a real browser, reading streams with its own `EventSource`.
//!
//! How long a browser waits before it comes back is told by the daemon, 2 to 5 seconds as a rule: it is waited for.

mod apart;
mod crowded;
mod shared;
mod ways;

use serde_json::{Value, json};

use crate::{
    fakes::browser::Event,
    harness::{
        Daemon,
        chromium::{Seen, Tab},
    },
};

/// The stream of a request id.
fn stream(request_id: &str) -> String {
    format!("/api/sse/stream?request_id={request_id}")
}

/// Returns name and payload of an event in either framing.
fn content(event: &Event) -> (String, Value) {
    if event.name == "message" { event.opened() } else { (event.name.clone(), event.json()) }
}

/// An event of the name `n` is sent to everyone.
async fn send(daemon: &Daemon, number: u64) {
    daemon.event("n", &json!(number)).await;
}

impl Tab<'_> {
    /// Opens the stream of a request id.
    async fn connect(&mut self, request_id: &str) {
        self.listen(&stream(request_id)).await;
        self.sees(&[Seen::Opened]).await;
    }

    /// Expects an event with this content next, `ready` apart. Returns its id.
    async fn hears(&mut self, name: &str, payload: Value) -> String {
        let mut event = self.event().await;
        if event.name == "ready" {
            event = self.event().await;
        }
        assert_eq!(content(&event), (name.to_owned(), payload), "{event:?}");
        event.id
    }

    /// Expects the event that [`send`] sends next.
    async fn hears_number(&mut self, number: u64) -> String {
        self.hears("n", json!(number)).await
    }
}
