//! What is offered for the value of an argument, by the name of the value and the command that it is an argument of.

use std::collections::BTreeSet;

use serde_json::Value;
use ssectl_core::control::{
    listing::{Field, Kind, Listed},
    operations::{self, Shape},
    types::EventLine,
};

use super::{engine::Candidate, live::Daemon};
use crate::text;

/// Distinct values of a field that are offered.
const DISTINCT: usize = 50;

/// Where values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// They are always the same.
    Fixed(Vec<Candidate>),
    /// They are in a list of this kind: in this field, with these beside it; the items of which one of those holds.
    Listed { kind: &'static str, field: &'static str, beside: &'static [&'static str], only: &'static str },
    /// The names of the list's fields.
    Fields(&'static str),
    /// The same with signs and values after them.
    Filters(&'static str),
}

impl Source {
    /// Returns where the values of this name come from, in this command.
    pub(super) fn of(name: &str, path: &[String]) -> Option<Self> {
        let words: Vec<_> = path.iter().map(String::as_str).collect();
        let fixed = |values: &[(&str, &str)]| {
            let candidate =
                |(value, about): &(&str, &str)| Candidate { value: (*value).into(), about: (*about).into() };
            Some(Self::Fixed(values.iter().map(candidate).collect()))
        };
        match (name, words.as_slice()) {
            ("REQUEST_ID", _) => {
                Some(listed("connections.list", "request_id", &["state", "age", "user_agent"]))
            }
            ("TOKEN", _) => Some(listed("connections.list", "token", &["request_id", "age", "user_agent"])),
            ("TASK_ID", words) => Some(tasks(words)),
            ("TASK", ["task", "start"]) => fixed(&[("demo", "Three steps"), ("failing", "Fails")]),
            ("MEMBER", _) => Some(listed("members.list", "name", &["state", "version", "connections"])),
            ("VERSION", ["version", "queue"]) => None,
            ("VERSION", _) => Some(listed("versions.list", "version", &["for", "age", "changelog"])),
            ("FIELD", words) => list_of(words).map(Self::Fields),
            // No list has what a stream tells.
            ("FIELD=VALUE", ["event", "tail"]) => Some(Self::Fixed(
                EventLine::FIELDS.iter().map(|field| plain(format!("{}=", field.name))).collect(),
            )),
            ("FIELD=VALUE", words) => list_of(words).map(Self::Filters),
            ("KIND", ["schema"]) => {
                let kinds = operations::kinds().into_iter();
                Some(Self::Fixed(
                    kinds.map(|one| Candidate { value: one.kind, about: one.description }).collect(),
                ))
            }
            _ => None,
        }
    }
}

const fn listed(kind: &'static str, field: &'static str, beside: &'static [&'static str]) -> Source {
    Source::Listed { kind, field, beside, only: "" }
}

/// Returns the tasks that a command can do something with.
fn tasks(words: &[&str]) -> Source {
    let only = match words.last() {
        Some(&("complete" | "fail" | "progress")) => "owner=reporter ended=",
        Some(&"cancel") => "ended=",
        Some(&"remove") => "ended!=",
        _ => "",
    };
    Source::Listed {
        kind: "tasks.list",
        field: "task_id",
        beside: &["name", "status", "progress", "age"],
        only,
    }
}

/// Returns the list that a command prints, else the one of its noun.
fn list_of(words: &[&str]) -> Option<&'static str> {
    let noun = words.first()?.trim_end_matches('s');
    let kinds = operations::ALL.iter().copied().flatten().map(|operation| operation.answer.kind);
    let lists = kinds.filter(|kind| fields(kind).is_some_and(|fields| !fields.is_empty()));
    let own: Vec<_> = lists
        .filter_map(|kind| Some((kind, kind.split_once('.')?)))
        .filter(|(_, (of, _))| of.trim_end_matches('s') == noun)
        .collect();
    let of = |verb: &str| own.iter().find(|(_, (_, what))| *what == verb).map(|(kind, _)| *kind);
    words.get(1).and_then(|verb| of(verb)).or_else(|| of("list"))
}

