//! The fan-out of `ssectld` beside the physical limit and beside a typical server, in interleaved rounds.
//!
//!     cargo bench --bench fanout -- [--quick] [--connections N]... [--rounds R] [--json FILE]
//!
//! Absolute figures do not travel between machines; ratios to the raw ceiling of the same run do.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a benchmark prints is what it is for")]

mod baseline;
mod measure;
mod raw;
mod report;
mod slow;
mod subject;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    io::{self, Write},
};

use measure::Plan;
use report::Results;
use subject::Subject;

/// What was typed.
struct Arguments {
    serve: Option<String>,
    sizes: Vec<usize>,
    rounds: usize,
    quick: bool,
    json: Option<String>,
}

impl Arguments {
    fn read() -> Result<Self, String> {
        let mut read = Self { serve: None, sizes: Vec::new(), rounds: 3, quick: false, json: None };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            let number = |text: String| text.parse().map_err(|_| format!("{text:?} is no number"));
            match word.as_str() {
                "--serve" => read.serve = Some(value()?),
                "--connections" => read.sizes.push(number(value()?)?),
                "--rounds" => read.rounds = number(value()?)?,
                "--quick" => read.quick = true,
                "--json" => read.json = Some(value()?),
                // cargo adds it to every bench.
                "--bench" => {}
                _ => return Err(format!("unknown argument {word}; see the head of benches/fanout/main.rs")),
            }
        }
        if read.sizes.is_empty() {
            read.sizes = if read.quick { vec![1000] } else { vec![1000, 10_000] };
        }
        if read.quick {
            read.rounds = 1;
        }
        Ok(read)
    }
}

fn main() -> io::Result<()> {
    let arguments = Arguments::read().map_err(io::Error::other)?;
    match arguments.serve.as_deref() {
        Some("raw") => return raw::serve(raw::Writes::Each),
        Some("raw-batched") => return raw::serve(raw::Writes::Batched),
        Some("axum") => return baseline::serve(),
        Some(other) => return Err(io::Error::other(format!("there is no server {other}"))),
        None => {}
    }
    let mut results = Results::default();
    for &connections in &arguments.sizes {
        let plan = if arguments.quick { Plan::quick(connections) } else { Plan::full(connections) };
        for round in 1..=arguments.rounds {
            for subject in Subject::ALL {
                writeln!(io::stderr(), "{connections} connections, round {round}: {}", subject.name())?;
                results.add(connections, subject, measure::run(subject, &plan)?);
            }
        }
    }
    write!(io::stdout(), "{}", results.tables())?;
    if let Some(file) = arguments.json {
        fs::write(file, results.json())?;
    }
    Ok(())
}
