//! One file per noun; what a verb prints is beside what it asks.

mod audit;
mod connections;
mod daemon;
mod event;
mod follow;
mod schema;
mod status;
mod task;
mod version;

use std::process::ExitCode;

use crate::{
    args::{Cli, Command, Task},
    context::Context,
    error::CliError,
    exit::Exit,
};

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Failed, "cannot start").cause(&error))?;
    runtime.block_on(dispatch(cli))
}

async fn dispatch(cli: Cli) -> Result<ExitCode, CliError> {
    let Cli { options, command } = cli;
    let daemon = || Context::find(&options);
    let exit = match command {
        // It goes on without a daemon, and ends as its command does.
        Command::Task(Task::Run(order)) => {
            return task::run_command(&options, order).await.map(ExitCode::from);
        }
        Command::Connections(verb) => connections::run(&daemon()?, verb).await,
        Command::Version(verb) => version::run(&daemon()?, verb).await,
        Command::Task(verb) => task::run(&daemon()?, verb).await,
        Command::Event(verb) => event::run(&daemon()?, verb).await,
        Command::Status => status::run(&daemon()?).await,
        Command::Audit(asked) => audit::run(&daemon()?, asked).await,
        Command::Daemon(verb) => daemon::run(&daemon()?, verb).await,
        Command::Schema(asked) => schema::run(&options, asked),
    };
    exit.map(ExitCode::from)
}
