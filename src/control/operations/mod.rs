//! What can be asked of the control API: one table, from which the daemon's routes are made and the OpenAPI document is.
//!
//! An operation is declared beside those of its subject, named in [`ALL`], and given its handler where the server's
//! routes are; a test compares the three. Its words are in [`types`](super::types).

mod components;

pub(crate) mod audit;
pub(crate) mod connections;
pub(crate) mod daemon;
mod document;
pub(crate) mod events;
mod operation;
mod schema;
pub(crate) mod tasks;
pub(crate) mod versions;
pub(crate) mod wait;

pub use self::{
    document::document,
    operation::{Answer, Doors, Form, Method, Needs, Operation, Shape},
    schema::{find, kinds},
};

#[cfg(feature = "daemon")]
pub(crate) use self::document::DOCUMENT;

/// Every operation, as documents list them.
pub const ALL: &[&[Operation]] =
    &[daemon::ALL, connections::ALL, versions::ALL, tasks::ALL, events::ALL, wait::ALL, audit::ALL];

#[cfg(test)]
mod tests;
