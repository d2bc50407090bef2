//! `ssectl connections`

use std::time::Duration;

use clap::{Args, Subcommand};
use ssectl_core::{control::listing::Filter, request_id::RequestId, token::Token};

use super::{Everyone, Key};
use crate::{listing::ListOptions, parse};

#[derive(Debug, Subcommand)]
pub(crate) enum Connections {
    /// Lists connections, oldest first
    ///
    /// Behind a gateway a connection is live (its connect, an event or a probe has proven it), suspect
    /// (not proven since the daemon restarted, or since something sent to it failed; the gateway is
    /// asked for it) or a ghost (the gateway does not know it: it was removed).
    ///
    /// events and bytes were written to it, queued bytes wait for it, drops were never sent: progress
    /// that newer progress replaced, and what was lost at the gateway.
    ///
    /// Fields: request_id, state, age, events, bytes, queued, drops, lost, written, proven, address,
    /// token, version, version_sequence, durable, user_agent, member.
    #[command(visible_alias = "ls")]
    List {
        /// Also those found gone at the gateway in the last ten minutes
        #[arg(long)]
        ghosts: bool,
        /// Instead: the request ids that are refused, until when, why and by whom
        ///
        /// Fields: request_id, until, since, by, reason, member.
        #[arg(long, conflicts_with = "ghosts")]
        blocked: bool,
        #[command(flatten)]
        everyone: Everyone,
        #[command(flatten)]
        list: ListOptions,
    },
    /// Shows one connection
    Show {
        /// The browser's request id
        request_id: RequestId,
        #[command(flatten)]
        everyone: Everyone,
    },
    /// Watches connections come, go and change, until Ctrl-C
    ///
    /// A line for each that connects, is replaced by a newer one of its request id, ends (why, and how
    /// long it lived) or changes its state. Goes on when the daemon restarts. Who reads too slowly is
    /// told how much it missed.
    ///
    /// Fields: type, request_id, state, before, reason, lifetime, address, token, user_agent.
    Watch {
        /// Only what has this: type=disconnected, reason=slow_consumer, lifetime<5s; may be repeated
        #[arg(long = "filter", value_name = "FIELD=VALUE")]
        filters: Vec<Filter>,
    },
    /// Ends connections; browsers normally come back
    ///
    /// The daemon forgets the connections and closes their streams. A browser's EventSource normally
    /// reconnects by itself a few seconds later; with --no-reconnect it is refused, and gives up.
    ///
    /// With --cluster every member of the cluster ends those that it has, and refuses the request ids of all of them.
    ///
    /// Before --all, --filter or more than ten names you are asked, at a terminal; elsewhere that
    /// takes --yes.
    Disconnect(Disconnect),
    /// Lets request ids in again that `disconnect --no-reconnect` has shut out
    Unblock {
        /// The browsers' request ids; `connections list --blocked` has them
        #[arg(value_name = "REQUEST_ID", required = true)]
        request_ids: Vec<RequestId>,
        #[command(flatten)]
        everyone: Everyone,
        #[command(flatten)]
        key: Key,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Disconnect {
    /// The browsers' request ids
    #[arg(value_name = "REQUEST_ID", required_unless_present_any = ["tokens", "filters", "all"])]
    pub(crate) request_ids: Vec<RequestId>,
    /// A stream's token, instead of its request id; may be repeated
    #[arg(long = "token", value_name = "TOKEN", value_parser = parse_token)]
    pub(crate) tokens: Vec<Token>,
    /// Those of which this holds, as `connections list` has it: queued>10k, age>2h; may be repeated
    #[arg(long = "filter", value_name = "FIELD=VALUE", conflicts_with_all = ["request_ids", "tokens", "all"])]
    pub(crate) filters: Vec<Filter>,
    /// Everyone
    #[arg(long, conflicts_with_all = ["request_ids", "tokens"])]
    pub(crate) all: bool,
    /// Ask nothing: do it
    #[arg(long)]
    pub(crate) yes: bool,
    /// Show whom it would be; nothing is done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only if it is so many: otherwise nothing is done, and the exit code is 6
    #[arg(long, value_name = "N")]
    pub(crate) expect: Option<usize>,
    /// Why: for the audit log, the daemon's log, and the browsers
    ///
    /// Browsers of embedded streams are told it as `message` of their last event, `bye`: say nothing
    /// that they must not know, or add --private. At most 200 bytes.
    #[arg(long, value_name = "TEXT", value_parser = parse::reason)]
    pub(crate) reason: Option<String>,
    /// Do not tell browsers the reason
    #[arg(long, requires = "reason")]
    pub(crate) private: bool,
    /// Refuse their request ids from now on, for so long: 10m unless given, 30 days at most
    ///
    /// Ids that are named are refused also if they are not connected. A browser that comes back is
    /// answered 204, behind a gateway its connect callback 410: a native EventSource then gives up for
    /// good, and takes a reload of the page. Also after a restart of the daemon. `connections list
    /// --blocked` shows them, `connections unblock` lets them in again; 10000 at most.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true,
          default_missing_value = "10m", value_parser = parse::duration)]
    pub(crate) no_reconnect: Option<Duration>,
    #[command(flatten)]
    pub(crate) everyone: Everyone,
    #[command(flatten)]
    pub(crate) key: Key,
}

fn parse_token(text: &str) -> Result<Token, ssectl_core::token::InvalidToken> {
    text.parse()
}
