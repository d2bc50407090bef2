//! The command line.

mod audit;
mod completions;
mod connections;
mod daemon;
mod doctor;
mod event;
mod members;
mod schema;
mod task;
mod top;
mod version;
mod wait;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::{
    audit::*, completions::*, connections::*, daemon::*, doctor::*, event::*, members::*, schema::*, task::*,
    top::*, version::*, wait::*,
};
use crate::{exit, parse};

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
    /// Ask this member of the daemon's cluster instead; the daemon passes it on
    #[arg(long, global = true, value_name = "MEMBER", value_parser = parse::id)]
    pub(crate) member: Option<String>,
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
    ///
    /// With -o json also what was counted since it started, and what waits. With --watch -o jsonl each line is a whole
    /// answer, warnings included.
    ///
    /// With --cluster the figures of all members together, and each member: degraded also where one does not answer,
    /// where not the same version is pending everywhere, and where clocks are more than a second apart.
    Status(Status),
    /// The members of the cluster that the daemon is one of
    #[command(subcommand)]
    Members(Members),
    /// The daemon as it goes on, on a terminal: rates, queues, tasks, connections
    ///
    /// The key ? says what the keys do. For a program: status --watch -o jsonl.
    Top(Top),
    /// Wait for something: asks the daemon once, and again where that is gone
    #[command(subcommand)]
    Wait(Wait),
    /// Who ordered what, newest first; for operators
    ///
    /// 100 entries unless --limit says otherwise, 1000 at most; --before for older ones.
    ///
    /// Fields: sequence, time, who, command, target, outcome, reason, key, actor, uid, pid, via.
    Audit(Audit),
    /// What is wrong, here and on the way to browsers, and what to type next; needs no daemon
    ///
    /// Exit status 10 if a check fails. With --url also what a browser meets: status, buffering, compression,
    /// caches, CORS, HTTP/2, a proxy that ends idle streams.
    Doctor(Doctor),
    /// The daemon itself
    #[command(subcommand)]
    Daemon(Daemon),
    /// What is said in JSON: the OpenAPI document of the control API, or one JSON Schema of it
    ///
    /// No daemon is needed; it serves the same document as /v1/openapi.json.
    Schema(Schema),
    /// Prints what makes a shell complete ssectl: commands, options, and the ids that there are
    ///
    /// A package installs it. By hand: source <(ssectl completions bash) in ~/.bashrc; the same with zsh in
    /// ~/.zshrc, after compinit; ssectl completions fish | source in ~/.config/fish/config.fish. A
    /// daemon that does not answer within 150 ms is not waited for.
    Completions(Completions),
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// Exit code 10 unless the daemon is ready and nothing is degraded
    #[arg(long)]
    pub(crate) check: bool,
    /// Go on: draw it again every two seconds, or this often; with -o jsonl print every answer on a line
    #[arg(short, long, value_name = "TIME", num_args = 0..=1, require_equals = true,
          default_missing_value = "2s", value_parser = parse::interval, conflicts_with = "check")]
    pub(crate) watch: Option<Duration>,
    #[command(flatten)]
    pub(crate) everyone: Everyone,
}

impl Command {
    /// Returns whether a daemon that cannot be reached, so that nothing was sent, is forgiven.
    pub(crate) fn allows_unreachable(&self) -> bool {
        let allowed = match self {
            Self::Version(Version::Queue(order)) => &order.unreachable,
            Self::Event(Event::Send(order)) => &order.unreachable,
            Self::Task(Task::Progress(report)) => &report.unreachable,
            Self::Task(
                Task::Create { unreachable, .. }
                | Task::Complete { unreachable, .. }
                | Task::Fail { unreachable, .. },
            ) => unreachable,
            _ => return false,
        };
        allowed.allow_unreachable
    }
}

/// Of whom it is asked.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Everyone {
    /// Ask all members of the cluster at once; exit code 8 where one does not answer within 2 s
    #[arg(long)]
    pub(crate) cluster: bool,
}

