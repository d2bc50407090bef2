//! One file per noun; what a verb prints is beside what it asks.

mod audit;
mod completions;
mod connections;
mod daemon;
mod doctor;
mod event;
mod follow;
mod members;
mod schema;
mod status;
mod task;
mod top;
mod version;
mod wait;

use std::process::ExitCode;

use ssectl_core::control::types::{Single, Unreachable};

use crate::{
    args::{Cli, Command, Options, Task},
    context::Context,
    error::CliError,
    exit::Exit,
    output::{Forms, Output},
    text::harmless,
};

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Failed, "cannot start").cause(&error))?;
    let (options, forgiving) = (cli.options.clone(), cli.command.allows_unreachable());
    match runtime.block_on(dispatch(cli)) {
        Err(error) if forgiving && error.exit == Exit::Unreachable => forgive(&options, &error),
        outcome => outcome,
    }
}

/// Makes a success of a daemon that cannot be reached, so that nothing was sent, and says so.
fn forgive(options: &Options, error: &CliError) -> Result<ExitCode, CliError> {
    let out = Output::new(options);
    let warning = format!("{}: nothing was sent, as --allow-unreachable allows", error.message);
    let item = Unreachable {
        done: false,
        reason: error.message.clone(),
        cause: error.cause.clone(),
        hint: error.hint.clone(),
    };
    let answer = Single { warnings: vec![warning.clone()], ..Single::new("unreachable", item) };
    // Plain data with string keys: it always encodes.
    let json = serde_json::to_string(&answer).unwrap_or_default();
    out.note(&format!("warning: {}", harmless(&warning)));
    out.answer(&Forms { json: &json, names: &Vec::new, table: &|_| String::new() })?;
    Ok(Exit::Ok.into())
}

async fn dispatch(cli: Cli) -> Result<ExitCode, CliError> {
    let Cli { options, command } = cli;
    let daemon = || Context::find(&options);
    let exit = match command {
        // It goes on without a daemon, and ends as its command does.
        Command::Task(Task::Run(order)) => {
            return task::run_command(&options, order).await.map(ExitCode::from);
        }
        // It may end as a signal says.
        Command::Top(asked) => return top::run(&daemon()?, &asked).await.map(ExitCode::from),
        Command::Connections(verb) => connections::run(&daemon()?, verb).await,
        Command::Version(verb) => version::run(&daemon()?, verb).await,
        Command::Task(verb) => task::run(&daemon()?, verb).await,
        Command::Members(verb) => members::run(&daemon()?, verb).await,
        Command::Event(verb) => event::run(&daemon()?, verb).await,
        Command::Status(asked) => status::run(&daemon()?, &asked).await,
        // Also for a daemon that is not there yet.
        Command::Wait(verb) => wait::run(&options, verb).await,
        Command::Audit(asked) => audit::run(&daemon()?, asked).await,
        Command::Daemon(verb) => daemon::run(&daemon()?, verb).await,
        Command::Doctor(asked) => doctor::run(&options, asked).await,
        Command::Schema(asked) => schema::run(&options, asked),
        Command::Completions(asked) => completions::run(&options, asked),
    };
    exit.map(ExitCode::from)
}
