//! The sequencer of versions: stores first, then tells, so that commit order is wire order.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{PendingVersion, QueueVersion, VersionReceipt};
use crate::{
    connection::Connection,
    delivery::TooLarge,
    idempotency::{Actor, KeyConflict},
    lifecycle::ShuttingDown,
    registry::{ConnectionObserver, ObserverError},
    request_id::RequestId,
    store::StoreError,
};

/// Why an order about versions was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The version or changelog is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The event would be too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The key was used for something else.
    #[error(transparent)]
    KeyConflict(#[from] KeyConflict),
    /// The shutdown began.
    #[error(transparent)]
    ShuttingDown(#[from] ShuttingDown),
    /// There are too many pending versions.
    #[error("{0} versions are pending for single request ids, the most that are kept")]
    Full(usize),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Knows what is pending, tells everyone of a new version and newcomers of the pending one.
pub struct VersionService;

impl VersionService {
    /// Stores a version, then tells who is to be told.
    pub async fn queue(&self, actor: Actor, order: QueueVersion) -> Result<VersionReceipt, VersionError> {
        let _ = (actor, order);
        todo!()
    }

    /// Forgets the version pending for a request id, or for everyone. Returns how many there were.
    pub async fn clear(&self, request_id: Option<&RequestId>) -> Result<usize, VersionError> {
        let _ = request_id;
        todo!()
    }

    /// Forgets every pending version.
    pub async fn clear_all(&self) -> Result<usize, VersionError> {
        todo!()
    }

    /// Returns what is pending, newest first.
    pub fn pending(&self) -> Vec<PendingVersion> {
        todo!()
    }

    /// Returns what a connection of this id, or of any id that has none of its own, would be told.
    pub fn current(&self, request_id: Option<&RequestId>) -> Option<PendingVersion> {
        let _ = request_id;
        todo!()
    }

    /// Returns whether a queued version survives a restart.
    pub fn durable(&self) -> bool {
        todo!()
    }
}

impl ConnectionObserver for VersionService {
    fn name(&self) -> &'static str {
        "version"
    }

    fn connected<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        let _ = connection;
        todo!()
    }
}
