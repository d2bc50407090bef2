//! What the types cannot say: whether the values can run a daemon together.

use std::{net::SocketAddr, time::Duration};

use hyper::Uri;

use super::{ClusterConfig, Config, Loaded, Mode, Problem};
use crate::{event::MAX_EVENT_BYTES, hosts::HostPattern, network::Network, outbound};

/// The longest name of a cluster or of one of its members, in bytes.
const MAX_CLUSTER_NAME: usize = 64;

/// Returns everything that is wrong.
pub(super) fn problems(loaded: &Loaded) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut report = |key: &'static str, message: String| {
        found.push(Problem { key, origin: loaded.origin(key), message });
    };
    let config = &loaded.config;
    listeners(config, &mut report);
    urls(config, &mut report);
    gateway_server(config, &mut report);
    limits(config, &mut report);
    times(config, &mut report);
    lists(config, &mut report);
    cluster(&config.cluster, &mut report);
    if let Err(message) = log_level(&config.log.level) {
        report("log.level", message);
    }
    found
}

impl Config {
    /// Returns what is allowed, but does not do what whoever set it may believe.
    pub fn warnings(&self) -> Vec<String> {
        let unheeded = self.mode == Mode::Gateway && !self.stream.authorize_url.is_empty();
        let authorize = unheeded.then(|| {
            "stream.authorize_url has no effect with mode = \"gateway\": the gateway alone decides who connects; \
             remove it"
                .to_owned()
        });
        let reachable = self.testing && !self.listen.internal.ip().is_loopback();
        let testing = reachable.then(|| {
            format!(
                "testing = true at {}: whoever reaches that address may send versions and task events to every \
                 browser, without a secret; listen on 127.0.0.1, or set testing = false",
                self.listen.internal
            )
        });
        authorize.into_iter().chain(testing).collect()
    }
}

