//! Log lines: to stderr, or to systemd's journal.

use std::{
    fmt,
    io::{self, IsTerminal},
    os::unix::fs::MetadataExt,
};

use ssectl_core::{
    config::{Environment, LogConfig, LogFormat},
    log_level::LogFilter,
};
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::ParseError,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

use crate::exit::{Exit, Failure};

/// What is logged.
pub(crate) struct LogLevel(reload::Handle<EnvFilter, Registry>);

impl LogFilter for LogLevel {
    fn apply(&self, filter: &str) {
        let changed = filter_of(filter).map(|filter| self.0.reload(filter));
        if !matches!(changed, Ok(Ok(()))) {
            tracing::error!(filter, "what is logged cannot be changed");
        }
    }
}

/// Returns what lets through what these levels say. What the client of NATS has to tell, the cluster's own lines do,
/// unless its target is named.
fn filter_of(levels: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(format!("async_nats=off,{levels}"))
}

/// Starts logging. To be called once.
pub(crate) fn start(config: &LogConfig, environment: &Environment) -> Result<LogLevel, Failure> {
    let unusable = |what: &dyn std::fmt::Display| Failure::new(Exit::Unusable, format!("log.level: {what}"));
    let filter = filter_of(&config.level).map_err(|error| unusable(&error))?;
    let (filter, level) = reload::Layer::new(filter);
    let format = match config.format {
        LogFormat::Auto if stderr_is_journal(environment) => LogFormat::Journald,
        LogFormat::Auto => LogFormat::Text,
        chosen => chosen,
    };
    let stderr = || tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let colour = io::stderr().is_terminal() && environment.get("NO_COLOR").is_none();
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => stderr().json().flatten_event(true).boxed(),
        LogFormat::Journald => stderr().with_ansi(false).event_format(JournalLines).boxed(),
        LogFormat::Text | LogFormat::Auto => stderr().with_ansi(colour).boxed(),
    };
    let started = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    started.map_err(|error| Failure::new(Exit::Failed, error))?;
    Ok(LogLevel(level))
}

/// Lines as the journal reads them from stderr: the priority in front, no time, as it has its own. Its native form
/// would show nothing but the message of each.
struct JournalLines;

impl<S, N> FormatEvent<S, N> for JournalLines
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        write!(writer, "<{priority}>")?;
        ctx.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Returns whether stderr goes to the journal: systemd names the journal's stream in a variable, which children
/// with another stderr inherit.
pub(crate) fn stderr_is_journal(environment: &Environment) -> bool {
    let Some(named) = environment.get("JOURNAL_STREAM").and_then(|stream| stream.to_str()) else {
        return false;
    };
    std::fs::metadata("/proc/self/fd/2").is_ok_and(|is| named == format!("{}:{}", is.dev(), is.ino()))
}
