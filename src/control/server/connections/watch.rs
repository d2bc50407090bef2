//! What happens to connections, as it happens: NDJSON that ends with an explicit `end`.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Interval, MissedTickBehavior},
};

use super::view::shown;
use crate::{
    access::Caller,
    connection::{CloseReason, Connection},
    control::{
        listing::Listing,
        server::{Shared, extract::Asked, failure::Rejected},
        types::{ConnectionChange, ConnectionLine, Line},
    },
    registry::{Change, FLAPPING, Life, What},
};

/// Between signs of life on a stream of which nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is looked who flaps no more: that is a matter of time alone.
const CALMED: Duration = Duration::from_secs(1);
/// Those who are looked after for that, at most.
const FLAPPING_MOST: usize = 1000;

/// Streams what happens, as far as it is asked for, until the daemon ends. Who reads slowly is told how much it missed.
pub(in crate::control::server) async fn watch(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked,
) -> Result<Response, Rejected> {
    asked.check::<ConnectionLine>()?;
    let (connections, changes) = services.registry.watch();
    let first = ConnectionLine::Started { at: services.clock.now(), connections };
    let mut look = tokio::time::interval(CALMED);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let flapping = Vec::new();
    let watching = Watching { services, caller, asked, changes, flapping, look, is_over: false };
    let rest = stream::unfold(watching, Watching::step);
    let lines = stream::iter([Ok::<_, Infallible>(encoded(&first))]).chain(rest);
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(lines)).into_response())
}

struct Watching {
    services: Shared,
    caller: Caller,
    asked: Listing,
    changes: Receiver<Change>,
    flapping: Vec<Arc<Connection>>,
    /// When to look whether somebody has stopped.
    look: Interval,
    is_over: bool,
}

impl Watching {
    async fn step(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.is_over {
            return None;
        }
        let line = self.next().await;
        self.is_over = line.ends();
        Some((Ok(encoded(&line)), self))
    }

    async fn next(&mut self) -> ConnectionLine {
        let closing = self.services.lifecycle.closing();
        let heartbeat = tokio::time::sleep(HEARTBEAT);
        tokio::pin!(heartbeat);
        loop {
            let change = tokio::select! {
                biased;
                // First: however much happens, it comes to its turn.
                _ = self.look.tick(), if !self.flapping.is_empty() => match self.calmed() {
                    Some(change) => Ok(change),
                    None => continue,
                },
                change = self.changes.recv() => change,
                () = closing.cancelled() => return ConnectionLine::End,
                () = &mut heartbeat => return ConnectionLine::Heartbeat,
            };
            match change {
                Ok(change) => {
                    let line = line(&change, &self.caller);
                    self.note(change);
                    if self.asked.admits(&line, self.services.clock.now()) {
                        return line;
                    }
                }
                Err(RecvError::Lagged(missed)) => return ConnectionLine::Lagged { missed },
                Err(RecvError::Closed) => return ConnectionLine::End,
            }
        }
    }

    fn note(&mut self, change: Change) {
        let begins = matches!(change.what, What::State { to: FLAPPING, .. });
        if begins && self.flapping.len() < FLAPPING_MOST {
            self.flapping.push(change.connection);
        }
    }

    /// Returns the end of somebody's flapping, if there is one.
    fn calmed(&mut self) -> Option<Change> {
        let registry = &self.services.registry;
        let at = self.flapping.iter().position(|connection| !registry.is_flapping(&connection.request_id))?;
        let flapped = self.flapping.swap_remove(at);
        // By now another connection may have the id.
        let connection = registry.show(&flapped.request_id)?.connection;
        let what = What::State { from: FLAPPING, to: Life::Live.label() };
        Some(Change { at: self.services.clock.now(), connection, what })
    }
}

fn encoded(line: &ConnectionLine) -> Bytes {
    // Plain data with string keys: it always encodes.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

fn line(change: &Change, caller: &Caller) -> ConnectionLine {
    let Change { at, connection, what } = change;
    let lived = |ended: &Connection| Some(lifetime(*at, ended.connected_at));
    let plain = ConnectionChange {
        at: *at,
        request_id: connection.request_id.clone(),
        token: shown(&connection.token, caller).to_owned(),
        connected_at: connection.connected_at,
        address: connection.origin.address.map(|address| address.to_string()),
        user_agent: connection.origin.user_agent.as_deref().map(str::to_owned),
        state: Some(Life::Live.label().to_owned()),
        before: None,
        reason: None,
        lifetime_ms: None,
        replaced: None,
    };
    match what {
        What::Connected => ConnectionLine::Connected(plain),
        What::Replaced(old) => ConnectionLine::Replaced(ConnectionChange {
            reason: Some(CloseReason::Replaced.label().to_owned()),
            lifetime_ms: lived(old),
            replaced: Some(shown(&old.token, caller).to_owned()),
            ..plain
        }),
        What::Disconnected(reason) => ConnectionLine::Disconnected(ConnectionChange {
            state: (*reason == CloseReason::NotFound).then(|| Life::Ghost.label().to_owned()),
            reason: Some(reason.label().to_owned()),
            lifetime_ms: lived(connection),
            ..plain
        }),
        What::State { from, to } => ConnectionLine::State(ConnectionChange {
            state: Some((*to).to_owned()),
            before: Some((*from).to_owned()),
            ..plain
        }),
    }
}

fn lifetime(at: Timestamp, connected_at: Timestamp) -> i64 {
    (at.as_millisecond() - connected_at.as_millisecond()).max(0)
}
