//! `ssectl version`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ssectl_core::request_id::RequestId;

use super::Key;
use crate::{listing::ListOptions, parse};

#[derive(Debug, Subcommand)]
pub(crate) enum Version {
    /// Tells browsers of a new version, those connected now and those that connect later
    Queue(QueueVersion),
    /// Lists pending versions, newest first
    ///
    /// Fields: version, for, sequence, age, key, changelog.
    #[command(visible_alias = "ls")]
    List(ListOptions),
    /// Shows the version that this request id is told: its own, else the one for everyone
    Show {
        /// The browser's request id
        request_id: RequestId,
    },
    /// Forgets a pending version: by default the one for everyone
    Clear {
        /// The one pending for this request id
        #[arg(long, value_name = "REQUEST_ID")]
        request_id: Option<RequestId>,
        /// Every pending version
        #[arg(long, conflicts_with = "request_id")]
        all: bool,
        #[command(flatten)]
        key: Key,
    },
    /// Shows the version that a newcomer is told
    Current,
}

#[derive(Args, Debug)]
pub(crate) struct QueueVersion {
    /// The version, 1.4.0 for example
    #[arg(value_name = "VERSION", value_parser = parse::version)]
    pub(crate) name: String,
    /// What is new in it
    #[arg(long, value_name = "TEXT")]
    pub(crate) changelog: Option<String>,
    /// A file that says what is new in it; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "changelog")]
    pub(crate) changelog_file: Option<PathBuf>,
    /// Only for this browser
    #[arg(long, value_name = "REQUEST_ID")]
    pub(crate) request_id: Option<RequestId>,
    /// With --request-id: everyone connected is told now, later only that browser
    #[arg(long, requires = "request_id")]
    pub(crate) live_to_all: bool,
    #[command(flatten)]
    pub(crate) key: Key,
}
