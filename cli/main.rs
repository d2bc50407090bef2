//! `ssectl`: the operator's hand on `ssectld`.

mod args;
mod commands;
mod context;
mod error;
mod exit;
#[path = "../common/generate.rs"]
mod generate;
mod manual;
mod output;
mod parse;
mod table;
mod text;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

fn main() -> ExitCode {
    if let Some(generate) = generate::Generate::asked(std::env::args_os()) {
        return written(generate.run(args::Cli::command().after_long_help(None::<&str>), &manual::MANUAL));
    }
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

fn written(outcome: std::io::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return exit::Exit::Ok.into() };
    output::complain(&format!("error: cannot write the files: {error}"));
    exit::Exit::Failed.into()
}

/// Help and the version are answers (0), anything else is a wrong use (2).
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody to tell when this fails.
    let _ = error.print();
    if error.use_stderr() { exit::Exit::Usage.into() } else { exit::Exit::Ok.into() }
}
