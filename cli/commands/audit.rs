//! `ssectl audit`

use ssectl_core::control::types::AuditEntry;

use crate::{
    args::Audit,
    context::Context,
    error::Outcome,
    listing::{self, Look},
};

const LOOK: Look<AuditEntry> = Look {
    nothing: "nothing was ordered",
    columns: |_| &["time", "who", "command", "target", "outcome", "reason", "key"],
    flexible: &["target", "reason", "key"],
};

pub(super) async fn run(context: &Context, asked: Audit) -> Outcome {
    let limit = usize::from(asked.limit);
    let answer = context.ask(context.client.audit(asked.since, asked.before, limit)).await?;
    let items = &answer.value.items;
    if let Some(oldest) = items.last().filter(|_| items.len() == limit) {
        context.out.note(&format!("there may be older ones: --before {}", oldest.sequence));
    }
    listing::print_whole(context, &LOOK, &answer)
}
