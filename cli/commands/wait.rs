//! `ssectl wait`: the daemon waits; where there is none, or it goes away meanwhile, it is looked for again.

use std::time::{Duration, Instant};

use ssectl_core::{
    control::{
        client::Answer,
        types::{Single, WaitedDaemon, WaitedTask, WaitedVersion},
    },
    task::TaskStatus,
    version::{Least, VersionDelivery},
};

use super::version::written;
use crate::{
    args::{Options, Patience, Wait},
    context::{Context, interrupted},
    error::{CliError, Outcome},
    exit::Exit,
    output::{Forms, Output},
    text::{self, harmless},
};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(200);

/// What was found.
enum Found {
    /// What was waited for is there, or will never be; the command ends so.
    Done(Exit),
    /// It is not there; this is how things are.
    NotYet(String),
}

type Look = Result<Found, CliError>;

/// What is waited for, and how.
struct Vigil<'a> {
    options: &'a Options,
    patience: Patience,
    /// What is said when the patience is over.
    unless: String,
    /// What it means that there is no daemon; absent: one may come.
    absent: Option<fn(&Output, &CliError) -> Look>,
}

pub(super) async fn run(options: &Options, verb: Wait) -> Outcome {
    let vigil = |patience, unless: String| Vigil { options, patience, unless, absent: None };
    match verb {
        Wait::Ready { patience } => {
            let look = async |context: &Context, left| {
                ready(context, &context.ask(context.client.wait_ready(left)).await?)
            };
            vigil(patience, "the daemon is not ready".to_owned()).keep(look).await
        }
        Wait::Version { name, min_written, patience } => {
            let what = if min_written.is_some() { "is not written" } else { "is not queued" };
            let look = async |context: &Context, left| {
                let asked = context.client.wait_version(&name, min_written, left);
                version(context, &name, min_written, &context.ask(asked).await?)
            };
            vigil(patience, format!("{} {what}", harmless(&name))).keep(look).await
        }
        Wait::Task { task_id, patience } => {
            let look = async |context: &Context, left| {
                task(context, &task_id, &context.ask(context.client.wait_task(&task_id, left)).await?)
            };
            vigil(patience, format!("task {} has not ended", harmless(&task_id))).keep(look).await
        }
        Wait::Drained { patience } => {
            let look = async |context: &Context, left| {
                drained(context, &context.ask(context.client.wait_drained(left)).await?)
            };
            let vigil = vigil(patience, "streams are left".to_owned());
            Vigil { absent: Some(stopped), ..vigil }.keep(look).await
        }
    }
}

impl Vigil<'_> {
    /// Looks again and again, as long as there is patience.
    async fn keep(&self, look: impl AsyncFn(&Context, Duration) -> Look) -> Outcome {
        tokio::select! {
            outcome = self.look_on(&look) => outcome,
            () = interrupted() => Err(CliError::new(Exit::Interrupted, "stopped waiting")),
        }
    }

    async fn look_on(&self, look: &impl AsyncFn(&Context, Duration) -> Look) -> Outcome {
        let timeout = self.patience.timeout;
        let deadline = Instant::now() + timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        loop {
            let is = match self.once(left(), look).await? {
                Found::Done(exit) => return Ok(exit),
                Found::NotYet(is) => is,
            };
            if left().is_zero() {
                let after = if timeout.is_zero() { String::new() } else { format!(" after {timeout:?}") };
                return Err(CliError::new(Exit::NoAnswer, format!("{}{after}", self.unless))
                    .cause(&is)
                    .hint("wait longer with --timeout, or see how it is: ssectl status"));
            }
            tokio::time::sleep(PAUSE.min(left())).await;
        }
    }

    async fn once(&self, left: Duration, look: &impl AsyncFn(&Context, Duration) -> Look) -> Look {
        let out = Output::new(self.options);
        let looked = match Context::find(self.options) {
            Ok(context) => look(&context.with_usual_limit(), left).await,
            Err(error) => Err(error),
        };
        match (looked, self.absent) {
            (Err(error), Some(absent)) if error.exit == Exit::Unreachable => absent(&out, &error),
            (Err(error), _) if is_away(&error) => Ok(Found::NotYet(
                [Some(error.message), error.cause].into_iter().flatten().collect::<Vec<_>>().join(": "),
            )),
            (looked, _) => looked,
        }
    }
}

