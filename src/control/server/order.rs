//! Mutations: carried out to the end even when the caller hangs up, and logged, refused ones too.

use std::{future::Future, sync::Arc};

use super::failure::Rejected;
use crate::{control::types::ErrorCode, idempotency::Actor, services::Services};

/// A mutation as the log names it.
pub(super) struct Order {
    pub(super) actor: Actor,
    pub(super) verb: &'static str,
    pub(super) target: String,
    pub(super) key: Option<String>,
}

impl Order {
    pub(super) fn new(
        actor: Actor,
        verb: &'static str,
        target: &dyn std::fmt::Display,
        key: Option<&String>,
    ) -> Self {
        Self { actor, verb, target: target.to_string(), key: key.cloned() }
    }

    /// Carries out a mutation in a task of its own: a caller that hangs up does not leave it half done.
    pub(super) async fn carry_out<R: Send + 'static>(
        self,
        services: &Services,
        act: impl Future<Output = Result<R, Rejected>> + Send + 'static,
    ) -> Result<R, Rejected> {
        let logged = async move {
            let outcome = act.await;
            self.log(outcome.as_ref().err());
            outcome
        };
        uninterrupted(services, logged).await
    }

    fn log(&self, refused: Option<&Rejected>) {
        let Self { actor, verb, target, key } = self;
        let outcome = refused.map_or("done", |refused| refused.0.message.as_str());
        // `Debug` for what others wrote: a log line cannot be forged with it.
        tracing::info!(%actor, verb, ?target, key = ?key.as_deref().unwrap_or("generated"), ?outcome, "order");
    }
}

/// Runs to the end even when the caller hangs up.
pub(super) async fn uninterrupted<R: Send + 'static>(
    services: &Services,
    act: impl Future<Output = Result<R, Rejected>> + Send + 'static,
) -> Result<R, Rejected> {
    match services.lifecycle.spawn(act).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(%error, "an order of the control API failed");
            Err(Rejected::new(ErrorCode::Internal, "the daemon failed; its log says more"))
        }
    }
}

/// What handlers share.
pub(super) type Shared = Arc<Services>;
