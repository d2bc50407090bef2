//! What systemd (or a test in its place) is told, when `NOTIFY_SOCKET` is set.

use sd_notify::NotifyState;
use ssectl_core::{
    gateway::Gateway,
    lifecycle::{Lifecycle, Phase},
    services::Services,
};

/// Says that the daemon serves.
pub(crate) fn ready(services: &Services) {
    let status =
        format!("ready; streams on {}, callbacks on {}", services.bound.public, services.bound.internal);
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
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

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
