//! A daemon inside the test, for what only parts that are handed in can show.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use ssectl_core::{
    app::{App, Parts, Running},
    clock::Clock,
    config::Config,
    store::{Batch, MemoryStore, Store, StoreError, Table},
};
use tokio::sync::watch;

use super::{Home, within};

/// A running daemon, its directory, and its listeners.
pub struct Inside {
    pub running: Running,
    pub home: Home,
    pub public: std::net::SocketAddr,
    pub internal: std::net::SocketAddr,
}

impl Inside {
    /// Starts a daemon with these parts; `change` has the last word on its settings.
    pub async fn start(parts: Parts, change: impl FnOnce(&mut Config)) -> Self {
        let home = Home::new();
        let mut config = Config::default();
        config.listen.public.set_port(0);
        config.listen.internal.set_port(0);
        config.control.socket = home.path("c.sock");
        config.state.dir = home.path("state");
        config.shutdown.grace = Duration::from_secs(1);
        std::fs::create_dir(&config.state.dir).expect("a state directory");
        change(&mut config);
        let running = App::start(config, parts).await.expect("it starts");
        let (public, internal) = (running.services().bound.public, running.services().bound.internal);
        Self { running, home, public, internal }
    }

    /// Stops it and expects that nobody was late.
    pub async fn stop(self) {
        self.running.shutdown();
        let ended = within("the daemon to end", self.running.ended()).await;
        assert!(ended.late.is_empty(), "{ended:?}");
    }
}

/// A clock that stands still until it is set.
pub struct HeldClock(pub std::sync::Mutex<Timestamp>);

impl HeldClock {
    /// Returns a clock that shows this time.
    pub fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(std::sync::Mutex::new(time.parse().expect("a time"))))
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no test panics with the lock")
    }
}

/// What a [`FickleStore`] does with commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commits {
    Succeed,
    Fail,
    Hang,
}

/// A store in memory whose commits are at the test's mercy.
pub struct FickleStore {
    kept: MemoryStore,
    mood: watch::Sender<Commits>,
    waiting: watch::Sender<usize>,
}

impl FickleStore {
    /// Returns a store whose commits succeed.
    pub fn new() -> Arc<Self> {
        let (mood, waiting) = (watch::Sender::new(Commits::Succeed), watch::Sender::new(0));
        Arc::new(Self { kept: MemoryStore::default(), mood, waiting })
    }

    /// Changes what it does, also with commits that hang.
    pub fn now(&self, mood: Commits) {
        self.mood.send_replace(mood);
    }

    /// Waits until a commit hangs.
    pub async fn hangs(&self) {
        let mut waiting = self.waiting.subscribe();
        within("a commit", waiting.wait_for(|waiting| *waiting > 0)).await.expect("the store lives");
    }
}

impl Store for FickleStore {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.kept.load(table)
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut mood = self.mood.subscribe();
            if *mood.borrow() == Commits::Hang {
                self.waiting.send_modify(|waiting| *waiting += 1);
            }
            let now = *mood.wait_for(|mood| *mood != Commits::Hang).await.expect("the store lives");
            match now {
                Commits::Fail => Err(StoreError::Failed("the test says so".to_owned())),
                _ => self.kept.commit(batch).await,
            }
        })
    }

    fn durable(&self) -> bool {
        true
    }

    fn failure(&self) -> Option<String> {
        (*self.mood.borrow() == Commits::Fail).then(|| "the test says so".to_owned())
    }
}
