//! `ssectl connections`

use ssectl_core::control::types::{ConnectionView, Disconnect, DisconnectReceipt};

use super::print_list;
use crate::{
    args::{self, Connections},
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    output::Forms,
    table::{Column, Table, pairs},
    text::{self, harmless},
};

pub(super) async fn run(context: &Context, verb: Connections) -> Outcome {
    match verb {
        Connections::List { ghosts } => {
            let client = &context.client;
            let answer = match ghosts {
                false => context.ask(client.connections()).await?,
                true => context.ask(client.connections_and_ghosts()).await?,
            };
            print_list(context, &answer, "nobody is connected", |item| item.request_id.to_string(), table)
        }
        Connections::Show { request_id } => {
            let answer = context.ask(context.client.connection(&request_id)).await?;
            let connection = &answer.value.item;
            context.out.answer(&Forms {
                json: &answer.json,
                names: &|| vec![connection.request_id.to_string()],
                table: &|_| details(connection),
            })?;
            Ok(Exit::Ok)
        }
        Connections::Disconnect(order) => disconnect(context, order).await,
    }
}

/// A gateway knows no addresses, but has to prove that it holds a stream.
fn table(items: &[ConnectionView]) -> Table {
    let behind_gateway = items.iter().any(|item| item.last_proven.is_some());
    let place = |item: &ConnectionView| match behind_gateway {
        true => item.last_proven.map(|at| format!("{} ago", text::since(at))),
        false => item.address.clone(),
    };
    let mut table = Table::new(&[
        ("REQUEST ID", Column::Flexible),
        ("STATE", Column::Rigid),
        ("AGE", Column::Rigid),
        (if behind_gateway { "PROVEN" } else { "ADDRESS" }, Column::Rigid),
        ("TOKEN", Column::Rigid),
        ("USER AGENT", Column::Flexible),
    ]);
    for item in items {
        table.row(&[
            item.request_id.to_string(),
            item.state.clone(),
            text::span(item.age_ms),
            place(item).unwrap_or_else(|| "-".to_owned()),
            item.token.chars().take(8).collect(),
            item.user_agent.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    table
}

fn details(connection: &ConnectionView) -> String {
    let told = connection.version_sequence.map(|sequence| match sequence {
        0 => "what frontend_version_url said".to_owned(),
        number => format!("sequence {number}"),
    });
    pairs(&[
        ("request id", Some(connection.request_id.to_string())),
        ("token", Some(connection.token.clone())),
        ("state", Some(connection.state.clone())),
        ("connected", Some(text::when(connection.connected_at))),
        ("after a restart", connection.durable.map(survival)),
        ("last proven", connection.last_proven.map(text::when)),
        ("address", connection.address.clone()),
        ("user agent", connection.user_agent.clone()),
        ("version", Some(told.unwrap_or_else(|| "none sent".to_owned()))),
    ])
}

fn survival(durable: bool) -> String {
    if durable { "still known" } else { "unknown: it could not be written down" }.to_owned()
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
