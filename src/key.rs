//! Idempotency keys.

/// How keys begin that a client generated itself: for want of room they may be forgotten after an hour, unlike those
/// that people give.
pub const GENERATED: &str = "generated-";

/// The longest key.
const MAX_BYTES: usize = 128;

/// A key that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to {MAX_BYTES} printable ASCII characters without spaces")]
pub struct InvalidKey;

/// Returns whether a key is one.
pub fn check(key: &str) -> Result<(), InvalidKey> {
    let fits = (1..=MAX_BYTES).contains(&key.len());
    if fits && key.bytes().all(|b| b.is_ascii_graphic()) { Ok(()) } else { Err(InvalidKey) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_printable_ascii() {
        for good in ["a", "deploy-2026.11.23/4711", &"x".repeat(128)] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        for bad in ["", " ", "a b", "a\n", "\u{7f}", "é", &"x".repeat(129)] {
            assert_eq!(check(bad), Err(InvalidKey), "{bad:?}");
        }
    }
}
