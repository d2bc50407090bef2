//! The name of one stream, issued by whoever holds it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::short_text::ShortText;

/// A valid token: 1 to 512 printable ASCII characters, opaque. It is a capability: logs and readers see
/// [`Token::short`] only, which is also what `Debug` prints.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(ShortText);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is 1 to {} printable ASCII characters", Token::MAX_BYTES)]
pub struct InvalidToken;

impl Token {
    /// The longest token.
    pub const MAX_BYTES: usize = 512;

    /// Returns a new unguessable token (122 random bits).
    pub fn random() -> Self {
        Self(ShortText::from(
            &*uuid::Uuid::new_v4().hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()),
        ))
    }

    /// Returns the token whole.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns its first 8 characters, for logs and readers.
    pub fn short(&self) -> &str {
        &self.0[..self.0.len().min(8)]
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let fits = (1..=Self::MAX_BYTES).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(ShortText::from(text)))
        } else {
            Err(InvalidToken)
        }
    }
}

impl TryFrom<String> for Token {
    type Error = InvalidToken;

    fn try_from(text: String) -> Result<Self, InvalidToken> {
        text.parse()
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0.to_string()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}…)", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_printable_ascii_within_bounds() {
        assert!("a".parse::<Token>().is_ok());
        assert!("x".repeat(512).parse::<Token>().is_ok());
        for bad in ["", "a b", "a\n", "é", &"x".repeat(513)] {
            assert_eq!(bad.parse::<Token>(), Err(InvalidToken), "{bad:?}");
        }
    }

    #[test]
    fn debug_never_shows_it_whole() {
        let token = Token::random();
        assert!(!format!("{token:?}").contains(token.as_str()));
    }
}
