//! `ssectl wait`

use std::time::Duration;

use clap::{Args, Subcommand};
use ssectl_core::version::Least;

use crate::parse;

#[derive(Debug, Subcommand)]
pub(crate) enum Wait {
    /// Waits until the daemon is ready, also for one that is not there yet or is being restarted
    Ready {
        #[command(flatten)]
        patience: Patience,
    },
    /// Waits until a version was queued, and, with --min-written, has been written
    ///
    /// Also for one that is not queued yet. Exit code 10 where it cannot be written to so many any more.
    Version {
        /// The version
        #[arg(value_name = "VERSION", value_parser = parse::version)]
        name: String,
        /// To how many of those that were selected, and have not left, it is to be written: 95%, or a number
        #[arg(long, value_name = "SHARE", value_parser = parse::least)]
        min_written: Option<Least>,
        #[command(flatten)]
        patience: Patience,
    },
    /// Waits until a task has ended, also for one that is not there yet; exit code 10 if it did not complete
    Task {
        /// The task's id
        #[arg(value_name = "TASK_ID", value_parser = parse::id)]
        task_id: String,
        #[command(flatten)]
        patience: Patience,
    },
    /// Waits until no stream is left; a daemon that is not there has none
    Drained {
        #[command(flatten)]
        patience: Patience,
    },
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// How long to wait; 0 looks once. Exit code 7 when it is over
    #[arg(long, value_name = "TIME", value_parser = parse::patience, default_value = "30s")]
    pub(crate) timeout: Duration,
}
