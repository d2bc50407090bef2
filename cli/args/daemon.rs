//! `ssectl daemon`

use std::time::Duration;

use clap::{Args, Subcommand};

use super::Key;
use crate::parse;

#[derive(Debug, Subcommand)]
pub(crate) enum Daemon {
    /// Stops the daemon gracefully, and waits until it is gone
    Stop(Stop),
    /// Reads the settings again: all that may change at once does, or, if anything is wrong, nothing
    ///
    /// Secrets and roles are looked up again, too. Says what has changed, and what will after a
    /// restart only; ssectld.toml says of each setting whether it holds at once. The same as SIGHUP,
    /// with an answer.
    Reload(Key),
    /// Shows what the daemon logs, or changes it at once
    ///
    /// A level (off, error, warn, info, debug, trace), levels of targets, or both: what is not named by a target
    /// alone stays as log.level says. It ends after --for, with --reset, or with the daemon; a reload does not end
    /// it. `ssectl status` names it while it holds.
    LogLevel(LogLevel),
    /// Sends embedded streams away, evenly over a time, and lets no new ones in
    ///
    /// Before maintenance, or to move browsers to another daemon: each stream ends with a farewell and a
    /// reconnection time of its own, new ones are told when to ask again, /readyz says 503. Versions,
    /// events and tasks go on. It ends with a restart of the daemon or with --cancel, not with this
    /// command: repeated, it watches the drain that is under way. Behind a gateway there is nothing to
    /// drain: the gateway holds the streams.
    Drain(Drain),
}

#[derive(Args, Debug)]
pub(crate) struct Stop {
    /// Do not wait
    #[arg(long)]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) key: Key,
}

#[derive(Args, Debug)]
pub(crate) struct LogLevel {
    /// debug, or ssectl_core::task=debug; several hold together
    #[arg(value_name = "LEVEL|TARGET=LEVEL")]
    pub(crate) filter: Vec<String>,
    /// For so long, then as before
    #[arg(long = "for", value_name = "TIME", value_parser = parse::duration, requires = "filter")]
    pub(crate) time: Option<Duration>,
    /// Log as log.level says again
    #[arg(long, conflicts_with = "filter")]
    pub(crate) reset: bool,
    #[command(flatten)]
    pub(crate) key: Key,
}

#[derive(Args, Debug)]
pub(crate) struct Drain {
    /// Send them away over this time, also those that are left of a drain under way [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = parse::duration)]
    pub(crate) over: Option<Duration>,
    /// Only say how many streams there are and how many browsers would come back in a second
    #[arg(long, conflicts_with = "key")]
    pub(crate) dry_run: bool,
    /// Take it back: who is left stays, new streams are let in
    #[arg(long, conflicts_with_all = ["over", "dry_run", "no_wait"])]
    pub(crate) cancel: bool,
    /// Do not wait until no stream is left
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) key: Key,
}
