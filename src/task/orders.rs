//! What callers may ask for. Every function here runs in a task of its own, so that nobody who hangs up cuts it
//! off half-way.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Builtins, CreateTask, EndTask, MAX_NAME_BYTES, Owner, ReportProgress, TaskError, TaskEvent,
    TaskEventType, TaskReceipt, TaskStatus, TaskView,
    book::Job,
    builtin::Builtin,
    entry::{Entry, Lease},
    inner::{Inner, Keyed, REPORTER_LOST, put, removal},
    state::{Outcome, State},
};
use crate::idempotency::{Begun, Mandate, Mutation};

/// How long an answer waits for the end to be told.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// What a task failed with when its reporter does not say.
const NO_ERROR_GIVEN: &str = "Task failed";

/// Who is to run a new task.
pub(super) enum Plan {
    /// The daemon.
    Builtin(&'static str, Job),
    /// The caller, under this name.
    Reporter(String),
}

/// What a caller wants a task to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Fail,
    Cancel,
}

impl End {
    fn verb(self) -> &'static str {
        match self {
            Self::Complete => "task.complete",
            Self::Fail => "task.fail",
            Self::Cancel => "task.cancel",
        }
    }

    fn outcome(self, order: &mut EndTask) -> Result<Outcome, TaskError> {
        let (result, error) = (order.result.clone(), order.error.clone());
        match (self, result, error) {
            (Self::Complete, result, None) => {
                Ok(Outcome::Completed(result.map_or_else(|| json!({ "success": true }), Value::Object)))
            }
            (Self::Fail, None, error) => {
                Ok(Outcome::Failed(error.unwrap_or_else(|| NO_ERROR_GIVEN.to_owned())))
            }
            (Self::Cancel, None, None) => Ok(Outcome::Cancelled(None)),
            (Self::Complete, ..) => Err(invalid("a task that completes has no error: use fail")),
            (Self::Fail, ..) => Err(invalid("a task that fails has no result: use complete")),
            (Self::Cancel, ..) => Err(invalid("cancelling takes neither a result nor an error")),
        }
    }
}

impl Inner {
    pub(super) async fn create(
        self: &Arc<Self>,
        by: Mandate,
        order: CreateTask,
    ) -> Result<TaskReceipt, TaskError> {
        let plan = self.plan(&order)?;
        let mutation = Mutation::new(by, "task.create", order.key.clone());
        self.admit(&mutation, &order, plan).await
    }

    fn plan(&self, order: &CreateTask) -> Result<Plan, TaskError> {
        match (&order.builtin, &order.name) {
            (Some(name), None) => match (self.builtins, Builtin::find(name)) {
                (Builtins::On, Some(builtin)) => {
                    Ok(Plan::Builtin(builtin.name(), builtin.job(order.params.clone())))
                }
                _ => Err(TaskError::UnknownBuiltin(name.clone())),
            },
            (None, Some(_)) if !order.params.is_empty() => {
                Err(invalid("only built-in tasks have parameters"))
            }
            (None, Some(name)) => {
                let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
                if fits && !name.chars().any(char::is_control) {
                    Ok(Plan::Reporter(name.clone()))
                } else {
                    Err(TaskError::Invalid(format!(
                        "a task's name is 1 to {MAX_NAME_BYTES} bytes without control characters"
                    )))
                }
            }
            _ => Err(invalid("a task is either a built-in one or has a name, not both")),
        }
    }

    pub(super) async fn admit(
        self: &Arc<Self>,
        mutation: &Mutation,
        order: &CreateTask,
        plan: Plan,
    ) -> Result<TaskReceipt, TaskError> {
        let mut ticket = match self.receipts.begin(mutation, order).await? {
            Begun::Repeated(receipt) => return Ok(receipt),
            Begun::First(ticket) => ticket,
        };
        self.dispatcher.reachable()?;
        let entry = Arc::new(self.draft(&plan));
        // Taken before anyone else knows the task: whoever cancels it waits until it is there.
        let turn = entry.turn.lock().await;
        {
            let mut book = self.book();
            self.lifecycle.accepting()?;
            if let Some(limit) = book.full() {
                return Err(TaskError::Full(limit));
            }
            book.insert(&entry);
            self.open.send_modify(|open| *open += 1);
        }
        let status = match plan {
            Plan::Builtin(..) => TaskStatus::Pending,
            Plan::Reporter(_) => TaskStatus::Running,
        };
        let receipt = TaskReceipt {
            key: mutation.key.clone(),
            task_id: entry.id.to_string(),
            status,
            durable: self.store.durable(),
        };
        if let Err(error) = ticket.commit(&receipt, put(&entry.view())?).await {
            self.take_back(&entry);
            return Err(error.into());
        }
        match plan {
            Plan::Reporter(_) => {
                self.start_in_turn(&entry).await;
                self.guard(&entry);
            }
            Plan::Builtin(_, job) => {
                self.book().wait(&entry, job);
                self.count();
            }
        }
        drop(turn);
        self.run_waiting();
        Ok(receipt)
    }

