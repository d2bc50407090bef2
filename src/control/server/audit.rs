//! Who ordered what.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Shared, extract::Params, failure::Rejected};
use crate::{
    audit::{MAX_PAGE, Page},
    control::types::{AuditEntry, List},
};

/// Entries of an answer when nobody says how many.
const USUAL_PAGE: usize = 100;

/// Which entries are asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    since: Option<Timestamp>,
    before: Option<u64>,
    limit: Option<usize>,
}

/// Returns entries of the audit log, newest first.
pub(super) async fn list(
    State(services): State<Shared>,
    Params(asked): Params<Asked>,
) -> Result<Json<List<AuditEntry>>, Rejected> {
    let limit = asked.limit.unwrap_or(USUAL_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        let message = format!("limit is {limit}: it must be 1 to {MAX_PAGE}");
        return Err(Rejected::invalid(message).hint("ask for older ones with before=SEQUENCE"));
    }
    let page = Page { since: asked.since, before: asked.before, limit };
    Ok(Json(List::new("audit.list", services.audit.page(&page))))
}
