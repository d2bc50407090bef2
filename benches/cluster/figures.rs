//! What one stage gave, and the middle of several.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    nats::Traffic,
    stage::Usage,
    support::statistics::{median, percentile},
};

/// Seconds (of one core where it is processor time), bytes, messages. 0 where it does not apply.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Memory of an idle connection: PSS of the daemons, and of the kernel for both ends.
    pub(crate) connection_bytes: f64,
    pub(crate) kernel_bytes: f64,
    /// PSS of all daemons, without browsers and with them.
    pub(crate) daemons_bytes: f64,
    pub(crate) memory_bytes: f64,
    /// Connects a second, heads received.
    pub(crate) connects_per_s: f64,
    /// Each second, nobody publishing.
    pub(crate) idle: Spent,
    /// Each connect, of many at once, and of those that come one after the other.
    pub(crate) connect: Spent,
    pub(crate) connect_alone: Spent,
    /// Each event that is for nobody, of those that come seldom, published at the first daemon.
    pub(crate) nobody: Spent,
    /// The same with many in flight.
    pub(crate) nobody_flood: Spent,
    pub(crate) nobody_per_s: f64,
    /// From publishing one to its acknowledgement.
    pub(crate) placed: Times,
    /// Each event for everyone, one at a time, published everywhere in turn.
    pub(crate) broadcast: Spent,
    /// From the publish to the last browser.
    pub(crate) last: Times,
    /// With 16 in flight, and what each event costs then.
    pub(crate) deliveries_per_s: f64,
    pub(crate) flood: Spent,
    /// From the order of a version to its receipt, and to the last browser.
    pub(crate) receipt: Times,
    pub(crate) told: Times,
    /// A listing of all connections.
    pub(crate) listing: Spent,
    pub(crate) listing_s: f64,
    pub(crate) listing_bytes: f64,
}

/// What one of many cost, beyond what is used when nothing happens.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// Processor time of the first daemon.
    pub(crate) first: f64,
    /// Of all others together.
    pub(crate) others: f64,
    /// Of the NATS servers.
    pub(crate) nats: f64,
    /// Bytes to the servers, from them, and between them.
    pub(crate) inward: f64,
    pub(crate) outward: f64,
    pub(crate) between: f64,
    /// Messages to the servers, and from them.
    pub(crate) asked: f64,
    pub(crate) told: f64,
}

/// The middle and the edge.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Figures {
    /// Returns the middle of each figure.
    pub(crate) fn middle(rounds: &[Self]) -> io::Result<Self> {
        let rounds = rounds.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        Ok(serde_json::from_value(middle(&rounds.iter().collect::<Vec<_>>()))?)
    }
}

fn middle(values: &[&Value]) -> Value {
    match values.first() {
        Some(Value::Object(first)) => {
            let each = |name: &String| {
                let inner: Vec<_> = values.iter().map(|value| &value[name]).collect();
                (name.clone(), middle(&inner))
            };
            Value::Object(first.keys().map(each).collect::<Map<_, _>>())
        }
        _ => median(&mut values.iter().filter_map(|value| value.as_f64()).collect::<Vec<_>>()).into(),
    }
}

impl Spent {
    /// Returns what each of so many cost that were done between two looks. `idle` is what a second costs anyway.
    pub(crate) fn of(before: &Usage, after: &Usage, idle: &Self, count: usize) -> Self {
        let (used, took) = after.since(before);
        let first = used.daemons.first().copied().unwrap_or_default();
        let each = |used: f64, idle: f64| ((used - idle * took.as_secs_f64()) / count as f64).max(0.0);
        let Traffic { inward, outward, between } = used.traffic;
        Self {
            first: each(first, idle.first),
            others: each(used.all() - first, idle.others),
            nats: each(used.nats, idle.nats),
            inward: each(inward.bytes, idle.inward),
            outward: each(outward.bytes, idle.outward),
            between: each(between.bytes, idle.between),
            asked: each(inward.messages, idle.asked),
            told: each(outward.messages, idle.told),
        }
    }

    /// Returns what each second costs between two looks.
    pub(crate) fn each_second(before: &Usage, after: &Usage) -> Self {
        let whole = Self::of(before, after, &Self::default(), 1);
        let seconds = after.since(before).1.as_secs_f64();
        Self {
            first: whole.first / seconds,
            others: whole.others / seconds,
            nats: whole.nats / seconds,
            inward: whole.inward / seconds,
            outward: whole.outward / seconds,
            between: whole.between / seconds,
            asked: whole.asked / seconds,
            told: whole.told / seconds,
        }
    }

    /// Returns the processor time of all daemons.
    pub(crate) fn daemons(&self) -> f64 {
        self.first + self.others
    }
}

impl Times {
    /// Returns those of many.
    pub(crate) fn of(times: &mut [f64]) -> Self {
        Self { p50: median(times), p99: percentile(times, 0.99), max: percentile(times, 1.0) }
    }
}
