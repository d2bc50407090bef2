//! Asks the daemon again and again for what is shown. A daemon that goes away is asked on.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use ssectl_core::{
    control::{
        client::{Client, ClientError, Ghosts},
        listing::{Filter, Listing},
        types::{ConnectionView, List, Status, VersionStatus},
    },
    task::{TaskCounts, TaskView},
};
use tokio::sync::{Notify, mpsc, watch};

use crate::{context::Context, error::CliError, exit::Exit};

/// How long an answer may take, unless it is said.
const PATIENCE: Duration = Duration::from_secs(3);
/// Nobody sees more by listing connections more often than this, however long a key is held.
const REST: Duration = Duration::from_millis(500);
/// How many tasks are asked for.
const TASKS: usize = 100;
/// Listing connections may take one part of so many of a daemon's time.
const SHARE: u32 = 20;
/// But they are not older than this.
const OLDEST: Duration = Duration::from_secs(10);

/// What is wanted to be seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wish {
    /// Which connections, in what order, how many.
    pub(super) connections: Listing,
    /// The same where nothing waits for anybody: nobody has to be compared then.
    pub(super) idle: Listing,
    /// Nothing new.
    pub(super) paused: bool,
}

/// What the daemon said.
pub(super) enum News {
    /// How things are.
    Scene(Box<Scene>),
    /// It did not answer.
    Away(String),
    /// It does not want to answer, or cannot be understood.
    Refused(CliError),
}

/// How things are at one moment.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) at: Instant,
    pub(super) status: Status,
    pub(super) warnings: Vec<String>,
    pub(super) tasks: Vec<TaskView>,
    /// `None`: as before, it was not asked.
    pub(super) people: Option<People>,
}

/// Who is connected, and was told what: the daemon goes through all of them for that.
#[derive(Clone, Debug)]
pub(super) struct People {
    pub(super) connections: List<ConnectionView>,
    pub(super) version: Option<VersionStatus>,
}

/// Asks.
pub(super) struct Feed<'a> {
    context: &'a Context,
    client: Client,
    every: Duration,
    wishes: watch::Receiver<Wish>,
    at_once: Arc<Notify>,
    /// When connections were listed,
    listed_at: Option<Instant>,
    /// and are again,
    list_at: Instant,
    /// unless something else is wished than what they were listed for, or a version came to be pending.
    listed_for: Option<(Wish, bool)>,
    /// Whether it ever answered.
    is_known: bool,
}

impl<'a> Feed<'a> {
    pub(super) fn new(
        context: &'a Context,
        every: Duration,
        wishes: watch::Receiver<Wish>,
        at_once: Arc<Notify>,
    ) -> Self {
        let client = context.client.with_limit(context.options.timeout.unwrap_or(PATIENCE));
        let list_at = Instant::now();
        Self {
            context,
            client,
            every,
            wishes,
            at_once,
            list_at,
            listed_at: None,
            listed_for: None,
            is_known: false,
        }
    }

    /// Asks until nobody wants to know any more. Where no daemon is at first, none is waited for.
    pub(super) async fn run(mut self, news: &mpsc::Sender<News>) -> Infallible {
        let mut is_wanted = true;
        loop {
            let wish = self.wishes.borrow_and_update().clone();
            // Somebody may ask in a pause.
            if is_wanted || !wish.paused {
                let told = match self.ask(&wish).await {
                    Ok(scene) => {
                        self.is_known = true;
                        News::Scene(Box::new(scene))
                    }
                    Err(error) => match self.context.explain(error) {
                        error if error.exit == Exit::NoAnswer => News::Away(error.message),
                        error if error.exit == Exit::Unreachable && self.is_known => {
                            News::Away(error.message)
                        }
                        error => News::Refused(error),
                    },
                };
                // Nobody hears it any more: then this is given up, too.
                let _ = news.send(told).await;
            }
            is_wanted = false;
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = self.at_once.notified() => {
                    is_wanted = true;
                    if self.listed_at.is_none_or(|at| at.elapsed() >= REST) {
                        self.list_at = Instant::now();
                    }
                }
                changed = self.wishes.changed() => if changed.is_err() {
                    return std::future::pending().await;
                },
            }
        }
    }

    async fn ask(&mut self, wish: &Wish) -> Result<Scene, ClientError> {
        let client = &self.client;
        let status = client.status().await?.value;
        let (at, warnings, status) = (Instant::now(), status.warnings, status.item);
        let tasks = self.tasks(status.tasks).await?;
        let wanted = (wish.clone(), status.pending_versions > 0);
        let people = if at < self.list_at && self.listed_for.as_ref() == Some(&wanted) {
            None
        } else {
            let people = self.people(wish, &status).await?;
            // Where there are many, that takes the daemon long.
            let now = Instant::now();
            self.listed_at = Some(now);
            self.list_at = now + (at.elapsed() * SHARE).min(OLDEST);
            self.listed_for = Some(wanted);
            Some(people)
        };
        Ok(Scene { at, status, warnings, tasks, people })
    }

    /// Those that go on come first: however many ended since, they are seen.
    async fn tasks(&self, counts: TaskCounts) -> Result<Vec<TaskView>, ClientError> {
        let mut tasks = Vec::new();
        if counts.pending + counts.running > 0 {
            tasks = self.client.tasks(&going_on()).await?.value.items;
        }
        if counts.ended > 0 && tasks.len() < TASKS {
            let newest = Listing { limit: Some(TASKS), ..Listing::default() };
            let mut others = self.client.tasks(&newest).await?.value.items;
            others.retain(|other| tasks.iter().all(|task| task.task_id != other.task_id));
            tasks.append(&mut others);
            tasks.truncate(TASKS);
        }
        Ok(tasks)
    }

    async fn people(&self, wish: &Wish, status: &Status) -> Result<People, ClientError> {
        let version = match status.pending_versions {
            0 => None,
            _ => Some(self.client.version_status(None).await?.value.item),
        };
        let waits = status.queued.is_none_or(|queued| queued.connections > 0);
        let wanted = if waits { &wish.connections } else { &wish.idle };
        let connections = self.client.connections(wanted, Ghosts::Hidden).await?.value;
        Ok(People { connections, version })
    }
}

/// Returns the question for tasks that have not ended.
fn going_on() -> Listing {
    let filters = ["status!=completed", "status!=failed", "status!=cancelled"];
    let filters = filters.into_iter().flat_map(str::parse::<Filter>).collect();
    Listing { filters, limit: Some(TASKS), ..Listing::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_ended_is_asked_for_by_its_status() {
        let query =
            "filter=status%21%3Dcompleted&filter=status%21%3Dfailed&filter=status%21%3Dcancelled&limit=100";
        assert_eq!(going_on().to_query(), query);
    }
}
