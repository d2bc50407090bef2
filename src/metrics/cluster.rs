//! What a member of a cluster measures; a daemon that is alone has none of it.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};

use super::{Metrics, SEND_BUCKETS, counter, counters, gauge, histogram};

/// Whose events were read from the log; a metrics label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// This member's.
    Own,
    /// Other members'.
    Others,
}

/// The metrics of a cluster.
#[derive(Clone)]
pub(crate) struct ClusterMetrics {
    connected: IntGauge,
    connects: IntCounter,
    lag: Histogram,
    read: IntCounterVec,
    behind: IntGauge,
    missed: IntCounter,
    unplaced: IntCounterVec,
}

impl Metrics {
    /// Returns the metrics of a cluster, registered beside the others. To be called once.
    #[rustfmt::skip]
    pub(crate) fn of_cluster(&self) -> ClusterMetrics {
        let r = &self.registry;
        let register = || -> prometheus::Result<_> {
            Ok(ClusterMetrics {
                connected: gauge(r, "ssectld_cluster_connected", "Whether the cluster's NATS servers are reached, and JetStream answers (1=yes, 0=no)")?,
                connects: counter(r, "ssectld_cluster_connects_total", "Times that the cluster's NATS servers were reached, or JetStream answered again: the first, and each after a loss")?,
                lag: histogram(r, "ssectld_cluster_lag_seconds", "From an event's place in the cluster's log to its dispatch here, by the clocks of both", &SEND_BUCKETS)?,
                read: counters(r, "ssectld_cluster_events_total", "Events read from the cluster's log", &["from"])?,
                behind: gauge(r, "ssectld_cluster_events_behind", "Events of the cluster's log that are still to be read here")?,
                missed: counter(r, "ssectld_cluster_events_missed_total", "Events that had left the cluster's log before they were read here")?,
                unplaced: counters(r, "ssectld_cluster_unplaced_total", "Events and orders that got no place in the cluster", &["outcome"])?,
            })
        };
        let metrics = register().expect("every metric is described once, correctly");
        for outcome in ["away", "unknown"] {
            metrics.unplaced.with_label_values(&[outcome]);
        }
        metrics
    }
}

impl ClusterMetrics {
    /// The servers were reached, and JetStream answers.
    pub(crate) fn connected(&self) {
        self.connected.set(1);
        self.connects.inc();
    }

    /// They cannot be reached, or JetStream does not answer.
    pub(crate) fn away(&self) {
        self.connected.set(0);
    }

    /// An event was read that got its place so long ago.
    pub(crate) fn read(&self, whose: Whose, ago: Duration) {
        let from = match whose {
            Whose::Own => "own",
            Whose::Others => "others",
        };
        self.read.with_label_values(&[from]).inc();
        self.lag.observe(ago.as_secs_f64());
    }

    /// So many events are still to be read.
    pub(crate) fn behind(&self, count: u64) {
        self.behind.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many events were gone before they were read.
    pub(crate) fn missed(&self, count: u64) {
        self.missed.inc_by(count);
    }

    /// Something got no place.
    pub(crate) fn unplaced(&self, outcome: &'static str) {
        self.unplaced.with_label_values(&[outcome]).inc();
    }
}
