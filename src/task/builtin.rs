//! The tasks that the daemon itself runs, to try it out: `demo` and `failing`.

use std::{fmt, time::Duration};

use futures_util::FutureExt;
use serde_json::{Map, Value, json};

use super::{book::Job, run::Reporting};

/// A built-in task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    /// Counts steps.
    Demo,
    /// Fails.
    Failing,
}

impl Builtin {
    /// Finds one by its name, or by the name that it has in existing test suites.
    pub(super) fn find(name: &str) -> Option<Self> {
        match name {
            "demo" | "demo_task" => Some(Self::Demo),
            "failing" | "failing_task" => Some(Self::Failing),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Failing => "failing",
        }
    }

    /// Returns what it does. Wrong parameters fail the task, not the request for it.
    pub(super) fn job(self, params: Map<String, Value>) -> Job {
        match self {
            Self::Demo => Box::new(move |reporting| demo(params, reporting).boxed()),
            Self::Failing => Box::new(move |reporting| failing(params, reporting).boxed()),
        }
    }
}

async fn demo(params: Map<String, Value>, reporting: Reporting) -> Result<Value, String> {
    let mut params = Params(params);
    let message = params.text("message", "default message")?;
    let steps = params.whole("steps", 3)?;
    let delay = params.seconds("delay", 0.1)?;
    params.end("demo", "message, steps, delay")?;
    reporting.progress("Starting test task".to_owned(), 0.0).await;
    for step in 1..=steps {
        tokio::time::sleep(delay).await;
        #[expect(clippy::cast_precision_loss, reason = "a progress bar has fewer places than that")]
        let value = step as f64 / steps as f64;
        reporting.progress(format!("Step {step}/{steps}"), value).await;
    }
    Ok(json!({ "message": message, "steps_completed": steps, "status": "success" }))
}

async fn failing(params: Map<String, Value>, reporting: Reporting) -> Result<Value, String> {
    let mut params = Params(params);
    let error = params.text("error_message", "Test error")?;
    let delay = params.seconds("delay", 0.1)?;
    params.end("failing", "error_message, delay")?;
    reporting.progress("Starting failing task".to_owned(), 0.0).await;
    tokio::time::sleep(delay).await;
    Err(error)
}

/// Parameters that are taken one by one.
struct Params(Map<String, Value>);

impl Params {
    fn text(&mut self, name: &str, default: &str) -> Result<String, String> {
        match self.0.shift_remove(name) {
            None => Ok(default.to_owned()),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(wrong(name, "a string", &other)),
        }
    }

    fn whole(&mut self, name: &str, default: i64) -> Result<i64, String> {
        let Some(value) = self.0.shift_remove(name) else { return Ok(default) };
        value.as_i64().ok_or_else(|| wrong(name, "a whole number", &value))
    }

    fn seconds(&mut self, name: &str, default: f64) -> Result<Duration, String> {
        let value = self.0.shift_remove(name).unwrap_or_else(|| json!(default));
        let duration = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        duration.ok_or_else(|| wrong(name, "a number of seconds, 0 or more", &value))
    }

    fn end(self, task: &str, known: &str) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("{task} has no parameter {name:?}; it has {known}")),
        }
    }
}

fn wrong(name: &str, expected: &str, found: &dyn fmt::Display) -> String {
    format!("the parameter {name} must be {expected}, not {found}")
}
