//! `ssectl top`

use std::time::Duration;

use clap::Args;

use crate::parse;

#[derive(Args, Debug)]
pub(crate) struct Top {
    /// How often to ask the daemon
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse::duration)]
    pub(crate) interval: Duration,
}
