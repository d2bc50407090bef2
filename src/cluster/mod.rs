//! Several daemons as one, over NATS with JetStream: one order of events, the same versions and receipts everywhere.
//!
//! Nothing here decides who leads or what is kept: JetStream does. A member that cannot reach it goes on with what it
//! has, and refuses what all must agree on.

mod arrivals;
mod ask;
mod fold;
mod link;
mod log;
mod members;
mod pulse;
mod reader;
mod receipts;
mod record;
mod turns;
mod versions;
mod wire;

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use self::{
    link::Link,
    log::{Ears, Log, Lookback, Place},
    members::Members,
    receipts::Bucket,
    versions::{Shared, Versions},
};
use crate::{
    config::{ClusterConfig, Mode},
    services::Services,
    store::{self, Change, StoreError, Table},
};

/// How long the start waits for what the others know.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// How often it is stored how far the log was read, for a gateway's streams.
const NOTED: Duration = Duration::from_secs(1);
/// The name of the record with it.
const PLACE: &str = "cluster_log";

/// Why a daemon cannot be a member.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotJoined {
    /// The credentials cannot be read.
    #[error("cluster.credentials_file: {0}")]
    Credentials(std::io::Error),
    /// It has no name.
    #[error("this host's name cannot be a member's: set cluster.member to a name of A-Z a-z 0-9 _ -")]
    Nameless,
    /// Another daemon has the name.
    #[error("{0} is a member of this name already: set cluster.member to another one, or stop that daemon")]
    Taken(String),
    /// The state cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a daemon a member of the cluster that its settings name. Returns when it knows what the others know, or the
/// NATS servers do not answer.
pub(crate) async fn join(services: &Arc<Services>) -> Result<(), NotJoined> {
    let config = &services.config.cluster;
    let member = member(config)?;
    let metrics = services.metrics.of_cluster();
    let link = Link::connect(config, &member, metrics).await.map_err(NotJoined::Credentials)?;
    let lookback = match services.config.mode {
        Mode::Embedded => {
            Lookback::Events(services.config.stream.history_events.try_into().unwrap_or(u64::MAX))
        }
        Mode::Gateway => Lookback::After(noted(services)?),
    };
    if let Some(other) = members::rival(&link, &member).await {
        return Err(NotJoined::Taken(other));
    }
    let instance = uuid::Uuid::new_v4().simple().to_string();
    let ears = Ears {
        dispatcher: Arc::clone(&services.dispatcher),
        versions: Arc::clone(&services.versions),
        tasks: Arc::clone(&services.tasks),
    };
    let lifecycle = &services.lifecycle;
    let log =
        Log::new(Arc::clone(&link), (member.clone(), instance.clone()), ears, lookback, lifecycle.clone());
    let log = Arc::new(log);
    let versions = Arc::new(Versions::new(
        Arc::clone(&link),
        Arc::clone(&log),
        Arc::clone(&services.versions),
        lifecycle.clone(),
    ));
    services.dispatcher.share(log.clone());
    services.versions.share(Arc::new(Shared(Arc::clone(&versions))));
    read(services, &link, &log, &versions);
    arrivals::begin(services, &link, &member);
    let receipts = Arc::new(Bucket::new(Arc::clone(&link), Arc::clone(&services.receipts)));
    receipts::begin(services, &receipts);
    let members = Members::new(services, &link, &log, (&member, &instance));
    members::begin(services, &members);
    if services.config.mode == Mode::Gateway {
        note_places(services, &log);
    }
    tracing::info!(member, cluster = config.name, "a member of a cluster");
    let mut progress = log.progress();
    let caught_up = async {
        versions.settle().await;
        receipts.settle().await;
        members.settle().await;
        // The sender lives as long as the log.
        let _ = progress.wait_for(|progress| progress.caught_up).await;
    };
    if timeout(FIRST_LOOK, caught_up).await.is_err() {
        if log.progress().borrow().has_begun() {
            tracing::warn!(
                "what the cluster knows is not read yet: browsers are let in before the end of it"
            );
        } else {
            tracing::warn!("the cluster's NATS servers do not answer: beginning with what the last run knew");
        }
    }
    Ok(())
}

fn member(config: &ClusterConfig) -> Result<String, NotJoined> {
    if !config.member.is_empty() {
        return Ok(config.member.clone());
    }
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    let name = host.split('.').next().unwrap_or_default();
    let fits = !name.is_empty() && name.bytes().all(crate::config::in_cluster_name);
    if fits { Ok(name.to_owned()) } else { Err(NotJoined::Nameless) }
}

fn read(services: &Services, link: &Arc<Link>, log: &Arc<Log>, versions: &Arc<Versions>) {
    let lifecycle = &services.lifecycle;
    let (reader, log, end) = (Arc::clone(link), Arc::clone(log), lifecycle.closed());
    lifecycle.spawn(async move { reader::read(reader.clone(), reader.log(), &*log, &log.known, end).await });
    let (reader, shared, end) = (Arc::clone(link), Shared(Arc::clone(versions)), lifecycle.closed());
    lifecycle.spawn(async move {
        reader::read(reader.clone(), Versions::config(&reader), &shared, &shared.0.known, end).await;
    });
}

/// Returns how far the last run had read the log.
fn noted(services: &Services) -> Result<Option<Place>, StoreError> {
    let records = services.store.load(Table::Counters)?;
    let noted = records.iter().find(|(key, _)| key == PLACE);
    noted.map(|(key, bytes)| store::decode(Table::Counters, key, bytes)).transpose()
}

/// Stores now and then how far the log was read. What came after it is dispatched again after a crash.
fn note_places(services: &Services, log: &Log) {
    let (store, mut progress) = (Arc::clone(&services.store), log.progress());
    let end = services.lifecycle.closed();
    services.lifecycle.spawn(async move {
        let mut ended = false;
        while !ended {
            if end.run_until_cancelled(progress.changed()).await.is_some() {
                ended = end.run_until_cancelled(tokio::time::sleep(NOTED)).await.is_none();
            } else {
                ended = true;
            }
            let read = *progress.borrow_and_update();
            if !read.has_begun() {
                // The last run's holds.
                continue;
            }
            let noted = store::encode(&read.place)
                .map(|bytes| vec![Change::Put(Table::Counters, PLACE.to_owned(), bytes)]);
            let stored = match noted {
                Ok(batch) => store.commit(batch).await,
                Err(error) => Err(error),
            };
            if let Err(error) = stored {
                tracing::debug!(%error, "how far the cluster's log was read is not stored");
            }
        }
    });
}

/// Returns a text as keys of a bucket may be: they have few characters.
fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
