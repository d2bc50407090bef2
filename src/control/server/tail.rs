//! The events that are dispatched, as they are: NDJSON that ends with an explicit `end`.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    Shared,
    extract::{Asked, Params},
    failure::Rejected,
};
use crate::{
    access::{Caller, Role},
    control::{
        listing::Listing,
        types::{EventLine, Line, ToldEvent},
    },
    delivery::{Look, Told},
    event::Service,
};

/// Between signs of life on a stream of which nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What of [`TailAsked`] is no filter.
///
/// [`TailAsked`]: crate::control::types::TailAsked
#[derive(Deserialize)]
pub(super) struct Place {
    since: Option<u64>,
    of: Option<Timestamp>,
    names: Option<String>,
}

/// Streams what is dispatched, as far as it is asked for, until the daemon ends. Who reads slowly is told how much it
/// missed.
pub(super) async fn tail(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Params(Place { since, of, names }): Params<Place>,
    Asked(asked): Asked,
) -> Result<Response, Rejected> {
    asked.check::<EventLine>()?;
    // The numbers of another daemon are not ours.
    let since = if of.is_some_and(|of| of != services.started_at) { since.and(Some(0)) } else { since };
    let Look { last, recent, forgotten, live } = services.dispatcher.look(since);
    let started =
        EventLine::Started { at: services.clock.now(), daemon: services.started_at, sequence: last };
    let missed = (forgotten > 0).then_some(EventLine::Lagged { missed: forgotten });
    let first = VecDeque::from_iter([started].into_iter().chain(missed));
    let names = names.map(|names| names.split(',').map(str::to_owned).collect());
    let tailing = Tailing { services, names, caller, asked, first, recent, live, is_over: false };
    let lines = stream::unfold(tailing, Tailing::step);
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(lines)).into_response())
}

struct Tailing {
    services: Shared,
    caller: Caller,
    asked: Listing,
    names: Option<Vec<String>>,
    first: VecDeque<EventLine>,
    recent: VecDeque<Told>,
    live: Receiver<Told>,
    is_over: bool,
}

impl Tailing {
    async fn step(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.is_over {
            return None;
        }
        let line = match self.first.pop_front() {
            Some(line) => line,
            None => self.next().await,
        };
        self.is_over = line.ends();
        // Plain data with string keys: it always encodes.
        let mut text = serde_json::to_vec(&line).unwrap_or_default();
        text.push(b'\n');
        Some((Ok(text.into()), self))
    }

    fn names(&self, told: &Told) -> bool {
        self.names.as_ref().is_none_or(|names| names.iter().any(|name| name == told.name.as_str()))
    }

    async fn next(&mut self) -> EventLine {
        let closing = self.services.lifecycle.closing();
        let heartbeat = tokio::time::sleep(HEARTBEAT);
        tokio::pin!(heartbeat);
        loop {
            let told = match self.recent.pop_front() {
                Some(told) => Ok(told),
                None => tokio::select! {
                    biased;
                    told = self.live.recv() => told,
                    () = closing.cancelled() => return EventLine::End,
                    () = &mut heartbeat => return EventLine::Heartbeat,
                },
            };
            match told {
                Ok(told) if !self.names(&told) => {}
                Ok(told) => {
                    let line = EventLine::Event(shown(&told, self.services.clock.now(), &self.caller));
                    if self.asked.admits(&line, self.services.clock.now()) {
                        return line;
                    }
                }
                Err(RecvError::Lagged(missed)) => return EventLine::Lagged { missed },
                Err(RecvError::Closed) => return EventLine::End,
            }
        }
    }
}

/// Returns an event as the caller may see it: what applications tell their users is for operators.
fn shown(told: &Told, now: Timestamp, caller: &Caller) -> ToldEvent {
    let open = told.service != Service::Event || caller.has(Role::Operator);
    let data = if open { RawValue::from_string(told.data.as_str().to_owned()).ok() } else { None };
    ToldEvent {
        at: now.checked_sub(told.at.elapsed()).unwrap_or(now),
        sequence: told.sequence.0,
        name: told.name.as_str().to_owned(),
        service: told.service.label().to_owned(),
        request_id: told.request_id.clone(),
        connections: told.connections,
        bytes: told.data.as_str().len(),
        data,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{delivery::Sequence, event::JsonLine};

    fn told(service: Service) -> Told {
        Told {
            sequence: Sequence(1),
            at: Instant::now(),
            name: "x".parse().expect("a name"),
            data: JsonLine::compact("[1.50]").expect("JSON"),
            service,
            request_id: None,
            connections: 1,
        }
    }

    #[test]
    fn what_applications_send_is_for_operators_and_stays_as_it_is() {
        let publisher = Caller::token();
        let mut operator = Caller::token();
        operator.role = Some(Role::Operator);
        let data = |service, caller: &Caller| {
            let event = shown(&told(service), Timestamp::UNIX_EPOCH, caller);
            assert_eq!(event.bytes, 6);
            event.data.map(|data| data.get().to_owned())
        };
        assert_eq!(data(Service::Event, &publisher), None);
        assert_eq!(data(Service::Event, &operator).as_deref(), Some("[1.50]"));
        assert_eq!(data(Service::Task, &publisher).as_deref(), Some("[1.50]"));
    }
}
