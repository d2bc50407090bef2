//! `ssectl event`

mod tail;

use std::io::{self, IsTerminal, Read};

use serde_json::value::RawValue;
use ssectl_core::control::types::SendEvent;

use crate::{
    args::{self, Event},
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    output::Forms,
    text,
};

/// More than any event may hold: the daemon says where its limit is.
const MAX_DATA: u64 = 1024 * 1024;

pub(super) async fn run(context: &Context, verb: Event) -> Outcome {
    match verb {
        Event::Send(order) => send(context, order).await,
        Event::Tail(asked) => tail::run(context, &asked).await,
    }
}

async fn send(context: &Context, order: args::SendEvent) -> Outcome {
    let order =
        SendEvent { data: data(context, &order)?, name: order.name.into(), request_id: order.request_id };
    let answer = context.send(context.client.send_event(&order)).await?;
    let receipt = &answer.value.item;
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![receipt.sequence.to_string()],
        table: &|_| {
            let whom = text::connections(receipt.connections, receipt.member.as_deref());
            format!("sent {} to {whom}, number {}\n", order.name, receipt.sequence)
        },
    })?;
    Ok(Exit::Ok)
}

fn data(context: &Context, order: &args::SendEvent) -> Result<Box<RawValue>, CliError> {
    let mut text = order.data.clone();
    if text == "-" {
        text.clear();
        let read = stdin(context)?.take(MAX_DATA).read_to_string(&mut text);
        read.map_err(|error| CliError::usage("cannot read the event from stdin").cause(&error))?;
    }
    RawValue::from_string(text.trim().to_owned()).map_err(|error| {
        CliError::usage("the event's data is not JSON")
            .cause(&error)
            .hint(r#"quote it for the shell: ssectl event send NAME '{"a": 1}', or a text: '"text"'"#)
    })
}

/// Returns stdin, unless that is a terminal that must not be read.
pub(in crate::commands) fn stdin(context: &Context) -> Result<impl Read, CliError> {
    let stdin = io::stdin();
    if context.options.no_input && stdin.is_terminal() {
        return Err(CliError::usage("- would read from the terminal, which --no-input forbids"));
    }
    Ok(stdin)
}
