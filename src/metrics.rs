//! Every metric on one screen.

#[cfg(feature = "nats")]
mod cluster;

use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder, core::Collector,
};

#[cfg(feature = "nats")]
pub(crate) use cluster::{ClusterMetrics, Whose};

use crate::{
    connection::CloseReason,
    event::Service,
    registry::Arrival,
    traffic::{Backlog, Totals},
};

/// From writing to a socket (microseconds) to a gateway that is about to time out.
const SEND_BUCKETS: [f64; 15] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// A shutdown takes moments or its whole grace.
const SHUTDOWN_BUCKETS: [f64; 10] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 600.0];

/// How an observer failed; a metrics label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObserverFault {
    /// It returned an error.
    Error,
    /// It panicked.
    Panic,
    /// It took too long.
    TimeOut,
}

impl ObserverFault {
    fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::TimeOut => "time_out",
        }
    }
}

/// How sending an event to one connection ended; the `status` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendStatus {
    /// Accepted by the kernel, or 2xx from the gateway.
    Success,
    /// Overflow, write error, or anything but 2xx.
    Error,
}

impl SendStatus {
    fn label(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
        }
    }
}

/// What came of asking the gateway for a connection; a metrics label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It is there.
    Alive,
    /// The gateway does not know it.
    Gone,
    /// The gateway failed, or did not answer in time.
    Unsettled,
}

impl Probe {
    fn label(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Gone => "gone",
            Self::Unsettled => "unsettled",
        }
    }
}

/// The daemon's metrics, with their own registry.
pub struct Metrics {
    registry: Registry,
    connections: IntCounterVec,
    active: IntGauge,
    sent: IntCounterVec,
    send_duration: HistogramVec,
    bytes_written: IntCounter,
    waiting: IntGauge,
    queued_events: IntGauge,
    queued_bytes: IntGauge,
    shutting_down: IntGauge,
    shutdown_duration: Histogram,
    tasks_at_shutdown: IntGauge,
    closed: IntCounterVec,
    replaced: IntCounter,
    suspects: IntGauge,
    late_connects: IntCounter,
    probes: IntCounterVec,
    gateway_forgot: IntCounter,
    refused: IntCounterVec,
    resumed: IntCounterVec,
    observer_faults: IntCounterVec,
    version_fetches: IntCounterVec,
    callbacks: IntCounterVec,
    tasks: IntGaugeVec,
    tasks_ended: IntCounterVec,
    degraded: IntGaugeVec,
}

impl Metrics {
    /// Returns fresh metrics, registered beside those of the process and the build.
    pub fn new() -> Self {
        // A family that is described twice or badly is a defect that the first test meets.
        Self::register().expect("every metric is described once, correctly")
    }

    #[rustfmt::skip]
    fn register() -> prometheus::Result<Self> {
        let r = Registry::new();
        #[cfg(target_os = "linux")]
        r.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let build = gauges(&r, "ssectld_build_info", "The running build; always 1", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            connections: counters(&r, "sse_gateway_connections_total", "Total SSE Gateway connection lifecycle events", &["action"])?,
            active: gauge(&r, "sse_gateway_active_connections", "Current number of active SSE Gateway connections")?,
            sent: counters(&r, "sse_gateway_events_sent_total", "Total events sent to SSE Gateway", &["service", "status"])?,
            send_duration: histograms(&r, "sse_gateway_send_duration_seconds", "Duration of SSE Gateway HTTP send calls", &["service"], &SEND_BUCKETS)?,
            bytes_written: counter(&r, "ssectld_bytes_written_total", "Bytes written to streams; behind a gateway those of events")?,
            waiting: gauge(&r, "ssectld_waiting_connections", "Connections for which something waits")?,
            queued_events: gauge(&r, "ssectld_queued_events", "Events that wait for connections, once per connection")?,
            queued_bytes: gauge(&r, "ssectld_queued_bytes", "Bytes that wait for connections")?,
            shutting_down: gauge(&r, "application_shutting_down", "Whether application is shutting down (1=yes, 0=no)")?,
            shutdown_duration: histogram(&r, "graceful_shutdown_duration_seconds", "Duration of graceful shutdowns", &SHUTDOWN_BUCKETS)?,
            tasks_at_shutdown: gauge(&r, "active_tasks_at_shutdown", "Number of active tasks when shutdown initiated")?,
            closed: counters(&r, "ssectld_connections_closed_total", "Ended connections by reason", &["reason"])?,
            replaced: counter(&r, "ssectld_connections_replaced_total", "Connections that a newer one with the same request id replaced")?,
            suspects: gauge(&r, "ssectld_suspect_connections", "Connections that the gateway may not hold any more")?,
            late_connects: counter(&r, "ssectld_late_connects_total", "Connect callbacks of streams whose end was told before")?,
            probes: counters(&r, "ssectld_gateway_probes_total", "Connections that the gateway was asked for, by result", &["result"])?,
            gateway_forgot: counter(&r, "ssectld_gateway_forgot_total", "Times that the gateway had forgotten its connections")?,
            refused: counters(&r, "ssectld_streams_refused_total", "Streams that were not opened, by reason", &["reason"])?,
            resumed: counters(&r, "ssectld_streams_resumed_total", "Browsers that came back with the id of the last event they saw, by result", &["result"])?,
            observer_faults: counters(&r, "ssectld_observer_faults_total", "Observer calls that failed", &["fault"])?,
            version_fetches: counters(&r, "ssectld_version_fetches_total", "Fetches of frontend_version_url by result", &["result"])?,
            callbacks: counters(&r, "ssectld_callbacks_total", "Answers to gateway callbacks by status code", &["code"])?,
            tasks: gauges(&r, "ssectld_tasks", "Unfinished tasks by state", &["state"])?,
            tasks_ended: counters(&r, "ssectld_tasks_ended_total", "Ended tasks by outcome", &["outcome"])?,
            degraded: gauges(&r, "ssectld_degraded", "Whether something is wrong, by part (1=yes, 0=no); ssectl status says what", &["part"])?,
            registry: r,
        };
        metrics.begin();
        Ok(metrics)
    }

