//! `ssectl task`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Key;
use crate::{listing::ListOptions, parse};

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
