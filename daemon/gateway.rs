//! `ssectld gateway`: from arguments, settings and the variables of the Node gateway to a gateway that runs.

use std::time::Duration;

use ssectl_core::{
    accept::Sockets,
    config::{Config, Environment, Loaded, Origin},
    gateway::{Gateway, StartError},
};

use crate::{
    activation, args,
    exit::{Exit, Failure},
    logging, notify, runtime, settings,
    signals::Signals,
};

/// Runs a gateway until a signal ends it.
pub(crate) fn start(settings: &args::Settings, told: &args::Gateway) -> Result<(), Failure> {
    let sockets = activation::take(activation::GATEWAY)?;
    let environment = Environment::of_process();
    let loaded = settings::read(settings, &environment)?;
    let (config, complaint) = decide(&loaded, &environment, told)?;
    logging::start(&config.log, &environment)?;
    if let Some(complaint) = complaint {
        tracing::error!("{complaint}");
    }
    runtime::run(run(&config, sockets))
}

async fn run(config: &Config, sockets: Sockets) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, error);
    let signals = Signals::catch().map_err(|error| failed(&error))?;
    let gateway = Gateway::start(config, sockets).map_err(|error| match error {
        StartError::Secret(_) => Failure::new(Exit::Unusable, error)
            .hint("`ssectld config show` prints every setting and where it is from"),
        _ => failed(&error),
    })?;
    notify::stopping_when_it_does(gateway.lifecycle());
    #[expect(
        clippy::disallowed_methods,
        reason = "it outlives the gateway's tasks: a second signal must be heard"
    )]
    tokio::spawn(signals.forward(gateway.lifecycle().clone(), || {
        tracing::warn!(
            "SIGHUP changes nothing: a gateway reads its settings at the start, restart it for new ones"
        );
    }));
    let configured =
        if config.gateway_server.callback_url.is_empty() { "<not configured>" } else { "<configured>" };
    tracing::info!(
        "Configuration loaded: callbackUrl={configured} heartbeatInterval={}s port={}",
        config.stream.heartbeat.as_secs(),
        gateway.address().port()
    );
    tracing::info!(address = %gateway.address(), "Server listening on port {}", gateway.address().port());
    notify::gateway_ready(&gateway);
    notify::watchdog(gateway.lifecycle(), |_| std::future::ready(Ok(())));
    gateway.ended().await;
    Ok(())
}

/// Arguments win over our own variables and `--set`, those over the Node gateway's variables, those over the file.
/// Returns what is to be logged, too.
fn decide(
    loaded: &Loaded,
    environment: &Environment,
    told: &args::Gateway,
) -> Result<(Config, Option<String>), Failure> {
    let weaker = |key: &str| matches!(loaded.origin(key), Origin::Default | Origin::File { .. });
    let variable = |name: &str| environment.get(name).map(|value| value.to_string_lossy().into_owned());
    let mut config = loaded.config.clone();
    let mut complaint = None;
    if let Some(text) = variable("PORT").filter(|_| weaker("gateway_server.listen")) {
        let port = integer(&text).and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0);
        let port = port.ok_or_else(|| {
            let text = format!("Invalid PORT value: \"{text}\". Must be an integer between 1 and 65535.");
            Failure::new(Exit::Failed, text)
        })?;
        config.gateway_server.listen.set_port(port);
    }
    if let Some(url) = variable("CALLBACK_URL").filter(|_| weaker("gateway_server.callback_url")) {
        config.gateway_server.callback_url = url;
    }
    if let Some(text) = variable("HEARTBEAT_INTERVAL_SECONDS").filter(|_| weaker("stream.heartbeat")) {
        match integer(&text).filter(|seconds| *seconds >= 1) {
            Some(seconds) => config.stream.heartbeat = Duration::from_secs(seconds),
            None => {
                config.stream.heartbeat = Duration::from_secs(15);
                complaint = Some(format!(
                    "Invalid HEARTBEAT_INTERVAL_SECONDS value: \"{text}\". Must be an integer >= 1. \
                     Using default: 15"
                ));
            }
        }
    }
    if let Some(port) = told.port {
        config.gateway_server.listen.set_port(port);
    }
    if let Some(url) = &told.callback_url {
        config.gateway_server.callback_url.clone_from(url);
    }
    if let Some(internal) = told.internal {
        config.gateway_server.internal = internal.to_string();
    }
    Ok((config, complaint))
}

