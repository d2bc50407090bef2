//! `ssectl audit`

use clap::Args;
use jiff::Timestamp;

use crate::{listing::ListOptions, parse};

#[derive(Args, Debug)]
pub(crate) struct Audit {
    /// Not longer ago than this (1h, 30m), or not before this time (2026-01-31T08:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = parse::since)]
    pub(crate) since: Option<Timestamp>,
    /// Older than the entry with this number
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) before: Option<u64>,
    #[command(flatten)]
    pub(crate) list: ListOptions,
}
