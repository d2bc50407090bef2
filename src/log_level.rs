//! What is logged: as the settings say, or otherwise for a while.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{clock::SharedClock, config, control::types::LogLevelView, lifecycle::Lifecycle};

/// What decides which lines are written.
pub trait LogFilter: Send + Sync + 'static {
    /// Has this logged from now on. The filter was checked before.
    fn apply(&self, filter: &str);
}

/// A filter that cannot be used, and why.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFilter(String);

/// The filter that holds, and the one that the settings have.
pub struct LogLevel {
    /// None: nobody logs.
    filter: Option<Arc<dyn LogFilter>>,
    state: Mutex<State>,
    lifecycle: Lifecycle,
    clock: SharedClock,
}

struct State {
    configured: String,
    /// What holds in its place.
    instead: Option<Instead>,
    changes: u64,
}

#[derive(Clone)]
struct Instead {
    filter: String,
    until: Option<Timestamp>,
}

impl LogLevel {
    /// Returns what logs as the settings say.
    pub fn new(
        filter: Option<Arc<dyn LogFilter>>,
        configured: &str,
        lifecycle: Lifecycle,
        clock: SharedClock,
    ) -> Self {
        let state = State { configured: configured.to_owned(), instead: None, changes: 0 };
        Self { filter, state: Mutex::new(state), lifecycle, clock }
    }

    /// Returns what holds.
    pub fn view(&self) -> LogLevelView {
        self.state().view()
    }

    /// Returns what holds, if that is not what the settings say.
    pub fn otherwise(&self) -> Option<LogLevelView> {
        let state = self.state();
        state.instead.is_some().then(|| state.view())
    }

    /// Takes over what the settings say now. What was ordered otherwise holds on.
    pub fn configure(&self, configured: &str) {
        let mut state = self.state();
        configured.clone_into(&mut state.configured);
        if state.instead.is_none() {
            self.apply(configured);
        }
    }

    /// Logs as the settings say again.
    pub fn reset(&self) -> LogLevelView {
        let mut state = self.state();
        state.changes += 1;
        state.instead = None;
        self.apply(&state.configured);
        state.view()
    }

    /// Logs otherwise, for so long or until the daemon ends. Where only targets are named, all others stay as the
    /// settings say.
    pub fn set(self: &Arc<Self>, asked: &str, time: Option<Duration>) -> Result<LogLevelView, InvalidFilter> {
        config::check_log_level(asked).map_err(InvalidFilter)?;
        let mut state = self.state();
        let whole = asked.split(',').any(|part| !part.contains('='));
        let filter = if whole { asked.to_owned() } else { format!("{},{asked}", state.configured) };
        config::check_log_level(&filter).map_err(InvalidFilter)?;
        let until = time.and_then(|time| self.clock.now().checked_add(time).ok());
        state.changes += 1;
        let change = state.changes;
        self.apply(&filter);
        state.instead = Some(Instead { filter, until });
        if let Some(time) = time {
            self.revert_after(time, change);
        }
        Ok(state.view())
    }

    fn revert_after(self: &Arc<Self>, time: Duration, change: u64) {
        let log = Arc::clone(self);
        let closing = self.lifecycle.closing();
        self.lifecycle.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(time) => {}
                () = closing.cancelled() => return,
            }
            let mut state = log.state();
            // It was changed again meanwhile.
            if state.changes == change {
                state.instead = None;
                log.apply(&state.configured);
                tracing::info!(filter = state.configured, "what is logged is as the settings say again");
            }
        });
    }

    fn apply(&self, filter: &str) {
        if let Some(log) = &self.filter {
            log.apply(filter);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn view(&self) -> LogLevelView {
        let configured = self.configured.clone();
        match &self.instead {
            Some(Instead { filter, until }) => {
                LogLevelView { filter: filter.clone(), configured, until: *until }
            }
            None => LogLevelView { filter: configured.clone(), configured, until: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[derive(Default)]
    struct Applied(Mutex<Vec<String>>);

    impl LogFilter for Applied {
        fn apply(&self, filter: &str) {
            self.0.lock().expect("not poisoned").push(filter.to_owned());
        }
    }

    fn log() -> (Arc<Applied>, Arc<LogLevel>) {
        let applied = Arc::new(Applied::default());
        let (filter, clock) = (Arc::clone(&applied) as Arc<dyn LogFilter>, Arc::new(SystemClock));
        (applied, Arc::new(LogLevel::new(Some(filter), "info", Lifecycle::new(), clock)))
    }

    fn now(applied: &Applied) -> String {
        applied.0.lock().expect("not poisoned").last().cloned().unwrap_or_default()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_ordered_for_a_while_ends_by_itself() {
        let (applied, log) = log();
        let view = log.set("debug", Some(Duration::from_secs(600))).expect("a filter");
        assert!(view.until.is_some() && view.filter == "debug" && view.configured == "info", "{view:?}");
        assert_eq!(now(&applied), "debug");
        tokio::time::sleep(Duration::from_secs(599)).await;
        assert!(log.otherwise().is_some());
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!((now(&applied), log.otherwise()), ("info".to_owned(), None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_order_outlives_the_end_of_an_earlier_one() {
        let (applied, log) = log();
        log.set("debug", Some(Duration::from_secs(1))).expect("a filter");
        log.set("trace", None).expect("a filter");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(now(&applied), "trace");
        log.configure("warn");
        assert_eq!(now(&applied), "trace", "a reload does not end it");
        assert_eq!(log.reset().filter, "warn");
        assert_eq!(now(&applied), "warn");
    }

    #[tokio::test]
    async fn where_targets_are_named_all_else_stays() {
        let (applied, log) = log();
        log.set("ssectl_core::task=debug", None).expect("a filter");
        assert_eq!(now(&applied), "info,ssectl_core::task=debug");
        log.set("warn,ssectl_core::task=debug", None).expect("a filter");
        assert_eq!(now(&applied), "warn,ssectl_core::task=debug");
        for wrong in ["", "debgu", "a=b", "info,,debug", "=", "x[=debug"] {
            let refused = log.set(wrong, None).map(|view| view.filter);
            assert!(refused.is_err(), "{wrong:?} → {refused:?}");
        }
        assert_eq!(now(&applied), "warn,ssectl_core::task=debug");
    }
}
