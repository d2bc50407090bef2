//! `ssectld`: reads arguments and settings, starts the daemon, passes signals on, and ends with a code that says
//! why. All behaviour is in `ssectl_core`.

mod activation;
mod args;
mod exit;
mod gateway;
#[path = "../common/generate.rs"]
mod generate;
mod greeting;
mod logging;
mod manual;
mod notify;
mod runtime;
mod settings;
mod signals;
mod state;

use std::{process::ExitCode, sync::Arc};

use clap::{CommandFactory, Parser};
use ssectl_core::{
    accept::Sockets,
    app::{App, Parts},
    reload,
};

use crate::{
    args::{Arguments, Command},
    exit::{Exit, Failure},
    generate::Generate,
    logging::LogLevel,
    settings::{Prepared, Reader},
    signals::Signals,
};

fn main() -> ExitCode {
    if let Some(generate) = Generate::asked(std::env::args_os()) {
        let written = generate.run(Arguments::command(), &manual::MANUAL, &[]);
        return ended(written.map_err(|error| Failure::new(Exit::Failed, error)));
    }
    let arguments = Arguments::parse();
    ended(match &arguments.command {
        None | Some(Command::Run) => start(&arguments),
        Some(Command::Gateway(told)) => gateway::start(&arguments.settings, told),
        Some(Command::Config(what)) => settings::inspect(&arguments.settings, *what),
        Some(Command::Store(what)) => state::attend(&arguments.settings, what),
    })
}

fn ended(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn start(arguments: &Arguments) -> Result<(), Failure> {
    let sockets = activation::take(activation::DAEMON)?;
    let prepared = settings::prepare(&arguments.settings, &sockets)?;
    let level = logging::start(&prepared.config.log, &prepared.environment)?;
    runtime::run(run(prepared, sockets, arguments.settings.clone(), level))
}

async fn run(
    prepared: Prepared,
    sockets: Sockets,
    told: args::Settings,
    level: LogLevel,
) -> Result<(), Failure> {
    let signals = Signals::catch().map_err(|error| Failure::new(Exit::Failed, error))?;
    let source = Reader { told };
    let settings = Some(reload::Settings::new(prepared.read, Arc::new(source)));
    let running = App::start(
        prepared.config,
        Parts { sockets, settings, log: Some(Arc::new(level)), ..Parts::default() },
    )
    .await
    .map_err(|error| Failure::of_start(&error, &greeting::called()))?;
    let services = running.services();
    notify::stopping_when_it_does(&services.lifecycle);
    #[expect(
        clippy::disallowed_methods,
        reason = "it outlives the daemon's tasks: a second signal must be heard"
    )]
    tokio::spawn(signals.forward(services.lifecycle.clone(), {
        let services = Arc::clone(services);
        move || reload::begin(&services)
    }));
    if !prepared.under_systemd {
        greeting::print(services, prepared.socket_from);
    }
    notify::ready(services);
    let asked = Arc::clone(services);
    notify::watchdog(&services.lifecycle, move |patience| {
        let services = Arc::clone(&asked);
        async move { services.pulse(patience).await }
    });
    let bound = &services.bound;
    let activated = (!bound.activated.is_empty()).then(|| bound.activated.join(", "));
    tracing::info!(public = %bound.public, internal = %bound.internal, socket = ?bound.socket, activated, "ready");
    let end = running.ended().await;
    if end.late.is_empty() {
        return Ok(());
    }
    let late = end.late.join(", ");
    Err(Failure::new(Exit::Failed, format!("the shutdown's deadline passed for: {late}"))
        .hint("shutdown.grace and shutdown.spread set the deadline"))
}
