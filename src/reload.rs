//! Reads the settings again while the daemon goes on: all of them are checked, then those that may change at once do,
//! together, or none.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    config::{Changes, Config},
    lifecycle::Phase,
    named::Named,
    services::Services,
};

/// How long reading them may take: a file on a network, or the database of users, may never answer.
const LIMIT: Duration = Duration::from_secs(5);

/// Where the settings come from.
pub trait Source: Send + Sync + 'static {
    /// Reads and checks them as they are now. Fails with all that is wrong.
    fn read(&self) -> Result<Config, String>;
    /// Returns the file that they are in, if there is one.
    fn file(&self) -> Option<PathBuf>;
    /// Is told that they are being read.
    fn begins(&self);
    /// Is told that they were, whatever came of it.
    fn ends(&self);
}

/// The settings as they were read, and where from.
pub struct Settings {
    source: Arc<dyn Source>,
    read: Mutex<Config>,
    /// Held by the thread that reads, so that one that hangs remains the only one.
    reading: Arc<Semaphore>,
}

/// Why the settings of before still hold.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotReloaded {
    /// Something is wrong with those of now.
    #[error("the settings are not reloaded, nothing has changed: {0}")]
    Invalid(String),
    /// Nobody knows where they are from.
    #[error("the settings are not reloaded: this daemon has none to read")]
    Sourceless,
}

impl Settings {
    /// Returns settings as they were read from a source.
    pub fn new(read: Config, source: Arc<dyn Source>) -> Self {
        Self { source, read: Mutex::new(read), reading: Arc::new(Semaphore::new(1)) }
    }

    /// Returns the file that they are in, if there is one.
    pub fn file(&self) -> Option<PathBuf> {
        self.source.file()
    }

    /// Reads them as they are now, within the limit.
    async fn find(&self) -> Result<Found, String> {
        let Ok(only) = Arc::clone(&self.reading).try_acquire_owned() else {
            return Err(
                "reading them has hung since the last time: a file, or the database of users and groups, \
                        does not answer"
                    .to_owned(),
            );
        };
        let source = Arc::clone(&self.source);
        let reading = tokio::task::spawn_blocking(move || Found::read(&*source, only));
        match timeout(LIMIT, reading).await {
            Ok(found) => found.unwrap_or_else(|_| Err("reading them broke off".to_owned())),
            Err(_) => Err(format!(
                "reading them took longer than {LIMIT:?}: a file, or the database of users and groups, does not answer"
            )),
        }
    }
}

/// Begins to read the settings again, as part of the daemon's life; whatever comes of it is logged.
pub fn begin(services: &Arc<Services>) {
    let reloaded = Arc::clone(services);
    services.lifecycle.spawn(async move { reload(&reloaded).await.map(drop) });
}

/// Reads the settings again. Returns what has changed, and what will after a restart.
pub async fn reload(services: &Services) -> Result<Changes, NotReloaded> {
    let settings = services.settings.as_ref().ok_or(NotReloaded::Sourceless)?;
    let mut before = settings.read.lock().await;
    settings.source.begins();
    let found = tokio::select! {
        found = settings.find() => found,
        () = services.lifecycle.reached(Phase::Draining) => Err("the daemon is shutting down".to_owned()),
    };
    let found = found.and_then(|found| match found.named.secrets.guard(services.bound.internal) {
        Ok(()) => Ok(found),
        Err(error) => Err(error.to_string()),
    });
    let Found { config, named } = found.map_err(|why| {
        settings.source.ends();
        tracing::error!(why, "the settings are not reloaded, nothing has changed");
        NotReloaded::Invalid(why)
    })?;
    services.access.replace(named.access);
    services.secrets.replace(&named.secrets);
    let rules = services.rules.get().renewed(&config.stream);
    services.rules.replace(rules);
    services.log.configure(&config.log.level);
    settings.source.ends();
    let changes = before.changes(&config);
    *before = before.overtaken_by(&config);
    let named = |keys: &[String]| (!keys.is_empty()).then(|| keys.join(", "));
    let (changed, after_restart) = (named(&changes.at_once), named(&changes.after_restart));
    tracing::info!(changed, after_restart, "settings reloaded");
    Ok(changes)
}

/// Settings that were read again, and what they name.
struct Found {
    config: Config,
    named: Named,
}

impl Found {
    fn read(source: &dyn Source, _only: OwnedSemaphorePermit) -> Result<Self, String> {
        let config = source.read()?;
        let named = Named::find(&config).map_err(|error| error.to_string())?;
        Ok(Self { config, named })
    }
}
