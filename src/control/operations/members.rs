//! The members of a cluster. What is asked of one of them is asked at `/v1/members/{member}/…`.

use super::Operation;
use crate::control::types::{ErrorCode, Member, MembersAsked};

pub(crate) const LIST: Operation = Operation::get(
    "members.list",
    "/v1/members",
    "The members of the cluster, each asked whether it answers; /v1/members/{member}/… asks one of them what /v1/… asks",
)
.asks::<MembersAsked>()
.or(&[ErrorCode::Refused])
.lists::<Member>("members.list");

pub(super) const ALL: &[Operation] = &[LIST];
