//! Waits in the daemon: it answers when what is waited for is there, or when the patience is over.

use std::time::Duration;

use super::{Asked, Client, path::segment};
use crate::{
    control::types::{Single, WaitedDaemon, WaitedTask, WaitedVersion},
    event::VersionSequence,
    version::{Least, VersionDelivery},
};

/// The longest that one question waits: who is to be noticed when the daemon hangs asks again.
const LONGEST: Duration = Duration::from_secs(20);

impl Client {
    /// Waits until a version has come so far, or cannot any more.
    pub async fn wait_delivery(
        &self,
        sequence: VersionSequence,
        least: Least,
        patience: Duration,
    ) -> Asked<Single<VersionDelivery>> {
        let least = least.to_string();
        let path = format!("/v1/versions/{}/delivery?min={}", sequence.0, segment(&least));
        self.wait(&path, patience).await
    }

    /// Waits until the daemon is ready.
    pub async fn wait_ready(&self, patience: Duration) -> Asked<Single<WaitedDaemon>> {
        self.wait("/v1/wait/ready?", patience).await
    }

    /// Waits until no stream is left.
    pub async fn wait_drained(&self, patience: Duration) -> Asked<Single<WaitedDaemon>> {
        self.wait("/v1/wait/drained?", patience).await
    }

    /// Waits until a version was queued and, if `least` is given, has come so far or cannot any more.
    pub async fn wait_version(
        &self,
        version: &str,
        least: Option<Least>,
        patience: Duration,
    ) -> Asked<Single<WaitedVersion>> {
        let least = least.map_or_else(String::new, |least| format!("&min={}", segment(&least.to_string())));
        self.wait(&format!("/v1/wait/version?version={}{least}", segment(version)), patience).await
    }

    /// Waits until a task has ended.
    pub async fn wait_task(&self, id: &str, patience: Duration) -> Asked<Single<WaitedTask>> {
        self.wait(&format!("/v1/wait/task?task_id={}", segment(id)), patience).await
    }

    async fn wait<T: serde::de::DeserializeOwned>(&self, path: &str, patience: Duration) -> Asked<T> {
        let patience = patience.min(LONGEST);
        let patient = Self { limit: self.limit + patience, ..self.clone() };
        patient.get(&format!("{path}&timeout_ms={}", patience.as_millis())).await
    }
}
