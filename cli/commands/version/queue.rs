//! `ssectl version queue`

use std::{
    fs,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use ssectl_core::{
    control::client::{Answer, ClientError},
    control::types::Single,
    version::{Figures, Least, QueueVersion, VersionDelivery, VersionReceipt, Waited},
};

use crate::{
    args::{self, Format},
    context::{Context, interrupted},
    error::{CliError, Outcome},
    exit::Exit,
    output::Forms,
    text::{self, harmless},
};

/// More than any event may hold.
const MAX_CHANGELOG: u64 = 1024 * 1024;
/// How long it is waited for, unless something else is said.
const WAIT: Duration = Duration::from_secs(30);
/// Between two questions to a daemon that is not there.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn run(context: &Context, order: args::QueueVersion) -> Outcome {
    let changelog = match &order.changelog_file {
        Some(path) => Some(read(context, path)?),
        None => order.changelog,
    };
    let key = order.key.choose();
    let least = order.wait.then(|| order.min_written.unwrap_or(Least::ALL));
    let everyone = args::Everyone { cluster: order.cluster };
    let order = QueueVersion {
        version: order.name,
        changelog: changelog.filter(|text| !text.is_empty()),
        request_id: order.request_id,
        live_to_all: order.live_to_all,
        if_changed: order.if_changed,
        expect_pending: order.expect_pending,
        dry_run: order.dry_run,
        key: Some(key.clone()),
    };
    // With --wait the time limit is that of the waiting.
    let asked = if least.is_some() { context.with_usual_limit() } else { context.clone() };
    let answer = asked.order(&key, asked.client.queue_version(&order)).await?;
    let receipt = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    if let Some(newer) = &receipt.superseded_by {
        context.out.note(&format!("note: this is an earlier receipt; {} is pending by now", harmless(newer)));
    }
    if !receipt.durable {
        context.warn_of_forgetting();
    }
    let Some(least) = least else {
        print(context, &answer, None)?;
        return Ok(Exit::Ok);
    };
    let for_people = matches!(context.out.format(), Format::Table | Format::Wide);
    if for_people {
        context.out.print(&sentence(receipt), Exit::Ok)?;
    }
    let (cluster, member) = (everyone.cluster, receipt.member.as_deref());
    if let Some(member) = member.filter(|_| !cluster) {
        let member = harmless(member);
        context
            .out
            .note(&format!("note: waiting for the browsers of {member} alone; with --cluster for all"));
    }
    let everywhere = if cluster { " --cluster" } else { "" };
    let version = text::quoted(&receipt.version);
    let look = format!("see how far it has come: ssectl version status {version}{everywhere}");
    let waited = wait(&asked.over(everyone), receipt, least, &look).await;
    match &waited.delivery {
        Some(delivery) if for_people => context.out.print(&written(&delivery.figures), Exit::Ok)?,
        None if for_people => {}
        delivery => print(context, &answer, delivery.as_ref())?,
    }
    match waited.why {
        // Queued by an earlier run of the daemon, and nothing had to be done now.
        Some(why) if receipt.unchanged && waited.delivery.is_none() && why.exit == Exit::NoAnswer => {
            context.out.note("note: how far it has come is not known any more");
            Ok(Exit::Ok)
        }
        Some(why) => Err(why),
        None => Ok(Exit::Ok),
    }
}

/// What came of waiting.
struct Outlook {
    /// How far it has come, as far as that is known.
    delivery: Option<VersionDelivery>,
    /// Why that is not far enough, if it is not.
    why: Option<CliError>,
}

/// Waits until a version has come so far, over a restart of the daemon, too.
async fn wait(context: &Context, receipt: &VersionReceipt, least: Least, look: &str) -> Outlook {
    let limit = context.options.timeout.unwrap_or(WAIT);
    let deadline = Instant::now() + limit;
    let mut last = None;
    let version = harmless(&receipt.version);
    let queued = |why: CliError| why.hint(look);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let asked = context.client.wait_delivery(receipt.sequence, least, left);
        let answer = tokio::select! {
            answer = asked => answer,
            () = interrupted() => {
                let why = CliError::new(Exit::Interrupted, "stopped waiting")
                    .cause(&format!("{version} is queued, and browsers go on being told"));
                return Outlook { delivery: last, why: Some(queued(why)) };
            }
        };
        let over = Instant::now() >= deadline;
        let why = match answer {
            Ok(Answer { value: Single { item, unanswered, .. }, .. }) => {
                let (reached, decided) = (item.reached, item.decided);
                let why = fewer(&item, (!decided).then_some(limit));
                last = Some(item);
                match (reached, decided || over) {
                    (true, _) => {
                        return Outlook { delivery: last, why: context.answered(&unanswered).err() };
                    }
                    (false, true) => return Outlook { delivery: last, why: Some(queued(why)) },
                    (false, false) => why,
                }
            }
            Err(error @ (ClientError::Refused(_) | ClientError::NotUnderstood(_))) => {
                return Outlook {
                    delivery: last,
                    why: Some(queued(unknown(&version, context.explain(error)))),
                };
            }
            Err(error) => unknown(&version, context.explain(error)),
        };
        if over {
            return Outlook { delivery: last, why: Some(queued(why)) };
        }
        tokio::time::sleep(PAUSE.min(left)).await;
    }
}

