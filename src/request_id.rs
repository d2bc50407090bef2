//! The browser's logical id, from `?request_id=`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::short_text::ShortText;

/// A valid request id: 1 to 128 bytes of printable Unicode without `:`, control, format or space characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(ShortText);

/// Why a text is no request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequestId {
    /// Nothing was given.
    #[error("a request id must not be empty")]
    Empty,
    /// Over [`RequestId::MAX_BYTES`].
    #[error("a request id has at most {} bytes", RequestId::MAX_BYTES)]
    TooLong,
    /// A character that is not allowed, escaped where it is not printable.
    #[error("a request id must not contain {0:?}: printable characters only, no ':' and no spaces")]
    Character(char),
}

impl RequestId {
    /// The longest request id, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 128;

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    fn from_str(text: &str) -> Result<Self, InvalidRequestId> {
        if text.is_empty() {
            return Err(InvalidRequestId::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidRequestId::TooLong);
        }
        match text.chars().find(|&c| c == ':' || !is_printable(c)) {
            Some(c) => Err(InvalidRequestId::Character(c)),
            None => Ok(Self(ShortText::from(text))),
        }
    }
}

impl TryFrom<String> for RequestId {
    type Error = InvalidRequestId;

    fn try_from(text: String) -> Result<Self, InvalidRequestId> {
        text.parse()
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0.to_string()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic();
    }
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, SpaceSeparator, Surrogate, Unassigned,
    };
    !matches!(
        c.general_category(),
        Control
            | Format
            | LineSeparator
            | ParagraphSeparator
            | PrivateUse
            | SpaceSeparator
            | Surrogate
            | Unassigned
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_browsers_send_and_refuses_the_rest() {
        for good in ["a", "k3v9x", "täb-1", "日本", "a/b?c=d&e", &"x".repeat(128)] {
            assert_eq!(good.parse::<RequestId>().expect(good).as_str(), good);
        }
        assert_eq!("".parse::<RequestId>(), Err(InvalidRequestId::Empty));
        assert_eq!("x".repeat(129).parse::<RequestId>(), Err(InvalidRequestId::TooLong));
        for bad in [':', ' ', '\t', '\n', '\r', '\0', '\u{7f}', '\u{200b}', '\u{202e}', '\u{a0}', '\u{feff}']
        {
            assert_eq!(format!("a{bad}b").parse::<RequestId>(), Err(InvalidRequestId::Character(bad)));
        }
    }
}
