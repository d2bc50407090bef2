//! Dashboard and alert rules: every metric and every label in them is one of the daemon's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    fakes::{
        browser::Browser,
        frontend::{Frontend, Mood},
    },
    harness::{Daemon, http},
};

const ALERTS: &str = include_str!("../../dist/ssectld.alerts.yml");
const DASHBOARD: &str = include_str!("../../dist/ssectld.dashboard.json");
/// What Prometheus itself says of a scrape, and adds to it.
const OF_PROMETHEUS: [&str; 1] = ["up"];
const ADDED: [&str; 2] = ["job", "instance"];
/// Words of PromQL that are no metrics.
const WORDS: [&str; 10] =
    ["by", "without", "and", "or", "unless", "on", "ignoring", "group_left", "group_right", "bool"];

/// Metrics by name, each with its labels.
type Families = BTreeMap<String, BTreeSet<String>>;

/// Returns the metrics that an expression names, with the labels that it matches or groups by.
fn named(expression: &str) -> Families {
    let (mut families, mut grouped, mut last) = (Families::new(), BTreeSet::new(), None::<String>);
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let length = match first {
            '{' => {
                let end = rest.find('}').expect("it is closed");
                let metric = last.take().expect("labels follow a metric");
                let labels = rest[1..end].split(',').filter_map(|pair| pair.split(['=', '!']).next());
                families.entry(metric).or_default().extend(labels.map(|label| label.trim().to_owned()));
                end + 1
            }
            '[' => rest.find(']').expect("it is closed") + 1,
            '"' => panic!("a text outside of labels in {expression}"),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let (word, after) = (&rest[..end], rest[end..].trim_start());
                if ["by", "on", "without", "ignoring"].contains(&word) {
                    let list = after.strip_prefix('(').expect("a list of labels");
                    let close = list.find(')').expect("it is closed");
                    grouped.extend(list[..close].split(',').map(|label| label.trim().to_owned()));
                    rest.len() - list.len() + close + 1
                } else {
                    let is_function = ["(", "by", "without"].iter().any(|next| after.starts_with(next));
                    if !is_function && !WORDS.contains(&word) {
                        families.entry(word.to_owned()).or_default();
                        last = Some(word.to_owned());
                    }
                    end
                }
            }
            c if c.is_ascii_digit() => {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        rest = &rest[length..];
    }
    for labels in families.values_mut() {
        labels.extend(grouped.iter().cloned());
    }
    families
}

/// Returns the expressions of the alert rules: what follows `expr:`, on its line or folded below it.
fn rules() -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut folded = false;
    for line in ALERTS.lines() {
        let text = line.trim();
        if let Some(expression) = text.strip_prefix("expr:") {
            folded = expression.trim() == ">-";
            found.push(if folded { String::new() } else { expression.trim().to_owned() });
        } else if folded && ["for:", "labels:", "- alert:"].iter().any(|key| text.starts_with(key)) {
            folded = false;
        } else if folded {
            let last = found.last_mut().expect("it has begun");
            *last = format!("{last} {text}");
        }
    }
    assert_eq!(found.len(), ALERTS.matches("- alert:").count());
    found
}

/// Returns the expressions of the dashboard: those of its panels, and of what can be chosen in it.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let expressions = targets.map(|target| target["expr"].as_str().expect("an expression").to_owned());
    let variables = dashboard["templating"]["list"].as_array().expect("variables").iter();
    let asked = variables.filter_map(|variable| variable["query"]["query"].as_str());
    let asked = asked.map(|query| {
        let inner = query.strip_prefix("label_values(").and_then(|query| query.strip_suffix(')'));
        let (metric, label) =
            inner.and_then(|inner| inner.rsplit_once(", ")).expect("of a metric and a label");
        assert!(ADDED.contains(&label), "{query}");
        metric.to_owned()
    });
    let all: Vec<_> = expressions.chain(asked).collect();
    assert!(all.len() > 20);
    all
}

/// Returns what a daemon exposes.
async fn exposed(daemon: &Daemon, families: &mut Families) {
    let metrics = daemon.metrics().await;
    for sample in metrics.samples() {
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let labels = labels.trim_end_matches('}').split("\",").filter_map(|pair| pair.split_once('='));
        families.entry(name.to_owned()).or_default().extend(labels.map(|(label, _)| label.to_owned()));
    }
}

#[tokio::test]
async fn every_metric_and_label_of_dashboard_and_alerts_is_one_of_a_daemons() {
    let mut families = Families::new();
    let frontend = Frontend::start(Mood::Says(r#"{"version":"1"}"#)).await;
    let daemon = Daemon::start(&[&frontend.setting()]).await;
    let mut browser = Browser::open(daemon.public, "a").await;
    browser.next_version().await;
    daemon.event("order", &json!(1)).await;
    browser.next_named("order").await;
    assert_eq!(http::get(daemon.public, "/api/sse/stream").await.status, 400);
    let task = daemon.start_task("demo", json!({"steps": 1, "delay": 0})).await;
    daemon.until_task(&task, "completed").await;
    daemon.until_metrics("what was sent", |metrics| metrics.sent("task", "success") >= 1.0).await;
    drop(browser);
    daemon.until_connected(0).await;
    exposed(&daemon, &mut families).await;
    let (gateway, behind) = crate::gateway_mode::pair().await;
    gateway.connect(behind.internal, "a", "token-a").await;
    exposed(&behind, &mut families).await;

    for expression in rules().iter().chain(&queries()) {
        for (metric, labels) in named(expression) {
            if OF_PROMETHEUS.contains(&metric.as_str()) {
                continue;
            }
            let known = families.get(&metric).unwrap_or_else(|| panic!("there is no {metric}: {expression}"));
            for label in labels.iter().filter(|label| !ADDED.contains(&label.as_str())) {
                assert!(known.contains(label), "{metric} has no {label}, but {known:?}: {expression}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_a_metric_by_part() {
    let (gateway, daemon) = crate::gateway_mode::pair().await;
    gateway.connect(daemon.internal, "a", "token-a").await;
    for part in ["memory", "store", "registry", "delivery", "cluster"] {
        let sample = format!(r#"ssectld_degraded{{part="{part}"}}"#);
        let metrics = daemon.metrics().await;
        assert!(metrics.samples().any(|found| found == sample), "{sample}");
        assert_eq!(metrics.value(&sample), 0.0, "{sample}");
    }
    drop(gateway);
    let home = daemon.stop().await;
    // Nobody listens there.
    let daemon = home.start(&["mode=gateway", "gateway.url=http://127.0.0.1:9", "gateway.timeout=1s"]).await;
    for number in 0..3 {
        daemon.event("order", &json!(number)).await;
    }
    let failing = r#"ssectld_degraded{part="delivery"}"#;
    daemon.until_metrics("the gateway to fail", |metrics| metrics.value(failing) == 1.0).await;
}

#[test]
fn expressions_are_read_with_their_labels() {
    let families =
        named(r#"sum by (le) (rate(a_bucket{job="x",code!="1"}[5m])) / on (job) b > 0.5 and c == 1"#);
    let names: Vec<_> = families.keys().map(String::as_str).collect();
    assert_eq!(names, ["a_bucket", "b", "c"]);
    for label in ["job", "code", "le"] {
        assert!(families["a_bucket"].contains(label), "{label}");
    }
}
