//! Tables with ratios, and the same as JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::json;

use crate::{measure::Figures, subject::Subject, support::statistics::median};

/// A row of a table: what it is called, how to read it, and in what unit.
struct Row {
    name: &'static str,
    read: fn(&Figures) -> Option<f64>,
    unit: &'static str,
    scale: f64,
}

const ROWS: [Row; 12] = [
    Row { name: "time to the last client", read: |f| Some(f.last_client_s), unit: "ms", scale: 1e3 },
    Row {
        name: "CPU per million deliveries, paced",
        read: |f| Some(f.cpu_s_per_million),
        unit: "s",
        scale: 1.0,
    },
    Row { name: "deliveries per second, 16 in flight", read: |f| f.flood_per_s, unit: "M/s", scale: 1e-6 },
    Row {
        name: "CPU per million deliveries, 16 in flight",
        read: |f| f.flood_cpu_s_per_million,
        unit: "s",
        scale: 1.0,
    },
    Row { name: "memory per idle connection", read: |f| Some(f.bytes_per_connection), unit: "B", scale: 1.0 },
    Row { name: "connects per second", read: |f| Some(f.connects_per_s), unit: "k/s", scale: 1e-3 },
    Row { name: "control request meanwhile, p99", read: |f| f.control_p99_s, unit: "ms", scale: 1e3 },
    Row { name: "4 KiB events: 99 in 100 clients have it", read: |f| f.others_p99_s, unit: "ms", scale: 1e3 },
    Row { name: "… others, 1 in 100 stalled", read: |f| f.others_p99_stalled_s, unit: "ms", scale: 1e3 },
    Row {
        name: "… control request, flooded, p99",
        read: |f| f.control_p99_stalled_s,
        unit: "ms",
        scale: 1e3,
    },
    Row { name: "… stalled clients thrown out", read: |f| f.thrown_out, unit: "", scale: 1.0 },
    Row { name: "1 000 clients leave: noticed after", read: |f| f.leave_s, unit: "ms", scale: 1e3 },
];

/// The figures of all rounds.
#[derive(Default)]
pub(crate) struct Results {
    rounds: BTreeMap<usize, Vec<(Subject, Figures)>>,
}

impl Results {
    /// Adds a round.
    pub(crate) fn add(&mut self, connections: usize, subject: Subject, figures: Figures) {
        self.rounds.entry(connections).or_default().push((subject, figures));
    }

    /// Returns the medians as tables; in brackets the ratio to the raw ceiling of the same run.
    pub(crate) fn tables(&self) -> String {
        let mut text = String::new();
        for (connections, rounds) in &self.rounds {
            let _ = write!(text, "\n{:44}", format!("{connections} connections"));
            for subject in Subject::ALL {
                let _ = write!(text, "{:>20}", subject.name());
            }
            text.push('\n');
            for row in &ROWS {
                let _ = write!(text, "{:44}", format!("{} ({})", row.name, row.unit));
                let raw = middle(rounds, Subject::Raw, row);
                for subject in Subject::ALL {
                    let cell = match (middle(rounds, subject, row), raw) {
                        (None, _) => "–".to_owned(),
                        (Some(value), Some(raw)) if subject != Subject::Raw => {
                            format!("{:.2} ({:.2}×)", value * row.scale, value / raw)
                        }
                        (Some(value), _) => format!("{:.2}", value * row.scale),
                    };
                    let _ = write!(text, "{cell:>20}");
                }
                text.push('\n');
            }
            for subject in Subject::ALL {
                let busy = rounds.iter().filter(|(of, _)| *of == subject).map(|(_, f)| f.generator_load);
                if busy.fold(0.0, f64::max) > 0.9 {
                    let _ = writeln!(
                        text,
                        "  {}: the load generator was busy all the time when flooding; the server may do more",
                        subject.name()
                    );
                }
            }
        }
        text
    }

    /// Returns every round's figures.
    pub(crate) fn json(&self) -> String {
        let rounds: Vec<_> = self
            .rounds
            .iter()
            .flat_map(|(connections, rounds)| rounds.iter().map(move |(subject, figures)| (connections, subject, figures)))
            .map(|(connections, subject, figures)| json!({"connections": connections, "subject": subject.name(), "figures": figures}))
            .collect();
        format!("{:#}\n", json!({"bench": "fanout", "rounds": rounds}))
    }
}

fn middle(rounds: &[(Subject, Figures)], subject: Subject, row: &Row) -> Option<f64> {
    let mut values: Vec<f64> = rounds
        .iter()
        .filter(|(of, _)| *of == subject)
        .filter_map(|(_, figures)| (row.read)(figures))
        .collect();
    (!values.is_empty()).then(|| median(&mut values))
}
