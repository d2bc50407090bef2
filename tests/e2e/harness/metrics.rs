//! The text format of Prometheus, read independently of the library that wrote it.

use std::collections::BTreeMap;

/// All metrics of one scrape.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    types: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Metrics {
    /// Reads a scrape.
    pub fn parse(text: &str) -> Self {
        let mut metrics = Self::default();
        for line in text.lines() {
            let mut words = line.splitn(4, ' ');
            match (words.next(), words.next(), words.next(), words.next()) {
                (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                    metrics.types.insert(name.to_owned(), kind.to_owned());
                }
                (Some("#"), Some("HELP"), Some(name), Some(help)) => {
                    metrics.helps.insert(name.to_owned(), help.to_owned());
                }
                _ => {
                    let (sample, value) = line.rsplit_once(' ').expect("a sample has a value");
                    metrics.samples.insert(sample.to_owned(), value.parse().expect("a number"));
                }
            }
        }
        metrics
    }

    /// Returns a sample, `name{label="value"}`; 0 if it is not there.
    pub fn value(&self, sample: &str) -> f64 {
        self.samples.get(sample).copied().unwrap_or(0.0)
    }

    /// Returns the names of all samples.
    pub fn samples(&self) -> impl Iterator<Item = &str> {
        self.samples.keys().map(String::as_str)
    }

    /// Returns a metric's type.
    pub fn kind(&self, name: &str) -> Option<&str> {
        self.types.get(name).map(String::as_str)
    }

    /// Returns a metric's help text.
    pub fn help(&self, name: &str) -> Option<&str> {
        self.helps.get(name).map(String::as_str)
    }

    /// Returns connects, disconnects and what is active now.
    pub fn connections(&self) -> (f64, f64, f64) {
        (
            self.value(r#"sse_gateway_connections_total{action="connect"}"#),
            self.value(r#"sse_gateway_connections_total{action="disconnect"}"#),
            self.value("sse_gateway_active_connections"),
        )
    }

    /// Returns how many events of a service were sent with this status.
    pub fn sent(&self, service: &str, status: &str) -> f64 {
        self.value(&format!(r#"sse_gateway_events_sent_total{{service="{service}",status="{status}"}}"#))
    }
}
