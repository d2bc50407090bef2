//! The thread that writes: whatever waits is committed together and synced once.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use redb::{Database, ReadableTable};
use tokio::sync::{mpsc, oneshot};

use super::{definition, file, record};
use crate::store::{Batch, Change, StoreError};

/// Commits that may wait for the thread; more wait for a place.
const QUEUE: usize = 1024;

/// A batch, and who waits for it.
struct Job {
    batch: Batch,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// The writing thread.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<Intact>>,
    failed: Arc<Mutex<Option<String>>>,
}

/// Whether every commit went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intact {
    Yes,
    No,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let failed = Arc::new(Mutex::new(None));
        let thread = {
            let failed = Arc::clone(&failed);
            std::thread::Builder::new()
                .name("store".to_owned())
                .spawn(move || run(&database, queue, &failed))?
        };
        Ok(Self { jobs: Some(jobs), thread: Some(thread), failed })
    }

    pub(super) async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        if jobs.send(Job { batch, done }).await.is_err() {
            return Err(self.gone());
        }
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Ends the thread once everything that was accepted is answered.
    pub(super) fn stop(&mut self) -> Intact {
        self.jobs = None;
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or(Intact::No)
    }

    fn gone(&self) -> StoreError {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.clone().map_or(StoreError::Closed, StoreError::Failed)
    }
}

fn run(database: &Database, mut queue: mpsc::Receiver<Job>, failed: &Mutex<Option<String>>) -> Intact {
    while let Some(first) = queue.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < QUEUE
            && let Ok(job) = queue.try_recv()
        {
            jobs.push(job);
        }
        // Whether a failed commit is there is unknown, and a sync that failed once may succeed without having
        // written: there is no second attempt.
        let outcome = catch_unwind(AssertUnwindSafe(|| write(database, &jobs)))
            .unwrap_or_else(|_| Err("the storage engine panicked".to_owned()));
        match outcome {
            Ok(()) => answer(jobs, &Ok(())),
            Err(why) => {
                tracing::error!(error = why, "the state could not be written; nothing more is accepted");
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
                answer(jobs, &Err(StoreError::Failed(why.clone())));
                queue.close();
                while let Some(job) = queue.blocking_recv() {
                    answer(vec![job], &Err(StoreError::Failed(why.clone())));
                }
                return Intact::No;
            }
        }
    }
    Intact::Yes
}

fn answer(jobs: Vec<Job>, outcome: &Result<(), StoreError>) {
    for job in jobs {
        // Whoever asked may have stopped waiting.
        let _ = job.done.send(outcome.clone());
    }
}

fn write(database: &Database, jobs: &[Job]) -> Result<(), String> {
    apply(database, jobs.iter().flat_map(|job| &job.batch)).map_err(|error| error.to_string())
}

fn apply<'a>(database: &Database, changes: impl Iterator<Item = &'a Change>) -> Result<(), redb::Error> {
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
