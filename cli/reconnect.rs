//! Streams that are followed over a restart of the daemon.

use std::time::Duration;

use ssectl_core::control::client::{ClientError, LineStream};
use tokio::time::{Instant, sleep};

use crate::{context::Context, error::CliError, exit::Exit};

/// Between two attempts to find a daemon again.
const AGAIN: Duration = Duration::from_millis(250);

/// How long a daemon that went away is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until it is back.
    Endless,
    /// Not longer than this.
    Limited(Duration),
}

/// Opens a stream again, once there is a daemon.
pub(crate) async fn again<L>(
    context: &Context,
    patience: Patience,
    open: impl AsyncFn() -> Result<LineStream<L>, ClientError>,
) -> Result<LineStream<L>, CliError> {
    let began = Instant::now();
    context.out.note("the daemon is gone; waiting for it");
    loop {
        sleep(AGAIN).await;
        match context.ask(open()).await {
            Err(error) if matches!(error.exit, Exit::Unreachable | Exit::NoAnswer) => match patience {
                Patience::Limited(limit) if began.elapsed() >= limit => {
                    return Err(CliError::new(
                        Exit::NoAnswer,
                        format!("the daemon has been gone for {limit:?}"),
                    ));
                }
                _ => {}
            },
            found => return found,
        }
    }
}
