//! Receipts by idempotency key: the same key and body gives the first receipt again, another body is a conflict.
//!
//! A key belongs to whoever used it and to the verb: two users, or two verbs, never meet.

use std::fmt;

/// Who asks for a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A process of this user, over the control socket.
    Uid(u32),
    /// An application backend, over the internal listener.
    Publisher,
    /// The testing endpoints.
    Testing,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "uid {uid}"),
            Self::Publisher => f.write_str("publisher"),
            Self::Testing => f.write_str("testing"),
        }
    }
}

/// A mutation as its repetition is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// Who asks.
    pub actor: Actor,
    /// For what: `version.queue`, `task.create`…
    pub verb: &'static str,
    /// The idempotency key.
    pub key: String,
}

impl Mutation {
    /// Returns a mutation with the key that was given, or a generated one.
    pub fn new(actor: Actor, verb: &'static str, key: Option<String>) -> Self {
        Self { actor, verb, key: key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()) }
    }
}

/// The key was used for something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key {0:?} was used before with another request")]
pub struct KeyConflict(pub String);

/// Receipts by key.
pub struct Receipts;
