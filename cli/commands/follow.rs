//! Follows a task: a bar on a terminal, plain lines elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use ssectl_core::{
    control::{
        client::{Answer, ClientError},
        types::TaskLine,
    },
    task::{Owner, TaskEvent, TaskEventType, TaskStatus, TaskView},
};

use crate::{
    args::Format,
    context::{Context, interrupted},
    error::{CliError, Outcome},
    exit::Exit,
    reconnect::{self, Patience},
    text::{self, harmless, harmless_json, quoted},
};

/// How long a daemon that went away may stay away: a pipeline must not hang.
const PATIENCE: Patience = Patience::Limited(Duration::from_secs(60));
/// Steps of the bar.
const STEPS: u64 = 1000;

/// Follows a task to its end. Leaving off leaves the task running.
pub(super) async fn run(context: &Context, id: &str) -> Outcome {
    let again = format!("ssectl task follow {}", quoted(id));
    let unknown = |error: CliError| match error.exit {
        Exit::NoAnswer if error.hint.is_none() => error.hint(format!("see what became of the task: {again}")),
        _ => error,
    };
    let limit = async {
        match context.options.timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        ended = watch(context, id) => ended.map_err(unknown)?,
        () = limit => {
            return Err(CliError::new(Exit::NoAnswer, "the task has not ended in time")
                .cause(&"it goes on in the daemon").hint(format!("follow it again: {again}")));
        }
        () = interrupted() => {
            return Err(CliError::new(Exit::Interrupted, "stopped watching")
                .cause(&"the task goes on in the daemon").hint(format!("follow it again: {again}")));
        }
    };
    finish(context, &ended, &again)
}

async fn watch(context: &Context, id: &str) -> Result<TaskView, CliError> {
    let open = async || context.client.follow_task(id).await;
    let mut lines = context.ask(open()).await?;
    let mut display = Display::new(context);
    loop {
        match lines.next().await {
            // The daemon ends, the task does not: the successor knows what becomes of it.
            Ok(Some(Answer { value: TaskLine::End { task }, .. })) if !task.status.is_terminal() => {}
            Ok(Some(Answer { value, json })) => {
                display.show(&value, &json)?;
                match value {
                    TaskLine::End { task } => return Ok(task),
                    _ => continue,
                }
            }
            Ok(None) | Err(ClientError::NoAnswer(_)) => {}
            Err(error) => return Err(context.explain(error)),
        }
        drop(display);
        lines = reconnect::again(context, PATIENCE, open).await?;
        context.out.note("the daemon is back");
        display = Display::new(context);
    }
}

fn finish(context: &Context, task: &TaskView, again: &str) -> Outcome {
    let verdict = verdict(task, again);
    match context.out.format() {
        Format::Json | Format::Jsonl => {}
        Format::Name => context.out.print(&format!("{}\n", harmless(&task.task_id)), Exit::Ok)?,
        Format::Table | Format::Wide if task.status == TaskStatus::Completed => {
            let result = task.result.as_ref().map(|result| format!(": {result}")).unwrap_or_default();
            context
                .out
                .print(&format!("completed {}{}\n", harmless(&task.name), harmless(&result)), Exit::Ok)?;
        }
        Format::Table | Format::Wide => {}
    }
    verdict
}

fn verdict(task: &TaskView, again: &str) -> Outcome {
    let why = |error: CliError| match &task.error {
        Some(why) => error.cause(&why),
        None => error,
    };
    match task.status {
        TaskStatus::Completed => Ok(Exit::Ok),
        TaskStatus::Failed => Err(why(CliError::new(Exit::Negative, format!("{} failed", task.name)))),
        TaskStatus::Cancelled => Err(CliError::new(Exit::Negative, format!("{} was cancelled", task.name))),
        TaskStatus::Pending | TaskStatus::Running => {
            Err(CliError::new(Exit::NoAnswer, "the daemon stopped before the task ended")
                .hint(format!("when it is back: {again}")))
        }
    }
}

/// Returns who runs a task, in words.
pub(super) fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Builtin => "the daemon",
        Owner::Reporter => "its reporter",
    }
}

