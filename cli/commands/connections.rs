//! `ssectl connections`

mod card;

use ssectl_core::control::{
    client::Ghosts,
    listing::Listing,
    types::{ConnectionView, Disconnect, DisconnectReceipt},
};

use crate::{
    args::{self, Connections},
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    listing::{self, Look},
    output::Forms,
    text::{self, harmless},
};

pub(super) async fn run(context: &Context, verb: Connections) -> Outcome {
    match verb {
        Connections::List { ghosts, list } => {
            let ghosts = if ghosts { Ghosts::Too } else { Ghosts::Hidden };
            let ask = async |asked: &Listing| context.client.connections(asked, ghosts).await;
            listing::print(context, &list, &LOOK, ask).await
        }
        Connections::Show { request_id } => {
            let answer = context.ask(context.client.connection(&request_id)).await?;
            let connection = &answer.value.item;
            context.out.warn(&answer.value.warnings);
            context.out.answer(&Forms {
                json: &answer.json,
                names: &|| vec![connection.request_id.to_string()],
                table: &|_| card::card(connection),
            })?;
            Ok(Exit::Ok)
        }
        Connections::Disconnect(order) => disconnect(context, order).await,
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

async fn disconnect(context: &Context, order: args::Disconnect) -> Outcome {
    if order.all && !order.yes {
        return Err(CliError::usage("--all ends every connection")
            .cause(&"that is not done without --yes")
            .hint("ssectl connections disconnect --all --yes"));
    }
    let key = order.key.choose();
    let order = Disconnect {
        request_ids: order.request_ids,
        tokens: order.tokens.into_iter().map(String::from).collect(),
        all: order.all,
        key: Some(key.clone()),
    };
    let answer = context.order(&key, context.client.disconnect(&order)).await?;
    let receipt = &answer.value.item;
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| receipt.disconnected.iter().map(ToString::to_string).collect(),
        table: &|_| match receipt.disconnected.len() {
            0 => String::new(),
            some => format!("disconnected {}\n", text::count(some, "connection")),
        },
    })?;
    verdict(receipt)
}

/// All found: 0. Some: 8. None of those that were named: 3.
fn verdict(receipt: &DisconnectReceipt) -> Outcome {
    if receipt.not_found.is_empty() {
        return Ok(Exit::Ok);
    }
    let exit = if receipt.disconnected.is_empty() { Exit::NotFound } else { Exit::Partial };
    let missing: Vec<_> = receipt.not_found.iter().map(|id| harmless(id)).collect();
    Err(CliError::new(exit, format!("not connected: {}", missing.join(", ")))
        .hint("see who is: ssectl connections list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(done: &[&str], missing: &[&str]) -> DisconnectReceipt {
        DisconnectReceipt {
            key: "k".into(),
            disconnected: done.iter().map(|id| id.parse().expect("valid")).collect(),
            not_found: missing.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    #[test]
    fn the_exit_code_says_how_many_were_found() {
        assert_eq!(verdict(&receipt(&["a"], &[])), Ok(Exit::Ok));
        assert_eq!(verdict(&receipt(&[], &[])), Ok(Exit::Ok), "--all with nobody connected");
        assert_eq!(verdict(&receipt(&["a"], &["b"])).expect_err("one missing").exit, Exit::Partial);
        assert_eq!(verdict(&receipt(&[], &["b"])).expect_err("all missing").exit, Exit::NotFound);
    }
}
