//! The end of the daemon: prepare, drain tasks, close, the state last, in this order, each within its time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use crate::{
    lifecycle::{Phase, Stop},
    services::Services,
};

/// Time for closing streams beyond their spread, for cancelled tasks' last events, and for what is left.
pub(super) const SLACK: Duration = Duration::from_secs(5);
/// For answers under way, which have 5 s of their own.
const LAST_ANSWERS: Duration = Duration::from_secs(7);

/// How the daemon ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Who missed the deadline; empty: nobody.
    pub late: Vec<&'static str>,
}

/// Waits until somebody asks for the end, then brings it about.
pub(super) async fn supervise(services: Arc<Services>) -> Ended {
    let lifecycle = &services.lifecycle;
    lifecycle.stop_requested(Stop::Gracefully).await;
    let began = Instant::now();
    let mut late = Vec::new();

    lifecycle.advance(Phase::Draining);
    let counts = services.tasks.counts();
    let unfinished = counts.pending + counts.running;
    services.metrics.shutdown_began(unfinished);
    tracing::info!(tasks = unfinished, connections = services.registry.list().len(), "shutting down");

    if !drain_tasks(&services).await {
        late.push("tasks");
    }
    lifecycle.advance(Phase::Closing);
    let limit = services.config.shutdown.spread + SLACK;
    if timeout(limit, services.delivery.shutdown()).await.is_err() {
        late.push("streams");
    }
    services.metrics.shutdown_took(began.elapsed());
    lifecycle.advance(Phase::Closed);
    if !lifecycle.finish(LAST_ANSWERS).await {
        late.push("listeners");
    }
    services.registry.forget_observers();
    if late.contains(&"listeners") {
        tracing::warn!("browsers that come back will be told of a gap: somebody may be sending events yet");
    } else if timeout(SLACK, leave_history(&services)).await.is_err() {
        late.push("history");
    }
    if timeout(SLACK, services.store.close()).await.is_err() {
        late.push("state");
    }
    let late_ones = (!late.is_empty()).then(|| late.join(", "));
    tracing::info!(took = ?began.elapsed(), late = late_ones, "shut down");
    Ended { late }
}

/// Keeps what browsers that come back after the start have missed.
async fn leave_history(services: &Services) {
    let left = match services.delivery.legacy() {
        Ok(batch) => services.store.commit(batch).await,
        Err(error) => Err(error),
    };
    if let Err(error) = left {
        tracing::warn!(%error, "browsers that come back will be told of a gap: the events of late are not kept");
    }
}

/// Waits for running tasks within the grace, unless hurried, then cancels what is left: each task gets its
/// terminal event. False if the grace was too short.
async fn drain_tasks(services: &Services) -> bool {
    let grace = services.config.shutdown.grace;
    let in_time = tokio::select! {
        () = services.tasks.idle() => return true,
        () = tokio::time::sleep(grace) => false,
        () = services.lifecycle.stop_requested(Stop::Now) => true,
    };
    if timeout(SLACK, services.tasks.cancel_all("shutdown")).await.is_err() {
        tracing::warn!("tasks could not be cancelled in time");
        return false;
    }
    in_time
}