enum Display<'a> {
    Bar(ProgressBar),
    Lines(&'a Context),
    Json(&'a Context),
}

impl<'a> Display<'a> {
    fn new(context: &'a Context) -> Self {
        if context.out.format().is_json() {
            return Self::Json(context);
        }
        if !context.out.draws() {
            return Self::Lines(context);
        }
        let bar = ProgressBar::new(STEPS);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} [{bar:32}] {percent:>3}% {elapsed} {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self::Bar(bar)
    }

    fn show(&mut self, line: &TaskLine, json: &str) -> Result<(), CliError> {
        match self {
            Self::Json(context) => return context.out.print(&(harmless_json(json) + "\n"), Exit::Pipe),
            Self::Lines(context) => {
                if let Some(text) = plain(line) {
                    context.out.note(&text);
                }
            }
            Self::Bar(bar) => draw(bar, line),
        }
        Ok(())
    }
}

impl Drop for Display<'_> {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn draw(bar: &ProgressBar, line: &TaskLine) {
    let (value, said) = match line {
        TaskLine::Task { task, .. } => match &task.progress {
            Some(progress) => (Some(progress.value), Some(progress.text.clone())),
            None => (None, Some(task.status.label().to_owned())),
        },
        TaskLine::Event { event } => progress(event),
        TaskLine::Heartbeat | TaskLine::End { .. } => (None, None),
    };
    if let Some(value) = value {
        bar.set_position(steps(value));
    }
    if let Some(said) = said {
        bar.set_message(harmless(&said));
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000")]
fn steps(value: f64) -> u64 {
    (value.clamp(0.0, 1.0) * 1000.0).round() as u64
}

/// Returns what a progress event says; a reader of a newer daemon finds nothing rather than failing.
fn progress(event: &TaskEvent) -> (Option<f64>, Option<String>) {
    let value = event.data.get("value").and_then(Value::as_f64);
    let said = event.data.get("text").and_then(Value::as_str).map(str::to_owned);
    if event.event_type == TaskEventType::ProgressUpdate { (value, said) } else { (None, None) }
}

fn plain(line: &TaskLine) -> Option<String> {
    let text = match line {
        TaskLine::Task { task, .. } => {
            let far =
                task.progress.as_ref().map(|now| format!(", {} {}", text::percent(now.value), now.text));
            format!("task {}: {} {}{}", task.task_id, task.name, task.status.label(), far.unwrap_or_default())
        }
        TaskLine::Event { event } => match progress(event) {
            (Some(value), said) => format!("{} {}", text::percent(value), said.unwrap_or_default()),
            (None, Some(said)) => said,
            (None, None) if event.event_type == TaskEventType::TaskStarted => "started".to_owned(),
            (None, None) => return None,
        },
        TaskLine::Heartbeat | TaskLine::End { .. } => return None,
    };
    Some(harmless(text.trim_end()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(status: TaskStatus) -> TaskView {
        TaskView {
            task_id: "t".into(),
            name: "demo".into(),
            owner: Owner::Builtin,
            status,
            progress: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            started_at: None,
            ended_at: None,
            result: None,
            error: Some("because".into()),
            member: None,
        }
    }

    #[test]
    fn the_exit_code_is_the_tasks() {
        assert_eq!(verdict(&task(TaskStatus::Completed), "again"), Ok(Exit::Ok));
        let failed = verdict(&task(TaskStatus::Failed), "again").expect_err("failed");
        assert_eq!((failed.exit, failed.cause.as_deref()), (Exit::Negative, Some("because")));
        let exit = |status| verdict(&task(status), "again").expect_err("not completed").exit;
        assert_eq!(exit(TaskStatus::Cancelled), Exit::Negative);
        assert_eq!(exit(TaskStatus::Running), Exit::NoAnswer);
    }

    #[test]
    fn progress_is_told_in_plain_lines() {
        let event = |event_type, data| TaskLine::Event {
            event: TaskEvent { event_type, task_id: "t".into(), timestamp: String::new(), data },
        };
        let update = event(TaskEventType::ProgressUpdate, json!({"text": "half\u{1b}", "value": 0.5}));
        assert_eq!(plain(&update).as_deref(), Some(r"50% half\u{1b}"));
        assert_eq!(plain(&event(TaskEventType::TaskStarted, Value::Null)).as_deref(), Some("started"));
        assert_eq!(plain(&event(TaskEventType::TaskFailed, json!({"error": "x"}))), None);
        assert_eq!(plain(&TaskLine::Heartbeat), None);
    }
}
