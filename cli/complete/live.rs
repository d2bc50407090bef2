//! What the daemon knows, within the time that whoever presses Tab does not notice.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    time::{Duration, Instant},
};

use serde_json::Value;
use ssectl_core::control::{
    client::{Client, ClientError, Ghosts},
    discovery::{self, Environment},
    listing::{Filter, Listing},
};

/// From the start of the program until it must have printed.
const BUDGET: Duration = Duration::from_millis(150);
/// The most that is asked for at once: whoever types more sees less.
const MOST: usize = 200;

/// The daemon that may be asked.
#[derive(Clone, Debug)]
pub(super) struct Daemon {
    socket: Option<PathBuf>,
    until: Instant,
}

impl Daemon {
    /// Returns the daemon of this socket, or the one that is found.
    pub(super) fn new(socket: Option<PathBuf>) -> Self {
        Self { socket, until: Instant::now() + BUDGET }
    }

    /// Returns the items of a list, those of which all filters hold; none where the daemon does not answer in time.
    pub(super) fn list(&self, kind: &'static str, filters: &[String]) -> Vec<Value> {
        let filters: Result<Vec<Filter>, _> = filters.iter().map(|filter| filter.parse()).collect();
        let Ok(filters) = filters else { return Vec::new() };
        let asked = Listing { filters, limit: Some(MOST), ..Listing::default() };
        let (answer, answered) = sync_channel(1);
        let (socket, limit) = (self.socket.clone(), self.until.saturating_duration_since(Instant::now()));
        // A thread, which the process's end ends: even the connect may hang.
        let asking = std::thread::Builder::new().spawn(move || {
            let _ = answer.send(ask(socket.as_deref(), limit, kind, &asked));
        });
        let items = asking.ok().and_then(|_| answered.recv_timeout(limit).ok()).flatten();
        items.unwrap_or_default()
    }
}

fn ask(socket: Option<&Path>, limit: Duration, kind: &str, asked: &Listing) -> Option<Vec<Value>> {
    let at = discovery::live_socket(socket, &Environment::read()).ok()?;
    let client = Client::new(&at.path, limit);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let json = runtime.block_on(fetch(&client, kind, asked)).ok()??;
    let answer: Value = serde_json::from_str(&json).ok()?;
    answer.get("items")?.as_array().cloned()
}

async fn fetch(client: &Client, kind: &str, asked: &Listing) -> Result<Option<String>, ClientError> {
    Ok(Some(match kind {
        "connections.list" => client.connections(asked, Ghosts::Hidden).await?.json,
        "versions.list" => client.versions(asked).await?.json,
        "tasks.list" => client.tasks(asked).await?.json,
        "members.list" => client.members_heard(asked).await?.json,
        "audit.list" => client.audit(None, None, asked).await?.json,
        _ => return Ok(None),
    }))
}
