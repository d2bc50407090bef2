//! What a member tells the others of itself.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::log::Log;
use crate::{
    clock::SharedClock,
    config::Mode,
    delivery::Directory,
    drain::Drain,
    fleet::{Member, MemberState},
    lifecycle::{Lifecycle, Phase},
    services::Services,
};

/// A member, as it was at one moment. Fields are only added.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) member: String,
    /// Another one after each start.
    pub(super) instance: String,
    version: String,
    started_at: Timestamp,
    connections: usize,
    mode: String,
    phase: String,
    /// It sends its streams away.
    #[serde(default)]
    drains: bool,
    #[serde(default)]
    pub(super) log_sequence: Option<u64>,
    #[serde(default)]
    lag_ms: Option<u64>,
    /// Its own clock.
    pub(super) at: Timestamp,
    #[serde(default)]
    host: String,
    #[serde(default)]
    pid: u32,
}

impl Record {
    /// Returns who that is, for somebody who has to find it.
    pub(super) fn whereabouts(&self) -> String {
        format!("process {} on {}, started at {}", self.pid, self.host, self.started_at)
    }

    /// Returns the member, as it was last heard of.
    pub(super) fn member(&self, heard_at: Timestamp, state: MemberState) -> Member {
        let well = self.phase == "ready" && !self.drains;
        Member {
            name: self.member.clone(),
            state: if state == MemberState::Answering && !well { MemberState::Draining } else { state },
            phase: self.phase.clone(),
            instance: self.instance.clone(),
            version: self.version.clone(),
            started_at: self.started_at,
            mode: self.mode.clone(),
            connections: self.connections,
            log_sequence: self.log_sequence,
            lag_ms: self.lag_ms,
            clock_offset_ms: None,
            heard_at,
            version_sequence: None,
            degraded: Vec::new(),
        }
    }
}

/// What the record of this member is made of.
pub(super) struct Own {
    member: String,
    pub(super) instance: String,
    directory: Arc<dyn Directory>,
    lifecycle: Lifecycle,
    drain: Option<Arc<Drain>>,
    log: Arc<Log>,
    clock: SharedClock,
    started_at: Timestamp,
    mode: Mode,
    host: String,
}

impl Own {
    pub(super) fn new(services: &Services, log: &Arc<Log>, member: &str, instance: &str) -> Self {
        Self {
            member: member.to_owned(),
            instance: instance.to_owned(),
            directory: services.registry.clone(),
            lifecycle: services.lifecycle.clone(),
            drain: services.drain.clone(),
            log: Arc::clone(log),
            clock: Arc::clone(&services.clock),
            started_at: services.started_at,
            mode: services.config.mode,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        }
    }

    /// Returns the record of this moment.
    pub(super) fn record(&self) -> Record {
        let progress = *self.log.progress().borrow();
        Record {
            member: self.member.clone(),
            instance: self.instance.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            connections: self.directory.count(),
            mode: name(self.mode),
            phase: name(self.lifecycle.phase()),
            drains: self.drain.as_ref().is_some_and(|drain| drain.view().is_some()),
            log_sequence: Some(progress.place.sequence),
            lag_ms: progress.lag.and_then(|lag| lag.as_millis().try_into().ok()),
            at: self.clock.now(),
            host: self.host.clone(),
            pid: std::process::id(),
        }
    }

    /// Returns what tells the time of day.
    pub(super) fn clock(&self) -> SharedClock {
        Arc::clone(&self.clock)
    }

    /// Waits until browsers are let in.
    pub(super) async fn is_ready(&self) {
        self.lifecycle.reached(Phase::Ready).await;
    }

    /// Returns the time of day.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns whether the daemon still lets itself be asked.
    pub(super) fn lasts(&self) -> bool {
        self.lifecycle.phase() < Phase::Closed
    }
}

fn name(variant: impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What a member of this version says of itself.
    fn written() -> Record {
        let at = Timestamp::UNIX_EPOCH;
        Record {
            member: "a".to_owned(),
            instance: "i".to_owned(),
            version: "0.1.0".to_owned(),
            started_at: at,
            connections: 3,
            mode: "embedded".to_owned(),
            phase: "ready".to_owned(),
            drains: true,
            log_sequence: Some(7),
            lag_ms: Some(1),
            at,
            host: "h".to_owned(),
            pid: 1,
        }
    }

    #[test]
    fn what_only_newer_members_know_is_passed_over() {
        let mut text = serde_json::to_value(written()).expect("JSON");
        text["colour"] = json!("red");
        let read: Record = serde_json::from_value(text).expect("a record");
        assert_eq!(serde_json::to_value(&read).ok(), serde_json::to_value(written()).ok());
    }

    #[test]
    fn what_was_added_may_be_left_out() {
        let mut text = serde_json::to_value(written()).expect("JSON");
        let Value::Object(fields) = &mut text else { panic!("{text}") };
        fields
            .retain(|name, _| !["drains", "log_sequence", "lag_ms", "host", "pid"].contains(&name.as_str()));
        assert_eq!(fields.len(), 8);
        let read: Record = serde_json::from_value(text).expect("a record");
        let left_out = (read.drains, read.log_sequence, read.lag_ms, read.host.as_str(), read.pid);
        assert_eq!(left_out, (false, None, None, "", 0));
    }
}
