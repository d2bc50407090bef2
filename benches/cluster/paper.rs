//! The tables of docs/scale.md that are computed: what was measured here, and the model over it.

use std::fmt::Write as _;

use crate::{
    model::{Bus, Costs, Line, Load, Share},
    table::{head, number},
};

/// What the bench found with three NATS servers that keep three copies: the figures of docs/scale.md.
pub(crate) const HERE: Costs = Costs {
    daemon_bytes: 8.76e6,
    connection_bytes: 480.0,
    kernel_bytes: 3070.0,
    connect_cpu: 45.9e-6,
    delivery_cpu: 4.08e-6,
    heartbeat_cpu: 7.91e-6,
    listed_cpu: 11.9e-6,
    listed_bytes: 429.0,
    bus: Bus {
        place_cpu: 62.9e-6,
        read_cpu: 8.01e-6,
        tell_cpu: 0.0,
        arrival_cpu: 4.35e-6,
        idle_cpu: 0.00205,
        event: Share {
            cpu: Line { fixed: 103e-6, each: 6.2e-6 },
            inward: Line { fixed: 215.0, each: 0.265 },
            outward: Line { fixed: 41.9, each: 215.0 },
            between: Line { fixed: 921.0, each: 143.0 },
        },
        connect: Share {
            cpu: Line { fixed: 8.26e-6, each: 6.79e-6 },
            inward: Line { fixed: 117.0, each: 0.383 },
            outward: Line { fixed: 0.0, each: 118.0 },
            between: Line { fixed: 236.0, each: 0.0 },
        },
        idle: Share {
            cpu: Line { fixed: 0.0173, each: 836e-6 },
            inward: Line { fixed: 0.174, each: 95.1 },
            outward: Line { fixed: 0.0, each: 649.0 },
            between: Line { fixed: 2820.0, each: 810.0 },
        },
        placed_per_s: 8450.0,
    },
};

/// Cores of each daemon's machine.
const CORES: f64 = 4.0;
/// A connection is made anew once in so many seconds, and is sent an event of its own once in so many.
const LIVES_S: f64 = 600.0;
const TARGETED_S: f64 = 1000.0;
/// An event of 120 bytes on its way to a browser, with its framing and the headers of TCP and IP.
const ON_THE_WIRE: f64 = 240.0;
/// Connections and members of the columns.
const COLUMNS: [(f64, f64); 6] = [(1e4, 3.0), (1e5, 3.0), (1e6, 3.0), (1e6, 20.0), (1e7, 50.0), (1e7, 200.0)];

fn load(connections: f64, members: f64, broadcasts: f64) -> Load {
    let (targeted, connects) = (connections / TARGETED_S, connections / LIVES_S);
    Load { connections, members, broadcasts, targeted, connects }
}

/// Returns the tables.
pub(crate) fn tables() -> String {
    [members(), needs(), storms()].concat()
}

/// How many daemons, by connections and events for everyone.
fn members() -> String {
    let rates = [0.01, 0.1, 1.0, 10.0];
    let names = rates.map(|rate| format!("{rate} events/s for everyone"));
    let mut text = head("connections", names.into_iter());
    for connections in [1e4, 1e5, 1e6, 1e7] {
        let _ = write!(text, "| {} |", many(connections));
        for rate in rates {
            let found = HERE.members(&load(connections, 3.0, rate), CORES);
            let _ = write!(text, " {} |", found.map_or("–".to_owned(), |members| format!("{members}")));
        }
        text.push('\n');
    }
    text
}

fn needs() -> String {
    let mut table = Table::new();
    let each = |read: fn(f64, f64) -> f64| COLUMNS.map(|(connections, members)| read(connections, members));
    let needs = COLUMNS.map(|(connections, members)| HERE.needs(&load(connections, members, 1.0)));
    table.row("each member: connections, thousand", each(|all, members| all / members / 1e3));
    table.row("memory for them, GB", needs.map(|needs| needs.memory_bytes / 1e9));
    table.row("cores for 1 event/s for everyone", needs.map(|needs| needs.fan_out));
    table.row("cores for heartbeats", needs.map(|needs| needs.heartbeats));
    table.row("cores for connects and announcements", needs.map(|needs| needs.connects));
    table.row("cores to read the log", needs.map(|needs| needs.log));
    table.row("cores in all", needs.map(|needs| needs.cores()));
    let fan_out = |all: f64, members: f64| all / members * HERE.delivery_cpu / CORES;
    table.row("one event for everyone leaves within, s", each(fan_out));
    table.row("to browsers, MB/s", each(|all, members| all / members * ON_THE_WIRE / 1e6));
    table.row("NATS: cores of all servers", needs.map(|needs| needs.nats));
    table.row("to NATS, MB/s", needs.map(|needs| needs.inward / 1e6));
    table.row("from NATS, MB/s", needs.map(|needs| needs.outward / 1e6));
    table.row("between NATS servers, MB/s", needs.map(|needs| needs.between / 1e6));
    let placed = |all: f64, _: f64| (1.0 + all / TARGETED_S) / HERE.bus.placed_per_s;
    table.row("events/s, of those that NATS took here", each(placed));
    table.row("the log reaches back, s", needs.map(|needs| needs.kept_s));
    table.row("a listing of all: MB", each(|all, _| all * HERE.listed_bytes / 1e6));
    table.row("a listing of all: s of a member's core", each(|all, members| all / members * HERE.listed_cpu));
    table.text
}

fn storms() -> String {
    let mut table = Table::new();
    let storms = COLUMNS.map(|(connections, members)| HERE.storm(&load(connections, members, 1.0), CORES));
    table.row("one member dies: connects/s at each survivor", storms.map(|storm| storm.connects));
    table.row("cores of each survivor for that", storms.map(|storm| storm.cores));
    table.row("cores of all NATS servers", storms.map(|storm| storm.nats));
    table.row("from NATS, MB/s", storms.map(|storm| storm.outward / 1e6));
    table.row("over after, s", storms.map(|storm| storm.lasts_s));
    table.text
}

/// A table with the columns above.
struct Table {
    text: String,
}

impl Table {
    fn new() -> Self {
        let names = COLUMNS.map(|(connections, members)| format!("{} × {members}", many(connections)));
        Self { text: head("connections × members", names.into_iter()) }
    }

    fn row(&mut self, name: &str, values: [f64; COLUMNS.len()]) {
        let cells = values.map(|value| format!(" {} |", number(value)));
        let _ = writeln!(self.text, "| {name} |{}", cells.concat());
    }
}

fn many(connections: f64) -> String {
    if connections >= 1e6 { format!("{} M", connections / 1e6) } else { format!("{} 000", connections / 1e3) }
}
