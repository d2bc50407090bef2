//! `/metrics`: the seed's names, types and labels, and their meaning.

use serde_json::json;

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, http},
};

const SEED: [(&str, &str, &str); 7] = [
    ("sse_gateway_connections_total", "counter", "Total SSE Gateway connection lifecycle events"),
    ("sse_gateway_events_sent_total", "counter", "Total events sent to SSE Gateway"),
    ("sse_gateway_send_duration_seconds", "histogram", "Duration of SSE Gateway HTTP send calls"),
    ("sse_gateway_active_connections", "gauge", "Current number of active SSE Gateway connections"),
    ("application_shutting_down", "gauge", "Whether application is shutting down (1=yes, 0=no)"),
    ("graceful_shutdown_duration_seconds", "histogram", "Duration of graceful shutdowns"),
    ("active_tasks_at_shutdown", "gauge", "Number of active tasks when shutdown initiated"),
];

#[tokio::test]
async fn met_1_the_seeds_metrics_have_their_names_types_and_labels() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    daemon.queue(json!({"version": "1"})).await;
    browser.next_version().await;
    let id = daemon.start_task("demo", json!({"steps": 1, "delay": 0})).await;
    crate::tasks::events_of(&mut browser, &id).await;
    drop(browser);
    daemon.until_connected(0).await;
    let scrape = http::get(daemon.internal, "/metrics").await.expect(200);
    let kind = scrape.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let metrics = daemon.metrics().await;
    for (name, kind, help) in SEED {
        assert_eq!((metrics.kind(name), metrics.help(name)), (Some(kind), Some(help)), "{name}");
    }
    assert_eq!(metrics.connections(), (1.0, 1.0, 0.0));
    for service in ["version", "task"] {
        assert!(metrics.sent(service, "success") >= 1.0, "{service}");
        let count = format!(r#"sse_gateway_send_duration_seconds_count{{service="{service}"}}"#);
        assert!(metrics.value(&count) >= 1.0, "{service}");
    }
    let labelled = |name: &str| {
        metrics.samples().filter(|sample| sample.starts_with(name)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(labelled("sse_gateway_active_connections"), ["sse_gateway_active_connections"]);
    assert_eq!(labelled("sse_gateway_connections_total").len(), 2);
}

#[tokio::test]
async fn inv_4_the_service_label_is_the_callers() {
    let daemon = Daemon::start(&[]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    daemon.event("order", &json!(1)).await;
    browser.next_named("order").await;
    daemon.queue(json!({"version": "1"})).await;
    browser.next_version().await;
    let metrics = daemon
        .until_metrics("both sends", |m| {
            m.sent("event", "success") == 1.0 && m.sent("version", "success") == 1.0
        })
        .await;
    assert_eq!(metrics.sent("task", "success"), 0.0);
}

#[tokio::test]
async fn met_2_durations_have_buckets_and_closes_are_neither_counted_nor_timed() {
    let (gateway, daemon) = crate::gateway_mode::pair().await;
    gateway.connect(daemon.internal, "a", "old").await;
    gateway.connect(daemon.internal, "a", "new").await;
    gateway.closed("old").await;
    daemon.event("marker", &json!(1)).await;
    let metrics = daemon.until_metrics("the send", |m| m.sent("event", "success") == 1.0).await;
    let counts =
        metrics.samples().filter(|sample| sample.starts_with("sse_gateway_send_duration_seconds_count"));
    assert_eq!(counts.map(|sample| metrics.value(sample)).sum::<f64>(), 1.0);
    let all = r#"sse_gateway_send_duration_seconds_bucket{service="event",le="+Inf"}"#;
    assert_eq!(metrics.value(all), 1.0);
}

#[tokio::test]
async fn connects_minus_disconnects_is_active_through_churn() {
    let daemon = Daemon::start(&[]).await;
    let mut kept = Vec::new();
    for round in 0..30 {
        let browser = Browser::open(daemon.public, &format!("id-{}", round % 12)).await;
        match round % 4 {
            0 => drop(browser),
            1 => browser.reset(),
            _ => kept.push(browser),
        }
    }
    daemon.tell("/v1/connections/disconnect", &json!({"request_ids": ["id-2"]})).await.expect(200);
    drop(kept);
    let metrics = daemon.until_metrics("quiet", |m| m.connections().2 == 0.0).await;
    let (connects, disconnects, active) = metrics.connections();
    assert_eq!((connects, disconnects - connects, active), (30.0, 0.0, 0.0));
}

#[tokio::test]
async fn our_own_metrics_and_those_of_the_process_are_there() {
    let daemon = Daemon::start(&[]).await;
    let metrics = daemon.metrics().await;
    let build = metrics.samples().find(|sample| sample.starts_with("ssectld_build_info{"));
    assert!(build.is_some_and(|build| build.contains(env!("CARGO_PKG_VERSION"))), "{build:?}");
    if cfg!(target_os = "linux") {
        assert!(metrics.value("process_resident_memory_bytes") > 0.0);
    }
}
