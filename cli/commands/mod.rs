//! One file per noun; what a verb prints is beside what it asks.

mod audit;
mod connections;
mod daemon;
mod event;
mod follow;
mod status;
mod task;
mod version;

use crate::{
    args::{Cli, Command},
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
};

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Failed, "cannot start").cause(&error))?;
    runtime.block_on(dispatch(cli))
}

async fn dispatch(cli: Cli) -> Outcome {
    let context = Context::find(&cli.options)?;
    match cli.command {
        Command::Connections(verb) => connections::run(&context, verb).await,
        Command::Version(verb) => version::run(&context, verb).await,
        Command::Task(verb) => task::run(&context, verb).await,
        Command::Event(verb) => event::run(&context, verb).await,
        Command::Status => status::run(&context).await,
        Command::Audit(asked) => audit::run(&context, asked).await,
        Command::Daemon(verb) => daemon::run(&context, verb).await,
    }
}
