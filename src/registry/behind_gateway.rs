//! What the registry knows besides in gateway mode: whether what is registered is there, and what has ended of late.

use std::{sync::Arc, time::Instant};

use super::{
    Arrival, ConnectionRegistry, Life, State, What,
    core::Core,
    tombstones::Tombstones,
    vitals::{Source, Vitals},
};
use crate::{
    connection::{CloseReason, Connection, Serial},
    delivery::Roster,
    token::Token,
    traffic::{Traffic, Whose},
};

/// The lives of the registered, and the ends of others.
#[derive(Default)]
pub(super) struct BehindGateway {
    pub(super) vitals: Vitals,
    tombstones: Tombstones,
}

impl BehindGateway {
    pub(super) fn arrived(&mut self, arrival: &Arrival, source: Source, now: Instant) {
        let Arrival::New { connection, replaced } = arrival else { return };
        for old in replaced {
            self.vitals.leave(old.serial);
        }
        for old in arrival.to_close() {
            self.tombstones.add(&old.token, now);
        }
        self.vitals.enter(connection, source, now);
    }

    pub(super) fn left(&mut self, connection: &Arc<Connection>, reason: CloseReason, now: Instant) {
        let vital = self.vitals.leave(connection.serial);
        if let (CloseReason::NotFound, Some(vital)) = (reason, vital) {
            self.vitals.haunt(Arc::clone(connection), vital.proven, now);
        }
        self.ended(&connection.token, now);
    }

    /// Notes the end of a stream, registered or not: its connect may be still to come.
    pub(super) fn ended(&mut self, token: &Token, now: Instant) {
        self.tombstones.add(token, now);
    }

    pub(super) fn has_ended(&mut self, token: &Token, now: Instant) -> bool {
        self.tombstones.has(token, now)
    }

    pub(super) fn suspects(&self) -> usize {
        self.vitals.suspects()
    }
}

impl ConnectionRegistry {
    /// Looks at or changes what is known of lives. Nothing is in embedded mode.
    fn lives<T: Default>(&self, act: impl FnOnce(&mut Vitals, &Core) -> T) -> T {
        let mut state = self.lock();
        let State { core, gateway: Some(gateway), .. } = &mut *state else { return T::default() };
        let result = act(&mut gateway.vitals, core);
        for (connection, before, after) in gateway.vitals.take_changed() {
            self.tell(&connection, What::State { from: before.label(), to: after.label() });
        }
        self.metrics.suspects_now(gateway.suspects());
        result
    }

    fn note(&self, connections: &[&Connection], change: impl Fn(&mut Traffic)) {
        self.lives(|vitals, _| {
            connections.iter().for_each(|connection| vitals.count(connection.serial, &change));
        });
    }
}

impl Roster for ConnectionRegistry {
    fn proven(&self, alive: &[&Connection]) -> usize {
        let (at, now) = (self.clock.now(), Instant::now());
        self.lives(|vitals, _| {
            let before = vitals.suspects();
            alive.iter().for_each(|connection| vitals.proven(connection.serial, at, now));
            before - vitals.suspects()
        })
    }

    fn delivered(&self, to: &[&Connection], bytes: usize) -> usize {
        let (at, now) = (self.clock.now(), Instant::now());
        self.lives(|vitals, _| {
            let before = vitals.suspects();
            to.iter().for_each(|connection| vitals.delivered(connection.serial, bytes, at, now));
            before - vitals.suspects()
        })
    }

    fn lost(&self, connections: &[&Connection]) {
        self.note(connections, |traffic| traffic.lost += 1);
    }

    fn coalesced(&self, connections: &[&Connection]) {
        self.note(connections, |traffic| traffic.coalesced += 1);
    }

    fn counts(&self, whose: Whose) -> Vec<(Serial, Traffic)> {
        self.lives(|vitals, _| match whose {
            Whose::Everyones => vitals.traffics().collect(),
            Whose::Of(serial) => {
                vitals.traffic(serial).map(|traffic| (serial, traffic)).into_iter().collect()
            }
        })
    }

    fn doubted(&self, unsettled: &[&Connection]) {
        let now = Instant::now();
        self.lives(|vitals, _| {
            unsettled.iter().for_each(|connection| vitals.doubted(connection.serial, now));
        });
    }

    fn doubt_unproven(&self, since: Instant) {
        self.lives(|vitals, _| vitals.doubt_unproven(since));
    }

    fn is_suspect(&self, connection: &Connection) -> bool {
        self.lives(|vitals, _| vitals.of(connection.serial)).is_some_and(|vital| vital.life == Life::Suspect)
    }

    fn suspects(&self) -> usize {
        self.lives(|vitals, _| vitals.suspects())
    }

    fn due(&self) -> Vec<Arc<Connection>> {
        self.lives(|vitals, core| vitals.due(core.connections(), Instant::now()))
    }
}
