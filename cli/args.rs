//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;
use ssectl_core::{event::EventName, request_id::RequestId, token::Token};

use crate::{exit, listing::ListOptions, parse};

/// Operates ssectld: connections, versions, tasks and events of Server-Sent Events.
#[derive(Debug, Parser)]
#[command(name = "ssectl", version, max_term_width = 100, after_long_help = exit::help())]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Options {
    /// The daemon's control socket [default: SSECTL_SOCKET, or where a daemon answers]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]
    #[arg(long, global = true, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) timeout: Option<Duration>,
    /// What to print
    #[arg(short, long, global = true, value_name = "FORM", value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
    /// The same as `-o json`
    #[arg(long, global = true, hide = true)]
    pub(crate) json: bool,
    /// Print nothing but the answer: no notes, no progress
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say which socket is used and why, and what was asked
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Never read from the terminal
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

impl Options {
    /// Returns the form of the answer.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// The same with all columns
    Wide,
    /// The daemon's answer; errors too, on stderr
    Json,
    /// The items alone, one a line
    Jsonl,
    /// Bare ids, one a line
    Name,
}

impl Format {
    /// Returns whether it is for programs that read JSON.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A noun.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Who is connected
    #[command(subcommand, visible_alias = "conn")]
    Connections(Connections),
    /// Frontend versions: tell browsers of a new one
    #[command(subcommand, visible_alias = "ver")]
    Version(Version),
    /// Background tasks that browsers see
    #[command(subcommand)]
    Task(Task),
    /// Events of your own
    #[command(subcommand)]
    Event(Event),
    /// How the daemon is
    Status,
    /// Who ordered what, newest first; for operators
    ///
    /// 100 entries unless --limit says otherwise, 1000 at most; --before for older ones.
    ///
    /// Fields: sequence, time, who, command, target, outcome, reason, key, actor, uid, pid.
    Audit(Audit),
    /// The daemon itself
    #[command(subcommand)]
    Daemon(Daemon),
}

/// A mutation's idempotency key.
#[derive(Args, Debug)]
pub(crate) struct Key {
    /// Makes the order repeatable: the same key and order is carried out once [default: generated]
    #[arg(long, visible_alias = "deploy-id", value_parser = parse::key)]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Connections {
    /// Lists connections, oldest first
    ///
    /// Behind a gateway a connection is live (its connect, an event or a probe has proven it), suspect
    /// (not proven since the daemon restarted, or since something sent to it failed; the gateway is
    /// asked for it) or a ghost (the gateway does not know it: it was removed).
    ///
    /// Fields: request_id, state, age, proven, address, token, version_sequence, durable,
    /// user_agent.
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

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Starts a built-in task: demo or failing
    Start(StartTask),
    /// Creates a task that you report yourself, and prints its id
    Create {
        /// Its name, for people
        #[arg(long, value_parser = parse::id)]
        name: String,
        #[command(flatten)]
        key: Key,
    },
    /// Reports how far your task is; also without news, to show that it lives
    Progress(Progress),
    /// Ends your task well
    Complete {
        #[command(flatten)]
        task: TaskId,
        /// Its result, a JSON object
        #[arg(long, value_name = "JSON", value_parser = parse_object)]
        result: Option<Object>,
        #[command(flatten)]
        key: Key,
    },
    /// Ends your task badly
    Fail {
        #[command(flatten)]
        task: TaskId,
        /// Why it failed; browsers see it
        #[arg(long, value_name = "TEXT", value_parser = parse::id)]
        error: String,
        #[command(flatten)]
        key: Key,
    },
    /// Lists tasks, newest first
    ///
    /// Fields: task_id, name, owner, status, progress, age, started, ended, text.
    #[command(visible_alias = "ls")]
    List(ListOptions),
    /// Shows one task
    Show {
        #[command(flatten)]
        task: TaskId,
    },
    /// Follows a task to its end; exit code 10 if it did not complete
    Follow {
        #[command(flatten)]
        task: TaskId,
    },
    /// Cancels a task
    Cancel {
        #[command(flatten)]
        task: TaskId,
        #[command(flatten)]
        key: Key,
    },
    /// Forgets a task that has ended
    Remove {
        #[command(flatten)]
        task: TaskId,
        #[command(flatten)]
        key: Key,
    },
}

