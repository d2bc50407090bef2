//! `ssectl audit`

use ssectl_core::control::{listing::Listing, types::AuditEntry};

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
    let Audit { since, before, list } = asked;
    let ask = async |asked: &Listing| context.client.audit(since, before, asked).await;
    listing::print(context, &list, &LOOK, ask).await
}
