//! `ssectl version`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ssectl_core::{request_id::RequestId, version::Least};

use super::{AllowUnreachable, Everyone, Key};
use crate::{listing::ListOptions, parse};

#[derive(Debug, Subcommand)]
pub(crate) enum Version {
    /// Tells browsers of a new version, those connected now and those that connect later
    ///
    /// A version is stored first, then told; it stays pending until another one takes its place or it is cleared.
    /// With --wait the answer says to how many of the connections that were selected it was written: accepted by
    /// the kernel, or by the gateway. Nobody knows how many people have seen it.
    Queue(Box<QueueVersion>),
    /// Lists pending versions, newest first
    ///
    /// Fields: version, for, sequence, age, key, changelog.
    #[command(visible_alias = "ls")]
    List {
        #[command(flatten)]
        everyone: Everyone,
        #[command(flatten)]
        list: ListOptions,
    },
    /// Shows the version that this request id is told: its own, else the one for everyone
    Show {
        /// The browser's request id
        request_id: RequestId,
    },
    /// Lists the last 100 versions that were queued, newest first, and how far each has come
    ///
    /// Fields: version, sequence, for, age, state, by, connections, written, failed, overflowed, gone, queued, key,
    /// superseded_by, changelog.
    History {
        #[command(flatten)]
        everyone: Everyone,
        #[command(flatten)]
        list: ListOptions,
    },
    /// Shows how many of the present connections were sent which version
    Status {
        /// The version [default: the one that is pending for everyone]
        #[arg(value_name = "VERSION", value_parser = parse::version)]
        name: Option<String>,
        #[command(flatten)]
        everyone: Everyone,
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
    Current {
        #[command(flatten)]
        everyone: Everyone,
    },
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
    /// Do nothing where the same version, with the same changelog, is pending already
    #[arg(long)]
    pub(crate) if_changed: bool,
    /// Refuse (exit code 6) unless this version is pending; '' for none
    #[arg(long, value_name = "VERSION")]
    pub(crate) expect_pending: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long, conflicts_with = "wait")]
    pub(crate) dry_run: bool,
    /// Wait until it was written to those selected: 30 s, or --timeout; exit code 8 where it was not
    #[arg(long)]
    pub(crate) wait: bool,
    /// With --wait: count the connections of all members of the cluster; exit code 8 where one does not answer
    #[arg(long, requires = "wait")]
    pub(crate) cluster: bool,
    /// To how many of them, those that left not counted: 95%, or a number [default: 100%]
    #[arg(long, value_name = "SHARE", requires = "wait", value_parser = parse::least)]
    pub(crate) min_written: Option<Least>,
    #[command(flatten)]
    pub(crate) unreachable: AllowUnreachable,
    #[command(flatten)]
    pub(crate) key: Key,
}