fn fields(kind: &str) -> Option<&'static [Field]> {
    let mut all = operations::ALL.iter().copied().flatten();
    all.find_map(|operation| match operation.answer.shape {
        Shape::Many(fields) if operation.answer.kind == kind => Some(fields),
        _ => None,
    })
}

/// Returns what begins with what was typed.
pub(super) fn offered(source: &Source, typed: &str, daemon: &Daemon) -> Vec<Candidate> {
    let mut offered = match source {
        Source::Fixed(values) => values.clone(),
        Source::Listed { kind, field, beside, only } => {
            let mut filters: Vec<_> = only.split_whitespace().map(str::to_owned).collect();
            if !typed.is_empty() {
                filters.push(format!("{field}~{typed}"));
            }
            let items = daemon.list(kind, &filters);
            let fields = fields(kind).unwrap_or_default();
            items.iter().filter_map(|item| described(item, fields, field, beside)).collect()
        }
        Source::Fields(kind) => {
            let descending = if typed.starts_with('-') { "-" } else { "" };
            let names = fields(kind).unwrap_or_default().iter();
            names.map(|field| plain(format!("{descending}{}", field.name))).collect()
        }
        Source::Filters(kind) => filters(kind, typed, daemon),
    };
    offered.retain(|one| one.value.starts_with(typed) && text::harmless(&one.value) == one.value);
    offered
}

fn plain(value: String) -> Candidate {
    Candidate { value, about: String::new() }
}

/// Returns the fields with a sign after each, or, once there is one, the values that there are.
fn filters(kind: &'static str, typed: &str, daemon: &Daemon) -> Vec<Candidate> {
    let fields = fields(kind).unwrap_or_default();
    let end = typed.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(typed.len());
    let (name, rest) = typed.split_at(end);
    let Some(sign) = ["!=", "=", "!~", "~"].into_iter().find(|sign| rest.starts_with(sign)) else {
        return fields.iter().map(|field| plain(format!("{}=", field.name))).collect();
    };
    let Some(field) = Field::find(fields, name).filter(|field| field.kind == Kind::Text) else {
        return Vec::new();
    };
    let items = daemon.list(kind, &[]);
    let values = items.iter().filter_map(|item| field.value(item)).map(shown);
    let distinct: BTreeSet<_> = values.collect();
    distinct.into_iter().take(DISTINCT).map(|value| plain(format!("{name}{sign}{value}"))).collect()
}

fn described(item: &Value, fields: &'static [Field], name: &str, beside: &[&str]) -> Option<Candidate> {
    let value = shown(Field::find(fields, name)?.value(item)?);
    let about = beside.iter().filter_map(|name| {
        let field = Field::find(fields, name)?;
        let value = field.value(item)?;
        let ago = |text: &str| text.parse().ok().map(text::since);
        Some(match (field.kind, value) {
            (Kind::Ago, Value::String(moment)) => ago(moment)?,
            (Kind::Share, Value::Number(share)) => text::percent(share.as_f64()?),
            (_, value) => text::harmless(&shown(value)),
        })
    });
    Some(Candidate { value, about: about.collect::<Vec<_>>().join("  ") })
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    fn check(command: &clap::Command, path: &mut Vec<String>, lists: &mut usize) {
        for argument in command.get_arguments() {
            let name = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
            if let Some(name) = name.filter(|name| ["FIELD", "FIELD=VALUE"].contains(&name.as_str())) {
                assert!(Source::of(&name, path).is_some(), "{path:?} {name}: which list has these fields?");
                *lists += 1;
            }
        }
        for sub in command.get_subcommands() {
            path.push(sub.get_name().to_owned());
            check(sub, path, lists);
            path.pop();
        }
    }

    #[test]
    fn the_fields_of_every_list_are_known() {
        let mut lists = 0;
        check(&Cli::command(), &mut Vec::new(), &mut lists);
        assert!(lists >= 12, "{lists}");
    }
}
