//! A connection as listings show it.

use std::{collections::HashMap, time::Instant};

use jiff::{SignedDuration, Timestamp};

use crate::{
    access::{Caller, Role},
    connection::Connection,
    control::types::ConnectionView,
    registry::{FLAPPING, Life, Listed},
    services::Services,
    token::Token,
    traffic::{Traffic, Traffics},
};

/// What views of connections are made from, at one moment.
pub(super) struct Viewer<'a> {
    caller: &'a Caller,
    at: Timestamp,
    now: Instant,
    traffics: Traffics,
    versions: HashMap<u64, String>,
    member: Option<String>,
}

impl<'a> Viewer<'a> {
    /// Returns the viewer of connections whose traffic this is.
    pub(super) fn new(services: &Services, caller: &'a Caller, traffics: Traffics) -> Self {
        let (pending, past) = (services.versions.pending(), services.versions.history());
        let pending = pending.into_iter().map(|version| (version.sequence.0, version.version));
        let versions =
            past.into_iter().map(|version| (version.sequence.0, version.version)).chain(pending).collect();
        let member = services.fleet.get().map(|fleet| fleet.me().to_owned());
        Self { caller, at: services.clock.now(), now: Instant::now(), traffics, versions, member }
    }

    /// Returns the moment of the views.
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns what the reader should know besides.
    pub(super) fn warnings(&self) -> Vec<String> {
        let late = |late| {
            format!(
                "what was written to some connections is not known: {late} of the threads that write to them did \
                 not answer in time"
            )
        };
        Some(self.traffics.late).filter(|late| *late > 0).map(late).into_iter().collect()
    }

    /// Returns the view of a connection.
    pub(super) fn view(&self, listed: &Listed) -> ConnectionView {
        let connection: &Connection = &listed.connection;
        let token = &connection.token;
        let sequence = connection.told_version().map(|sequence| sequence.0);
        let traffic = self.traffics.of(connection.serial);
        let count = |of: fn(&Traffic) -> u64| traffic.map(of);
        ConnectionView {
            request_id: connection.request_id.clone(),
            token: shown(token, self.caller).to_owned(),
            state: state(listed).to_owned(),
            connected_at: connection.connected_at,
            age_ms: (self.at.as_millisecond() - connection.connected_at.as_millisecond()).max(0),
            last_proven: listed.vital.map(|vital| vital.proven),
            durable: listed.durable,
            address: connection.origin.address.map(|address| address.to_string()),
            user_agent: connection.origin.user_agent.as_deref().map(str::to_owned),
            version_sequence: sequence,
            version: sequence.and_then(|sequence| self.versions.get(&sequence).cloned()),
            events: count(|traffic| traffic.events),
            bytes: count(|traffic| traffic.bytes),
            queued_events: count(|traffic| traffic.queued_events),
            queued_bytes: count(|traffic| traffic.queued_bytes),
            drops: count(|traffic| traffic.coalesced + traffic.lost),
            lost: count(|traffic| traffic.lost),
            last_write: traffic.and_then(|traffic| traffic.last_write).map(|then| self.moment(then)),
            member: self.member.clone(),
        }
    }

    /// To the second: what a clock says beside another is no better.
    fn moment(&self, then: Instant) -> Timestamp {
        let ago = SignedDuration::try_from(self.now.saturating_duration_since(then)).unwrap_or_default();
        let moment = self.at.checked_sub(ago).unwrap_or(self.at);
        Timestamp::from_second(moment.as_second()).unwrap_or(moment)
    }
}

/// Returns what a caller sees of a token, which lets its holder write to a browser: who may not disconnect sees its
/// beginning only.
pub(super) fn shown<'a>(token: &'a Token, caller: &Caller) -> &'a str {
    if caller.has(Role::Operator) { token.as_str() } else { token.short() }
}

/// Returns the state of a connection in one word.
pub(super) fn state(listed: &Listed) -> &'static str {
    let life = listed.vital.map_or(Life::Live, |vital| vital.life);
    if listed.flapping && life == Life::Live { FLAPPING } else { life.label() }
}
