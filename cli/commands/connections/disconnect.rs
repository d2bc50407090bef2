//! `ssectl connections disconnect`

use ssectl_core::control::types::{Disconnect, DisconnectReceipt};

use super::verdict;
use crate::{
    args, confirm,
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    output::Forms,
    text::{self, harmless},
};

/// So many may be named without being asked about.
const FEW: usize = 10;
/// So many are named in the question.
const SAMPLE: usize = 5;
/// So many are named when nothing is done.
const SHOWN: usize = 50;

pub(super) async fn run(context: &Context, asked: args::Disconnect) -> Outcome {
    let many = asked.all || !asked.filters.is_empty() || asked.request_ids.len() + asked.tokens.len() > FEW;
    let unasked = asked.yes || asked.dry_run || !many;
    let context = &context.over(asked.everyone);
    let (order, key) = order(asked);
    if !unasked && !agreed(context, &order).await? {
        return Ok(Exit::Ok);
    }
    let answer = context.order(&key, context.client.disconnect(&order)).await?;
    let receipt = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    if receipt.refused_until.is_some() && !receipt.durable {
        context.warn_of_forgetting();
    }
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| receipt.disconnected.iter().map(ToString::to_string).collect(),
        table: &|_| told(receipt),
    })?;
    if receipt.disconnected.is_empty() && !is_named(&order) {
        context.out.note(if order.all { "nobody is connected" } else { "nobody matches" });
    }
    context.answered(&answer.value.unanswered)?;
    let done = receipt.disconnected.len();
    verdict(done, &receipt.not_found, "not connected", "see who is: ssectl connections list")
}

fn is_named(order: &Disconnect) -> bool {
    !order.request_ids.is_empty() || !order.tokens.is_empty()
}

fn order(asked: args::Disconnect) -> (Disconnect, String) {
    let key = asked.key.choose();
    let order = Disconnect {
        request_ids: asked.request_ids,
        tokens: asked.tokens.into_iter().map(String::from).collect(),
        filters: asked.filters.iter().map(ToString::to_string).collect(),
        all: asked.all,
        dry_run: asked.dry_run,
        expect: asked.expect,
        reason: asked.reason,
        private: asked.private,
        no_reconnect_ms: asked.no_reconnect.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        key: Some(key.clone()),
    };
    (order, key)
}

/// Asks whoever is at the terminal, if that ends anything. False: there is nothing to be done.
async fn agreed(context: &Context, order: &Disconnect) -> Result<bool, CliError> {
    if !confirm::somebody_is_there(context) {
        let what = match (order.all, order.filters.is_empty()) {
            (true, _) => "--all ends every connection",
            (_, false) => "--filter ends whatever matches",
            _ => "more than ten connections are named",
        };
        return Err(CliError::usage(what)
            .cause(&"that is not done without --yes, where nobody can be asked")
            .hint("see whom it would be: the same with --dry-run; do it: with --yes"));
    }
    let rehearsal = Disconnect { dry_run: true, ..order.clone() };
    let answer = context.ask(context.client.disconnect(&rehearsal)).await?;
    let whom = &answer.value.item.disconnected;
    if whom.is_empty() {
        // Who is named and not connected is to be told of, and may be refused all the same.
        if is_named(order) {
            return Ok(true);
        }
        context.out.note("nobody would be disconnected");
        return Ok(false);
    }
    let names: Vec<_> = whom.iter().take(SAMPLE).map(|id| harmless(id.as_str())).collect();
    let more = match whom.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = text::count(whom.len(), "connection");
    confirm::insist(&format!("This ends {count}: {}{more}. Go on?", names.join(", "))).await?;
    Ok(true)
}

fn told(receipt: &DisconnectReceipt) -> String {
    let count = text::count(receipt.disconnected.len(), "connection");
    let until = receipt.refused_until.map(|until| {
        format!("not let in until {}, unless: ssectl connections unblock\n", text::moment(until))
    });
    let until = until.unwrap_or_default();
    match (receipt.disconnected.len(), receipt.dry_run) {
        (0, _) => until,
        (_, false) => format!("disconnected {count}\n{until}"),
        (all, true) => {
            let names = receipt.disconnected.iter().take(SHOWN);
            let names: String = names.map(|id| format!("  {}\n", harmless(id.as_str()))).collect();
            let more = if all > SHOWN { format!("  and {} more\n", all - SHOWN) } else { String::new() };
            format!("would disconnect {count}\n{names}{more}")
        }
    }
}
