//! What tells the daemon of the command, as long as there is one: creates the task, holds it, reports, ends it. Its
//! troubles are notes on stderr; nothing that the command does ever waits for it for long.

use std::{convert::Infallible, ffi::OsString, sync::Arc, time::Duration};

use ssectl_core::{
    control::{client::LineStream, types::TaskLine},
    task::{CreateTask, EndTask, ReportProgress, TaskStatus, TaskView},
};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{child::Ended, news::News};
use crate::{
    args::{Options, RunTask},
    context::{Context, generated_key},
    error::CliError,
    exit::Exit,
    output::Output,
    text::harmless,
};

/// How long the command's start waits for the daemon,
const START: Duration = Duration::from_secs(2);
/// and how long its end does.
const END: Duration = Duration::from_secs(3);
/// Between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(250);
/// Between two signs of life; sooner where the lease is short.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Tells the daemon of one command.
pub(super) struct Reporter {
    options: Options,
    out: Output,
    order: CreateTask,
    end_limit: Duration,
    pace: Duration,
    news: Arc<News>,
    standing: Standing,
    /// Of the order that ends the task, so that it may be repeated.
    end_key: String,
    complained: bool,
}

/// What the daemon knows of the command.
enum Standing {
    /// Nothing.
    Unknown,
    /// Perhaps there is a task: the order to create it was sent, and not answered.
    Doubtful,
    /// There is a task.
    Created(Box<Created>),
    /// The task is over, or there never will be one.
    Over,
}

struct Created {
    context: Context,
    id: String,
    stream: Option<LineStream<TaskLine>>,
    heartbeat: Duration,
}

/// Why the daemon hears nothing from us.
enum Trouble {
    /// It may come back.
    Away(CliError),
    /// It will not hear of this command any more.
    Final(CliError),
    /// The daemon that stopped has ended the task: its successor gets a new one.
    Anew,
}

impl Reporter {
    pub(super) fn new(options: &Options, order: &RunTask, news: Arc<News>) -> Self {
        let key = order.key.clone().choose();
        Self {
            options: Options { timeout: Some(options.timeout.unwrap_or(START)), ..options.clone() },
            out: Output::new(options),
            order: CreateTask {
                builtin: None,
                params: serde_json::Map::new(),
                name: Some(order.name.clone()),
                key: Some(key),
            },
            end_limit: options.timeout.unwrap_or(END),
            pace: order.interval,
            news,
            standing: Standing::Unknown,
            end_key: generated_key(),
            complained: false,
        }
    }

    /// Creates the task before the command starts. Fails only where the command is not to run without.
    pub(super) async fn begin(&mut self, order: &RunTask) -> Result<(), CliError> {
        let created = match self.create().await {
            Ok(()) => self.hold().await,
            Err(trouble) => Err(trouble),
        };
        let error = match created {
            Err(Trouble::Away(error) | Trouble::Final(error)) if order.require_daemon => error,
            Ok(()) => return Ok(()),
            Err(trouble) => {
                self.suffer(trouble);
                return Ok(());
            }
        };
        self.finish(&Ended::Exited(Exit::NoCommand as u8)).await;
        Err(match error.hint {
            Some(_) => error,
            None => error.hint("the command was not started: it is, without --require-daemon"),
        })
    }

