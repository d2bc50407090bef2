//! Tables, as docs/scale.md has them.

use std::fmt::Write as _;

use crate::{
    figures::Figures,
    fit::Row,
    stage::Setting,
    table::{head, number},
};

/// A row: what it is called, in what unit, how to read it.
struct Line {
    name: &'static str,
    unit: &'static str,
    scale: f64,
    read: fn(&Figures) -> f64,
}

const fn line(name: &'static str, unit: &'static str, scale: f64, read: fn(&Figures) -> f64) -> Line {
    Line { name, unit, scale, read }
}

const LINES: [Line; 34] = [
    line("broadcast: to the last browser, p50", "ms", 1e3, |f| f.last.p50),
    line("… p99", "ms", 1e3, |f| f.last.p99),
    line("… max", "ms", 1e3, |f| f.last.max),
    line("… CPU of the daemons", "ms", 1e3, |f| f.broadcast.daemons()),
    line("… CPU of NATS", "ms", 1e3, |f| f.broadcast.nats),
    line("… messages to NATS", "", 1.0, |f| f.broadcast.asked),
    line("… messages from NATS", "", 1.0, |f| f.broadcast.told),
    line("… bytes to NATS", "B", 1.0, |f| f.broadcast.inward),
    line("… bytes from NATS", "B", 1.0, |f| f.broadcast.outward),
    line("… bytes between servers", "B", 1.0, |f| f.broadcast.between),
    line("deliveries a second, 16 publishes in flight", "M", 1e-6, |f| f.deliveries_per_s),
    line("… CPU of the daemons, then, for each event", "ms", 1e3, |f| f.flood.daemons()),
    line("… CPU of NATS, then, for each event", "ms", 1e3, |f| f.flood.nats),
    line("version queue: to its receipt, p50", "ms", 1e3, |f| f.receipt.p50),
    line("… p99", "ms", 1e3, |f| f.receipt.p99),
    line("… to the last browser, p50", "ms", 1e3, |f| f.told.p50),
    line("event for nobody: to its receipt, p50", "ms", 1e3, |f| f.placed.p50),
    line("… p99", "ms", 1e3, |f| f.placed.p99),
    line("… CPU at its publisher", "µs", 1e6, |f| f.nobody.first),
    line("… CPU at the others", "µs", 1e6, |f| f.nobody.others),
    line("… CPU of NATS", "µs", 1e6, |f| f.nobody.nats),
    line("… a second, 64 in flight at one daemon", "k", 1e-3, |f| f.nobody_per_s),
    line("… CPU at its publisher, then", "µs", 1e6, |f| f.nobody_flood.first),
    line("… CPU at the others, then", "µs", 1e6, |f| f.nobody_flood.others),
    line("… CPU of NATS, then", "µs", 1e6, |f| f.nobody_flood.nats),
    line("connects a second", "k", 1e-3, |f| f.connects_per_s),
    line("CPU of a connect: daemons", "µs", 1e6, |f| f.connect.daemons()),
    line("… NATS", "µs", 1e6, |f| f.connect.nats),
    line("memory of a connection", "B", 1.0, |f| f.connection_bytes),
    line("idle: CPU of the daemons", "ms/s", 1e3, |f| f.idle.daemons()),
    line("… CPU of NATS", "ms/s", 1e3, |f| f.idle.nats),
    line("… messages to NATS", "/s", 1.0, |f| f.idle.asked),
    line("listing of all, JSON", "ms", 1e3, |f| f.listing_s),
    line("… bytes from NATS", "MB", 1e-6, |f| f.listing.outward),
];

/// Returns everything that was measured; in brackets the ratio to one daemon alone with as many browsers.
pub(crate) fn beside(columns: &[(Setting, &Figures)]) -> String {
    let mut text = head("", columns.iter().map(|(setting, _)| setting.name()));
    for line in &LINES {
        let _ = write!(text, "| {}{} |", line.name, unit(line.unit));
        for (setting, figures) in columns {
            let value = (line.read)(figures);
            let alone = columns.iter().find(|(other, _)| *other == Setting::alone(setting.connections));
            let alone = alone.map(|(_, figures)| (line.read)(figures));
            let _ = match alone {
                Some(alone) if setting.copies > 0 && alone > 0.0 => {
                    write!(text, " {} ({:.2}×) |", number(value * line.scale), value / alone)
                }
                _ => write!(text, " {} |", number(value * line.scale)),
            };
        }
        text.push('\n');
    }
    text
}

/// Returns what the model says beside what was measured.
pub(crate) fn compared(columns: &[(String, Vec<Row>)]) -> String {
    let Some((_, first)) = columns.first() else { return String::new() };
    let mut text = head("predicted / measured", columns.iter().map(|(name, _)| name.clone()));
    for (at, row) in first.iter().enumerate() {
        let _ = write!(text, "| {}{} |", row.what, unit(row.unit));
        for row in columns.iter().filter_map(|(_, rows)| rows.get(at)) {
            if row.predicted.max(row.measured) <= 0.0 {
                text.push_str(" – |");
                continue;
            }
            let (predicted, measured) = (number(row.predicted * row.scale), number(row.measured * row.scale));
            let error = (row.predicted / row.measured - 1.0) * 100.0;
            let _ = write!(text, " {predicted} / {measured} ({error:+.0} %) |");
        }
        text.push('\n');
    }
    text
}

fn unit(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(", {unit}") }
}
