//! `ssectl completions`

use crate::{
    args::{self, Options},
    error::Outcome,
    exit::Exit,
    output::Output,
};

/// Prints a shell's script; no daemon is asked.
pub(super) fn run(options: &Options, asked: args::Completions) -> Outcome {
    Output::new(options).print(asked.shell.script(), Exit::Ok)?;
    Ok(Exit::Ok)
}