    /// Returns what the command finds in its environment.
    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        match &self.standing {
            Standing::Created(created) => vec![
                ("SSECTL_TASK_ID", created.id.clone().into()),
                ("SSECTL_SOCKET", created.context.at.path.clone().into()),
            ],
            _ => Vec::new(),
        }
    }

    /// Tells of the command for as long as it is let.
    pub(super) async fn report(&mut self) -> Infallible {
        loop {
            if matches!(self.standing, Standing::Over) {
                return std::future::pending().await;
            }
            let trouble = match self.stand().await {
                Ok(()) => self.report_while_held().await,
                Err(trouble) => trouble,
            };
            self.suffer(trouble);
            sleep(PAUSE).await;
        }
    }

    /// Ends the task, within a limit.
    pub(super) async fn finish(&mut self, ended: &Ended) {
        if matches!(self.standing, Standing::Unknown | Standing::Over) {
            return;
        }
        let told = timeout(self.end_limit, async {
            while let Err(Trouble::Away(_)) = self.end(ended).await {
                sleep(PAUSE).await;
            }
        });
        if told.await.is_err() {
            self.note("the command has ended, but the daemon could not be told: its task will end as lost");
        }
    }

    /// Sees to it that there is a task and that we hold it.
    async fn stand(&mut self) -> Result<(), Trouble> {
        if !matches!(self.standing, Standing::Created(_)) {
            self.create().await?;
        }
        let Standing::Created(created) = &self.standing else { return Ok(()) };
        if created.stream.is_none() {
            self.hold().await?;
        }
        if std::mem::take(&mut self.complained) {
            self.note("the daemon is back, browsers are told on");
        }
        Ok(())
    }

    async fn create(&mut self) -> Result<(), Trouble> {
        let context = Context::find(&self.options).map_err(judge)?;
        let before = std::mem::replace(&mut self.standing, Standing::Doubtful);
        let receipt = context.ask(context.client.create_task(&self.order)).await.map_err(|error| {
            if error.exit != Exit::NoAnswer {
                self.standing = before;
            }
            judge(error)
        })?;
        let id = receipt.value.item.task_id;
        self.out.detail(&format!("task: {}", harmless(&id)));
        self.standing =
            Standing::Created(Box::new(Created { context, id, stream: None, heartbeat: HEARTBEAT }));
        Ok(())
    }

    async fn hold(&mut self) -> Result<(), Trouble> {
        let Standing::Created(created) = &mut self.standing else { return Ok(()) };
        let held = created.context.ask(created.context.client.hold_task(&created.id)).await;
        created.stream = Some(held.map_err(judge)?);
        self.news.tell_again();
        Ok(())
    }

    async fn report_while_held(&mut self) -> Trouble {
        let Standing::Created(created) = &mut self.standing else {
            return lost();
        };
        let news = &self.news;
        let mut pace = Instant::now();
        let mut sign = Instant::now() + created.heartbeat;
        loop {
            let Created { stream: Some(stream), .. } = &mut **created else {
                return lost();
            };
            let untold = async {
                sleep_until(pace).await;
                news.untold().await;
            };
            let report = tokio::select! {
                line = stream.next() => match line {
                    Ok(Some(line)) => match heard(line.value, created) {
                        Some(trouble) => return trouble,
                        None => {
                            sign = sign.min(Instant::now() + created.heartbeat);
                            continue;
                        }
                    },
                    Ok(None) | Err(_) => return lost(),
                },
                () = untold => news.take().unwrap_or_default(),
                () = sleep_until(sign) => news.take().unwrap_or_default(),
            };
            let report = ReportProgress { text: report.text, value: report.value };
            let Created { context, id, heartbeat, .. } = &**created;
            // The command may end in the middle of it.
            let telling = news.telling();
            match context.ask(context.client.report(id, &report)).await {
                Ok(_) => {}
                // What has become of the task comes with the stream.
                Err(error) if error.exit == Exit::Conflict => {}
                Err(error) => return judge(error),
            }
            telling.done();
            (pace, sign) = (Instant::now() + self.pace, Instant::now() + *heartbeat);
        }
    }

    async fn end(&mut self, ended: &Ended) -> Result<(), Trouble> {
        if matches!(self.standing, Standing::Doubtful) {
            self.create().await?;
        }
        let Standing::Created(created) = &mut self.standing else { return Ok(()) };
        let Created { context, id, .. } = &**created;
        if let Some(last) = self.news.take() {
            let report = ReportProgress { text: last.text, value: last.value };
            // The end says more; it is told whatever comes of this.
            let _ = context.ask(context.client.report(id, &report)).await;
        }
        let error = ended.failure();
        let order = EndTask { result: None, error: error.clone(), key: Some(self.end_key.clone()) };
        let told = match error {
            None => context.ask(context.client.complete_task(id, &order)).await,
            Some(_) => context.ask(context.client.fail_task(id, &order)).await,
        };
        match told.map_err(judge) {
            Ok(_) => self.standing = Standing::Over,
            Err(Trouble::Away(error)) => return Err(Trouble::Away(error)),
            Err(trouble) => self.suffer(trouble),
        }
        Ok(())
    }

    /// Says what is wrong, once, and what follows from it.
    fn suffer(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Away(error) => {
                if !std::mem::replace(&mut self.complained, true) {
                    let goes_on = "the command runs all the same, browsers are told once there is a daemon";
                    self.note(&format!("{}; {goes_on}", error.message));
                    self.out.detail(&format!("why: {}", harmless(&error.cause.unwrap_or_default())));
                }
                if let Standing::Created(created) = &mut self.standing {
                    created.stream = None;
                }
            }
            Trouble::Final(error) => {
                let why = error.cause.map_or_else(String::new, |cause| format!(", {cause}"));
                self.note(&format!("{}{why}; the command goes on, browsers are not told", error.message));
                self.standing = Standing::Over;
            }
            Trouble::Anew => {
                self.order.key = Some(generated_key());
                self.end_key = generated_key();
                self.standing = Standing::Unknown;
            }
        }
    }

    fn note(&self, text: &str) {
        self.out.note(&format!("ssectl: {}", harmless(text)));
    }
}

/// Takes a line of the task's stream. Returns what is wrong if that is the end of it.
fn heard(line: TaskLine, created: &mut Created) -> Option<Trouble> {
    match line {
        TaskLine::Task { lease_ms: Some(lease), .. } => {
            created.heartbeat = HEARTBEAT.min(Duration::from_millis(lease) / 4);
            None
        }
        TaskLine::End { task } => {
            created.stream = None;
            Some(ended_by_others(&task))
        }
        TaskLine::Task { .. } | TaskLine::Event { .. } | TaskLine::Heartbeat => None,
    }
}

fn ended_by_others(task: &TaskView) -> Trouble {
    let why = task.error.as_deref().unwrap_or_default();
    let over = |what: &str| Trouble::Final(CliError::new(Exit::Conflict, what));
    match task.status {
        TaskStatus::Pending | TaskStatus::Running => {
            Trouble::Away(CliError::new(Exit::NoAnswer, "the daemon has stopped"))
        }
        TaskStatus::Cancelled if why == "cancelled: shutdown" => Trouble::Anew,
        TaskStatus::Cancelled => over("somebody cancelled the task"),
        TaskStatus::Completed => over("somebody completed the task"),
        TaskStatus::Failed => over(&format!("the task has ended ({why})")),
    }
}

fn judge(error: CliError) -> Trouble {
    match error.exit {
        Exit::Unreachable | Exit::NoAnswer | Exit::Failed => Trouble::Away(error),
        _ => Trouble::Final(error),
    }
}

fn lost() -> Trouble {
    Trouble::Away(CliError::new(Exit::NoAnswer, "the daemon was lost"))
}
