//! Waiting for something, no longer than the caller wants to and the daemon lives.

use std::time::Duration;

use axum::{Json, extract::State};
use tokio::sync::broadcast::error::RecvError;

use super::{Shared, daemon, extract::Params, failure::Rejected, versions::least};
use crate::{
    control::types::{Patience, Single, TaskWait, VersionWait, WaitedDaemon, WaitedTask, WaitedVersion},
    delivery::Directory,
    lifecycle::Phase,
    services::Services,
};

/// The longest that one request waits: whoever wants to wait longer asks again.
const LONGEST: Duration = Duration::from_secs(60);
/// How often it is looked whether streams or a task have come or gone.
const LOOK: Duration = Duration::from_millis(50);

/// Waits for something, as long as the caller wants to, and not beyond the end of all streams. Not at all where too many
/// do.
pub(super) async fn wait(services: &Services, timeout_ms: Option<u64>, what: impl Future<Output = ()>) {
    let limit = Duration::from_millis(timeout_ms.unwrap_or_default()).min(LONGEST);
    let place = services.waits.try_acquire();
    let waited = tokio::time::timeout(if place.is_ok() { limit } else { Duration::ZERO }, what);
    services.lifecycle.closing().run_until_cancelled(waited).await;
}

/// Waits until the daemon is ready. One that is ending already will not be.
pub(super) async fn ready(
    State(services): State<Shared>,
    Params(patience): Params<Patience>,
) -> Json<Single<WaitedDaemon>> {
    wait(&services, patience.timeout_ms, services.lifecycle.reached(Phase::Ready)).await;
    Json(Single::new("waited.ready", of_daemon(&services, services.lifecycle.phase() == Phase::Ready)))
}

/// Waits until no stream is left.
pub(super) async fn drained(
    State(services): State<Shared>,
    Params(patience): Params<Patience>,
) -> Json<Single<WaitedDaemon>> {
    let empty = || services.registry.count() == 0;
    wait(&services, patience.timeout_ms, until(empty)).await;
    Json(Single::new("waited.drained", of_daemon(&services, empty())))
}

fn of_daemon(services: &Services, reached: bool) -> WaitedDaemon {
    let phase = daemon::name(&services.lifecycle.phase());
    WaitedDaemon { reached, phase, connections: services.registry.count() }
}

/// Waits until a version was queued and, where `min` is given, has come so far or cannot any more.
pub(super) async fn version(
    State(services): State<Shared>,
    Params(asked): Params<VersionWait>,
) -> Result<Json<Single<WaitedVersion>>, Rejected> {
    let least = least(asked.min.as_deref())?;
    let versions = &services.versions;
    let come = async {
        let sequence = versions.until_queued(&asked.version).await;
        if asked.min.is_some() {
            versions.until_decided(sequence, least).await;
        }
    };
    wait(&services, asked.timeout_ms, come).await;
    let sequence = versions.named(&asked.version);
    let delivery = sequence.and_then(|sequence| versions.delivery(sequence, least));
    let (reached, decided) = match (sequence, &delivery) {
        (None, _) => (false, false),
        (Some(_), _) if asked.min.is_none() => (true, true),
        (Some(_), Some(delivery)) => (delivery.reached, delivery.decided),
        // Nobody will ever know.
        (Some(_), None) => (false, true),
    };
    Ok(Json(Single::new("waited.version", WaitedVersion { reached, decided, sequence, delivery })))
}

/// Waits until a task has ended; also for one that is not there yet.
pub(super) async fn task(
    State(services): State<Shared>,
    Params(asked): Params<TaskWait>,
) -> Json<Single<WaitedTask>> {
    let mut last = None;
    wait(&services, asked.timeout_ms, until_ended(&services, &asked.task_id, &mut last)).await;
    let task = services.tasks.show(&asked.task_id).or(last);
    let reached = task.as_ref().is_some_and(|task| task.status.is_terminal());
    Json(Single::new("waited.task", WaitedTask { reached, task }))
}

/// Returns once a task has ended, or was removed after it was there.
async fn until_ended(services: &Services, id: &str, last: &mut Option<crate::task::TaskView>) {
    until(|| services.tasks.show(id).is_some()).await;
    while let Some((task, mut events)) = services.tasks.follow(id) {
        let ended = task.status.is_terminal();
        *last = Some(task);
        if ended {
            return;
        }
        loop {
            match events.recv().await {
                Ok(event) if event.task_id == *id && event.event_type.is_terminal() => break,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Waits for what tells nobody of itself.
async fn until(so: impl Fn() -> bool) {
    let mut look = tokio::time::interval(LOOK);
    while !so() {
        look.tick().await;
    }
}