    /// Begins what is known beforehand at 0: the first of a kind is an increase then, for whoever is alerted by one.
    fn begin(&self) {
        for reason in CloseReason::ALL {
            self.closed.with_label_values(&[reason.label()]);
        }
        for result in [Probe::Alive, Probe::Gone, Probe::Unsettled] {
            self.probes.with_label_values(&[result.label()]);
        }
        for fault in [ObserverFault::Error, ObserverFault::Panic, ObserverFault::TimeOut] {
            self.observer_faults.with_label_values(&[fault.label()]);
        }
    }

    /// Returns all metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail, and what is gathered here is well-formed by construction.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// A connect was registered; `active` is the registry's size after it.
    pub fn arrived(&self, arrival: &Arrival, active: usize) {
        let Arrival::New { replaced, .. } = arrival else { return };
        self.connections.with_label_values(&["connect"]).inc();
        for _ in replaced {
            self.left(CloseReason::Replaced, active);
        }
        self.set_active(active);
    }

    /// A connection was unregistered; `active` is the registry's size after it.
    pub fn left(&self, reason: CloseReason, active: usize) {
        self.connections.with_label_values(&["disconnect"]).inc();
        self.closed.with_label_values(&[reason.label()]).inc();
        if reason == CloseReason::Replaced {
            self.replaced.inc();
        }
        self.set_active(active);
    }

