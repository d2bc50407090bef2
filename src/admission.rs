//! Between stream and registry: an embedded stream asks to be let in, and is told what is pending.

mod backend;

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};

pub use backend::Backend;
pub(crate) use backend::TellingDepartures;

use crate::{
    blocks::Blocks,
    connection::{CloseReason, Connection},
    delivery::Delivery,
    lifecycle::Lifecycle,
    registry::{Arrival, ConnectionRegistry, Newcomer},
    request_id::RequestId,
    services::Services,
    stream::{Admission, Admitted, callback::Reason},
    version::VersionService,
};

/// Admits by registering, once the backend has nothing against it, if there is one.
pub struct RegistryAdmission {
    registry: Arc<ConnectionRegistry>,
    delivery: Arc<dyn Delivery>,
    versions: Arc<VersionService>,
    blocks: Arc<Blocks>,
    lifecycle: Lifecycle,
    backend: Option<Arc<Backend>>,
}

impl RegistryAdmission {
    /// Returns the admission to this daemon's registry.
    pub fn new(services: &Services, backend: Option<Arc<Backend>>) -> Self {
        Self {
            registry: Arc::clone(&services.registry),
            delivery: Arc::clone(&services.delivery),
            versions: Arc::clone(&services.versions),
            blocks: Arc::clone(&services.blocks),
            lifecycle: services.lifecycle.clone(),
            backend,
        }
    }

    /// Refuses what is refused whatever the backend says.
    fn check(&self, id: &RequestId) -> Result<(), Admitted> {
        if self.blocks.has(id) {
            return Err(Admitted::Blocked);
        }
        self.lifecycle.admits().map_err(Admitted::Shut)?;
        if self.registry.is_flapping(id) { Err(Admitted::Flapping) } else { Ok(()) }
    }

    async fn agree(&self, newcomer: &Newcomer, request: Option<Arc<str>>) -> Result<(), Admitted> {
        self.check(&newcomer.request_id)?;
        let (Some(backend), Some(request)) = (&self.backend, request) else { return Ok(()) };
        backend.ask(&newcomer.token, request).await?;
        // Asking takes its time.
        self.check(&newcomer.request_id).inspect_err(|_| backend.tell(&newcomer.token, Reason::ServerClosed))
    }
}

impl RegistryAdmission {
    async fn take_back(&self, arrival: &Arrival) -> Admitted {
        let connection = arrival.connection();
        self.registry.disconnect(&connection.token, CloseReason::Disconnected);
        for old in arrival.to_close() {
            self.delivery.close(Arc::clone(old), CloseReason::Disconnected).await;
        }
        if let Some(backend) = &self.backend {
            backend.tell(&connection.token, Reason::ServerClosed);
        }
        Admitted::Blocked
    }
}

impl Admission for RegistryAdmission {
    fn admit(&self, newcomer: Newcomer, request: Option<Arc<str>>) -> BoxFuture<'_, Admitted> {
        async move {
            if let Err(refused) = self.agree(&newcomer, request).await {
                return refused;
            }
            let arrival = self.registry.register(newcomer);
            // Whoever was refused in this very moment was not there yet when those were taken out who were.
            if self.blocks.has(&arrival.connection().request_id) {
                return self.take_back(&arrival).await;
            }
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
