//! A cluster of three daemons beside one daemon alone, with as many browsers, in one run; and a model of clusters that
//! are larger, made of what was measured in small and held against what was measured in large.
//!
//!     cargo bench --features nats --bench cluster -- [--quick] [--rounds R] [--json FILE]
//!     cargo bench --features nats --bench cluster -- --model
//!
//! `--model` prints the tables of docs/scale.md that are computed. Starts Debian's `nats-server`: one, and three that keep three copies. Everything shares the machine's cores.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a benchmark prints is what it is for")]

mod figures;
mod fit;
mod measure;
mod model;
mod nats;
mod paper;
mod report;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod table;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
};

use figures::Figures;
use fit::{Basis, Pace};
use measure::{Plan, Way};
use serde_json::json;
use stage::Setting;
use support::statistics::median;

/// Browsers where costs are measured in small.
const FEW: usize = 2000;
/// Browsers of each daemon where they are compared.
const SIZES: [usize; 2] = [1000, 3000];
const MEMBERS: usize = 3;

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let has = |name: &str| words.iter().any(|word| word == name);
    let value = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
    if has("--model") {
        print!("{}", paper::tables());
        return Ok(());
    }
    if !nats::is_installed() {
        println!("left out: nats-server is not installed (apt install nats-server)");
        return Ok(());
    }
    let rounds = value("--rounds").map_or(Ok(1), |text| text.parse().map_err(io::Error::other))?;
    let plan = if has("--quick") { Plan::QUICK } else { Plan::FULL };
    let results = Results::measure(rounds, &plan)?;
    results.print();
    if let Some(file) = value("--json") {
        fs::write(file, results.json())?;
    }
    Ok(())
}

/// The middle of all rounds.
struct Results {
    /// By the browsers at it.
    alone: BTreeMap<usize, Figures>,
    heartbeat_cpu: f64,
    /// With one daemon and with three, by copies.
    small: BTreeMap<u16, [Figures; 2]>,
    /// By copies and the browsers of each member.
    large: BTreeMap<(u16, usize), Figures>,
}

impl Results {
    fn measure(rounds: usize, plan: &Plan) -> io::Result<Self> {
        let mut spread = SIZES.map(|size| Setting::alone(size * MEMBERS)).to_vec();
        let mut lopsided = vec![Setting::alone(FEW)];
        for copies in [1, 3] {
            lopsided.extend([1, MEMBERS].map(|members| Setting { members, copies, connections: FEW }));
            spread.extend(SIZES.map(|size| Setting {
                members: MEMBERS,
                copies,
                connections: size * MEMBERS,
            }));
        }
        let (mut heartbeats, mut found) = (Vec::new(), BTreeMap::<_, Vec<Figures>>::new());
        for round in 1..=rounds {
            for (way, settings) in [(Way::Spread, &spread), (Way::Lopsided, &lopsided)] {
                for setting in settings {
                    writeln!(io::stderr(), "round {round}: {}, {way:?}", setting.name())?;
                    let measure = if way == Way::Spread { measure::spread } else { measure::lopsided };
                    found.entry((way, *setting)).or_default().push(measure(*setting, plan)?);
                }
            }
            heartbeats.push(measure::heartbeat(Setting::alone(SIZES[1]))?);
        }
        let mut results = Self {
            alone: BTreeMap::new(),
            heartbeat_cpu: median(&mut heartbeats),
            small: BTreeMap::new(),
            large: BTreeMap::new(),
        };
        for ((way, Setting { members, copies, connections }), rounds) in found {
            let middle = Figures::middle(&rounds)?;
            match (way, copies) {
                (Way::Lopsided, _) => {
                    results.small.entry(copies).or_default()[usize::from(members > 1)] = middle;
                }
                (_, 0) => drop(results.alone.insert(connections, middle)),
                _ => drop(results.large.insert((copies, connections / members), middle)),
            }
        }
        Ok(results)
    }

    fn print(&self) {
        let alone = self.alone.iter().map(|(size, figures)| (Setting::alone(*size), figures));
        let large = self.large.iter().map(|((copies, size), figures)| {
            (Setting { members: MEMBERS, copies: *copies, connections: size * MEMBERS }, figures)
        });
        print!("{}", report::beside(&alone.chain(large).collect::<Vec<_>>()));
        for (copies, [one, three]) in &self.small {
            let (Some(fewer), Some(more)) = (self.alone.first_key_value(), self.alone.last_key_value())
            else {
                continue;
            };
            let with = |(browsers, figures): (&usize, _)| (*browsers as f64, figures);
            let (fewer, more, heartbeat_cpu) = (with(fewer), with(more), self.heartbeat_cpu);
            let Some(none) = self.small.get(&0).map(|[one, _]| one).filter(|_| *copies > 0) else { continue };
            let basis = Basis { fewer, more, heartbeat_cpu, copies: f64::from(*copies), none, one, three };
            let costs = [Pace::Seldom, Pace::Busy].map(|pace| basis.costs(pace));
            let mut columns = Vec::new();
            for ((_, size), cluster) in self.large.iter().filter(|((of, _), _)| of == copies) {
                let connections = size * MEMBERS;
                if let Some(alone) = self.alone.get(&connections) {
                    let name = format!("{MEMBERS} × {size}, R{copies}");
                    columns.push((name, fit::compare(&costs, alone, cluster, connections as f64)));
                }
            }
            print!("{}", report::compared(&columns));
            println!("\nR{copies}, events that come seldom, and many at a time: {costs:#?}");
        }
    }

    fn json(&self) -> String {
        let alone: Vec<_> = self
            .alone
            .iter()
            .map(|(size, figures)| json!({"connections": size, "figures": figures}))
            .collect();
        let small: Vec<_> = self
            .small
            .iter()
            .map(|(copies, [one, three])| json!({"copies": copies, "one": one, "three": three}))
            .collect();
        let large: Vec<_> = self
            .large
            .iter()
            .map(|((copies, size), figures)| json!({"copies": copies, "each": size, "figures": figures}))
            .collect();
        let whole = json!({
            "bench": "cluster", "alone": alone, "heartbeat_cpu": self.heartbeat_cpu, "small": small, "large": large
        });
        format!("{whole:#}\n")
    }
}
