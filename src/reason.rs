//! Why somebody did something, in their own words: one short line.

/// The longest, in bytes.
pub const MAX: usize = 200;

/// Why a text is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReason {
    /// It says nothing.
    #[error("a reason must say something")]
    Empty,
    /// It is too long.
    #[error("a reason has at most {MAX} bytes")]
    TooLong,
    /// It is more than a line, or not for reading.
    #[error("a reason must not contain control characters")]
    Control,
}

/// Refuses what is no reason.
pub fn check(text: &str) -> Result<(), InvalidReason> {
    if text.trim().is_empty() {
        Err(InvalidReason::Empty)
    } else if text.len() > MAX {
        Err(InvalidReason::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(InvalidReason::Control)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_short_line() {
        assert_eq!(check("moved to another shard, see #12 (ä)"), Ok(()));
        for (text, why) in [
            ("", InvalidReason::Empty),
            (" \t", InvalidReason::Empty),
            ("a\nb", InvalidReason::Control),
            ("a\u{1b}[31m", InvalidReason::Control),
            (&"x".repeat(MAX + 1), InvalidReason::TooLong),
        ] {
            assert_eq!(check(text), Err(why), "{text:?}");
        }
    }
}
