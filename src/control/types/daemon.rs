//! Orders to the daemon itself.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::forms::{Key, Moment};

/// A mutation without further content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keyed {
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

/// The settings were read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReloadReceipt {
    /// The idempotency key.
    #[schemars(with = "Key")]
    pub key: String,
    /// The settings that were changed and hold now. Secrets and roles were looked up again, too.
    pub changed: Vec<String>,
    /// The settings that were changed and hold after a restart.
    pub after_restart: Vec<String>,
}

/// The daemon is stopping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StopReceipt {
    /// The idempotency key.
    #[schemars(with = "Key")]
    pub key: String,
    /// Unfinished tasks that it waits for.
    pub tasks: usize,
    /// The sockets that a service manager holds open: it starts the daemon again at the next connection.
    #[serde(default)]
    pub activated: Vec<String>,
}

/// The longest that a drain may take.
pub const MAX_DRAIN: Duration = Duration::from_secs(86_400);

/// The pace that is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrainPace {
    /// Evenly over this time; a minute when not given.
    pub over_ms: Option<u64>,
}

/// An order to send embedded streams away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginDrain {
    /// Evenly over this time; not given: a drain under way goes on as it is, another takes a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_ms: Option<u64>,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

/// A drain: embedded streams are sent away, none are let in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DrainView {
    /// When it began, or got its present pace.
    #[schemars(with = "Moment")]
    pub began_at: Timestamp,
    /// Over what time streams are sent away.
    pub over_ms: u64,
    /// How many there were then.
    pub connections: usize,
    /// How many are left.
    pub left: usize,
    /// How many browsers are sent away, and soon come back, in a second.
    pub reconnects_per_second: f64,
}

/// A drain has begun, or was taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DrainReceipt {
    /// The idempotency key.
    #[schemars(with = "Key")]
    pub key: String,
    /// The drain; none if there was none to take back.
    pub drain: Option<DrainView>,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogLevelView {
    /// The filter that holds: a level, and levels of targets.
    pub filter: String,
    /// The one of the settings.
    pub configured: String,
    /// Until when it holds if it is not that one; null: until the daemon ends.
    #[schemars(with = "Option<Moment>")]
    pub until: Option<Timestamp>,
}

/// An order to log otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetLogLevel {
    /// `debug`, or `ssectl_core::task=debug`, several separated by commas; not given: as the settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// For so long; not given: until the daemon ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
    /// The idempotency key; generated when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Key>")]
    pub key: Option<String>,
}

/// Something else is logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogLevelReceipt {
    /// The idempotency key.
    #[schemars(with = "Key")]
    pub key: String,
    /// What is logged from now on.
    pub level: LogLevelView,
}
