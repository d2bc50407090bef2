//! `ssectl`: the operator's hand on `ssectld`.

mod args;
mod commands;
mod context;
mod error;
mod exit;
mod output;
mod parse;
mod table;
mod text;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let options = cli.options.clone();
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::report(&error, &options);
            error.exit.into()
        }
    }
}

/// Help and the version are answers (0), anything else is a wrong use (2).
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody to tell when this fails.
    let _ = error.print();
    if error.use_stderr() { exit::Exit::Usage.into() } else { exit::Exit::Ok.into() }
}
