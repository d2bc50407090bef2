//! `docs/moving.md` and `docs/prometheus.md`: what they name is there.

use serde_json::json;
use yaml_rust2::YamlLoader;

use super::{MOVING, PROMETHEUS};
use crate::{
    fakes::browser::Browser,
    harness::{
        Daemon, Home, finish, http,
        page::{blocks, replaced, rows, typed},
        shell::sh,
    },
};

/// Returns what the daemon's metrics are called, once something of each kind has happened.
async fn metrics(daemon: &Daemon) -> Vec<String> {
    let mut browser = Browser::open(daemon.public, "k3v9x").await;
    daemon.event("n", &json!(1)).await;
    browser.next_event().await;
    assert_eq!(Browser::get(daemon.public, "/api/sse/stream").await.status, 400);
    let sent = r#"sse_gateway_events_sent_total{service="event",status="success"}"#;
    daemon.until_metrics("an event to be counted", |metrics| metrics.value(sent) > 0.0).await;
    let scrape = http::get(daemon.internal, "/metrics").await.expect(200).body;
    let names = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    names.map(str::to_owned).collect()
}

fn is_metric(word: &str) -> bool {
    ["sse_gateway_", "ssectld_", "application_", "graceful_", "active_"]
        .iter()
        .any(|start| word.starts_with(start))
}

#[tokio::test]
async fn what_replaces_the_backend_and_the_gateway_is_there() {
    let daemon = Daemon::start(&[]).await;
    let metrics = metrics(&daemon).await;
    let config = finish(sh(daemon.home(), "ssectld config show")).await.expect(0).stdout;
    let settings: toml::Table = toml::from_str(&config).expect("TOML");
    let schema = finish(sh(daemon.home(), "ssectl schema")).await.expect(0).stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    let mut checked = 0;
    for row in rows(MOVING).filter(|row| row.len() == 2 && row[0] != "theirs") {
        for word in typed(row[1]) {
            checked += 1;
            if word.starts_with("ssectl ") || word.starts_with("ssectld ") {
                finish(sh(daemon.home(), &format!("{word} --help"))).await.expect(0);
            } else if let Some((method, path)) = word.split_once(' ') {
                if path.starts_with("/v1/") {
                    let there = &schema["paths"][path][method.to_lowercase()];
                    assert!(there.is_object(), "{word}");
                } else {
                    http::get(daemon.internal, path).await.expect(200);
                }
            } else if is_metric(word) {
                assert!(metrics.iter().any(|metric| metric == word), "{word} is not among {metrics:?}");
            } else if !word.contains('=') && word != "task_failed" {
                let mut here = Some(&toml::Value::Table(settings.clone())).cloned();
                for part in word.split('.') {
                    here = here.and_then(|value| value.get(part).cloned());
                }
                assert!(here.is_some(), "there is no setting {word}");
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

#[tokio::test]
async fn prometheus_finds_what_the_page_asks_for() {
    let home = Home::new();
    let daemon = home.start(&[]).await;
    let metrics = metrics(&daemon).await;
    let internal = daemon.internal.to_string();
    let file = replaced(blocks(PROMETHEUS, "yaml")[0], &[("127.0.0.1:8091", &internal)]);
    let file = &YamlLoader::load_from_str(&file).expect("YAML")[0];
    let target = file["scrape_configs"][0]["static_configs"][0]["targets"][0].as_str();
    assert_eq!(target, Some(internal.as_str()), "{file:?}");
    let mut found = 0;
    for row in rows(PROMETHEUS) {
        let Some(expression) = row.get(1).and_then(|cell| typed(cell).next()) else { continue };
        let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|word| is_metric(word)) {
            let word = word.strip_suffix("_bucket").unwrap_or(word);
            assert!(metrics.iter().any(|metric| metric == word), "{word} is not among {metrics:?}");
            found += 1;
        }
    }
    assert!(found >= 7, "{found}");
}
