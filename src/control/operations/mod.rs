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
pub(crate) mod members;
mod operation;
mod schema;
pub(crate) mod tasks;
pub(crate) mod versions;
pub(crate) mod wait;

pub use self::{
    document::document,
    operation::{Answer, Doors, Form, Method, Needs, Operation, Scope, Shape},
    schema::{find, kinds},
};

#[cfg(feature = "daemon")]
pub(crate) use self::document::DOCUMENT;

/// Every operation, as documents list them.
pub const ALL: &[&[Operation]] = &[
    daemon::ALL,
    connections::ALL,
    versions::ALL,
    tasks::ALL,
    events::ALL,
    wait::ALL,
    audit::ALL,
    members::ALL,
];

/// Returns the operation that is asked for by this method at this path; one whose path has no variable part goes
/// before one with.
pub fn at(method: Method, path: &str) -> Option<&'static Operation> {
    let fits = |operation: &&Operation| {
        let (pattern, parts) = (operation.path.split('/'), path.split('/'));
        let same =
            |(pattern, part): (&str, &str)| pattern == part || (pattern.starts_with('{') && !part.is_empty());
        let alike = pattern.clone().count() == parts.clone().count() && pattern.zip(parts).all(same);
        alike && operation.method == method
    };
    let all = ALL.iter().copied().flatten().filter(fits);
    all.min_by_key(|operation| operation.path.contains('{'))
}

#[cfg(test)]
mod tests;
