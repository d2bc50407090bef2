//! Asks the daemon again and again for what is shown. A daemon that goes away is asked on.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use ssectl_core::{
    control::{
        client::{Client, ClientError, Ghosts},
        listing::Listing,
        types::{ConnectionView, List, Status, VersionStatus},
    },
    task::TaskView,
};
use tokio::sync::{Notify, mpsc, watch};

use crate::{context::Context, error::CliError, exit::Exit};

/// How long an answer may take, unless it is said.
const PATIENCE: Duration = Duration::from_secs(3);
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
    pub(super) version: Option<VersionStatus>,
    /// `None`: as before, it was not asked.
    pub(super) connections: Option<List<ConnectionView>>,
}

/// Asks.
pub(super) struct Feed<'a> {
    context: &'a Context,
    client: Client,
    every: Duration,
    wishes: watch::Receiver<Wish>,
    at_once: Arc<Notify>,
    /// When connections are listed again,
    list_at: Instant,
    /// unless something else is wished than what they were listed for.
    listed_for: Option<Wish>,
}

impl<'a> Feed<'a> {
    pub(super) fn new(
        context: &'a Context,
        every: Duration,
        wishes: watch::Receiver<Wish>,
        at_once: Arc<Notify>,
    ) -> Self {
        let client = Client::new(&context.at.path, context.options.timeout.unwrap_or(PATIENCE));
        Self { context, client, every, wishes, at_once, list_at: Instant::now(), listed_for: None }
    }

    /// Asks until nobody wants to know any more.
    pub(super) async fn run(mut self, news: &mpsc::Sender<News>) -> Infallible {
        loop {
            let wish = self.wishes.borrow_and_update().clone();
            if !wish.paused {
                let told = match self.ask(&wish).await {
                    Ok(scene) => News::Scene(Box::new(scene)),
                    Err(error) => match self.context.explain(error) {
                        error if matches!(error.exit, Exit::Unreachable | Exit::NoAnswer) => {
                            News::Away(error.message)
                        }
                        error => News::Refused(error),
                    },
                };
                // Nobody hears it any more: then this is given up, too.
                let _ = news.send(told).await;
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = self.at_once.notified() => self.list_at = Instant::now(),
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
        let counts = status.tasks;
        let tasks = if counts.pending + counts.running + counts.ended == 0 {
            Vec::new()
        } else {
            let most = Listing { limit: Some(TASKS), ..Listing::default() };
            client.tasks(&most).await?.value.items
        };
        let version = match status.pending_versions {
            0 => None,
            _ => Some(client.version_status(None).await?.value.item),
        };
        let connections = if at < self.list_at && self.listed_for.as_ref() == Some(wish) {
            None
        } else {
            let waits = status.queued.is_none_or(|queued| queued.connections > 0);
            let wanted = if waits { &wish.connections } else { &wish.idle };
            let listed = client.connections(wanted, Ghosts::Hidden).await?.value;
            // Where there are many, that takes the daemon long.
            self.list_at = Instant::now() + (at.elapsed() * SHARE).min(OLDEST);
            self.listed_for = Some(wish.clone());
            Some(listed)
        };
        Ok(Scene { at, status, warnings, tasks, version, connections })
    }
}
