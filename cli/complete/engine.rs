//! What may stand next on a command line. The only place that knows the completion engine of `clap_complete`, whose
//! interface is not stable yet.

use std::ffi::OsStr;

use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use super::{
    live::Daemon,
    values::{self, Source},
};
use crate::args::Cli;

/// Stands for whatever files there are. No value has this character.
const FILES: &str = "\u{1}files";
/// Stands for a value of which none is known: options are no substitute.
const NOTHING: &str = "\u{1}nothing";

/// What may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The whole word.
    pub(super) value: String,
    /// One line about it.
    pub(super) about: String,
}

impl Candidate {
    /// Returns whether it stands for any file.
    pub(super) fn is_file(&self) -> bool {
        self.value.ends_with(FILES)
    }
}

/// Returns what may stand in the place of the last word, or begin with it.
pub(super) fn candidates(words: &[String], daemon: &Daemon) -> Vec<Candidate> {
    let Some(at) = words.len().checked_sub(1).filter(|at| *at > 0) else { return Vec::new() };
    let mut program = with_values(Cli::command(), &mut Vec::new(), daemon);
    let names = names(&program, Vec::new());
    let arguments = words.iter().map(Into::into).collect();
    let found = complete(&mut program, arguments, at, None).unwrap_or_default();
    let mut found: Vec<_> = found.iter().filter(|one| !one.is_hide_set()).filter_map(candidate).collect();
    let word = &words[at];
    let is_option = |one: &Candidate| one.value.starts_with('-');
    if word.is_empty() && !found.iter().all(is_option) {
        found.retain(|one| !is_option(one));
    }
    // What takes one letter is there for whoever begins it.
    found.retain(|one| !is_option(one) || one.value.starts_with("--") || word.starts_with('-'));
    found.retain(|one| !one.value.ends_with(NOTHING));
    for one in &mut found {
        let whole = names.iter().find(|(alias, name)| *alias == one.value && name.starts_with(word.as_str()));
        if let Some((_, name)) = whole {
            one.value.clone_from(name);
        }
    }
    found
}

/// Returns the names that other names of commands are short for.
fn names(command: &Command, mut known: Vec<(String, String)>) -> Vec<(String, String)> {
    for sub in command.get_subcommands() {
        let name = sub.get_name();
        known.extend(sub.get_visible_aliases().map(|alias| (alias.to_owned(), name.to_owned())));
        known = names(sub, known);
    }
    known
}

fn candidate(found: &CompletionCandidate) -> Option<Candidate> {
    let value = found.get_value().to_str()?.to_owned();
    let about = found.get_help().map(ToString::to_string).unwrap_or_default();
    let about = about.lines().next().unwrap_or_default().to_owned();
    Some(Candidate { value, about })
}

/// Returns the command with what is to be offered for the values of each argument.
fn with_values(command: Command, path: &mut Vec<String>, daemon: &Daemon) -> Command {
    let names: Vec<_> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = command.mut_args(|argument| with_value(argument, path, daemon));
    names.into_iter().fold(command, |command, name| {
        path.push(name.clone());
        let command = command.mut_subcommand(name, |sub| with_values(sub, path, daemon));
        path.pop();
        command
    })
}

fn with_value(argument: Arg, path: &[String], daemon: &Daemon) -> Arg {
    let name = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let files = !matches!(argument.get_value_hint(), ValueHint::Unknown | ValueHint::Other);
    let files = files || name.as_deref() == Some("COMMAND");
    let source = name.and_then(|name| Source::of(&name, path));
    match source {
        Some(source) => {
            let daemon = daemon.clone();
            argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
                let offered = values::offered(&source, &typed.to_string_lossy(), &daemon);
                if offered.is_empty() && typed.is_empty() {
                    return vec![CompletionCandidate::new(NOTHING)];
                }
                let about = |text: &str| (!text.is_empty()).then(|| text.to_owned().into());
                let each =
                    offered.iter().map(|one| CompletionCandidate::new(&one.value).help(about(&one.about)));
                each.enumerate().map(|(order, one)| one.display_order(Some(order))).collect()
            }))
        }
        None if files => {
            argument.add(ArgValueCompleter::new(|_: &OsStr| vec![CompletionCandidate::new(FILES)]))
        }
        None => argument,
    }
}
