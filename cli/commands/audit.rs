//! `ssectl audit`

use jiff::Timestamp;
use ssectl_core::control::types::{AuditEntry, AuditOutcome};

use super::print_list;
use crate::{
    args::Audit,
    context::Context,
    error::Outcome,
    table::{Column, Table},
};

pub(super) async fn run(context: &Context, asked: Audit) -> Outcome {
    let limit = usize::from(asked.limit);
    let answer = context.ask(context.client.audit(asked.since, asked.before, limit)).await?;
    let items = &answer.value.items;
    if let Some(oldest) = items.last().filter(|_| items.len() == limit) {
        context.out.note(&format!("there may be older ones: --before {}", oldest.sequence));
    }
    print_list(context, &answer, "nothing was ordered", |entry| entry.sequence.to_string(), table)
}

fn table(items: &[AuditEntry]) -> Table {
    let mut table = Table::new(&[
        ("TIME", Column::Rigid),
        ("WHO", Column::Flexible),
        ("COMMAND", Column::Rigid),
        ("TARGET", Column::Flexible),
        ("OUTCOME", Column::Flexible),
        ("KEY", Column::Flexible),
    ]);
    for entry in items {
        table.row(&[
            Timestamp::from_second(entry.at.as_second()).unwrap_or(entry.at).to_string(),
            who(entry),
            entry.command.clone(),
            entry.target.clone(),
            outcome(entry),
            entry.key.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    table
}

fn who(entry: &AuditEntry) -> String {
    match (&entry.user, entry.uid) {
        (Some(user), Some(uid)) => format!("{user} ({uid})"),
        (None, Some(uid)) => format!("uid {uid}"),
        _ => entry.actor.clone(),
    }
}

fn outcome(entry: &AuditEntry) -> String {
    let word = match entry.outcome {
        AuditOutcome::Done => "done",
        AuditOutcome::Repeated => "repeated",
        AuditOutcome::Refused => "refused",
        AuditOutcome::Unknown => "unknown",
    };
    entry.reason.as_ref().map_or_else(|| word.to_owned(), |reason| format!("{word}: {reason}"))
}
