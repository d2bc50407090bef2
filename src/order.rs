//! Mutations, whichever door they come through: refused to callers who may not, carried out to the end even when
//! the caller hangs up, and logged with one line and one entry of the audit log each,
//! refused ones too. Of one that broke off nobody knows what was done, and that is what is said.

use std::{fmt::Display, sync::Arc};

pub(crate) use crate::role::Verb;
use crate::{
    access::{Caller, Denied},
    audit::{self, Draft},
    control::types::{
        DisconnectReceipt, DrainReceipt, LogLevelReceipt, ReloadReceipt, StopReceipt, UnblockReceipt,
    },
    idempotency::Mandate,
    lifecycle::Lifecycle,
    services::Services,
    task::TaskReceipt,
    version::{ClearReceipt, VersionReceipt},
};

/// A mutation as the log names it.
pub(crate) struct Order {
    caller: Caller,
    verb: Verb,
    target: String,
    key: Option<String>,
    reason: Option<String>,
}

/// Why a mutation was not carried out, or not to its end.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NotDone {
    /// The caller may not order it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It broke off: whether it was done is not known.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// It broke off: a defect.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the daemon failed; its log says more")]
pub(crate) struct Broken;

impl Order {
    /// Returns an order that is not carried out yet.
    pub(crate) fn new(caller: Caller, verb: Verb, target: &dyn Display, key: Option<&String>) -> Self {
        let key = key.map(|key| audit::cut(key));
        Self { caller, verb, target: audit::cut(&target.to_string()), key, reason: None }
    }

    /// Notes why it was given, if that was said.
    pub(crate) fn because(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(audit::cut);
        self
    }

    /// Carries out a mutation in a task of its own, if the caller may order it: one that hangs up does not leave it
    /// half done.
    pub(crate) async fn carry_out<R, E, F>(
        self,
        services: &Services,
        act: impl FnOnce(Mandate) -> F,
    ) -> Result<Result<R, E>, NotDone>
    where
        F: Future<Output = Result<R, E>> + Send + 'static,
        R: Receipt + Send + 'static,
        E: Display + Send + 'static,
    {
        let draft = self.draft(services);
        self.allowed().inspect_err(|denied| self.refused(denied, &draft))?;
        let act = act(Mandate::audited(self.caller.actor, Arc::clone(&draft)));
        let entered = Arc::clone(&draft);
        let logged = async move {
            let outcome = act.await;
            match &outcome {
                Ok(receipt) => self.done(&receipt.facts(), &draft),
                Err(why) => self.refused(why, &draft),
            }
            outcome
        };
        let carried_out = uninterrupted(&services.lifecycle, logged).await;
        Ok(carried_out.inspect_err(|broken| entered.broken(&broken.to_string()))?)
    }

    /// Refuses it to a caller who may not order it.
    pub(crate) fn allowed(&self) -> Result<(), Denied> {
        self.caller.must_have(self.verb.needs)
    }

    /// Logs that it was refused before it was carried out.
    pub(crate) fn refuse(&self, services: &Services, why: &impl Display) {
        self.refused(why, &self.draft(services));
    }

    fn draft(&self, services: &Services) -> Arc<Draft> {
        services.audit.draft(
            &self.caller,
            self.verb.name,
            &self.target,
            self.key.as_deref(),
            self.reason.as_deref(),
        )
    }

    // Text that others wrote is given as text: the log's form sees to it that no line can be forged with it.

    fn done(&self, facts: &Facts<'_>, draft: &Draft) {
        draft.answered(facts.key);
        let Self {
            caller: Caller { actor, via, .. },
            verb: Verb { name: verb, .. },
            target: what,
            reason,
            ..
        } = self;
        let Facts { key, task, sequence, connections, cleared, tasks } = *facts;
        let task = task.filter(|task| task != what);
        let via = via.as_deref();
        tracing::info!(
            verb, what, %actor, via, key, task, sequence, connections, cleared, tasks, reason, "order done"
        );
    }

    fn refused(&self, why: &impl Display, draft: &Draft) {
        let why = audit::cut(&why.to_string());
        draft.refused(&why);
        let Self {
            caller: Caller { actor, via, .. }, verb: Verb { name: verb, .. }, target: what, key, ..
        } = self;
        tracing::info!(verb, what, %actor, via = via.as_deref(), key, why, "order refused");
    }
}

/// Runs to the end even when the caller hangs up.
pub(crate) async fn uninterrupted<T: Send + 'static>(
    lifecycle: &Lifecycle,
    act: impl Future<Output = T> + Send + 'static,
) -> Result<T, Broken> {
    lifecycle.spawn(act).await.map_err(|error| {
        tracing::error!(%error, "an order broke off");
        Broken
    })
}

/// What the log says of a mutation that was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'a> {
    key: &'a str,
    task: Option<&'a str>,
    /// Of a version.
    sequence: Option<u64>,
    /// How many were selected, or disconnected.
    connections: Option<usize>,
    /// Pending versions that were removed.
    cleared: Option<usize>,
    /// Tasks that are waited for.
    tasks: Option<usize>,
}

/// What a mutation is answered with.
pub(crate) trait Receipt {
    /// Returns what the log says of it.
    fn facts(&self) -> Facts<'_>;
}

impl Receipt for VersionReceipt {
    fn facts(&self) -> Facts<'_> {
        let (sequence, connections) = (Some(self.sequence.0), Some(self.connections));
        Facts { key: &self.key, sequence, connections, ..Facts::default() }
    }
}

impl Receipt for ClearReceipt {
    fn facts(&self) -> Facts<'_> {
        Facts { key: &self.key, cleared: Some(self.cleared), ..Facts::default() }
    }
}

impl Receipt for TaskReceipt {
    fn facts(&self) -> Facts<'_> {
        Facts { key: &self.key, task: Some(&self.task_id), ..Facts::default() }
    }
}

impl Receipt for DisconnectReceipt {
    fn facts(&self) -> Facts<'_> {
        Facts { key: &self.key, connections: Some(self.disconnected.len()), ..Facts::default() }
    }
}

impl Receipt for UnblockReceipt {
    fn facts(&self) -> Facts<'_> {
        Facts { key: &self.key, ..Facts::default() }
    }
}

impl Receipt for DrainReceipt {
    fn facts(&self) -> Facts<'_> {
        let connections = self.drain.as_ref().map(|drain| drain.left);
        Facts { key: &self.key, connections, ..Facts::default() }
    }
}

impl Receipt for LogLevelReceipt {
    fn facts(&self) -> Facts<'_> {
        Facts { key: &self.key, ..Facts::default() }
    }
}

impl Receipt for ReloadReceipt {
    fn facts(&self) -> Facts<'_> {
        Facts { key: &self.key, ..Facts::default() }
    }
}

impl Receipt for StopReceipt {
    fn facts(&self) -> Facts<'_> {
        Facts { key: &self.key, tasks: Some(self.tasks), ..Facts::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_is_short_whatever_came() {
        let long = "k".repeat(100_000);
        let order = Order::new(Caller::token(), Verb::VERSION_QUEUE, &long, Some(&long));
        assert!(order.target.len() < 300 && order.key.is_some_and(|key| key.len() < 300));
    }
}
