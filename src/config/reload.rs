//! Settings that are read again: which of them hold at once, and which after a restart.

use serde_json::Value;

use super::{Config, keys};

/// What holds at once; a section stands for all that is in it.
pub const AT_ONCE: [&str; 7] = [
    "access",
    "callback.secret_file",
    "publish.token_file",
    "stream.cors_origins",
    "stream.accept_rate",
    "stream.trusted_proxies",
    "log.level",
];

/// The settings that were changed, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// They hold now.
    pub at_once: Vec<String>,
    /// They hold after a restart.
    pub after_restart: Vec<String>,
}

impl Config {
    /// Returns what is different in other settings.
    pub fn changes(&self, other: &Self) -> Changes {
        let (own, others) = (keys::flatten(self), keys::flatten(other));
        let changed = own.iter().zip(&others).filter(|(own, other)| own.default != other.default);
        let (at_once, after_restart) =
            changed.map(|(key, _)| key.path.clone()).partition(|path| holds_at_once(path));
        Changes { at_once, after_restart }
    }

    /// Returns these settings with what holds at once from others.
    pub fn overtaken_by(&self, other: &Self) -> Self {
        let plain = |config: &Self| serde_json::to_value(config).expect("settings are plain data");
        let (mut merged, other) = (plain(self), plain(other));
        for key in keys::flatten(self).iter().filter(|key| holds_at_once(&key.path)) {
            let place = format!("/{}", key.path.replace('.', "/"));
            if let (Some(here), Some(there)) = (merged.pointer_mut(&place), other.pointer(&place)) {
                *here = Value::clone(there);
            }
        }
        serde_json::from_value(merged).expect("settings are read as they are written")
    }
}

/// Returns whether a new value of this setting holds at once.
pub(super) fn holds_at_once(path: &str) -> bool {
    AT_ONCE
        .iter()
        .any(|place| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_at_once_is_told_apart_and_taken_over() {
        let before = Config::default();
        let mut after = before.clone();
        assert_eq!(before.changes(&after), Changes::default());
        after.log.level = "debug".to_owned();
        after.stream.accept_rate = 7;
        after.stream.heartbeat *= 2;
        after.mode = crate::config::Mode::Gateway;
        let changes = before.changes(&after);
        assert_eq!(changes.at_once, ["stream.accept_rate", "log.level"]);
        assert_eq!(changes.after_restart, ["mode", "stream.heartbeat"]);
        let merged = before.overtaken_by(&after);
        assert_eq!((&*merged.log.level, merged.stream.accept_rate), ("debug", 7));
        assert_eq!((merged.stream.heartbeat, merged.mode), (before.stream.heartbeat, before.mode));
        assert_eq!(merged.changes(&after).after_restart, ["mode", "stream.heartbeat"]);
    }

    #[test]
    fn every_place_is_one_of_the_settings_and_the_shipped_file_says_so() {
        let shipped = include_str!("../../dist/ssectld.toml");
        for place in AT_ONCE {
            assert!(shipped.contains(place), "dist/ssectld.toml does not say that {place} holds at once");
            assert!(
                keys::find(place).is_some() || keys::of_section(place).next().is_some(),
                "there is no {place}"
            );
        }
    }
}
