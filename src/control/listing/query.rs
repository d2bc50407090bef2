//! What the query of a list's path may have, for its description.

use schemars::JsonSchema;

/// What is asked of all members of a cluster at once.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is read before the rest of the query")]
pub(in crate::control) struct ClusterQuery {
    /// Asks all members of the cluster.
    cluster: Option<bool>,
}

/// What every list takes.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is read by Listing::from_query, as names may come twice")]
pub(in crate::control) struct ListQuery {
    /// Only items of which this holds: `state=live`, `user_agent~Firefox`, `age>2h`. Signs: `=`, `!=`; `~` contains,
    /// `!~`; `<`, `<=`, `>`, `>=`. Several must all hold.
    filter: Option<Vec<String>>,
    /// The fields to sort by, a `-` before those of which the largest is to come first.
    sort: Option<Vec<String>>,
    /// At most so many; `total` says how many there are.
    limit: Option<usize>,
}
