//! Who ordered what.

use axum::{Json, extract::State};

use super::{
    Shared,
    extract::{Asked, Params},
    failure::Rejected,
};
use crate::{
    audit::Page,
    control::{
        listing::Listing,
        types::{AuditEntry, AuditPlace, List},
    },
};

/// Entries of an answer when nobody says how many.
const USUAL_LIMIT: usize = 100;
/// Entries of an answer at most.
const MAX_LIMIT: usize = 1000;

/// Returns entries of the audit log, newest first.
pub(super) async fn list(
    State(services): State<Shared>,
    Params(AuditPlace { since, before }): Params<AuditPlace>,
    Asked(asked): Asked,
) -> Result<Json<List<AuditEntry>>, Rejected> {
    let limit = asked.limit.unwrap_or(USUAL_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("limit is {limit}: it must be 1 to {MAX_LIMIT}");
        return Err(Rejected::invalid(message).hint("ask for older ones with before=SEQUENCE"));
    }
    let asked = Listing { limit: Some(limit), ..asked };
    let entries = services.audit.page(&Page { since, before });
    Ok(Json(List::of("audit.list", entries, &asked, services.clock.now())?))
}