/// Reads a whole number as JavaScript's `Number()` does: `1e3` is one, and so is `0x10`. Larger ones than any
/// setting takes are none.
fn integer(text: &str) -> Option<u64> {
    let text = text.trim();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = text.to_ascii_lowercase().strip_prefix(prefix) {
            return u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'));
        }
    }
    let decimal = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let number: f64 = text.parse().ok().filter(|_| decimal)?;
    let whole = number.fract() == 0.0 && (0.0..1e9).contains(&number);
    // Exact: whole, and far below 2^53.
    whole.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_javascript() {
        for (text, number) in
            [("3000", 3000), (" 80 ", 80), ("1e3", 1000), ("0x10", 16), ("80.0", 80), ("+5", 5)]
        {
            assert_eq!(integer(text), Some(number), "{text:?}");
        }
        for bad in ["", "x", "80x", "1.5", "-1", "Infinity", "NaN", "1e99", "0x", "0x+1", "1_000"] {
            assert_eq!(integer(bad), None, "{bad:?}");
        }
    }

    fn decided(variables: &[(&str, &str)], set: &[&str]) -> Result<(Config, Option<String>), Failure> {
        let environment: Environment = variables.iter().copied().collect();
        let sources = ssectl_core::config::Sources {
            environment: environment.clone(),
            set: set.iter().map(|&text| text.to_owned()).collect(),
            ..Default::default()
        };
        let loaded = ssectl_core::config::load(&sources).expect("settings");
        let told = args::Gateway { port: None, callback_url: None, internal: None };
        decide(&loaded, &environment, &told)
    }

    #[test]
    fn the_node_gateways_variables_count_unless_ours_say_otherwise() {
        let node = [("PORT", "1e3"), ("CALLBACK_URL", "http://b/cb"), ("HEARTBEAT_INTERVAL_SECONDS", "7")];
        let (config, complaint) = decided(&node, &[]).expect("valid");
        assert_eq!(config.gateway_server.listen.to_string(), "[::]:1000");
        assert_eq!(config.gateway_server.callback_url, "http://b/cb");
        assert_eq!((config.stream.heartbeat, complaint), (Duration::from_secs(7), None));
        let ours = ["gateway_server.listen=127.0.0.1:0", "stream.heartbeat=3s"];
        let (config, _) = decided(&node, &ours).expect("valid");
        assert_eq!(config.gateway_server.listen.to_string(), "127.0.0.1:0");
        assert_eq!(config.stream.heartbeat, Duration::from_secs(3));
    }

    #[test]
    fn invalid_values_are_met_as_the_node_gateway_meets_them() {
        for port in ["0", "65536", "x", "80.5"] {
            let failure = decided(&[("PORT", port)], &[]).expect_err(port);
            let words = format!("Invalid PORT value: \"{port}\". Must be an integer between 1 and 65535.");
            assert_eq!((failure.message, failure.exit), (words, Exit::Failed));
        }
        let (config, complaint) = decided(&[("HEARTBEAT_INTERVAL_SECONDS", "0")], &[]).expect("valid");
        assert_eq!(config.stream.heartbeat, Duration::from_secs(15));
        assert_eq!(
            complaint.expect("a complaint"),
            "Invalid HEARTBEAT_INTERVAL_SECONDS value: \"0\". Must be an integer >= 1. Using default: 15"
        );
    }
}
