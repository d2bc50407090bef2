//! What a caller may do, and what can be ordered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a caller may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks; sees of each token 8 characters.
    Reader,
    /// Queues versions, sends events, reports tasks.
    Publisher,
    /// Disconnects, clears, cancels; sees tokens whole.
    Operator,
    /// Stops the daemon.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Publisher => "publisher",
            Self::Operator => "operator",
            Self::Admin => "admin",
        })
    }
}

/// What can be ordered, and the least role that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verb {
    /// Its name in the logs.
    pub name: &'static str,
    /// The least role that may order it.
    pub needs: Role,
}

impl Verb {
    pub(crate) const VERSION_QUEUE: Self = Self::new("version.queue", Role::Publisher);
    pub(crate) const VERSION_CLEAR: Self = Self::new("version.clear", Role::Operator);
    pub(crate) const TASK_CREATE: Self = Self::new("task.create", Role::Publisher);
    pub(crate) const TASK_COMPLETE: Self = Self::new("task.complete", Role::Publisher);
    pub(crate) const TASK_FAIL: Self = Self::new("task.fail", Role::Publisher);
    pub(crate) const TASK_CANCEL: Self = Self::new("task.cancel", Role::Operator);
    pub(crate) const TASK_REMOVE: Self = Self::new("task.remove", Role::Operator);
    pub(crate) const DISCONNECT: Self = Self::new("connections.disconnect", Role::Operator);
    pub(crate) const UNBLOCK: Self = Self::new("connections.unblock", Role::Operator);
    pub(crate) const DRAIN: Self = Self::new("daemon.drain", Role::Admin);
    pub(crate) const DRAIN_CANCEL: Self = Self::new("daemon.drain.cancel", Role::Admin);
    pub(crate) const LOG_LEVEL: Self = Self::new("daemon.log-level", Role::Admin);
    pub(crate) const RELOAD: Self = Self::new("daemon.reload", Role::Admin);
    pub(crate) const STOP: Self = Self::new("daemon.stop", Role::Admin);

    const fn new(name: &'static str, needs: Role) -> Self {
        Self { name, needs }
    }
}