    /// The number of connections that a gateway may not hold any more changed.
    pub fn suspects_now(&self, count: usize) {
        self.suspects.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A connect came after the end of its own stream.
    pub fn connect_came_late(&self) {
        self.late_connects.inc();
    }

    /// The gateway was asked for a connection.
    pub fn probed(&self, result: Probe) {
        self.probes.with_label_values(&[result.label()]).inc();
    }

    /// The gateway was found to have forgotten its connections.
    pub fn gateway_forgot(&self) {
        self.gateway_forgot.inc();
    }

    /// A stream of a gateway was opened; `active` is how many there are now.
    pub fn opened(&self, active: usize) {
        self.connections.with_label_values(&["connect"]).inc();
        self.set_active(active);
    }

    fn set_active(&self, active: usize) {
        self.active.set(i64::try_from(active).unwrap_or(i64::MAX));
    }

    /// An event was sent to `count` connections, or failed for them.
    pub fn sent(&self, service: Service, status: SendStatus, count: u64) {
        self.sent.with_label_values(&[service.label(), status.label()]).inc_by(count);
    }

    /// Sending an event took this long.
    pub fn send_took(&self, service: Service, duration: Duration) {
        self.send_duration.with_label_values(&[service.label()]).observe(duration.as_secs_f64());
    }

    /// So many bytes were written to streams.
    pub fn wrote(&self, bytes: u64) {
        self.bytes_written.inc_by(bytes);
    }

    /// What waits for some connections changed.
    pub fn backlog_changed(&self, before: Backlog, now: Backlog) {
        let change = |gauge: &IntGauge, before: u64, now: u64| gauge.add(signed(now) - signed(before));
        change(&self.waiting, before.connections, now.connections);
        change(&self.queued_events, before.events, now.events);
        change(&self.queued_bytes, before.bytes, now.bytes);
    }

    /// Returns what was counted until now.
    pub fn totals(&self) -> Totals {
        let now = |gauge: &IntGauge| u64::try_from(gauge.get()).unwrap_or_default();
        Totals {
            connects: total(&self.connections, Some("connect")),
            disconnects: total(&self.connections, Some("disconnect")),
            replaced: self.replaced.get(),
            slow: total(&self.closed, Some(CloseReason::SlowConsumer.label())),
            refused: total(&self.refused, None),
            written: total(&self.sent, Some(SendStatus::Success.label())),
            failed: total(&self.sent, Some(SendStatus::Error.label())),
            bytes: self.bytes_written.get(),
            backlog: Backlog {
                connections: now(&self.waiting),
                events: now(&self.queued_events),
                bytes: now(&self.queued_bytes),
            },
        }
    }

    /// A stream was not opened.
    pub fn stream_refused(&self, reason: &'static str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// A browser came back that says what it saw last: what it missed was replayed, or why not.
    pub fn resumed(&self, result: &'static str) {
        self.resumed.with_label_values(&[result]).inc();
    }

    /// An observer failed.
    pub fn observer_failed(&self, fault: ObserverFault) {
        self.observer_faults.with_label_values(&[fault.label()]).inc();
    }

    /// A fetch of the frontend version ended.
    pub fn version_fetched(&self, result: &'static str) {
        self.version_fetches.with_label_values(&[result]).inc();
    }

    /// A callback was answered.
    pub fn callback_answered(&self, code: u16) {
        self.callbacks.with_label_values(&[&code.to_string()]).inc();
    }

    /// The numbers of unfinished tasks changed.
    pub fn tasks_now(&self, pending: usize, running: usize) {
        for (state, count) in [("pending", pending), ("running", running)] {
            self.tasks.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// A task ended.
    pub fn task_ended(&self, outcome: &'static str) {
        self.tasks_ended.with_label_values(&[outcome]).inc();
    }

    /// Something is wrong with a part, or nothing.
    pub fn degraded_now(&self, part: &'static str, trouble: bool) {
        self.degraded.with_label_values(&[part]).set(i64::from(trouble));
    }

    /// The shutdown began with this many unfinished tasks.
    pub fn shutdown_began(&self, tasks: usize) {
        self.shutting_down.set(1);
        self.tasks_at_shutdown.set(i64::try_from(tasks).unwrap_or(i64::MAX));
    }

    /// The shutdown ended.
    pub fn shutdown_took(&self, duration: Duration) {
        self.shutdown_duration.observe(duration.as_secs_f64());
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the sum of those with this label; of all, without.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counters are whole and not negative"
)]
fn total(counters: &IntCounterVec, label: Option<&str>) -> u64 {
    let families = counters.collect();
    let metrics = families.iter().flat_map(|family| family.get_metric());
    let chosen = metrics.filter(|metric| {
        label.is_none_or(|label| metric.get_label().iter().any(|pair| pair.value() == label))
    });
    chosen.map(|metric| metric.get_counter().get_value() as u64).sum()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn counter(registry: &Registry, name: &str, help: &str) -> prometheus::Result<IntCounter> {
    let metric = IntCounter::new(name, help)?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<IntCounterVec> {
    let metric = IntCounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> prometheus::Result<IntGauge> {
    let metric = IntGauge::new(name, help)?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
    let metric = IntGaugeVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> prometheus::Result<Histogram> {
    let metric = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn histograms(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> prometheus::Result<HistogramVec> {
    let metric = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels)?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn met_1_the_seeds_metrics_keep_names_types_labels_and_help() {
        let metrics = Metrics::new();
        metrics.left(CloseReason::ClientClosed, 0);
        metrics.sent(Service::Task, SendStatus::Success, 2);
        metrics.send_took(Service::Version, Duration::from_millis(1));
        let text = metrics.render();
        for line in [
            "# HELP sse_gateway_connections_total Total SSE Gateway connection lifecycle events",
            "# TYPE sse_gateway_connections_total counter",
            "sse_gateway_connections_total{action=\"disconnect\"} 1",
            "# HELP sse_gateway_events_sent_total Total events sent to SSE Gateway",
            "sse_gateway_events_sent_total{service=\"task\",status=\"success\"} 2",
            "# HELP sse_gateway_send_duration_seconds Duration of SSE Gateway HTTP send calls",
            "# TYPE sse_gateway_send_duration_seconds histogram",
            "sse_gateway_send_duration_seconds_count{service=\"version\"} 1",
            "# HELP sse_gateway_active_connections Current number of active SSE Gateway connections",
            "# TYPE sse_gateway_active_connections gauge",
            "sse_gateway_active_connections 0",
            "# HELP application_shutting_down Whether application is shutting down (1=yes, 0=no)",
            "application_shutting_down 0",
            "# HELP graceful_shutdown_duration_seconds Duration of graceful shutdowns",
            "# TYPE graceful_shutdown_duration_seconds histogram",
            "# HELP active_tasks_at_shutdown Number of active tasks when shutdown initiated",
            "# TYPE active_tasks_at_shutdown gauge",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n\n{text}");
        }
    }

    #[test]
    fn inv_4_the_label_is_what_the_event_is_about() {
        let name: crate::event::EventName = "x".parse().expect("a name");
        let data = crate::event::JsonLine::encode("x").expect("a string");
        for (kind, service) in [
            (crate::event::Kind::Version(crate::event::VersionSequence(1)), Service::Version),
            (crate::event::Kind::TaskState, Service::Task),
            (crate::event::Kind::Progress("t".into()), Service::Task),
            (crate::event::Kind::Application, Service::Event),
        ] {
            let event = crate::event::Event { name: name.clone(), data: data.clone(), kind };
            assert_eq!(event.service(), service);
        }
    }
}
