//! Counts what was sent during one round of a shard, and hands it to the metrics at its end: their maps are not
//! searched once per connection.

use std::{sync::Arc, time::Instant};

use super::{frame::Frame, odometer::Tick, run::Run};
use crate::{
    connection::Connection,
    delivery::{Fate, Reach},
    event::Service,
    metrics::{Metrics, SendStatus},
};

const SERVICES: [Service; 3] = [Service::Task, Service::Version, Service::Event];

/// Events by service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts([u64; SERVICES.len()]);

impl Counts {
    /// Counts a frame, if it is an event.
    pub(super) fn note(&mut self, frame: &Frame) {
        if frame.is_event() {
            let place = match frame.service {
                Service::Task => 0,
                Service::Version => 1,
                Service::Event => 2,
            };
            self.0[place] += 1;
        }
    }

    /// Returns how many events there are in all.
    pub(super) fn total(&self) -> u32 {
        // A run is far shorter.
        u32::try_from(self.0.iter().sum::<u64>()).unwrap_or(u32::MAX)
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

/// What became of events during one round, once per connection.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sent: Counts,
    failed: Counts,
    /// All bytes.
    bytes: u64,
    /// When the round began.
    pub(super) now: Tick,
    /// To how many connections more the versions were written whose figures somebody wants to know.
    reached: Vec<(Arc<Reach>, usize)>,
}

impl Tally {
    /// Returns the tally of what is not counted, in the same round.
    pub(super) fn aside(&self) -> Self {
        Self { now: self.now, ..Self::default() }
    }

    /// Takes over the bytes of a round that was counted aside.
    pub(super) fn also(&mut self, aside: &Self) {
        self.bytes += aside.bytes;
    }

    /// The kernel took so many bytes.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// An event is with the kernel.
    pub(super) fn sent(&mut self, frame: &Frame, to: &Connection) {
        self.sent.note(frame);
        if let Some(reach) = &frame.reach {
            self.reached(reach, to);
        }
    }

    /// All events of a run are with the kernel.
    pub(super) fn sent_all(&mut self, run: &Run, to: &Connection) {
        self.sent.add(run.counts());
        if run.has_versions() {
            run.frames()
                .iter()
                .filter_map(|frame| frame.reach.as_ref())
                .for_each(|reach| self.reached(reach, to));
        }
    }

    fn reached(&mut self, reach: &Arc<Reach>, to: &Connection) {
        if !reach.claim(to) {
            return;
        }
        match self.reached.iter_mut().find(|(known, _)| Arc::ptr_eq(known, reach)) {
            Some((_, count)) => *count += 1,
            None => self.reached.push((Arc::clone(reach), 1)),
        }
    }

    /// An event will not be sent.
    pub(super) fn failed(&mut self, frame: &Frame) {
        self.failed.note(frame);
    }

    /// Hands over what was counted and begins anew.
    pub(super) fn publish(&mut self, metrics: &Metrics) {
        metrics.wrote(std::mem::take(&mut self.bytes));
        let (sent, failed) = (std::mem::take(&mut self.sent), std::mem::take(&mut self.failed));
        for (reach, count) in self.reached.drain(..) {
            reach.add(Fate::Written, count);
        }
        for (counts, status) in [(sent, SendStatus::Success), (failed, SendStatus::Error)] {
            for (count, service) in counts.0.into_iter().zip(SERVICES).filter(|(count, _)| *count > 0) {
                metrics.sent(service, status, count);
            }
        }
    }
}

/// Observes how long events took from their dispatch to here.
pub(super) fn took(frames: &[Arc<Frame>], metrics: &Metrics) {
    let now = Instant::now();
    for frame in frames.iter().filter(|frame| frame.is_event()) {
        metrics.send_took(frame.service, now.saturating_duration_since(frame.at));
    }
}
