//! `ssectl members`

use ssectl_core::control::{listing::Listing, types::Member};

use crate::{
    args::Members,
    context::Context,
    error::Outcome,
    listing::{self, Look},
};

pub(super) const LOOK: Look<Member> = Look {
    nothing: "there are no members",
    columns: |_| &["name", "state", "version", "connections", "lag", "clock_offset", "heard"],
    flexible: &["name"],
};

pub(super) async fn run(context: &Context, verb: Members) -> Outcome {
    let Members::List(list) = verb;
    let ask = async |asked: &Listing| context.client.members(asked).await;
    listing::print(context, &list, &LOOK, ask).await
}
