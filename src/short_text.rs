//! Text that costs no allocation while it is short: identities are kept once for each connection.

use std::{
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

/// Longest text kept in place: a UUID has 36 bytes, and so many fit beside the kind and the length.
const IN_PLACE: usize = 38;

/// A text that never changes. Cloning copies it when it is short, and shares it otherwise.
#[derive(Clone)]
pub(crate) struct ShortText(Kept);

#[derive(Clone)]
enum Kept {
    InPlace(u8, [u8; IN_PLACE]),
    Shared(Arc<str>),
}

impl ShortText {
    fn bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::InPlace(length, bytes) => &bytes[..usize::from(*length)],
            Kept::Shared(text) => text.as_bytes(),
        }
    }
}

impl Deref for ShortText {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            // Checking so few bytes takes nanoseconds, and keeps the type free of unsafe code.
            Kept::InPlace(..) => {
                std::str::from_utf8(self.bytes()).expect("the bytes were copied from a str, whole")
            }
            Kept::Shared(text) => text,
        }
    }
}

impl From<&str> for ShortText {
    fn from(text: &str) -> Self {
        let mut bytes = [0; IN_PLACE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self(Kept::InPlace(length, bytes))
            }
            _ => Self(Kept::Shared(text.into())),
        }
    }
}

impl PartialEq for ShortText {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for ShortText {}

impl PartialOrd for ShortText {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ShortText {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl Hash for ShortText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_no_larger_than_an_arc_and_a_uuid_beside_it() {
        assert_eq!(size_of::<ShortText>(), 40);
    }

    proptest! {
        #[test]
        fn is_the_text_it_was_made_of(a in "\\PC{0,60}", b in "\\PC{0,60}") {
            let (short_a, short_b) = (ShortText::from(a.as_str()), ShortText::from(b.as_str()));
            prop_assert_eq!(&*short_a, a.as_str());
            prop_assert_eq!(short_a == short_b, a == b);
            prop_assert_eq!(short_a.cmp(&short_b), a.cmp(&b));
            prop_assert_eq!(&*short_a.clone(), a.as_str());
        }
    }
}