#[derive(Args, Debug)]
pub(crate) struct TaskId {
    /// The task's id
    #[arg(value_name = "TASK_ID", value_parser = parse::id)]
    pub(crate) task_id: String,
}

#[derive(Args, Debug)]
pub(crate) struct StartTask {
    /// Which one: demo or failing
    #[arg(value_name = "TASK", value_parser = parse::id)]
    pub(crate) builtin: String,
    /// A parameter, steps=5 for example; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse::parameter)]
    pub(crate) params: Vec<(String, Value)>,
    /// Follow it to its end; exit code 10 if it does not complete
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) key: Key,
}

#[derive(Args, Debug)]
pub(crate) struct Progress {
    #[command(flatten)]
    pub(crate) task: TaskId,
    /// What it is doing
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// How far it is, 0 to 1
    #[arg(long, value_parser = parse::fraction)]
    pub(crate) value: Option<f64>,
    /// How far it is, 0 to 100
    #[arg(long, value_parser = parse::percent, conflicts_with = "value")]
    pub(crate) percent: Option<f64>,
}

/// A JSON object as one argument.
pub(crate) type Object = serde_json::Map<String, Value>;

fn parse_object(text: &str) -> Result<Object, String> {
    parse::object(text)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Event {
    /// Sends an event to everyone connected now, or to one browser
    Send(SendEvent),
}

#[derive(Args, Debug)]
pub(crate) struct SendEvent {
    /// Its name: letters, digits, _ . -
    #[arg(value_parser = parse::event_name)]
    pub(crate) name: EventName,
    /// Its payload, any JSON; - is stdin
    #[arg(value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) data: String,
    /// Only for this browser
    #[arg(long, value_name = "REQUEST_ID")]
    pub(crate) request_id: Option<RequestId>,
}

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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use ssectl_core::{
        control::{
            listing::Listed,
            types::{AuditEntry, ConnectionView},
        },
        task::TaskView,
        version::PendingVersion,
    };

    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lists_name_their_fields() {
        for (words, fields) in [
            (&["connections", "list"][..], ConnectionView::FIELDS),
            (&["version", "list"], PendingVersion::FIELDS),
            (&["task", "list"], TaskView::FIELDS),
            (&["audit"], AuditEntry::FIELDS),
        ] {
            let mut cli = Cli::command();
            let list = words.iter().fold(&mut cli, |command, word| {
                command.find_subcommand_mut(word).expect("there is such a command")
            });
            let help = list.get_long_about().expect("a description").to_string();
            let help = help.replace('\n', " ");
            let names: Vec<_> = fields.iter().map(|field| field.name).collect();
            assert!(help.contains(&format!("Fields: {}", names.join(", "))), "{words:?}: {help}");
        }
    }

    #[test]
    fn common_options_go_anywhere() {
        for words in ["ssectl -o json connections ls", "ssectl conn list -o json", "ssectl conn --json list"]
        {
            let cli = Cli::try_parse_from(words.split(' ')).expect(words);
            assert_eq!(cli.options.format(), Format::Json, "{words}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_before_anything_is_sent() {
        let wrong: [&[&str]; 15] = [
            &["ssectl"],
            &["ssectl", "version"],
            &["ssectl", "version", "queue"],
            &["ssectl", "version", "queue", ""],
            &["ssectl", "version", "queue", " "],
            &["ssectl", "version", "queue", "1", "--live-to-all"],
            &["ssectl", "version", "queue", "1", "--request-id", "a:b"],
            &["ssectl", "version", "queue", "1", "--key", ""],
            &["ssectl", "connections", "disconnect"],
            &["ssectl", "connections", "disconnect", "--yes"],
            &["ssectl", "connections", "disconnect", "a", "--all", "--yes"],
            &["ssectl", "event", "send", "version", "{}"],
            &["ssectl", "task", "progress", "t", "--value", "2"],
            &["ssectl", "task", "progress", "t", "--value", "0.2", "--percent", "20"],
            &["ssectl", "status", "--timeout", "0"],
        ];
        for words in wrong {
            let error = Cli::try_parse_from(words).expect_err(&words.join(" "));
            assert_eq!(error.exit_code(), 2, "{words:?}");
        }
    }
}
