//! What systemd (or a test in its place) is told, when `NOTIFY_SOCKET` is set.

use std::time::Duration;

use sd_notify::NotifyState;
use ssectl_core::{
    gateway::Gateway,
    lifecycle::{Lifecycle, Phase},
    services::Services,
};
use tokio::time::MissedTickBehavior;

/// Says that the daemon serves.
pub(crate) fn ready(services: &Services) {
    let status =
        format!("ready; streams on {}, callbacks on {}", services.bound.public, services.bound.internal);
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says that settings are being read again; [`ready`] says that they were.
pub(crate) fn reloading() {
    let now = NotifyState::monotonic_usec_now();
    tell(&[Some(NotifyState::Reloading), now.ok()].into_iter().flatten().collect::<Vec<_>>());
}

/// Says that settings were read again.
pub(crate) fn reloaded() {
    tell(&[NotifyState::Ready]);
}

/// Says that a gateway serves.
pub(crate) fn gateway_ready(gateway: &Gateway) {
    let mut status = format!("ready; streams on {}", gateway.address());
    if let Some(internal) = gateway.internal() {
        status.push_str(&format!(", metrics on {internal}"));
    }
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says that the daemon ends, once it does.
pub(crate) fn stopping_when_it_does(lifecycle: &Lifecycle) {
    let watched = lifecycle.clone();
    lifecycle.spawn(async move {
        watched.reached(Phase::Draining).await;
        tell(&[NotifyState::Stopping, NotifyState::Status("shutting down")]);
    });
}

/// Tells as often as systemd wants to hear it that the program is alive: each time only once `pulse`, which is given
/// some time, finds that it is.
pub(crate) fn watchdog<F>(lifecycle: &Lifecycle, pulse: impl Fn(Duration) -> F + Send + 'static)
where
    F: Future<Output = Result<(), &'static str>> + Send,
{
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let watched = lifecycle.clone();
    lifecycle.spawn(async move {
        tokio::select! {
            () = beat(limit, pulse, || tell(&[NotifyState::Watchdog])) => {}
            () = watched.reached(Phase::Closed) => {}
        }
    });
}

/// Tells thrice within the limit, after the pulse was felt.
async fn beat<F>(limit: Duration, pulse: impl Fn(Duration) -> F, tell: impl Fn())
where
    F: Future<Output = Result<(), &'static str>>,
{
    let mut interval = tokio::time::interval(limit / 3);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        match pulse(limit / 2).await {
            Ok(()) => tell(),
            Err(part) => tracing::error!(part, "no answer from within: the watchdog is not told"),
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::{Instant, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_hears_of_nothing_but_a_pulse() {
        let (alive, told) = (Cell::new(true), Cell::new(Instant::now()));
        let pulse = |_| async { if alive.get() { Ok(()) } else { std::future::pending().await } };
        let mut beating = std::pin::pin!(beat(LIMIT, pulse, || {
            assert!(told.replace(Instant::now()).elapsed() <= LIMIT / 2, "in time");
        }));
        assert!(timeout(10 * LIMIT, &mut beating).await.is_err());
        assert!(told.get().elapsed() <= LIMIT / 2, "all the time");
        alive.set(false);
        assert!(timeout(10 * LIMIT, &mut beating).await.is_err());
        assert!(told.get().elapsed() > 9 * LIMIT, "not a word");
    }
}