    fn draft(&self, plan: &Plan) -> Entry {
        let (owner, name, lease) = match plan {
            Plan::Builtin(name, _) => (Owner::Builtin, (*name).to_owned(), None),
            Plan::Reporter(name) => (Owner::Reporter, name.clone(), Some(self.fresh_lease())),
        };
        let id = uuid::Uuid::new_v4().to_string();
        Entry::new(State::new(id, name, owner, self.clock.now()), lease, self.book().next_number())
    }

    pub(super) fn fresh_lease(&self) -> Lease {
        Lease { until: Instant::now() + self.lease, loss: REPORTER_LOST }
    }

    /// Undoes a creation that could not be stored. If it is being cancelled meanwhile, that goes its way.
    fn take_back(&self, entry: &Entry) {
        if entry.end(Outcome::Cancelled(None), self.clock.now()).is_some() {
            self.book().take_back(&entry.id);
            self.open.send_modify(|open| *open -= 1);
        }
    }

    pub(super) async fn report(&self, id: &str, report: ReportProgress) -> Result<TaskView, TaskError> {
        if report.value.is_some_and(|value| !value.is_finite()) {
            return Err(invalid("a progress value is a number, 0 to 1"));
        }
        let entry = self.find(id)?;
        let reported = json!({ "text": report.text, "value": report.value });
        let event = TaskEvent::new(TaskEventType::ProgressUpdate, id, self.clock.now(), reported);
        self.dispatcher.check(&event.to_event())?;
        {
            let mut live = entry.live();
            reported_by_caller(live.state.view())?;
            unfinished(live.state.view())?;
            live.lease = Some(self.fresh_lease());
        }
        if report.text.is_some() || report.value.is_some() {
            let told = self.progress(&entry, report.text, report.value).await;
            if !told {
                // It ended in between.
                unfinished(entry.live().state.view())?;
            }
        }
        Ok(entry.view())
    }

    pub(super) async fn finish(
        self: &Arc<Self>,
        by: Mandate,
        id: &str,
        end: End,
        mut order: EndTask,
    ) -> Result<TaskReceipt, TaskError> {
        let outcome = end.outcome(&mut order)?;
        let mutation = Mutation::new(by, end.verb(), order.key.take());
        let mut ticket = match self.receipts.begin(&mutation, &(id, &order)).await? {
            Begun::Repeated(receipt) => return Ok(receipt),
            Begun::First(ticket) => ticket,
        };
        let entry = self.find(id)?;
        if end != End::Cancel {
            reported_by_caller(&entry.view())?;
        }
        self.dispatcher.check(&outcome.event(id, self.clock.now()).to_event())?;
        let mut receipt = TaskReceipt {
            key: mutation.key,
            task_id: id.to_owned(),
            status: outcome.status(),
            durable: self.store.durable(),
        };
        let Some(event) = entry.end(outcome, self.clock.now()) else {
            let ended = unfinished(entry.live().state.view()).err();
            return Err(ended.unwrap_or_else(|| invalid("the task has ended")));
        };
        let keyed = Keyed { ticket: &mut ticket, receipt: &receipt };
        if self.store_end(&entry, Some(keyed)).await {
            drop(ticket);
        } else {
            receipt.durable = false;
            ticket.finish(&receipt);
        }
        let inner = Arc::clone(self);
        let told = self.lifecycle.spawn(async move { inner.conclude(&entry, &event).await });
        // It is told, sooner or later: who ordered it need not wait for the cluster to be reached.
        let _ = tokio::time::timeout(TOLD_WITHIN, told).await;
        Ok(receipt)
    }

    pub(super) async fn remove(
        &self,
        by: Mandate,
        id: &str,
        key: Option<String>,
    ) -> Result<TaskReceipt, TaskError> {
        let mutation = Mutation::new(by, "task.remove", key);
        let mut ticket = match self.receipts.begin(&mutation, &id).await? {
            Begun::Repeated(receipt) => return Ok(receipt),
            Begun::First(ticket) => ticket,
        };
        let entry = self.find(id)?;
        let status = {
            let live = entry.live();
            if !live.settled {
                return Err(TaskError::Conflict(format!("the task {id} has not ended: cancel it first")));
            }
            live.state.view().status
        };
        let receipt =
            TaskReceipt { key: mutation.key, task_id: id.to_owned(), status, durable: self.store.durable() };
        ticket.commit(&receipt, removal(id).into()).await?;
        self.book().remove(id);
        self.changed();
        Ok(receipt)
    }

    pub(super) fn find(&self, id: &str) -> Result<Arc<Entry>, TaskError> {
        self.book().find(id).ok_or_else(|| TaskError::NotFound(id.to_owned()))
    }
}

fn invalid(why: &str) -> TaskError {
    TaskError::Invalid(why.to_owned())
}

pub(super) fn reported_by_caller(view: &TaskView) -> Result<(), TaskError> {
    match view.owner {
        Owner::Reporter => Ok(()),
        Owner::Builtin => Err(TaskError::Conflict(format!(
            "the daemon runs the task {} itself: it can be cancelled, not reported",
            view.task_id
        ))),
    }
}

pub(super) fn unfinished(view: &TaskView) -> Result<(), TaskError> {
    if view.status.is_terminal() {
        let why = format!("the task {} has ended already: {}", view.task_id, view.status.label());
        return Err(TaskError::Conflict(why));
    }
    Ok(())
}
