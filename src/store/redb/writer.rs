//! The thread that writes: whatever waits is committed together and synced once.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use redb::{Database, ReadableTable};
use tokio::sync::{mpsc, oneshot};

use super::{definition, file, record};
use crate::store::{Batch, Change, StoreError};

/// Commits that may wait for the thread; more wait for a place.
const QUEUE: usize = 1024;

/// What the thread is asked for.
enum Job {
    /// To commit a batch, and to tell who waits for it.
    Commit(Commit),
    /// To end after what came before.
    Finish,
}

/// A batch, and who waits for it.
struct Commit {
    batch: Batch,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// The writing thread.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Mutex<Option<Thread>>,
    failed: Arc<Mutex<Option<String>>>,
}

struct Thread {
    handle: JoinHandle<Intact>,
    /// Fails when the thread has let go of the database.
    ended: oneshot::Receiver<Never>,
}

enum Never {}

/// Whether every commit went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intact {
    Yes,
    No,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (ending, ended) = oneshot::channel();
        let failed = Arc::new(Mutex::new(None));
        let handle = {
            let failed = Arc::clone(&failed);
            std::thread::Builder::new().name("store".to_owned()).spawn(move || {
                let intact = run(&database, queue, &failed);
                drop(database);
                drop(ending);
                intact
            })?
        };
        Ok(Self { jobs: Some(jobs), thread: Mutex::new(Some(Thread { handle, ended })), failed })
    }

    pub(super) async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        if jobs.send(Job::Commit(Commit { batch, done })).await.is_err() {
            return Err(self.gone());
        }
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Ends the thread once everything that was accepted is answered. Given up half-way, nobody waits for the
    /// thread any more.
    pub(super) async fn finish(&self) -> Intact {
        let thread = self.lock_thread().take();
        let (Some(Thread { handle, ended }), Some(jobs)) = (thread, &self.jobs) else { return Intact::No };
        // Failing means that it has ended already.
        let _ = jobs.send(Job::Finish).await;
        let _ = ended.await;
        handle.join().unwrap_or(Intact::No)
    }

    /// Like [`Writer::finish`], for who cannot await.
    pub(super) fn stop(&mut self) -> Intact {
        self.jobs = None;
        let thread = self.lock_thread().take();
        thread.and_then(|thread| thread.handle.join().ok()).unwrap_or(Intact::No)
    }

    /// Returns why the thread gave up, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn gone(&self) -> StoreError {
        self.failure().map_or(StoreError::Closed, StoreError::Broken)
    }

    fn lock_thread(&self) -> MutexGuard<'_, Option<Thread>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(database: &Database, mut queue: mpsc::Receiver<Job>, failed: &Mutex<Option<String>>) -> Intact {
    while let Some(first) = queue.blocking_recv() {
        let mut commits = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Commit(commit) => commits.push(commit),
                // What is in the queue already is still done; nothing more gets in.
                Job::Finish => queue.close(),
            }
            next = if commits.len() < QUEUE { queue.try_recv().ok() } else { None };
        }
        if commits.iter().all(|commit| commit.batch.is_empty()) {
            answer(commits, &Ok(()));
            continue;
        }
        // Whether a failed commit is there is unknown, and a sync that failed once may succeed without having
        // written: there is no second attempt.
        let outcome = catch_unwind(AssertUnwindSafe(|| write(database, &commits)))
            .unwrap_or_else(|_| Err("the storage engine panicked".to_owned()));
        match outcome {
            Ok(()) => answer(commits, &Ok(())),
            Err(why) => {
                tracing::error!(error = why, "the state could not be written; nothing more is accepted");
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
                answer(commits, &Err(StoreError::Failed(why.clone())));
                let refused = Err(StoreError::Broken(why));
                queue.close();
                while let Some(job) = queue.blocking_recv() {
                    if let Job::Commit(commit) = job {
                        answer(vec![commit], &refused);
                    }
                }
                return Intact::No;
            }
        }
    }
    Intact::Yes
}

fn answer(commits: Vec<Commit>, outcome: &Result<(), StoreError>) {
    for commit in commits {
        // Whoever asked may have stopped waiting.
        let _ = commit.done.send(outcome.clone());
    }
}

fn write(database: &Database, commits: &[Commit]) -> Result<(), String> {
    apply(database, commits.iter().flat_map(|commit| &commit.batch)).map_err(|error| error.to_string())
}

/// Commits changes, and counts them as one commit.
pub(super) fn apply<'a>(
    database: &Database,
    changes: impl Iterator<Item = &'a Change>,
) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    for change in changes {
        match change {
            Change::Put(table, key, bytes) => {
                let value = record::seal(*table, key, bytes);
                transaction.open_table(definition(*table))?.insert(key.as_str(), value.as_slice())?;
            }
            Change::Remove(table, key) => {
                transaction.open_table(definition(*table))?.remove(key.as_str())?;
            }
        }
    }
    {
        let mut about = transaction.open_table(file::ABOUT)?;
        let commits = about.get(file::COMMITS)?.map_or(0, |number| number.value());
        about.insert(file::COMMITS, commits + 1)?;
    }
    transaction.commit()?;
    Ok(())
}
