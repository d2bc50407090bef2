//! What is to be told of the command: the newest only, however much comes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::marks::Mark;

/// The newest progress of the command.
#[derive(Default)]
pub(super) struct News {
    latest: Mutex<Latest>,
    changed: Notify,
}

#[derive(Default)]
struct Latest {
    mark: Mark,
    untold: bool,
    /// A line of its own says how far it is: percentages in other lines mean something else.
    spoken: bool,
}

/// Where a mark is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A `::progress` line.
    Spoken,
    /// A line of output.
    Seen,
}

impl News {
    /// Takes note of progress.
    pub(super) fn note(&self, mark: Mark, source: Source) {
        let mut latest = self.latest();
        latest.spoken |= source == Source::Spoken;
        let value = mark.value.filter(|_| source == Source::Spoken || !latest.spoken);
        let (further, text) = match (value, latest.mark.value) {
            (Some(value), Some(before)) if value <= before => (None, mark.text),
            (value, _) => (value, mark.text),
        };
        if further.is_none() && (text.is_none() || text == latest.mark.text) {
            return;
        }
        latest.mark.value = further.or(latest.mark.value);
        latest.mark.text = text.or(latest.mark.text.take());
        latest.untold = true;
        drop(latest);
        self.changed.notify_one();
    }

    /// Waits until there is something that was not told.
    pub(super) async fn untold(&self) {
        while !self.latest().untold {
            self.changed.notified().await;
        }
    }

    /// Returns what was not told, which counts as told from now on.
    pub(super) fn take(&self) -> Option<Mark> {
        let mut latest = self.latest();
        std::mem::take(&mut latest.untold).then(|| latest.mark.clone())
    }

    /// Returns what sees to it that everything is told again unless it was told: who tells it may be interrupted.
    pub(super) fn telling(&self) -> Telling<'_> {
        Telling { news: self, is_told: false }
    }

    /// Has everything told again, to a daemon that may not know it.
    pub(super) fn tell_again(&self) {
        let mut latest = self.latest();
        latest.untold = latest.mark != Mark::default();
    }

    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody is telling the news.
pub(super) struct Telling<'a> {
    news: &'a News,
    is_told: bool,
}

impl Telling<'_> {
    /// Notes that they have arrived.
    pub(super) fn done(mut self) {
        self.is_told = true;
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            self.news.tell_again();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(value: Option<f64>, text: Option<&str>) -> Mark {
        Mark { value, text: text.map(str::to_owned) }
    }

    #[tokio::test]
    async fn only_the_newest_is_told_and_nothing_twice() {
        let news = News::default();
        assert_eq!(news.take(), None);
        news.note(mark(Some(0.1), Some("a")), Source::Seen);
        news.note(mark(Some(0.2), None), Source::Seen);
        news.untold().await;
        assert_eq!(news.take(), Some(mark(Some(0.2), Some("a"))));
        news.note(mark(Some(0.2), None), Source::Seen);
        news.note(mark(Some(0.1), Some("a")), Source::Seen);
        assert_eq!(news.take(), None, "it is not further");
        news.tell_again();
        assert_eq!(news.take(), Some(mark(Some(0.2), Some("a"))));
    }

    #[test]
    fn what_somebody_was_interrupted_in_telling_is_told_again() {
        let news = News::default();
        news.note(mark(Some(0.6), None), Source::Seen);
        let telling = news.telling();
        assert_eq!(news.take(), Some(mark(Some(0.6), None)));
        telling.done();
        assert_eq!(news.take(), None);
        drop(news.telling());
        assert_eq!(news.take(), Some(mark(Some(0.6), None)));
    }

    #[test]
    fn who_speaks_of_progress_is_not_overheard_any_more() {
        let news = News::default();
        news.note(mark(Some(0.1), None), Source::Spoken);
        news.note(mark(Some(0.93), Some("disk 93% full")), Source::Seen);
        assert_eq!(news.take(), Some(mark(Some(0.1), Some("disk 93% full"))));
    }
}
