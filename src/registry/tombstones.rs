//! Tokens whose stream has ended, remembered for a while: callbacks overtake one another and come twice, and a connect
//! that comes after the end of its own stream must register nobody. A gateway never gives a token to a second stream.

use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::token::Token;

/// How long an end is remembered: longer than any callback is under way.
const LIFETIME: Duration = Duration::from_secs(60);
/// Beyond this many, the oldest are forgotten. What then is registered in vain is found by asking.
const MOST: usize = 16_384;

/// The ends of late.
#[derive(Debug, Default)]
pub(super) struct Tombstones {
    ended: HashSet<Token>,
    oldest_first: VecDeque<(Instant, Token)>,
}

impl Tombstones {
    pub(super) fn add(&mut self, token: &Token, now: Instant) {
        self.forget_old(now);
        if self.ended.insert(token.clone()) {
            self.oldest_first.push_back((now, token.clone()));
        }
        if self.oldest_first.len() > MOST {
            self.forget_oldest();
        }
    }

    pub(super) fn has(&mut self, token: &Token, now: Instant) -> bool {
        self.forget_old(now);
        self.ended.contains(token)
    }

    fn forget_old(&mut self, now: Instant) {
        while self.oldest_first.front().is_some_and(|(then, _)| now.duration_since(*then) >= LIFETIME) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, token)) = self.oldest_first.pop_front() {
            self.ended.remove(&token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: usize) -> Token {
        format!("t{number}").parse().expect("a token")
    }

    #[test]
    fn an_end_is_remembered_for_a_minute() {
        let (mut tombstones, start) = (Tombstones::default(), Instant::now());
        tombstones.add(&token(1), start);
        tombstones.add(&token(1), start + LIFETIME / 2);
        assert!(tombstones.has(&token(1), start + LIFETIME - Duration::from_nanos(1)));
        assert!(!tombstones.has(&token(2), start));
        assert!(!tombstones.has(&token(1), start + LIFETIME));
        assert!(tombstones.ended.is_empty() && tombstones.oldest_first.is_empty());
    }

    #[test]
    fn they_are_bounded_and_the_oldest_go_first() {
        let (mut tombstones, start) = (Tombstones::default(), Instant::now());
        for number in 0..MOST + 10 {
            tombstones.add(&token(number), start);
        }
        assert_eq!((tombstones.ended.len(), tombstones.oldest_first.len()), (MOST, MOST));
        assert!(!tombstones.has(&token(9), start) && tombstones.has(&token(10), start));
    }
}
