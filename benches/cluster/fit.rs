//! The costs, from what was measured of a daemon alone and of the way over NATS; and what the model makes of them, beside
//! what was measured of a cluster.

use crate::{
    figures::{Figures, Spent},
    model::{Bus, Costs, Line, Share},
};

/// What costs are made of: daemons alone, and what the way over NATS costs with one member and with three.
pub(crate) struct Basis<'a> {
    /// With fewer browsers and with more, each with how many.
    pub(crate) fewer: (f64, &'a Figures),
    pub(crate) more: (f64, &'a Figures),
    pub(crate) heartbeat_cpu: f64,
    /// Copies that JetStream keeps, on as many servers.
    pub(crate) copies: f64,
    /// All browsers at the first daemon: one that is alone, the only member, the first of three.
    pub(crate) none: &'a Figures,
    pub(crate) one: &'a Figures,
    pub(crate) three: &'a Figures,
}

/// How events come, which changes what each costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// One at a time: everything that takes part is woken for it.
    Seldom,
    /// Many at a time.
    Busy,
}

/// A figure as the model says and as it was measured.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) scale: f64,
    pub(crate) predicted: f64,
    pub(crate) measured: f64,
}

/// The members that the second of the two was measured with.
const MEMBERS: f64 = 3.0;

impl Basis<'_> {
    /// Returns the costs, those of deliveries and connects as they are with more browsers.
    pub(crate) fn costs(&self, pace: Pace) -> Costs {
        let Self { fewer: (few, fewer), more: (many, more), heartbeat_cpu, none, one, three, .. } = self;
        let others = MEMBERS - 1.0;
        let seldom = pace == Pace::Seldom;
        let event = |figures: &Figures| if seldom { figures.nobody } else { figures.nobody_flood };
        let connect = |figures: &Figures| if seldom { figures.connect_alone } else { figures.connect };
        let connection_bytes = (more.memory_bytes - fewer.memory_bytes) / (many - few);
        // What a member has in memory beyond a daemon alone.
        let member_bytes = three.daemons_bytes / MEMBERS - none.daemons_bytes;
        Costs {
            daemon_bytes: fewer.memory_bytes - few * connection_bytes + member_bytes,
            connection_bytes,
            // Both ends are on this machine.
            kernel_bytes: more.kernel_bytes / 2.0,
            connect_cpu: if seldom { none.connect_alone.first } else { more.connect.first },
            delivery_cpu: (more.broadcast.first - more.nobody.first) / many,
            heartbeat_cpu: *heartbeat_cpu,
            listed_cpu: more.listing.first / many,
            listed_bytes: more.listing_bytes / many,
            bus: Bus {
                place_cpu: event(three).first,
                read_cpu: event(three).others / others,
                tell_cpu: (connect(three).first - connect(none).first).max(0.0),
                arrival_cpu: connect(three).others / others,
                idle_cpu: three.idle.daemons() / MEMBERS,
                event: {
                    let share = share(&event(one), &event(three));
                    // Two of three members are at another server than the one that leads the log.
                    let each = share.outward.each * (1.0 - 1.0 / self.copies);
                    let fixed = (event(three).between - MEMBERS * each).max(0.0);
                    Share { between: Line { fixed, each }, ..share }
                },
                connect: {
                    let share = share(&connect(one), &connect(three));
                    // Once to each other server, however many members are there.
                    let fixed = (self.copies - 1.0) * share.inward.at(MEMBERS);
                    Share { between: Line { fixed, each: 0.0 }, ..share }
                },
                idle: share(&one.idle, &three.idle),
                placed_per_s: three.nobody_per_s,
            },
        }
    }
}

fn share(one: &Spent, three: &Spent) -> Share {
    let line = |read: fn(&Spent) -> f64| Line::through(read(one), MEMBERS, read(three));
    Share {
        cpu: line(|spent| spent.nats),
        inward: line(|spent| spent.inward),
        outward: line(|spent| spent.outward),
        between: line(|spent| spent.between),
    }
}

/// Returns what the model says of a cluster of three, beside what was measured there. `alone` has as many browsers.
pub(crate) fn compare(
    [costs, busy]: &[Costs; 2],
    alone: &Figures,
    cluster: &Figures,
    connections: f64,
) -> Vec<Row> {
    let (bus, members) = (&costs.bus, MEMBERS);
    let row = |what, unit, scale| move |predicted, measured| Row { what, unit, scale, predicted, measured };
    let millis = |what| row(what, "ms", 1e3);
    let micros = |what| row(what, "µs", 1e6);
    let bytes = |what| row(what, "B", 1.0);
    let bus_s = cluster.placed.p50 - alone.placed.p50;
    let memory = members * costs.daemon_bytes + connections * costs.connection_bytes;
    let (broadcast, connect) = (&cluster.broadcast, &cluster.connect);
    vec![
        millis("a broadcast: CPU of the daemons")(
            alone.broadcast.first - alone.nobody.first + costs.event_cpu(members),
            broadcast.daemons(),
        ),
        micros("… CPU of NATS")(bus.event.cpu.at(members), broadcast.nats),
        bytes("… to NATS")(busy.bus.event.inward.at(members), broadcast.inward),
        bytes("… from NATS")(busy.bus.event.outward.at(members), broadcast.outward),
        bytes("… between servers")(busy.bus.event.between.at(members), broadcast.between),
        millis("… to the last browser")(alone.last.p50 + bus_s, cluster.last.p50),
        micros("with 16 in flight, an event: CPU of NATS")(
            busy.bus.event.cpu.at(members),
            cluster.flood.nats,
        ),
        bytes("… from NATS")(busy.bus.event.outward.at(members), cluster.flood.outward),
        micros("a connect: CPU of the daemons")(busy.connect_cpu(members), connect.daemons()),
        micros("… CPU of NATS")(busy.bus.connect.cpu.at(members), connect.nats),
        bytes("… from NATS")(busy.bus.connect.outward.at(members), connect.outward),
        row("memory of the daemons", "MB", 1e-6)(memory, cluster.memory_bytes),
    ]
}