/// What is forgiven.
#[derive(Args, Debug)]
pub(crate) struct AllowUnreachable {
    /// Succeed with a warning where the daemon cannot be reached and nothing was sent; nothing else is forgiven
    #[arg(long)]
    pub(crate) allow_unreachable: bool,
}

/// A mutation's idempotency key.
#[derive(Args, Clone, Debug)]
pub(crate) struct Key {
    /// Makes the order repeatable: the same key and order is carried out once [default: generated]
    #[arg(long, visible_alias = "deploy-id", value_parser = parse::key)]
    pub(crate) key: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use ssectl_core::{
        control::{
            listing::Listed,
            types::{AuditEntry, ConnectionLine, ConnectionView, Member},
        },
        task::TaskView,
        version::{PendingVersion, QueuedVersion},
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
            (&["connections", "watch"], ConnectionLine::FIELDS),
            (&["version", "list"], PendingVersion::FIELDS),
            (&["version", "history"], QueuedVersion::FIELDS),
            (&["task", "list"], TaskView::FIELDS),
            (&["audit"], AuditEntry::FIELDS),
            (&["members", "list"], Member::FIELDS),
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
    fn waiting_has_its_own_patience() {
        let patience = |line: &str| {
            let cli = Cli::try_parse_from(line.split(' ')).expect(line);
            match cli.command {
                Command::Wait(Wait::Ready { patience }) => patience.timeout.as_secs(),
                _ => panic!("{line} is another command"),
            }
        };
        assert_eq!(patience("ssectl wait ready"), 30);
        assert_eq!(patience("ssectl wait ready --timeout 0"), 0);
        assert_eq!(patience("ssectl wait ready --timeout 2m"), 120);
    }

    #[test]
    fn what_is_wrong_is_refused_before_anything_is_sent() {
        let wrong: [&[&str]; 28] = [
            &["ssectl"],
            &["ssectl", "version"],
            &["ssectl", "version", "queue"],
            &["ssectl", "version", "queue", ""],
            &["ssectl", "version", "queue", " "],
            &["ssectl", "version", "queue", "1", "--live-to-all"],
            &["ssectl", "version", "queue", "1", "--request-id", "a:b"],
            &["ssectl", "version", "queue", "1", "--key", ""],
            &["ssectl", "version", "queue", "1", "--min-written", "95%"],
            &["ssectl", "version", "queue", "1", "--wait", "--min-written", "most"],
            &["ssectl", "version", "queue", "1", "--wait", "--dry-run"],
            &["ssectl", "wait", "version"],
            &["ssectl", "connections", "disconnect"],
            &["ssectl", "connections", "disconnect", "--yes"],
            &["ssectl", "connections", "disconnect", "a", "--all", "--yes"],
            &["ssectl", "connections", "disconnect", "a", "--filter", "age>1h"],
            &["ssectl", "connections", "disconnect", "--filter", "age"],
            &["ssectl", "connections", "disconnect", "a", "--private"],
            &["ssectl", "connections", "disconnect", "a", "--reason", " "],
            &["ssectl", "connections", "disconnect", "a", "--no-reconnect=0s"],
            &["ssectl", "event", "send", "version", "{}"],
            &["ssectl", "task", "progress", "t", "--value", "2"],
            &["ssectl", "task", "progress", "t", "--value", "0.2", "--percent", "20"],
            &["ssectl", "status", "--timeout", "0"],
            &["ssectl", "status", "--watch", "--check"],
            &["ssectl", "status", "--watch=0s"],
            &["ssectl", "status", "--watch=99ms"],
            &["ssectl", "top", "--interval", "99ms"],
        ];
        for words in wrong {
            let error = Cli::try_parse_from(words).expect_err(&words.join(" "));
            assert_eq!(error.exit_code(), 2, "{words:?}");
        }
    }
}
