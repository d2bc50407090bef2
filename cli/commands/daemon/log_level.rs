//! `ssectl daemon log-level`

use ssectl_core::control::types::{LogLevelView, SetLogLevel};

use crate::{
    args::LogLevel, context::Context, error::Outcome, exit::Exit, output::Forms, table::pairs, text,
};

pub(super) async fn run(context: &Context, asked: LogLevel) -> Outcome {
    if asked.filter.is_empty() && !asked.reset {
        return show(context).await;
    }
    let key = asked.key.choose();
    let filter = (!asked.reset).then(|| asked.filter.join(","));
    let for_ms = asked.time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let order = SetLogLevel { filter, for_ms, key: Some(key.clone()) };
    let answer = context.order(&key, context.client.set_log_level(&order)).await?;
    let level = &answer.value.item.level;
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![level.filter.clone()],
        table: &|_| format!("the daemon logs {}\n", words(level)),
    })?;
    Ok(Exit::Ok)
}

async fn show(context: &Context) -> Outcome {
    let answer = context.ask(context.client.log_level()).await?;
    let level = &answer.value.item;
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![level.filter.clone()],
        table: &|_| pairs(&[("logs", Some(words(level))), ("log.level", Some(level.configured.clone()))]),
    })?;
    Ok(Exit::Ok)
}

/// Returns what is logged, and until when.
pub(crate) fn words(level: &LogLevelView) -> String {
    match level.until {
        Some(until) => {
            let left = until.as_millisecond() - jiff::Timestamp::now().as_millisecond();
            format!("{}, for {} more, then {}", level.filter, text::span(left), level.configured)
        }
        None if level.filter == level.configured => level.filter.clone(),
        None => format!("{}, until it ends, instead of {}", level.filter, level.configured),
    }
}
