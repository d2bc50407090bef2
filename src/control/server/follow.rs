//! A task as it happens: NDJSON that ends with an explicit `end`.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{Shared, extract::Id, failure::Rejected, tasks};
use crate::{
    control::types::TaskLine,
    task::{HeldTask, TaskEvent, TaskView},
};

/// Between signs of life on a stream of which nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The same to a reporter. Only in writing is it found out that nobody reads any more: who has said all that it has to
/// say may close its half of a connection.
const PULSE: Duration = Duration::from_secs(1);

/// Streams a task's events until it has ended, or the daemon does.
pub(super) async fn events(State(services): State<Shared>, Id(id): Id) -> Result<Response, Rejected> {
    followed(services, &id, None)
}

/// The same for its reporter, who is lost with the stream.
pub(super) async fn hold(State(services): State<Shared>, Id(id): Id) -> Result<Response, Rejected> {
    let held = services.tasks.hold(&id)?;
    followed(services, &id, Some(held))
}

fn followed(services: Shared, id: &str, held: Option<HeldTask>) -> Result<Response, Rejected> {
    let lease = held.as_ref().map(|_| services.tasks.lease());
    let lease_ms = lease.map(|lease| u64::try_from(lease.as_millis()).unwrap_or(u64::MAX));
    let (task, events) = services.tasks.follow(id).ok_or_else(|| tasks::unknown(id))?;
    let next = if task.status.is_terminal() { Next::Last(Box::new(task.clone())) } else { Next::Wait };
    let first = line(&TaskLine::Task { task: task.clone(), lease_ms });
    let following = Following { services, task, events, next, held };
    let rest = stream::unfold(following, Following::step);
    let lines = stream::StreamExt::chain(stream::iter([Ok::<_, Infallible>(first)]), rest);
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(lines)).into_response())
}

enum Next {
    Wait,
    Last(Box<TaskView>),
    Nothing,
}

struct Following {
    services: Shared,
    task: TaskView,
    events: Receiver<TaskEvent>,
    next: Next,
    held: Option<HeldTask>,
}

impl Following {
    async fn step(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let next = match std::mem::replace(&mut self.next, Next::Wait) {
            Next::Nothing => return None,
            Next::Last(task) => {
                self.next = Next::Nothing;
                TaskLine::End { task: *task }
            }
            Next::Wait => self.wait().await,
        };
        Some((Ok(line(&next)), self))
    }

    async fn wait(&mut self) -> TaskLine {
        let closing = self.services.lifecycle.closing();
        let pulse = if self.held.is_some() { PULSE } else { HEARTBEAT };
        loop {
            let event = tokio::select! {
                biased;
                event = self.events.recv() => event,
                () = closing.cancelled() => return self.end(),
                () = tokio::time::sleep(pulse) => return TaskLine::Heartbeat,
            };
            match event {
                Ok(event) if event.task_id != self.task.task_id => {}
                Ok(event) => {
                    if event.event_type.is_terminal() {
                        self.next = Next::Last(Box::new(self.now()));
                    }
                    return TaskLine::Event { event };
                }
                Err(RecvError::Lagged(_)) => match self.services.tasks.follow(&self.task.task_id) {
                    Some((task, _)) if task.status.is_terminal() => return self.end(),
                    Some((task, events)) => {
                        (self.task, self.events) = (task.clone(), events);
                        return TaskLine::Task { task, lease_ms: None };
                    }
                    None => return self.end(),
                },
                Err(RecvError::Closed) => return self.end(),
            }
        }
    }

    fn end(&mut self) -> TaskLine {
        self.next = Next::Nothing;
        TaskLine::End { task: self.now() }
    }

    /// Returns the task as it is, or as it was last seen if it was removed.
    fn now(&self) -> TaskView {
        self.services.tasks.show(&self.task.task_id).unwrap_or_else(|| self.task.clone())
    }
}

fn line(line: &TaskLine) -> Bytes {
    // Plain data with string keys: it always encodes.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
