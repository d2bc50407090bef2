//! Told about connects and disconnects, in registration order, each isolated: an error, a panic or a time-out
//! is logged, counted, and stops nobody else.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    connection::{CloseReason, Connection},
    lifecycle::Lifecycle,
    metrics::{Metrics, ObserverFault},
};

/// What an observer may fail with; only logged.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;

/// Told about connects and disconnects, after they happened.
pub trait ConnectionObserver: Send + Sync + 'static {
    /// Returns the name for logs.
    fn name(&self) -> &'static str;

    /// A connection was registered.
    fn connected<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>>;

    /// A connection was unregistered.
    fn disconnected<'a>(
        &'a self,
        connection: &'a Arc<Connection>,
        reason: CloseReason,
    ) -> BoxFuture<'a, Result<(), ObserverError>> {
        let _ = (connection, reason);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// All observers, and how long each may take.
type All = (Arc<[Arc<dyn ConnectionObserver>]>, Duration);

/// The observers of a registry.
pub(super) struct Observers {
    all: Mutex<Option<All>>,
    lifecycle: Lifecycle,
    metrics: Arc<Metrics>,
}

impl Observers {
    pub(super) fn new(lifecycle: Lifecycle, metrics: Arc<Metrics>) -> Self {
        Self { all: Mutex::default(), lifecycle, metrics }
    }

    pub(super) fn set(&self, observers: Vec<Arc<dyn ConnectionObserver>>, limit: Duration) {
        *self.lock() = Some((observers.into(), limit));
    }

    /// Tells one more, after the others.
    #[cfg(feature = "nats")]
    pub(super) fn add(&self, observer: Arc<dyn ConnectionObserver>) {
        if let Some((all, _)) = &mut *self.lock() {
            *all = all.iter().cloned().chain([observer]).collect();
        }
    }

    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    pub(super) fn connected(&self, connection: &Arc<Connection>) {
        let connection = Arc::clone(connection);
        self.notify(move |observer| {
            let connection = Arc::clone(&connection);
            async move { observer.connected(&connection).await }.boxed()
        });
    }

    pub(super) fn disconnected(&self, connection: &Arc<Connection>, reason: CloseReason) {
        let connection = Arc::clone(connection);
        self.notify(move |observer| {
            let connection = Arc::clone(&connection);
            async move { observer.disconnected(&connection, reason).await }.boxed()
        });
    }

    fn notify<F>(&self, call: F)
    where
        F: Fn(Arc<dyn ConnectionObserver>) -> BoxFuture<'static, Result<(), ObserverError>> + Send + 'static,
    {
        let Some((all, limit)) = self.lock().clone() else { return };
        let metrics = Arc::clone(&self.metrics);
        // One task per notice; there are never more than connects and disconnects under way.
        self.lifecycle.spawn(async move {
            for observer in all.iter() {
                let name = observer.name();
                let told = AssertUnwindSafe(call(Arc::clone(observer))).catch_unwind();
                let fault = match tokio::time::timeout(limit, told).await {
                    Ok(Ok(Ok(()))) => continue,
                    Ok(Ok(Err(error))) => {
                        tracing::warn!(observer = name, %error, "observer failed");
                        ObserverFault::Error
                    }
                    Ok(Err(_)) => {
                        tracing::warn!(observer = name, "observer panicked");
                        ObserverFault::Panic
                    }
                    Err(_) => {
                        tracing::warn!(observer = name, ?limit, "observer took too long");
                        ObserverFault::TimeOut
                    }
                };
                metrics.observer_failed(fault);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Option<All>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
