//! What can be asked, one operation each.

use jiff::Timestamp;

use super::{
    super::{
        listing::{Filter, Listing},
        types::{
            AuditEntry, BeginDrain, Blocked, ClearReceipt, ClearVersion, ConnectionLine, ConnectionView,
            Disconnect, DisconnectReceipt, DrainReceipt, DrainView, EventLine, EventReceipt, Keyed, List,
            LogLevelReceipt, LogLevelView, Member, ReloadReceipt, SendEvent, SetLogLevel, Single, Status,
            StopReceipt, TaskLine, Unblock, UnblockReceipt, VersionStatus,
        },
    },
    Asked, Client, ClientError, Ghosts, LineStream,
    path::{connection, segment},
};
use crate::{
    event::EventName,
    request_id::RequestId,
    task::{CreateTask, EndTask, ReportProgress, TaskReceipt, TaskView},
    version::{PendingVersion, QueueVersion, QueuedVersion, VersionReceipt},
};

impl Client {
    /// Asks how the daemon is.
    pub async fn status(&self) -> Asked<Single<Status>> {
        self.get("/v1/status").await
    }

    /// Asks for the members of the cluster, each as it is now.
    pub async fn members(&self, asked: &Listing) -> Asked<List<Member>> {
        self.get(&format!("/v1/members?{}", asked.to_query())).await
    }

    /// Asks for the members of the cluster as they were last heard of.
    pub async fn members_heard(&self, asked: &Listing) -> Asked<List<Member>> {
        self.get(&format!("/v1/members?heard=true&{}", asked.to_query())).await
    }

    /// Asks for connections.
    pub async fn connections(&self, asked: &Listing, ghosts: Ghosts) -> Asked<List<ConnectionView>> {
        let besides = if ghosts == Ghosts::Too { "ghosts=true&" } else { "" };
        self.get(&format!("/v1/connections?{besides}{}", asked.to_query())).await
    }

    /// Asks for one connection.
    pub async fn connection(&self, id: &RequestId) -> Asked<Single<ConnectionView>> {
        self.get(&format!("/v1/connections/{}", connection(id.as_str()))).await
    }

    /// Watches what happens to connections.
    pub async fn watch_connections(
        &self,
        filters: &[Filter],
    ) -> Result<LineStream<ConnectionLine>, ClientError> {
        let asked = Listing { filters: filters.to_vec(), ..Listing::default() };
        self.stream(&format!("/v1/connections/events?{}", asked.to_query())).await
    }

    /// Asks which request ids are refused.
    pub async fn blocked(&self, asked: &Listing) -> Asked<List<Blocked>> {
        self.get(&format!("/v1/connections/blocked?{}", asked.to_query())).await
    }

    /// Lets request ids in again.
    pub async fn unblock(&self, order: &Unblock) -> Asked<Single<UnblockReceipt>> {
        self.post("/v1/connections/unblock", order).await
    }

    /// Disconnects.
    pub async fn disconnect(&self, order: &Disconnect) -> Asked<Single<DisconnectReceipt>> {
        self.post("/v1/connections/disconnect", order).await
    }

    /// Asks what is pending.
    pub async fn versions(&self, asked: &Listing) -> Asked<List<PendingVersion>> {
        self.get(&format!("/v1/versions?{}", asked.to_query())).await
    }

    /// Asks what a newcomer would be told.
    pub async fn current_version(&self, id: Option<&RequestId>) -> Asked<Single<PendingVersion>> {
        let query = id.map_or(String::new(), |id| format!("?request_id={}", segment(id.as_str())));
        self.get(&format!("/v1/versions/current{query}")).await
    }

    /// Queues a version.
    pub async fn queue_version(&self, order: &QueueVersion) -> Asked<Single<VersionReceipt>> {
        self.post("/v1/versions", order).await
    }

    /// Forgets pending versions.
    pub async fn clear_version(&self, order: &ClearVersion) -> Asked<Single<ClearReceipt>> {
        self.post("/v1/versions/clear", order).await
    }

    /// Asks which versions were queued of late.
    pub async fn version_history(&self, asked: &Listing) -> Asked<List<QueuedVersion>> {
        self.get(&format!("/v1/versions/history?{}", asked.to_query())).await
    }

    /// Asks how many connections were sent which version.
    pub async fn version_status(&self, version: Option<&str>) -> Asked<Single<VersionStatus>> {
        let query = version.map_or_else(String::new, |version| format!("?version={}", segment(version)));
        self.get(&format!("/v1/versions/status{query}")).await
    }

    /// Asks for tasks.
    pub async fn tasks(&self, asked: &Listing) -> Asked<List<TaskView>> {
        self.get(&format!("/v1/tasks?{}", asked.to_query())).await
    }

    /// Asks for one task.
    pub async fn task(&self, id: &str) -> Asked<Single<TaskView>> {
        self.get(&format!("/v1/tasks/{}", segment(id))).await
    }

