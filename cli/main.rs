//! `ssectl`: the operator's hand on `ssectld`.

mod args;
mod commands;
mod complete;
mod confirm;
mod context;
mod error;
mod exit;
#[path = "../common/generate.rs"]
mod generate;
mod listing;
mod manual;
mod output;
mod parse;
mod reconnect;
mod table;
mod text;
mod watching;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

fn main() -> ExitCode {
    if let Some(generate) = generate::Generate::asked(std::env::args_os()) {
        let program = args::Cli::command().after_long_help(None::<&str>);
        let scripts = complete::Shell::ALL.map(|shell| (shell.file(), shell.script()));
        return written(generate.run(program, &manual::MANUAL, &scripts));
    }
    if let Some(answer) = complete::asked(std::env::args_os()) {
        output::tell(&answer);
        return exit::Exit::Ok.into();
    }
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let options = cli.options.clone();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            let error = error.of_socket(options.socket.as_deref());
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

/// Help and the version are answers (0), anything else is a wrong use (2), told in JSON where that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let annotated = || manual::MANUAL.with_examples(args::Cli::command()).try_get_matches();
        let help = error.kind() == clap::error::ErrorKind::DisplayHelp;
        let shown = if help { annotated().err() } else { None };
        // Nobody to tell when this fails.
        let _ = shown.as_ref().unwrap_or(error).print();
        return exit::Exit::Ok.into();
    }
    if asks_for_json(std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned())) {
        output::complain(output::in_json(&error::CliError::from_clap(error)).trim_end());
        return exit::Exit::Usage.into();
    }
    // It repeats what was typed, which a script may have from anywhere.
    let plain = error.to_string();
    let safe = plain.lines().map(text::harmless).collect::<Vec<_>>().join("\n");
    if safe == plain.trim_end() {
        let _ = error.print();
    } else {
        output::complain(&safe);
    }
    exit::Exit::Usage.into()
}

/// Returns whether arguments that could not be understood as a whole ask for JSON.
fn asks_for_json(arguments: impl Iterator<Item = String>) -> bool {
    let mut previous = String::new();
    arguments.take_while(|argument| argument != "--").any(|argument| {
        let form = ["-o=", "--output=", "-o"].iter().find_map(|option| argument.strip_prefix(option));
        let whole = argument == "--json" || form.is_some_and(is_json);
        let split = is_json(&argument) && ["-o", "--output"].contains(&previous.as_str());
        previous = argument;
        whole || split
    })
}

fn is_json(form: &str) -> bool {
    ["json", "jsonl"].contains(&form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognised_whatever_else_is_wrong() {
        let asks = |line: &str| asks_for_json(line.split(' ').map(str::to_owned));
        for line in [
            "status --json",
            "nonsense -o json",
            "-ojson x",
            "a --output json",
            "a --output=json",
            "-o jsonl x",
        ] {
            assert!(asks(line), "{line}");
        }
        for line in ["status", "event send json", "-o table json", "x -- --json"] {
            assert!(!asks(line), "{line}");
        }
    }
}
