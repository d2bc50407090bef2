//! `ssectl top`

use std::time::Duration;

use clap::Args;

use crate::parse;

#[derive(Args, Debug)]
pub(crate) struct Top {
    /// How often to ask the daemon: 100ms at the least
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse::interval)]
    pub(crate) interval: Duration,
}
