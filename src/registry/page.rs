//! What of the book is still to be written: the last word on each token. No lock, no I/O.

use std::{
    collections::{HashMap, HashSet},
    mem,
};

use tokio::time::Instant;

use crate::{
    store::{Batch, Change, Table},
    token::Token,
};

/// Number of a commit.
pub(super) type Round = u64;

/// Beyond this many words, who has left is not struck out any more: after a restart it is found by asking.
const MOST: usize = 65_536;

/// The page that lies open.
#[derive(Default)]
pub(super) struct Page {
    /// The entry of each token; `None`: it is struck out.
    words: HashMap<Token, Option<Vec<u8>>>,
    /// Those that are being committed.
    under_way: HashMap<Token, Option<Vec<u8>>>,
    since: Option<Instant>,
    last: Round,
    written_by_somebody: bool,
}

impl Page {
    pub(super) fn enter(&mut self, token: &Token, entry: Vec<u8>) {
        self.words.insert(token.clone(), Some(entry));
    }

    pub(super) fn strike(&mut self, token: &Token) {
        if self.words.len() < MOST {
            self.words.insert(token.clone(), None);
        } else {
            self.words.remove(token);
        }
    }

    /// Returns the number of the commit that what is on the page now is part of.
    pub(super) fn next_round(&self) -> Round {
        self.last + 1
    }

    /// Returns since when the store has owed an answer.
    pub(super) fn under_way_since(&self) -> Option<Instant> {
        self.since
    }

    /// Returns whether the caller is to write: nobody does.
    pub(super) fn begin(&mut self) -> bool {
        !mem::replace(&mut self.written_by_somebody, true)
    }

    /// Returns what is to be committed; if that is nothing, nobody writes any more.
    pub(super) fn take(&mut self) -> Option<(Round, Batch)> {
        if self.words.is_empty() {
            self.written_by_somebody = false;
            return None;
        }
        self.under_way = mem::take(&mut self.words);
        self.since.get_or_insert_with(Instant::now);
        self.last += 1;
        let change = |(token, word): (&Token, &Option<Vec<u8>>)| {
            let key = token.as_str().to_owned();
            match word {
                Some(entry) => Change::Put(Table::Connections, key, entry.clone()),
                None => Change::Remove(Table::Connections, key),
            }
        };
        Some((self.last, self.under_way.iter().map(change).collect()))
    }

    /// What was taken is committed.
    pub(super) fn written(&mut self) {
        self.under_way.clear();
        self.since = None;
    }

    /// What was taken is to be committed again, but for what has changed since.
    fn put_back(&mut self) {
        for (token, word) in self.under_way.drain() {
            self.words.entry(token).or_insert(word);
        }
    }

    /// As [`Page::put_back`], and nobody writes any more unless something has come since: then that is returned.
    pub(super) fn refused(&mut self) -> bool {
        self.written_by_somebody = !self.words.is_empty();
        self.since = None;
        self.put_back();
        self.written_by_somebody
    }

    /// Returns whose entry is not committed.
    pub(super) fn entries(&self) -> HashSet<Token> {
        let under_way = self.under_way.iter().filter(|(token, _)| !self.words.contains_key(*token));
        let words = self.words.iter().chain(under_way);
        words.filter(|(_, word)| word.is_some()).map(|(token, _)| token.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: usize) -> Token {
        format!("t{number}").parse().expect("a token")
    }

    fn put(number: usize) -> Change {
        Change::Put(Table::Connections, format!("t{number}"), vec![1])
    }

    fn remove(number: usize) -> Change {
        Change::Remove(Table::Connections, format!("t{number}"))
    }

    fn taken(page: &mut Page) -> Batch {
        let (_, mut batch) = page.take().expect("something to write");
        batch.sort_by_key(|change| format!("{change:?}"));
        batch
    }

    #[test]
    fn the_last_word_on_a_token_wins_whatever_becomes_of_a_commit() {
        let mut page = Page::default();
        page.enter(&token(1), vec![1]);
        page.enter(&token(2), vec![1]);
        assert_eq!(taken(&mut page), [put(1), put(2)]);
        page.strike(&token(1));
        page.enter(&token(3), vec![1]);
        assert_eq!(page.entries(), HashSet::from([token(2), token(3)]));
        page.put_back();
        assert_eq!(taken(&mut page), [put(2), put(3), remove(1)]);
        page.written();
        assert!(page.entries().is_empty());
        assert!(page.take().is_none());
    }

    #[test]
    fn what_comes_while_a_commit_is_refused_is_written_by_the_same() {
        let mut page = Page::default();
        page.enter(&token(1), vec![1]);
        assert!(page.begin() && !page.begin());
        taken(&mut page);
        page.enter(&token(2), vec![1]);
        assert!(page.refused(), "there is news");
        assert_eq!(taken(&mut page), [put(1), put(2)]);
        assert!(!page.refused());
        assert!(page.begin(), "whoever comes next writes");
    }

    #[test]
    fn ends_are_let_go_of_where_too_much_waits_entries_never() {
        let mut page = Page::default();
        for number in 0..MOST {
            page.strike(&token(number));
        }
        page.enter(&token(MOST), vec![1]);
        page.enter(&token(MOST + 1), vec![1]);
        page.strike(&token(MOST));
        page.strike(&token(MOST + 2));
        assert_eq!((page.words.len(), page.entries()), (MOST + 1, HashSet::from([token(MOST + 1)])));
    }
}
