//! Runs built-in tasks: a few at once, each with a time limit, each isolated.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;

use super::{book::Job, entry::Entry, inner::Inner, state::Outcome};
use crate::config::duration;

/// The longest text that a builtin's progress or error may have; parameters of any length end up there.
const MAX_TEXT_BYTES: usize = 4096;

/// A running builtin's way to say how far it is.
pub(super) struct Reporting {
    inner: Arc<Inner>,
    entry: Arc<Entry>,
}

impl Reporting {
    pub(super) async fn progress(&self, text: String, value: f64) {
        self.inner.progress(&self.entry, Some(cut(text)), Some(value)).await;
    }
}

/// A place to run, given back however the task ends.
struct Place(Arc<Inner>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.book().free_place();
        self.0.run_waiting();
    }
}

impl Inner {
    /// Starts as many of the waiting builtins as there are places for.
    pub(super) fn run_waiting(self: &Arc<Self>) {
        loop {
            let Some((entry, job)) = self.book().take_runnable() else { return };
            let place = Place(Arc::clone(self));
            let inner = Arc::clone(self);
            self.lifecycle.spawn(async move {
                inner.run(entry, job).await;
                drop(place);
            });
        }
    }

    async fn run(self: &Arc<Self>, entry: Arc<Entry>, job: Job) {
        if !self.start(&entry).await {
            return;
        }
        let reporting = Reporting { inner: Arc::clone(self), entry: Arc::clone(&entry) };
        let limit = self.timeout;
        let work = async { AssertUnwindSafe(async { job(reporting).await }).catch_unwind().await };
        let outcome = tokio::select! {
            biased;
            // Whoever ended it tells of it; the next one must not be heard before.
            () = entry.over.cancelled() => return entry.told.cancelled().await,
            done = tokio::time::timeout(limit, work) => match done {
                Ok(Ok(Ok(result))) => Outcome::Completed(result),
                Ok(Ok(Err(error))) => Outcome::Failed(cut(error)),
                Ok(Err(_)) => {
                    tracing::error!(task = %entry.id, "a built-in task panicked");
                    Outcome::Failed("the task broke off: this is a defect of ssectld, its log says more".to_owned())
                }
                Err(_) => Outcome::Failed(format!("timed out after {}", duration::format(limit))),
            },
        };
        let outcome = match self.dispatcher.check(&outcome.event(&entry.id, self.clock.now()).to_event()) {
            Ok(()) => outcome,
            Err(too_large) => Outcome::Failed(format!("the result is too large: {too_large}")),
        };
        self.end(&entry, outcome).await;
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        let end = (0..=MAX_TEXT_BYTES).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
