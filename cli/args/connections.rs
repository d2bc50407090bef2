//! `ssectl connections`

use clap::{Args, Subcommand};
use ssectl_core::{request_id::RequestId, token::Token};

use super::Key;
use crate::listing::ListOptions;

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
    /// token, version, version_sequence, durable, user_agent.
    #[command(visible_alias = "ls")]
    List {
        /// Also those found gone at the gateway in the last ten minutes
        #[arg(long)]
        ghosts: bool,
        #[command(flatten)]
        list: ListOptions,
    },
    /// Shows one connection
    Show {
        /// The browser's request id
        request_id: RequestId,
    },
    /// Ends connections; browsers normally come back
    ///
    /// The daemon forgets the connection and closes its stream. A browser's EventSource normally
    /// reconnects by itself a few seconds later.
    Disconnect(Disconnect),
}

#[derive(Args, Debug)]
pub(crate) struct Disconnect {
    /// The browsers' request ids
    #[arg(value_name = "REQUEST_ID", required_unless_present_any = ["tokens", "all"])]
    pub(crate) request_ids: Vec<RequestId>,
    /// A stream's token, instead of its request id; may be repeated
    #[arg(long = "token", value_name = "TOKEN", value_parser = parse_token)]
    pub(crate) tokens: Vec<Token>,
    /// Everyone; needs --yes
    #[arg(long, conflicts_with_all = ["request_ids", "tokens"])]
    pub(crate) all: bool,
    /// Confirms --all
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) key: Key,
}

fn parse_token(text: &str) -> Result<Token, ssectl_core::token::InvalidToken> {
    text.parse()
}
