//! How many daemons, and how much NATS, so many connections take: formulas over costs that the bench measures.
//! `tests/scale.rs` holds docs/scale.md to them.

/// What things cost, in seconds of one core and in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Costs {
    /// Memory of a daemon that has served, and of each idle connection: the daemon's, and the kernel's at its end.
    pub(crate) daemon_bytes: f64,
    pub(crate) connection_bytes: f64,
    pub(crate) kernel_bytes: f64,
    /// A connect.
    pub(crate) connect_cpu: f64,
    /// A delivery to one connection, one event at a time.
    pub(crate) delivery_cpu: f64,
    /// A heartbeat to one connection.
    pub(crate) heartbeat_cpu: f64,
    /// A connection in a listing.
    pub(crate) listed_cpu: f64,
    pub(crate) listed_bytes: f64,
    /// Everything that goes over NATS.
    pub(crate) bus: Bus,
}

/// What it costs that members speak over NATS.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bus {
    /// An event, at the member that publishes it.
    pub(crate) place_cpu: f64,
    /// An event, at each other member, whoever it is for.
    pub(crate) read_cpu: f64,
    /// A connect is announced, beyond what it costs anyway.
    pub(crate) tell_cpu: f64,
    /// The announcement, at each other member.
    pub(crate) arrival_cpu: f64,
    /// Each second of a member.
    pub(crate) idle_cpu: f64,
    /// An event, a connect, and a second, at the servers.
    pub(crate) event: Share,
    pub(crate) connect: Share,
    pub(crate) idle: Share,
    /// Events that one member can have placed in a second, many in flight.
    pub(crate) placed_per_s: f64,
}

/// What all NATS servers together have with one of something.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share {
    pub(crate) cpu: Line,
    /// Bytes to them, from them, and between them.
    pub(crate) inward: Line,
    pub(crate) outward: Line,
    pub(crate) between: Line,
}

/// What grows evenly with the members.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    pub(crate) fixed: f64,
    pub(crate) each: f64,
}

/// What is asked of a cluster, each second unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: f64,
    pub(crate) members: f64,
    /// Events for everyone, and for one.
    pub(crate) broadcasts: f64,
    pub(crate) targeted: f64,
    pub(crate) connects: f64,
}

/// What a load takes: cores of each member, cores and bytes a second of all NATS servers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    pub(crate) memory_bytes: f64,
    pub(crate) fan_out: f64,
    pub(crate) heartbeats: f64,
    pub(crate) log: f64,
    pub(crate) connects: f64,
    pub(crate) idle: f64,
    pub(crate) nats: f64,
    pub(crate) inward: f64,
    pub(crate) outward: f64,
    pub(crate) between: f64,
    /// How far the log reaches back, in seconds.
    pub(crate) kept_s: f64,
}

/// What becomes of a member's death.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storm {
    /// Connects at each survivor, each second.
    pub(crate) connects: f64,
    /// Cores of each survivor that this takes, and those of the NATS servers.
    pub(crate) cores: f64,
    pub(crate) nats: f64,
    /// Bytes a second from NATS to the members.
    pub(crate) outward: f64,
    /// How long it lasts with so many cores, in seconds.
    pub(crate) lasts_s: f64,
}

/// Between two heartbeats of a stream (`stream.heartbeat`).
const HEARTBEAT_S: f64 = 15.0;
/// Within this time browsers are back whose stream broke off: `retry:` is 2 to 5 s.
const BACK_S: f64 = 3.0;
/// What the log keeps at most.
const KEPT_BYTES: f64 = (256 << 20) as f64;
const KEPT_S: f64 = 3600.0;
/// Connections of one daemon at the most: a million descriptors, less what is kept back.
const MOST: f64 = 780_000.0;

impl Line {
    /// Returns the line through what was measured with one member and with so many.
    pub(crate) fn through(one: f64, members: f64, many: f64) -> Self {
        let each = ((many - one) / (members - 1.0)).max(0.0);
        Self { fixed: (one - each).max(0.0), each }
    }

    /// Returns it for so many members.
    pub(crate) fn at(self, members: f64) -> f64 {
        self.fixed + self.each * members
    }
}

impl Costs {
    /// Returns the processor time of all daemons for one event, without its deliveries.
    pub(crate) fn event_cpu(&self, members: f64) -> f64 {
        self.bus.place_cpu + (members - 1.0) * self.bus.read_cpu
    }

    /// Returns that of a connect.
    pub(crate) fn connect_cpu(&self, members: f64) -> f64 {
        self.connect_cpu + self.bus.tell_cpu + (members - 1.0) * self.bus.arrival_cpu
    }

    /// Returns what a load takes.
    pub(crate) fn needs(&self, load: &Load) -> Needs {
        let Load { connections, members, broadcasts, targeted, connects } = *load;
        let (each, events, bus) = (connections / members, broadcasts + targeted, &self.bus);
        let servers = |of: fn(&Share) -> Line| {
            events * of(&bus.event).at(members)
                + connects * of(&bus.connect).at(members)
                + of(&bus.idle).at(members)
        };
        Needs {
            memory_bytes: self.daemon_bytes + each * (self.connection_bytes + self.kernel_bytes),
            fan_out: (each * broadcasts + targeted / members) * self.delivery_cpu,
            heartbeats: each / HEARTBEAT_S * self.heartbeat_cpu,
            log: events * self.event_cpu(members) / members,
            connects: connects * self.connect_cpu(members) / members,
            idle: bus.idle_cpu,
            nats: servers(|share| share.cpu),
            inward: servers(|share| share.inward),
            outward: servers(|share| share.outward),
            between: servers(|share| share.between),
            kept_s: (KEPT_BYTES / (events * bus.event.inward.at(1.0))).min(KEPT_S),
        }
    }

    /// Returns the fewest members (three at least) that keep half of their cores free; `None` where more do not help.
    pub(crate) fn members(&self, load: &Load, cores: f64) -> Option<f64> {
        let fits = |members: &f64| {
            let each = self.needs(&Load { members: *members, ..*load });
            load.connections / members <= MOST && each.cores() <= cores / 2.0
        };
        (3..=2000).map(f64::from).find(fits)
    }

    /// Returns what becomes of one member's death.
    pub(crate) fn storm(&self, load: &Load, cores: f64) -> Storm {
        let Load { connections, members, .. } = *load;
        let back = connections / members;
        let own = back / (members - 1.0) * (self.connect_cpu + self.bus.tell_cpu);
        let work = own + back * self.bus.arrival_cpu;
        // What is going on anyway goes on.
        let free = (cores - self.needs(load).cores()).max(0.01);
        Storm {
            connects: back / (members - 1.0) / BACK_S,
            cores: work / BACK_S,
            nats: back / BACK_S * self.bus.connect.cpu.at(members),
            outward: back / BACK_S * self.bus.connect.outward.at(members),
            lasts_s: BACK_S.max(work / free),
        }
    }
}

impl Needs {
    /// Returns the cores that each member takes in all.
    pub(crate) fn cores(&self) -> f64 {
        self.fan_out + self.heartbeats + self.log + self.connects + self.idle
    }
}