    /// Starts or creates a task.
    pub async fn create_task(&self, order: &CreateTask) -> Asked<Single<TaskReceipt>> {
        self.post("/v1/tasks", order).await
    }

    /// Reports progress.
    pub async fn report(&self, id: &str, report: &ReportProgress) -> Asked<Single<TaskView>> {
        self.post(&format!("/v1/tasks/{}/progress", segment(id)), report).await
    }

    /// Ends a task well.
    pub async fn complete_task(&self, id: &str, order: &EndTask) -> Asked<Single<TaskReceipt>> {
        self.post(&format!("/v1/tasks/{}/complete", segment(id)), order).await
    }

    /// Ends a task badly.
    pub async fn fail_task(&self, id: &str, order: &EndTask) -> Asked<Single<TaskReceipt>> {
        self.post(&format!("/v1/tasks/{}/fail", segment(id)), order).await
    }

    /// Cancels a task.
    pub async fn cancel_task(&self, id: &str, order: &EndTask) -> Asked<Single<TaskReceipt>> {
        self.post(&format!("/v1/tasks/{}/cancel", segment(id)), order).await
    }

    /// Forgets an ended task.
    pub async fn remove_task(&self, id: &str, order: &Keyed) -> Asked<Single<TaskReceipt>> {
        self.post(&format!("/v1/tasks/{}/remove", segment(id)), order).await
    }

    /// Follows a task.
    pub async fn follow_task(&self, id: &str) -> Result<LineStream<TaskLine>, ClientError> {
        self.stream(&format!("/v1/tasks/{}/events", segment(id))).await
    }

    /// Follows a task as its reporter, which is lost when it hangs up.
    pub async fn hold_task(&self, id: &str) -> Result<LineStream<TaskLine>, ClientError> {
        self.stream(&format!("/v1/tasks/{}/hold", segment(id))).await
    }

    /// Watches what is dispatched: after a number of that daemon first, as far as it remembers.
    pub async fn tail_events(
        &self,
        filters: &[Filter],
        names: &[EventName],
        since: Option<u64>,
        of: Option<Timestamp>,
    ) -> Result<LineStream<EventLine>, ClientError> {
        let asked = Listing { filters: filters.to_vec(), ..Listing::default() };
        let names = names.iter().map(EventName::as_str).collect::<Vec<_>>().join(",");
        let names = if names.is_empty() { names } else { format!("&names={names}") };
        let since = since.map_or_else(String::new, |since| format!("&since={since}"));
        let of = of.map_or_else(String::new, |of| format!("&of={of}"));
        self.stream(&format!("/v1/events?{}{names}{since}{of}", asked.to_query())).await
    }

    /// Sends an event.
    pub async fn send_event(&self, order: &SendEvent) -> Asked<Single<EventReceipt>> {
        self.post("/v1/events", order).await
    }

    /// Asks for entries of the audit log.
    pub async fn audit(
        &self,
        since: Option<Timestamp>,
        before: Option<u64>,
        asked: &Listing,
    ) -> Asked<List<AuditEntry>> {
        let since = since.map_or_else(String::new, |since| format!("&since={since}"));
        let before = before.map_or_else(String::new, |before| format!("&before={before}"));
        self.get(&format!("/v1/audit?{}{since}{before}", asked.to_query())).await
    }

    /// Asks what would come of a drain.
    pub async fn forecast_drain(&self, over_ms: Option<u64>) -> Asked<Single<DrainView>> {
        let query = over_ms.map_or(String::new(), |ms| format!("?over_ms={ms}"));
        self.get(&format!("/v1/daemon/drain{query}")).await
    }

    /// Sends embedded streams away.
    pub async fn drain(&self, order: &BeginDrain) -> Asked<Single<DrainReceipt>> {
        self.post("/v1/daemon/drain", order).await
    }

    /// Takes a drain back.
    pub async fn cancel_drain(&self, order: &Keyed) -> Asked<Single<DrainReceipt>> {
        self.post("/v1/daemon/drain/cancel", order).await
    }

    /// Asks what is logged.
    pub async fn log_level(&self) -> Asked<Single<LogLevelView>> {
        self.get("/v1/daemon/log-level").await
    }

    /// Has something else logged.
    pub async fn set_log_level(&self, order: &SetLogLevel) -> Asked<Single<LogLevelReceipt>> {
        self.post("/v1/daemon/log-level", order).await
    }

    /// Has the settings read again.
    pub async fn reload(&self, order: &Keyed) -> Asked<Single<ReloadReceipt>> {
        self.post("/v1/daemon/reload", order).await
    }

    /// Begins the daemon's shutdown.
    pub async fn stop(&self, order: &Keyed) -> Asked<Single<StopReceipt>> {
        self.post("/v1/daemon/stop", order).await
    }
}
