//! `ssectl task`

use std::{ffi::OsString, time::Duration};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{AllowUnreachable, Everyone, Key};
use crate::{listing::ListOptions, parse};

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Starts a built-in task: demo or failing
    Start(StartTask),
    /// Runs a command as a task that browsers see; ends with its exit code
    ///
    /// Browsers are told how far it is: by lines of its output that have one percentage in them (`42% done`), or by
    /// lines of its own, `::progress 0.4 copying rows`, after which percentages count no more. All of its output is
    /// passed on as it is, those lines too; browsers see nothing of it but that number and that text, or, with
    /// --share-output, its latest line. When it fails they are told `exit code 3` or `signal SIGKILL`.
    ///
    /// The command has our stdin and our signals, and where our output goes to a terminal, one for itself. It finds
    /// SSECTL_TASK_ID, and SSECTL_SOCKET, in its environment: `ssectl task progress "$SSECTL_TASK_ID" --percent 40`.
    ///
    /// Troubles with the daemon are notes on stderr: the command runs all the same, is told of once there is a daemon,
    /// and its start waits 2 s for one and its end 3 s at most, or --timeout. After its end its output is waited for
    /// one more second if a child of it keeps that open. When this program is killed, the task fails at once with
    /// `reporter lost`.
    Run(RunTask),
    /// Creates a task that you report yourself, and prints its id
    Create {
        /// Its name, for people
        #[arg(long, value_parser = parse::task_name)]
        name: String,
        #[command(flatten)]
        unreachable: AllowUnreachable,
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
        unreachable: AllowUnreachable,
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
        unreachable: AllowUnreachable,
        #[command(flatten)]
        key: Key,
    },
    /// Lists tasks, newest first
    ///
    /// Fields: task_id, name, owner, status, progress, age, started, ended, text,
    /// member.
    #[command(visible_alias = "ls")]
    List {
        #[command(flatten)]
        everyone: Everyone,
        #[command(flatten)]
        list: ListOptions,
    },
    /// Shows one task
    Show {
        #[command(flatten)]
        task: TaskId,
        #[command(flatten)]
        everyone: Everyone,
    },
    /// Follows a task to its end; exit code 10 if it did not complete
    Follow {
        #[command(flatten)]
        task: TaskId,
        #[command(flatten)]
        everyone: Everyone,
    },
    /// Cancels a task
    Cancel {
        #[command(flatten)]
        task: TaskId,
        #[command(flatten)]
        everyone: Everyone,
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
pub(crate) struct RunTask {
    /// Its name, for people
    #[arg(long, value_parser = parse::task_name)]
    pub(crate) name: String,
    /// Tell browsers also the latest line of its output, without control characters, cut to 200
    #[arg(long)]
    pub(crate) share_output: bool,
    /// Do not look for percentages in its output: only `::progress` counts
    #[arg(long)]
    pub(crate) no_percent: bool,
    /// Give it our stdout and stderr themselves; its output is not read then
    #[arg(long, conflicts_with_all = ["share_output", "no_percent"])]
    pub(crate) raw: bool,
    /// Do not run it unless the daemon has its task
    #[arg(long)]
    pub(crate) require_daemon: bool,
    /// Tell of its progress this often at most
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = parse::duration)]
    pub(crate) interval: Duration,
    #[command(flatten)]
    pub(crate) key: Key,
    /// The command, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(crate) struct Progress {
    #[command(flatten)]
    pub(crate) task: TaskId,
    #[command(flatten)]
    pub(crate) unreachable: AllowUnreachable,
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
