//! Between stream and registry: an embedded stream asks to be let in, and is told what is pending.

mod backend;
mod greeting;

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};

pub use backend::Backend;
pub(crate) use backend::TellingDepartures;
use greeting::Greeting;

use crate::{
    blocks::Blocks,
    connection::CloseReason,
    delivery::{Delivery, Dispatcher, embedded::EmbeddedDelivery},
    lifecycle::Lifecycle,
    registry::{self, ConnectionRegistry, Newcomer},
    request_id::RequestId,
    services::Services,
    stream::{Admission, Admitted, Arrival, callback::Reason},
};

/// Admits by registering, once the backend has nothing against it, if there is one.
pub(crate) struct RegistryAdmission {
    registry: Arc<ConnectionRegistry>,
    blocks: Arc<Blocks>,
    dispatcher: Arc<Dispatcher>,
    embedded: Arc<EmbeddedDelivery>,
    greeting: Greeting,
    lifecycle: Lifecycle,
    backend: Option<Arc<Backend>>,
}

impl RegistryAdmission {
    /// Returns the admission to this daemon's registry.
    pub(crate) fn new(
        services: &Services,
        embedded: Arc<EmbeddedDelivery>,
        backend: Option<Arc<Backend>>,
    ) -> Self {
        Self {
            registry: Arc::clone(&services.registry),
            blocks: Arc::clone(&services.blocks),
            dispatcher: Arc::clone(&services.dispatcher),
            greeting: Greeting::new(services, Arc::clone(&embedded)),
            embedded,
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
    async fn take_back(&self, arrival: &registry::Arrival) -> Admitted {
        let connection = arrival.connection();
        self.registry.disconnect(&connection.token, CloseReason::Disconnected);
        for old in arrival.to_close() {
            self.embedded.close(Arc::clone(old), CloseReason::Disconnected).await;
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
                self.embedded.close(Arc::clone(old), CloseReason::Replaced).await;
            }
            Admitted::Open(Arc::clone(arrival.connection()))
        }
        .boxed()
    }

    fn open(&self, mut arrival: Arrival, last_event_id: Option<String>) -> BoxFuture<'_, ()> {
        async move {
            let connection = Arc::clone(&arrival.connection);
            let adopted = async {
                arrival.first = self.greeting.of(&connection, last_event_id.as_deref());
                self.embedded.adopt(arrival).await;
            };
            self.dispatcher.pause(adopted).await;
            self.registry.announce(&connection);
        }
        .boxed()
    }
}