fn listeners(config: &Config, report: &mut impl FnMut(&'static str, String)) {
    let (public, internal) = (config.listen.public, config.listen.internal);
    if public == internal && public.port() != 0 {
        report(
            "listen.internal",
            format!("{internal} is the public listener's address: choose another port"),
        );
    }
    if !internal.ip().is_loopback() && config.callback.secret_file.as_os_str().is_empty() {
        let port = SocketAddr::from(([127, 0, 0, 1], internal.port()));
        report(
            "listen.internal",
            format!(
                "{internal} can be reached from other machines: set callback.secret_file, or listen on {port}"
            ),
        );
    }
}

fn urls(config: &Config, report: &mut impl FnMut(&'static str, String)) {
    if !config.frontend_version_url.is_empty()
        && let Err(message) = http_url(&config.frontend_version_url)
    {
        report("frontend_version_url", message);
    }
    if !config.stream.authorize_url.is_empty()
        && let Err(message) = http_url(&config.stream.authorize_url)
    {
        report("stream.authorize_url", message);
    }
    let url = &config.gateway.url;
    match (config.mode, url.is_empty()) {
        (Mode::Gateway, true) => {
            report(
                "gateway.url",
                "mode = \"gateway\" needs it: http://HOST:PORT of the SSE gateway".to_owned(),
            );
        }
        (Mode::Embedded, true) => {}
        (_, false) => {
            if let Err(message) = http_url(url) {
                report("gateway.url", message);
            } else if url.contains(['?', '#']) {
                let message = "it must not have a query or a fragment: /internal/send is added to it";
                report("gateway.url", message.to_owned());
            }
        }
    }
}

fn gateway_server(config: &Config, report: &mut impl FnMut(&'static str, String)) {
    let server = &config.gateway_server;
    if !server.callback_url.is_empty()
        && let Err(message) = http_url(&server.callback_url)
    {
        report("gateway_server.callback_url", message);
    }
    if !server.internal.is_empty() && server.internal.parse::<SocketAddr>().is_err() {
        let message = format!("{:?} is no address: write it as 127.0.0.1:3001", server.internal);
        report("gateway_server.internal", message);
    }
}

fn limits(config: &Config, report: &mut impl FnMut(&'static str, String)) {
    let largest = config.events.max_bytes;
    if !(1024..=MAX_EVENT_BYTES).contains(&largest) {
        report("events.max_bytes", format!("{largest} is not between 1024 and {MAX_EVENT_BYTES}"));
    }
    if config.stream.outbox_bytes < largest {
        let outbox = config.stream.outbox_bytes;
        report(
            "stream.outbox_bytes",
            format!(
                "{outbox} is less than events.max_bytes ({largest}): no outbox could take the largest event"
            ),
        );
    }
    for (key, value) in
        [("gateway.in_flight", config.gateway.in_flight), ("tasks.max_running", config.tasks.max_running)]
    {
        if value == 0 {
            report(key, "0 would let nothing through: at least 1".to_owned());
        }
    }
}

fn times(config: &Config, report: &mut impl FnMut(&'static str, String)) {
    let second = Duration::from_secs(1);
    let day = Duration::from_secs(86_400);
    // Zero is no lifetime but none.
    let lifetime = Some(config.stream.max_lifetime).filter(|lifetime| !lifetime.is_zero()).unwrap_or(second);
    let ranges = [
        ("gateway.timeout", config.gateway.timeout, Duration::from_millis(1), day),
        ("stream.heartbeat", config.stream.heartbeat, second, day),
        ("stream.write_deadline", config.stream.write_deadline, Duration::from_millis(1), day),
        ("stream.max_lifetime", lifetime, second, 365 * day),
        ("stream.history_age", config.stream.history_age, second, day),
        ("tasks.timeout", config.tasks.timeout, Duration::from_millis(1), 30 * day),
        ("tasks.keep_finished", config.tasks.keep_finished, Duration::ZERO, 30 * day),
        ("tasks.lease", config.tasks.lease, Duration::from_millis(1), day),
        ("shutdown.grace", config.shutdown.grace, Duration::ZERO, day),
        ("shutdown.spread", config.shutdown.spread, Duration::ZERO, day),
    ];
    for (key, value, least, most) in ranges {
        if value < least || value > most {
            let written = super::duration::format;
            let message =
                format!("{} is not between {} and {}", written(value), written(least), written(most));
            report(key, message);
        }
    }
}

fn lists(config: &Config, report: &mut impl FnMut(&'static str, String)) {
    for proxy in &config.stream.trusted_proxies {
        if let Err(message) = proxy.parse::<Network>() {
            report("stream.trusted_proxies", format!("{proxy:?}: {message}"));
        }
    }
    for host in &config.listen.hosts {
        if let Err(message) = host.parse::<HostPattern>() {
            report("listen.hosts", format!("{host:?}: {message}"));
        }
    }
    for origin in &config.stream.cors_origins {
        let exact = http_url(origin).is_ok() && origin.matches('/').count() == 2;
        if !exact {
            report(
                "stream.cors_origins",
                format!("{origin:?} is no exact origin: write it as https://app.example.org, without a path"),
            );
        }
    }
}

fn cluster(cluster: &ClusterConfig, report: &mut impl FnMut(&'static str, String)) {
    if cluster.nats_url.is_empty() {
        return;
    }
    if cfg!(not(feature = "nats")) {
        let message = "this ssectld was built without the feature nats: build it with --features nats";
        report("cluster.nats_url", message.to_owned());
    }
    for server in cluster.nats_url.split(',').map(str::trim) {
        if let Err(message) = nats_url(server) {
            report("cluster.nats_url", message);
        }
    }
    let named = [("cluster.name", &cluster.name), ("cluster.member", &cluster.member)];
    for (key, name) in named {
        let fits = name.len() <= MAX_CLUSTER_NAME && name.bytes().all(in_cluster_name);
        if !fits || (name.is_empty() && key == "cluster.name") {
            report(key, format!("{name:?}: a name is 1 to {MAX_CLUSTER_NAME} of A-Z a-z 0-9 _ -"));
        }
    }
    if !matches!(cluster.replicas, 0 | 1 | 3 | 5) {
        report("cluster.replicas", format!("{}: JetStream keeps 1, 3 or 5 copies", cluster.replicas));
    }
}

/// Returns whether names in a cluster may have this in them: they are parts of NATS subjects.
pub(crate) fn in_cluster_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Refuses what is no address of a NATS server, or has a password in it.
fn nats_url(text: &str) -> Result<(), String> {
    let url: Uri = text.parse().map_err(|error| format!("{text:?} is no URL: {error}"))?;
    match (url.scheme_str(), url.authority()) {
        (Some("nats" | "tls"), Some(authority)) if authority.as_str().contains('@') => {
            Err("a URL with a user or a password is refused: use cluster.credentials_file".to_owned())
        }
        (Some("nats" | "tls"), Some(authority)) if !authority.host().is_empty() => Ok(()),
        _ => Err(format!("{text:?}: write it as nats://HOST:4222, or tls:// for an encrypted connection")),
    }
}

/// Refuses what is no `http://` or `https://` URL with a host. Passwords do not belong into settings.
fn http_url(text: &str) -> Result<(), String> {
    let url: Uri = text.parse().map_err(|error| format!("{text:?} is no URL: {error}"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(format!("{text:?} must start with http:// or https://"));
    }
    match url.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err("a URL with a user or a password is refused: secrets come from files only".to_owned())
        }
        // As whoever asks it reads it.
        Some(authority) if !authority.host().is_empty() => {
            outbound::parse(text).map(drop).map_err(|error| error.to_string())
        }
        _ => Err(format!("{text:?} names no host")),
    }
}

/// Refuses levels that tracing would take for the name of a target, and so silence everything.
pub(crate) fn log_level(text: &str) -> Result<(), String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    tracing_subscriber::EnvFilter::try_new(text).map_err(|error| format!("{text:?}: {error}"))?;
    let mut bare = text.split(',').map(str::trim).filter(|part| !part.contains(['=', '[']));
    match bare.find(|part| !LEVELS.contains(&part.to_ascii_lowercase().as_str())) {
        Some(part) => Err(format!(
            "{part:?} is no level: write one of {}, and per target as in info,ssectl_core::registry=debug",
            LEVELS.join(", ")
        )),
        None => Ok(()),
    }
}
