//! Between stream and registry: an embedded stream asks to be let in, and is told what is pending.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    connection::{CloseReason, Connection},
    delivery::Delivery,
    lifecycle::Lifecycle,
    registry::{ConnectionRegistry, Newcomer},
    services::Services,
    stream::{Admission, Admitted},
    version::VersionService,
};

/// Admits by registering.
pub struct RegistryAdmission {
    registry: Arc<ConnectionRegistry>,
    delivery: Arc<dyn Delivery>,
    versions: Arc<VersionService>,
    lifecycle: Lifecycle,
}

impl RegistryAdmission {
    /// Returns the admission to this daemon's registry.
    pub fn new(services: &Services) -> Self {
        Self {
            registry: Arc::clone(&services.registry),
            delivery: Arc::clone(&services.delivery),
            versions: Arc::clone(&services.versions),
            lifecycle: services.lifecycle.clone(),
        }
    }
}

impl Admission for RegistryAdmission {
    fn admit(&self, newcomer: Newcomer) -> BoxFuture<'_, Admitted> {
        async move {
            if self.lifecycle.accepting().is_err() {
                return Admitted::ShuttingDown;
            }
            if self.registry.is_flapping(&newcomer.request_id) {
                return Admitted::Flapping;
            }
            let arrival = self.registry.register(newcomer);
            for old in arrival.to_close() {
                self.delivery.close(Arc::clone(old), CloseReason::Replaced).await;
            }
            Admitted::Open(Arc::clone(arrival.connection()))
        }
        .boxed()
    }

    fn opened<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, ()> {
        async move {
            self.versions.tell_pending(connection).await;
            self.registry.announce(connection);
        }
        .boxed()
    }
}
