//! One task's life, without clock, store and wire: what may happen when, and which event tells of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Owner, Progress, TaskEvent, TaskEventType, TaskStatus, TaskView};

/// How a task ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Well, with this result.
    Completed(Value),
    /// Badly, for this reason.
    Failed(String),
    /// Somebody cancelled it, perhaps for a reason.
    Cancelled(Option<&'static str>),
}

impl Outcome {
    pub(super) fn status(&self) -> TaskStatus {
        match self {
            Self::Completed(_) => TaskStatus::Completed,
            Self::Failed(_) => TaskStatus::Failed,
            Self::Cancelled(_) => TaskStatus::Cancelled,
        }
    }

    /// Returns the terminal event. Browsers know a cancelled task as a failed one.
    pub(super) fn event(&self, task_id: &str, at: Timestamp) -> TaskEvent {
        let (event_type, data) = match self {
            Self::Completed(result) => (TaskEventType::TaskCompleted, result.clone()),
            Self::Failed(error) => (TaskEventType::TaskFailed, json!({ "error": error })),
            Self::Cancelled(_) => (TaskEventType::TaskFailed, json!({ "error": "cancelled" })),
        };
        TaskEvent::new(event_type, task_id, at, data)
    }
}

/// Returns the terminal event of a task that has ended, the same as when it did.
pub(super) fn end_of(view: &TaskView) -> Option<TaskEvent> {
    let outcome = match view.status {
        TaskStatus::Completed => Outcome::Completed(view.result.clone().unwrap_or_default()),
        TaskStatus::Failed => Outcome::Failed(view.error.clone().unwrap_or_default()),
        TaskStatus::Cancelled => Outcome::Cancelled(None),
        TaskStatus::Pending | TaskStatus::Running => return None,
    };
    Some(outcome.event(&view.task_id, view.ended_at?))
}

/// A task as it is.
#[derive(Clone, Debug)]
pub(super) struct State {
    view: TaskView,
}

impl State {
    /// Returns a task that waits.
    pub(super) fn new(task_id: String, name: String, owner: Owner, at: Timestamp) -> Self {
        Self::restored(TaskView {
            task_id,
            name,
            owner,
            status: TaskStatus::Pending,
            progress: None,
            created_at: at,
            started_at: None,
            ended_at: None,
            result: None,
            error: None,
            member: None,
        })
    }

    /// Returns a task of an earlier run.
    pub(super) fn restored(view: TaskView) -> Self {
        Self { view }
    }

    pub(super) fn view(&self) -> &TaskView {
        &self.view
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.view.status.is_terminal()
    }

    /// Begins to run; `None` if it does already, or will not any more.
    pub(super) fn start(&mut self, at: Timestamp) -> Option<TaskEvent> {
        if self.view.status != TaskStatus::Pending {
            return None;
        }
        self.view.status = TaskStatus::Running;
        self.view.started_at = Some(at);
        Some(TaskEvent::new(TaskEventType::TaskStarted, &self.view.task_id, at, Value::Null))
    }

    /// Notes progress: the last text stays when none is given, the value stays within 0 and 1 and never goes
    /// back. `None` if the task does not run, or if there is nothing to tell.
    pub(super) fn progress(
        &mut self,
        text: Option<String>,
        value: Option<f64>,
        at: Timestamp,
    ) -> Option<TaskEvent> {
        if self.view.status != TaskStatus::Running || (text.is_none() && value.is_none()) {
            return None;
        }
        let last = self.view.progress.take().unwrap_or_default();
        let given = value.filter(|value| value.is_finite()).unwrap_or(last.value);
        let progress =
            Progress { text: text.unwrap_or(last.text), value: given.clamp(0.0, 1.0).max(last.value) };
        let data = json!({ "text": progress.text, "value": progress.value });
        self.view.progress = Some(progress);
        Some(TaskEvent::new(TaskEventType::ProgressUpdate, &self.view.task_id, at, data))
    }

    /// Ends. `Some` exactly once in a task's life: whoever gets the event sees to it that it is sent.
    pub(super) fn end(&mut self, outcome: Outcome, at: Timestamp) -> Option<TaskEvent> {
        if self.is_terminal() {
            return None;
        }
        let event = outcome.event(&self.view.task_id, at);
        self.view.status = outcome.status();
        self.view.ended_at = Some(at);
        match outcome {
            Outcome::Completed(result) => self.view.result = Some(result),
            Outcome::Failed(error) => self.view.error = Some(error),
            Outcome::Cancelled(None) => self.view.error = Some("cancelled".to_owned()),
            Outcome::Cancelled(Some(why)) => self.view.error = Some(format!("cancelled: {why}")),
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Start,
        Progress(Option<String>, Option<f64>),
        End(Outcome),
    }

    fn step() -> impl Strategy<Value = Step> {
        let outcome = prop_oneof![
            Just(Outcome::Completed(json!({"success": true}))),
            Just(Outcome::Failed("broke".to_owned())),
            Just(Outcome::Cancelled(None)),
            Just(Outcome::Cancelled(Some("shutdown"))),
        ];
        prop_oneof![
            2 => Just(Step::Start),
            5 => (proptest::option::of("[a-z]{0,3}"), proptest::option::of(proptest::num::f64::ANY))
                .prop_map(|(text, value)| Step::Progress(text, value)),
            1 => outcome.prop_map(Step::End),
        ]
    }

    proptest! {
        /// Whatever is tried in whatever order: started once and first, progress that only grows, and after
        /// the one terminal event nothing.
        #[test]
        fn bug_t1_bug_t2_bug_t7_events_are_well_formed(steps in proptest::collection::vec(step(), 0..40)) {
            let mut state = State::new("t".into(), "n".into(), Owner::Reporter, Timestamp::UNIX_EPOCH);
            let mut events = Vec::new();
            for step in steps {
                let at = Timestamp::UNIX_EPOCH;
                events.extend(match step {
                    Step::Start => state.start(at),
                    Step::Progress(text, value) => state.progress(text, value, at),
                    Step::End(outcome) => state.end(outcome, at),
                });
            }
            let kinds: Vec<_> = events.iter().map(|event| event.event_type).collect();
            let started = kinds.iter().filter(|kind| **kind == TaskEventType::TaskStarted).count();
            prop_assert!(started <= 1);
            if started == 1 {
                prop_assert_eq!(kinds[0], TaskEventType::TaskStarted);
            }
            let terminal = kinds.iter().position(|kind| kind.is_terminal());
            prop_assert_eq!(terminal.is_some(), state.is_terminal());
            prop_assert!(terminal.is_none_or(|place| place == kinds.len() - 1));
            let mut highest = 0.0;
            for event in events.iter().filter(|event| event.event_type == TaskEventType::ProgressUpdate) {
                let value = event.data["value"].as_f64().expect("a number");
                prop_assert!((highest..=1.0).contains(&value));
                highest = value;
            }
        }
    }
}
