//! `ssectl connections`

mod card;
mod disconnect;
mod watch;

use ssectl_core::{
    control::{
        client::Ghosts,
        listing::Listing,
        types::{Blocked, ConnectionView, Unblock},
    },
    request_id::RequestId,
};

#[cfg(feature = "tui")]
pub(super) use card::card;

use crate::{
    args::{Connections, Key},
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    listing::{self, Look},
    output::Forms,
    text::{self, harmless},
};

pub(super) async fn run(context: &Context, verb: Connections) -> Outcome {
    match verb {
        Connections::List { blocked: true, everyone, list, .. } => {
            let context = &context.over(everyone);
            listing::print(context, &list, &BLOCKED, async |asked: &Listing| {
                context.client.blocked(asked).await
            })
            .await
        }
        Connections::List { ghosts, everyone, list, .. } => {
            let context = &context.over(everyone);
            let ghosts = if ghosts { Ghosts::Too } else { Ghosts::Hidden };
            let ask = async |asked: &Listing| context.client.connections(asked, ghosts).await;
            listing::print(context, &list, &LOOK, ask).await
        }
        Connections::Show { request_id, everyone } => {
            let context = &context.over(everyone);
            let answer = context.ask(context.client.connection(&request_id)).await?;
            let connection = &answer.value.item;
            context.out.warn(&answer.value.warnings);
            context.out.answer(&Forms {
                json: &answer.json,
                names: &|| vec![connection.request_id.to_string()],
                table: &|_| card::card(connection),
            })?;
            context.answered(&answer.value.unanswered)
        }
        Connections::Watch { filters } => watch::run(context, &filters).await,
        Connections::Disconnect(order) => disconnect::run(context, order).await,
        Connections::Unblock { request_ids, everyone, key } => {
            unblock(&context.over(everyone), request_ids, key).await
        }
    }
}

const LOOK: Look<ConnectionView> =
    Look { nothing: "nobody is connected", columns, flexible: &["request_id", "user_agent"] };

/// A gateway knows no addresses, but has to prove that it holds a stream.
fn columns(items: &[ConnectionView]) -> &'static [&'static str] {
    if items.iter().any(|item| item.last_proven.is_some()) {
        &["request_id", "state", "age", "queued", "proven", "token", "user_agent"]
    } else {
        &["request_id", "state", "age", "queued", "address", "token", "user_agent"]
    }
}

const BLOCKED: Look<Blocked> = Look {
    nothing: "no request id is refused",
    columns: |_| &["request_id", "until", "since", "by", "reason"],
    flexible: &["request_id", "reason"],
};

/// All found: 0. Some: 8. None of those that were named: 3.
fn verdict(done: usize, missing: &[String], what: &str, hint: &str) -> Outcome {
    if missing.is_empty() {
        return Ok(Exit::Ok);
    }
    let exit = if done == 0 { Exit::NotFound } else { Exit::Partial };
    let missing: Vec<_> = missing.iter().map(|id| harmless(id)).collect();
    Err(CliError::new(exit, format!("{what}: {}", missing.join(", "))).hint(hint))
}

async fn unblock(context: &Context, request_ids: Vec<RequestId>, key: Key) -> Outcome {
    let key = key.choose();
    let order = Unblock { request_ids, key: Some(key.clone()) };
    let answer = context.order(&key, context.client.unblock(&order)).await?;
    let receipt = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| receipt.unblocked.iter().map(ToString::to_string).collect(),
        table: &|_| match receipt.unblocked.len() {
            0 => String::new(),
            some => format!("let in again: {}\n", text::count(some, "request id")),
        },
    })?;
    context.answered(&answer.value.unanswered)?;
    let missing: Vec<_> = receipt.not_found.iter().map(ToString::to_string).collect();
    verdict(receipt.unblocked.len(), &missing, "not refused", "see who is: ssectl connections list --blocked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_how_many_were_found() {
        let exit = |done, missing: &[&str]| {
            let missing: Vec<_> = missing.iter().map(|id| (*id).to_owned()).collect();
            verdict(done, &missing, "not connected", "").unwrap_or_else(|error| error.exit)
        };
        assert_eq!(exit(1, &[]), Exit::Ok);
        assert_eq!(exit(0, &[]), Exit::Ok, "--all with nobody connected");
        assert_eq!(exit(1, &["b"]), Exit::Partial);
        assert_eq!(exit(0, &["b"]), Exit::NotFound);
    }
}