/// Returns whether there is no daemon, or it went away, so that it may come back.
fn is_away(error: &CliError) -> bool {
    matches!(error.exit, Exit::Unreachable | Exit::NoAnswer)
}

fn ready(context: &Context, answer: &Answer<Single<WaitedDaemon>>) -> Look {
    let WaitedDaemon { reached, phase, .. } = &answer.value.item;
    if !reached {
        return Ok(Found::NotYet(format!("it is {phase}")));
    }
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![phase.clone()],
        table: &|_| "the daemon is ready\n".to_owned(),
    })?;
    Ok(Found::Done(Exit::Ok))
}

fn version(
    context: &Context,
    name: &str,
    least: Option<Least>,
    answer: &Answer<Single<WaitedVersion>>,
) -> Look {
    let WaitedVersion { reached, decided, sequence, delivery } = &answer.value.item;
    let Some(sequence) = sequence else { return Ok(Found::NotYet("it was not queued yet".to_owned())) };
    let line = delivery.as_ref().map(|VersionDelivery { figures, .. }| written(figures));
    let far = line.clone().unwrap_or_else(|| "how far it has come is not known\n".to_owned());
    if !decided {
        return Ok(Found::NotYet(far.trim_end().to_owned()));
    }
    let name = harmless(name);
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![name.clone()],
        table: &|_| {
            format!("{name} is queued, sequence {}\n{}", sequence.0, line.clone().unwrap_or_default())
        },
    })?;
    match (least, delivery) {
        (None, _) => Ok(Found::Done(Exit::Ok)),
        (Some(_), _) if *reached => Ok(Found::Done(Exit::Ok)),
        (Some(least), Some(_)) => {
            Err(CliError::new(Exit::Negative, format!("{name} will not be written to {least} any more"))
                .cause(&far.trim_end())
                .hint("see who was sent what: ssectl version status"))
        }
        // Not a daemon that may come back: it has been away, and has forgotten.
        (Some(_), None) => {
            Err(CliError::new(Exit::Negative, format!("nobody knows how far {name} has come"))
                .cause(&"the daemon was restarted while it was on its way")
                .hint("see who was sent what: ssectl version status"))
        }
    }
}

fn task(context: &Context, id: &str, answer: &Answer<Single<WaitedTask>>) -> Look {
    let WaitedTask { reached, task } = &answer.value.item;
    let Some(task) = task else { return Ok(Found::NotYet("no such task is known there".to_owned())) };
    if !reached {
        let progress = task.progress.as_ref().map_or_else(String::new, |progress| {
            format!(", {} {}", text::percent(progress.value), progress.text)
        });
        return Ok(Found::NotYet(format!("it is {}{progress}", task.status.label())));
    }
    let ended = task.status.label();
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![task.task_id.clone()],
        table: &|_| format!("task {} has ended: {ended}\n", harmless(id)),
    })?;
    if task.status == TaskStatus::Completed {
        return Ok(Found::Done(Exit::Ok));
    }
    let error = CliError::new(Exit::Negative, format!("task {} did not complete", harmless(id)));
    Err(match &task.error {
        Some(why) => error.cause(why),
        None => error,
    })
}

fn drained(context: &Context, answer: &Answer<Single<WaitedDaemon>>) -> Look {
    let WaitedDaemon { reached, phase, connections } = &answer.value.item;
    if !reached {
        return Ok(Found::NotYet(format!("{}, the daemon is {phase}", text::count(*connections, "stream"))));
    }
    say_empty(&context.out, &answer.json, "no stream is left")
}

/// A daemon that is not there has no streams.
fn stopped(out: &Output, error: &CliError) -> Look {
    let item = WaitedDaemon { reached: true, phase: "stopped".to_owned(), connections: 0 };
    let answer = Single { warnings: vec![error.message.clone()], ..Single::new("waited.drained", item) };
    out.warn(&answer.warnings);
    // Plain data with string keys: it always encodes.
    let json = serde_json::to_string(&answer).unwrap_or_default();
    say_empty(out, &json, "no daemon, and so no stream")
}

fn say_empty(out: &Output, json: &str, how: &str) -> Look {
    out.answer(&Forms { json, names: &Vec::new, table: &|_| format!("{how}\n") })?;
    Ok(Found::Done(Exit::Ok))
}
