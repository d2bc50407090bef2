//! The audit log.

use super::Operation;
use crate::{
    control::types::{AuditEntry, AuditPlace},
    role::Role,
};

pub(crate) const LIST: Operation = Operation::get(
    "audit.list",
    "/v1/audit",
    "Who ordered what, newest first; 100 entries unless limit says otherwise, 1000 at most",
)
.needs(Role::Operator)
.asks::<AuditPlace>()
.lists::<AuditEntry>("audit.list");

pub(super) const ALL: &[Operation] = &[LIST];
