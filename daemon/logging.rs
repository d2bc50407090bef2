//! Log lines: to stderr, or to systemd's journal.

use std::{
    io::{self, IsTerminal},
    os::unix::fs::MetadataExt,
};

use ssectl_core::config::{Environment, LogConfig, LogFormat};
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

use crate::exit::{Exit, Failure};

/// Starts logging. To be called once.
pub(crate) fn start(config: &LogConfig, environment: &Environment) -> Result<(), Failure> {
    let unusable = |what: &dyn std::fmt::Display| Failure::new(Exit::Unusable, format!("log.level: {what}"));
    let filter = EnvFilter::try_new(&config.level).map_err(|error| unusable(&error))?;
    let format = match config.format {
        LogFormat::Auto if stderr_is_journal(environment) => LogFormat::Journald,
        LogFormat::Auto => LogFormat::Text,
        chosen => chosen,
    };
    let stderr = || tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let colour = io::stderr().is_terminal() && environment.get("NO_COLOR").is_none();
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => stderr().json().flatten_event(true).boxed(),
        LogFormat::Journald => tracing_journald::layer()
            .map_err(|error| {
                Failure::new(Exit::Unusable, format!("the journal cannot be reached: {error}"))
                    .hint("--set log.format=text logs to stderr")
            })?
            .with_syslog_identifier("ssectld".to_owned())
            .boxed(),
        LogFormat::Text | LogFormat::Auto => stderr().with_ansi(colour).boxed(),
    };
    let started = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    started.map_err(|error| Failure::new(Exit::Failed, error))
}

/// Returns whether stderr goes to the journal: systemd names the journal's stream in a variable, which children
/// with another stderr inherit.
pub(crate) fn stderr_is_journal(environment: &Environment) -> bool {
    let Some(named) = environment.get("JOURNAL_STREAM").and_then(|stream| stream.to_str()) else {
        return false;
    };
    std::fs::metadata("/proc/self/fd/2").is_ok_and(|is| named == format!("{}:{}", is.dev(), is.ino()))
}
