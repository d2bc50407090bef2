//! All tasks, who waits for a place to run, and which may be forgotten.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

use super::{TaskCounts, TaskStatus, entry::Entry, run::Reporting};

/// What a builtin does.
pub(super) type Job = Box<dyn FnOnce(Reporting) -> BoxFuture<'static, Result<Value, String>> + Send>;

/// The tasks of the service.
pub(super) struct Book {
    entries: HashMap<Arc<str>, Arc<Entry>>,
    waiting: VecDeque<(Arc<Entry>, Job)>,
    running: usize,
    max_running: usize,
    unfinished: usize,
    max_unfinished: usize,
    /// Ended ones with the time when they go, oldest first.
    ended: VecDeque<(Instant, Arc<str>)>,
    max_ended: usize,
    /// Gone from here, and not yet from the store.
    forgotten: Vec<Arc<str>>,
    last_number: u64,
}

impl Book {
    pub(super) fn new(max_running: usize, max_unfinished: usize, max_ended: usize) -> Self {
        Self {
            entries: HashMap::new(),
            waiting: VecDeque::new(),
            running: 0,
            max_running: max_running.max(1),
            unfinished: 0,
            max_unfinished,
            ended: VecDeque::new(),
            max_ended,
            forgotten: Vec::new(),
            last_number: 0,
        }
    }

    /// Returns how many unfinished tasks there may be, if there are as many.
    pub(super) fn full(&self) -> Option<usize> {
        (self.unfinished >= self.max_unfinished).then_some(self.max_unfinished)
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(super) fn insert(&mut self, entry: &Arc<Entry>) {
        self.entries.insert(Arc::clone(&entry.id), Arc::clone(entry));
        self.unfinished += 1;
    }

    /// Takes back what was inserted and never came to be.
    pub(super) fn take_back(&mut self, id: &str) {
        if self.entries.remove(id).is_some() {
            self.unfinished -= 1;
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Entry>> {
        self.entries.get(id).cloned()
    }

    /// Returns all tasks, newest first.
    pub(super) fn all(&self) -> Vec<Arc<Entry>> {
        let mut all: Vec<_> = self.entries.values().cloned().collect();
        all.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.number));
        all
    }

    pub(super) fn wait(&mut self, entry: &Arc<Entry>, job: Job) {
        self.waiting.push_back((Arc::clone(entry), job));
    }

    /// Takes the one that has waited longest, if there is a place to run.
    pub(super) fn take_runnable(&mut self) -> Option<(Arc<Entry>, Job)> {
        if self.running >= self.max_running {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.running += 1;
        Some(next)
    }

    pub(super) fn free_place(&mut self) {
        self.running -= 1;
    }

    /// Notes that an unfinished task has ended, for good.
    pub(super) fn settle(&mut self, entry: &Entry, forget_at: Instant) {
        self.waiting.retain(|(waiting, _)| waiting.id != entry.id);
        self.unfinished -= 1;
        self.keep_until(entry, forget_at);
    }

    /// Lists an ended task of an earlier run.
    pub(super) fn restore_ended(&mut self, entry: &Arc<Entry>, forget_at: Instant) {
        self.entries.insert(Arc::clone(&entry.id), Arc::clone(entry));
        self.keep_until(entry, forget_at);
    }

    fn keep_until(&mut self, entry: &Entry, forget_at: Instant) {
        self.ended.push_back((forget_at, Arc::clone(&entry.id)));
        if self.ended.len() > self.max_ended
            && let Some((_, id)) = self.ended.pop_front()
        {
            self.entries.remove(&id);
            self.forgotten.push(id);
        }
    }

    /// Forgets an ended task.
    pub(super) fn remove(&mut self, id: &str) {
        self.ended.retain(|(_, ended)| &**ended != id);
        self.entries.remove(id);
    }

    /// Forgets what is old, and returns what is to be removed from the store.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<Arc<str>> {
        while self.ended.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, id)) = self.ended.pop_front() else { break };
            self.entries.remove(&id);
            self.forgotten.push(id);
        }
        std::mem::take(&mut self.forgotten)
    }

    pub(super) fn counts(&self) -> TaskCounts {
        let mut counts = TaskCounts::default();
        for entry in self.entries.values() {
            match entry.live().view().status {
                TaskStatus::Pending => counts.pending += 1,
                TaskStatus::Running => counts.running += 1,
                _ => counts.ended += 1,
            }
        }
        counts
    }
}
