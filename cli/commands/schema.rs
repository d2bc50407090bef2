//! `ssectl schema`

use serde_json::Value;
use ssectl_core::control::{
    operations,
    types::{List, SchemaEntry},
};

use crate::{
    args::{self, Options},
    error::{CliError, Outcome},
    exit::Exit,
    output::{Forms, Output},
    table::{Column, Table},
    text::harmless_json,
};

/// Prints the description; no daemon is asked.
pub(super) fn run(options: &Options, asked: args::Schema) -> Outcome {
    let out = Output::new(options);
    match asked.kind {
        _ if asked.list => list(&out)?,
        Some(kind) => print(&out, &operations::find(&kind).ok_or_else(|| unknown(&kind))?)?,
        None => print(&out, &operations::document())?,
    }
    Ok(Exit::Ok)
}

/// A document is for reading and for files: the same form everywhere.
fn print(out: &Output, document: &Value) -> Result<(), CliError> {
    out.print(&harmless_json(&format!("{document:#}\n")), Exit::Ok)
}

fn list(out: &Output) -> Result<(), CliError> {
    let list = List::new("schemas.list", operations::kinds());
    let json = serde_json::to_string(&list).unwrap_or_default();
    out.answer(&Forms {
        json: &json,
        names: &|| list.items.iter().map(|entry| entry.kind.clone()).collect(),
        table: &|width| {
            let mut table = Table::new([("KIND", Column::Rigid), ("DESCRIPTION", Column::Flexible)]);
            for SchemaEntry { kind, description } in list.items.clone() {
                table.row([kind, description]);
            }
            table.render(width)
        },
    })
}

fn unknown(kind: &str) -> CliError {
    let all: Vec<_> = operations::kinds().into_iter().map(|entry| entry.kind).collect();
    CliError::new(Exit::NotFound, format!("there is no schema {kind:?}"))
        .cause(&format!("there are {}", all.join(", ")))
        .hint("what they are: ssectl schema --list")
}
