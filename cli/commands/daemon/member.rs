//! A member of the cluster that is stopped from another one.

use std::time::Duration;

use ssectl_core::control::{client::Client, listing::Listing, types::Member};
use tokio::time::{Instant, sleep};

use super::{PAUSE, still_runs};
use crate::{context::Context, error::CliError, exit::Exit};

/// One run of a member.
pub(super) struct Run {
    name: String,
    instance: String,
}

/// Returns the member that is asked, if it is another one than the daemon that passes on the question.
pub(super) async fn elsewhere(context: &Context) -> Result<Option<Run>, CliError> {
    let Some(name) = &context.options.member else { return Ok(None) };
    let here = context.client.at_member(None);
    let status = context.ask(here.status()).await?.value.item;
    if status.cluster.is_some_and(|cluster| cluster.member == *name) {
        return Ok(None);
    }
    let member = context.ask(find(&here, name)).await?;
    Ok(member.map(|member| Run { name: member.name, instance: member.instance }))
}

/// Waits until a run of a member is over.
pub(super) async fn gone(context: &Context, run: &Run, limit: Duration) -> Result<(), CliError> {
    let deadline = Instant::now() + limit;
    let here = context.client.at_member(None);
    loop {
        match context.ask(find(&here, &run.name)).await {
            Ok(member) if member.as_ref().is_none_or(|member| member.instance != run.instance) => {
                return Ok(());
            }
            Ok(_) => {}
            Err(error) if error.exit == Exit::NoAnswer => {}
            Err(error) => return Err(error),
        }
        if Instant::now() >= deadline {
            return Err(still_runs(limit));
        }
        sleep(PAUSE).await;
    }
}

async fn find(
    client: &Client,
    name: &str,
) -> Result<Option<Member>, ssectl_core::control::client::ClientError> {
    let members = client.members_heard(&Listing::default()).await?.value.items;
    Ok(members.into_iter().find(|member| member.name == name))
}
