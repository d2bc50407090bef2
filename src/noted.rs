//! What strangers cause is logged once each, and not without end.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// How many texts are remembered, and
const TEXTS: usize = 100;
/// how long one may be. Beyond either nothing is new any more.
const BYTES: usize = 256;

/// The texts that were there before.
#[derive(Debug, Default)]
pub(crate) struct Noted(Mutex<HashSet<String>>);

impl Noted {
    /// Returns whether the text is there for the first time.
    pub(crate) fn is_new(&self, text: &str) -> bool {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.len() <= BYTES && texts.len() < TEXTS && texts.insert(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_once_and_their_number_is_bounded() {
        let noted = Noted::default();
        assert!(noted.is_new("a") && !noted.is_new("a"));
        assert!(!noted.is_new(&"x".repeat(BYTES + 1)));
        let new = (0..2 * TEXTS).filter(|number| noted.is_new(&number.to_string())).count();
        assert_eq!(new, TEXTS - 1);
    }
}
