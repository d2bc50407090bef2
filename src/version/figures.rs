//! How far a version has come, in numbers, and how far it is to come.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a version has come, in connections: `connections` = `written` + `failed` + `overflowed` + `gone` + `queued`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// How many were selected.
    pub connections: usize,
    /// To how many it was written: accepted by the kernel, or by the gateway. Not how many have received it.
    pub written: usize,
    /// For how many writing it failed.
    pub failed: usize,
    /// How many were ended because they took their bytes too slowly.
    pub overflowed: usize,
    /// How many left before, or were told a newer version instead.
    pub gone: usize,
    /// For how many it still waits.
    pub queued: usize,
}

impl Figures {
    /// Returns how many were selected and have not left.
    pub fn present(&self) -> usize {
        self.connections - self.gone.min(self.connections)
    }
}

/// To how many of those that were selected, and have not left, a version is to be written: `95%`, or a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Least {
    /// This share of them, in percent.
    Percent(f64),
    /// So many.
    Connections(usize),
}

/// It is no share and no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a share nor a number of connections: write 95% or 20")]
pub struct InvalidLeast(String);

impl Least {
    /// Everyone.
    pub const ALL: Self = Self::Percent(100.0);

    /// Returns how many connections that are.
    pub fn of(self, figures: &Figures) -> usize {
        match self {
            Self::Connections(count) => count,
            // Both are small enough to be exact.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Self::Percent(percent) => (figures.present() as f64 * percent / 100.0 - 1e-9).ceil() as usize,
        }
    }

    /// Returns whether it has been written to enough.
    pub fn is_reached(self, figures: &Figures) -> bool {
        figures.written >= self.of(figures)
    }

    /// Returns whether nothing that still waits can change whether it has been written to enough.
    pub fn is_decided(self, figures: &Figures) -> bool {
        self.is_reached(figures) || !self.can_be_reached(figures)
    }

    fn can_be_reached(self, figures: &Figures) -> bool {
        let Figures { written, queued, .. } = *figures;
        self.is_reached(&Figures { written: written + queued, queued: 0, ..*figures })
    }
}

impl FromStr for Least {
    type Err = InvalidLeast;

    fn from_str(text: &str) -> Result<Self, InvalidLeast> {
        let invalid = || InvalidLeast(text.to_owned());
        match text.strip_suffix('%') {
            Some(share) => {
                let percent = share.parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
                percent.map(Self::Percent).ok_or_else(invalid)
            }
            None => text.parse().map(Self::Connections).map_err(|_| invalid()),
        }
    }
}

impl fmt::Display for Least {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Connections(count) => write!(f, "{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(connections: usize, written: usize, gone: usize, queued: usize) -> Figures {
        let failed = connections - written - gone - queued;
        Figures { connections, written, failed, overflowed: 0, gone, queued }
    }

    fn least(text: &str) -> Least {
        text.parse().expect(text)
    }

    #[test]
    fn a_share_is_one_of_those_that_have_not_left() {
        for (text, figures, needed) in [
            ("100%", figures(3, 0, 0, 3), 3),
            ("100%", figures(3, 0, 1, 2), 2),
            ("95%", figures(100, 0, 0, 100), 95),
            ("95%", figures(3, 0, 0, 3), 3),
            ("50%", figures(3, 0, 0, 3), 2),
            ("29%", figures(100, 0, 0, 100), 29),
            ("0%", figures(3, 0, 0, 3), 0),
            ("20", figures(3, 0, 0, 3), 20),
            ("100%", figures(0, 0, 0, 0), 0),
        ] {
            assert_eq!(least(text).of(&figures), needed, "{text} of {figures:?}");
        }
    }

    #[test]
    fn it_is_decided_once_nothing_that_waits_can_change_it() {
        for (text, figures, reached, decided) in [
            ("100%", figures(3, 2, 0, 1), false, false),
            ("100%", figures(3, 3, 0, 0), true, true),
            ("100%", figures(3, 2, 1, 0), true, true),
            // One failed, and does not leave any more.
            ("100%", figures(3, 1, 0, 1), false, true),
            ("60%", figures(3, 2, 0, 1), true, true),
            ("3", figures(3, 2, 0, 1), false, false),
            ("4", figures(3, 2, 0, 1), false, true),
            ("3", figures(3, 2, 0, 0), false, true),
            ("1", figures(0, 0, 0, 0), false, true),
        ] {
            assert_eq!(least(text).is_reached(&figures), reached, "{text} of {figures:?}");
            assert_eq!(least(text).is_decided(&figures), decided, "{text} of {figures:?}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for wrong in ["", "%", "-1", "-1%", "101%", "NaN%", "1.5", "most"] {
            assert!(wrong.parse::<Least>().is_err(), "{wrong}");
        }
        for text in ["95%", "99.5%", "0", "20"] {
            assert_eq!(least(text).to_string(), text);
        }
    }
}
