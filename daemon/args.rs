//! What may be typed after `ssectld`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Knows every open Server-Sent-Events connection of a web application and broadcasts to them
///
/// Without a command it runs. No file is needed: the default is a daemon on loopback that holds the browsers'
/// streams itself. `ssectl` is the operator's hand on it.
#[derive(Debug, Parser)]
#[command(name = "ssectld", version, propagate_version = true)]
pub(crate) struct Arguments {
    /// Where settings come from.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Where settings come from.
#[derive(Clone, Debug, Args)]
pub(crate) struct Settings {
    /// Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(crate) set: Vec<String>,
    /// Put the control socket here; short for --set control.socket=PATH
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) socket: Option<PathBuf>,
}

/// What a gateway is told; stronger than settings and variables.
#[derive(Clone, Debug, Args)]
pub(crate) struct Gateway {
    /// Listen on this port [default: the variable PORT, else that of gateway_server.listen: 3000]
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// Ask and tell this URL [default: the variable CALLBACK_URL, else gateway_server.callback_url]
    #[arg(long, value_name = "URL")]
    pub(crate) callback_url: Option<String>,
    /// Serve metrics and health here [default: gateway_server.internal, else nowhere]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) internal: Option<std::net::SocketAddr>,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the daemon; the same as no command
    Run,
    /// Run the stream engine alone, in the place of the Node SSE gateway
    ///
    /// It takes streams at any path, asks the callback before one opens, tells it when one ends, and writes what is
    /// posted to /internal/send. Of the settings it heeds framing, shutdown.spread and the sections gateway_server,
    /// stream and log; it has no control socket and no state.
    Gateway(Gateway),
    /// Look at the settings without running
    #[command(subcommand, arg_required_else_help = true)]
    Config(Config),
    /// Look at the state, back it up, restore it, while no daemon uses it
    #[command(subcommand, arg_required_else_help = true)]
    Store(Store),
}

/// What to do with the settings.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Config {
    /// Check the settings; exit code 78 if the daemon could not run with them
    Check,
    /// Print every setting with where it is from, as a file that says the same
    Show,
}

/// What to do with the state.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Store {
    /// Check every record, and say what there is; exit code 78 if a daemon could not go on with it
    ///
    /// Changes nothing. Exit code 69, and the process is named, if a daemon uses the state.
    Check,
    /// Write all of it as lines of JSON, to be kept or to be imported elsewhere
    ///
    /// The first line is {"schema":"ssectl/state","schema_version":1}, then comes a line for each record, then
    /// {"records":N,"crc32":C}. Whoever reads it knows every request id and token: a file is made with mode 0600.
    Export {
        /// Write to this file, which must not be there yet [default: the standard output]
        file: Option<PathBuf>,
    },
    /// Make a state out of what was exported, where there is none
    ///
    /// All of it is checked before anything is written.
    Import {
        /// Read this file; - is the standard input
        file: PathBuf,
        /// If there is a state, put its file aside under another name
        #[arg(long)]
        replace: bool,
    },
}