fn fewer(delivery: &VersionDelivery, limit: Option<Duration>) -> CliError {
    let VersionDelivery { figures, needed, min, .. } = delivery;
    let within = limit.map_or_else(String::new, |limit| format!(" within {limit:?}"));
    CliError::new(
        Exit::Partial,
        format!(
            "{} is queued, but was written to {} of {}{within}",
            delivery.version,
            figures.written,
            text::count(figures.present(), "connection")
        ),
    )
    .cause(&format!("{min} were asked for: {needed}; {}", rest(figures)))
}

fn unknown(version: &str, error: CliError) -> CliError {
    let why = [Some(error.message), error.cause].into_iter().flatten().collect::<Vec<_>>().join("; ");
    CliError::new(Exit::NoAnswer, format!("{version} is queued, but to how many it was written is not known"))
        .cause(&why)
}

fn print(
    context: &Context,
    answer: &Answer<Single<VersionReceipt>>,
    delivery: Option<&VersionDelivery>,
) -> Result<(), CliError> {
    let receipt = &answer.value.item;
    context.out.answer(&Forms {
        json: &with_figures(&answer.json, delivery),
        names: &|| vec![receipt.version.clone()],
        table: &|_| sentence(receipt),
    })
}

/// Returns the receipt with what is known of its delivery.
fn with_figures(json: &str, delivery: Option<&VersionDelivery>) -> String {
    let Some(delivery) = delivery else { return json.to_owned() };
    let Ok(mut answer) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    // Plain data with string keys: it always encodes.
    let waited = serde_json::to_value(Waited::from(delivery)).unwrap_or_default();
    if let (Some(Value::Object(item)), Value::Object(waited)) = (answer.get_mut("item"), waited) {
        item.extend(waited);
    }
    answer.to_string()
}

fn sentence(receipt: &VersionReceipt) -> String {
    let whom = receipt.request_id.as_ref().map_or_else(|| "everyone".to_owned(), ToString::to_string);
    let (version, whom) = (harmless(&receipt.version), harmless(&whom));
    let (sequence, key) = (receipt.sequence.0, &receipt.key);
    if receipt.unchanged {
        return format!("unchanged: {version} is pending for {whom} already, sequence {sequence}\n");
    }
    let connections = text::connections(receipt.connections, receipt.member.as_deref());
    if receipt.dry_run {
        return format!("would queue {version} for {whom}: {connections} told now, sequence {sequence}\n");
    }
    format!("queued {version} for {whom}: {connections} told now, sequence {sequence}, key {key}\n")
}

/// Returns a line about how far a version has come.
pub(in crate::commands) fn written(figures: &Figures) -> String {
    let of = text::count(figures.present(), "connection");
    let rest = rest(figures);
    let rest = if rest.is_empty() { rest } else { format!(": {rest}") };
    format!("written to {} of {of}{rest}\n", figures.written)
}

/// Returns what became of it for those that it was not written to.
fn rest(figures: &Figures) -> String {
    let Figures { failed, overflowed, gone, queued, .. } = *figures;
    let parts = [
        (queued, "still queued"),
        (failed, "failed"),
        (overflowed, "too slow and ended"),
        (gone, "gone, not counted"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}

fn read(context: &Context, path: &Path) -> Result<String, CliError> {
    let wrong =
        |error| CliError::usage(format!("cannot read the changelog {}", path.display())).cause(&error);
    let mut text = String::new();
    let read = if path == Path::new("-") {
        crate::commands::event::stdin(context)?.take(MAX_CHANGELOG).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(MAX_CHANGELOG).read_to_string(&mut text))
    };
    read.map_err(wrong)?;
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_told_in_honest_words() {
        let figures = Figures { connections: 9, written: 4, failed: 1, overflowed: 1, gone: 1, queued: 2 };
        assert_eq!(
            written(&figures),
            "written to 4 of 8 connections: 2 still queued, 1 failed, 1 too slow and ended, 1 gone, not counted\n"
        );
        let all = Figures { connections: 1, written: 1, ..Figures::default() };
        assert_eq!(written(&all), "written to 1 of 1 connection\n");
    }

    #[test]
    fn the_receipt_keeps_what_a_newer_daemon_says() {
        let json = r#"{"schema":"ssectl/receipt","item":{"key":"k","news":7}}"#;
        let delivery = VersionDelivery {
            version: "1".into(),
            sequence: ssectl_core::event::VersionSequence(1),
            figures: Figures { connections: 2, written: 1, queued: 1, ..Figures::default() },
            min: "100%".into(),
            needed: 2,
            reached: false,
            decided: false,
        };
        let value: Value = serde_json::from_str(&with_figures(json, Some(&delivery))).expect("JSON");
        assert_eq!(value["item"]["news"], 7);
        assert_eq!((&value["item"]["written"], &value["item"]["queued"]), (&json!(1), &json!(1)));
    }
}
