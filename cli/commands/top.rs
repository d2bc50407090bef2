//! `ssectl top`: the daemon as it goes on, on a terminal.

#[cfg(feature = "tui")]
mod feed;
#[cfg(feature = "tui")]
mod keys;
#[cfg(feature = "tui")]
mod model;
#[cfg(feature = "tui")]
mod rates;
#[cfg(feature = "tui")]
mod stage;
#[cfg(feature = "tui")]
mod view;

use std::io::{self, IsTerminal};

use crate::{args::Top, context::Context, error::CliError};

/// What a program asks for instead.
const INSTEAD: &str = "for a program: ssectl status --watch -o jsonl";

/// Shows the daemon until somebody has seen enough. Returns the exit code, which may be that of a signal.
pub(super) async fn run(context: &Context, asked: &Top) -> Result<u8, CliError> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(
            CliError::usage("top draws on a terminal and is typed to, and there is none").hint(INSTEAD)
        );
    }
    show(context, asked).await
}

#[cfg(not(feature = "tui"))]
async fn show(_: &Context, _: &Top) -> Result<u8, CliError> {
    Err(CliError::usage("this ssectl was built without top (the feature tui)")
        .hint("the same in lines: ssectl status --watch"))
}

#[cfg(feature = "tui")]
async fn show(context: &Context, asked: &Top) -> Result<u8, CliError> {
    use std::sync::Arc;

    use tokio::sync::{Notify, mpsc, watch};

    let (news, heard) = mpsc::channel(1);
    let model = model::Model::new(asked.interval, context.out.colours());
    let (wanted, wishes) = watch::channel(model.wish());
    let at_once = Arc::new(Notify::new());
    let feed = feed::Feed::new(context, asked.interval, wishes, Arc::clone(&at_once));
    let stage = stage::Stage::enter().map_err(|error| stage::lost(&error))?;
    tokio::select! {
        ended = stage.play(model, heard, &wanted, &at_once) => ended,
        never = feed.run(&news) => match never {},
    }
}
