//! `ssectl version`

use std::{fs, io::Read, path::Path};

use ssectl_core::{
    control::types::ClearVersion,
    version::{PendingVersion, QueueVersion, VersionReceipt},
};

use crate::{
    args::{self, Version},
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    listing::{self, Look},
    output::Forms,
    table::pairs,
    text::{self, harmless},
};

/// More than any event may hold.
const MAX_CHANGELOG: u64 = 1024 * 1024;

pub(super) async fn run(context: &Context, verb: Version) -> Outcome {
    match verb {
        Version::Queue(order) => queue(context, order).await,
        Version::List(list) => {
            listing::print(context, &list, &LOOK, async |asked| context.client.versions(asked).await).await
        }
        Version::Show { request_id } => show(context, Some(&request_id)).await,
        Version::Current => show(context, None).await,
        Version::Clear { request_id, all, key } => {
            let key = key.choose();
            let order = ClearVersion { request_id, all, key: Some(key.clone()) };
            let answer = context.order(&key, context.client.clear_version(&order)).await?;
            let cleared = answer.value.item.cleared;
            if cleared == 0 {
                context.out.note("nothing was pending");
            }
            context.out.answer(&Forms {
                json: &answer.json,
                names: &|| vec![key.clone()],
                table: &|_| format!("cleared {}\n", text::count(cleared, "pending version")),
            })?;
            Ok(Exit::Ok)
        }
    }
}

async fn queue(context: &Context, order: args::QueueVersion) -> Outcome {
    let changelog = match &order.changelog_file {
        Some(path) => Some(read(context, path)?),
        None => order.changelog,
    };
    let key = order.key.choose();
    let order = QueueVersion {
        version: order.name,
        changelog: changelog.filter(|text| !text.is_empty()),
        request_id: order.request_id,
        live_to_all: order.live_to_all,
        key: Some(key.clone()),
    };
    let answer = context.order(&key, context.client.queue_version(&order)).await?;
    let receipt = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    if let Some(newer) = &receipt.superseded_by {
        context.out.note(&format!("note: this is an earlier receipt; {} is pending by now", harmless(newer)));
    }
    if !receipt.durable {
        context.warn_of_forgetting();
    }
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![receipt.version.clone()],
        table: &|_| sentence(receipt),
    })?;
    Ok(Exit::Ok)
}

fn sentence(receipt: &VersionReceipt) -> String {
    let whom = receipt.request_id.as_ref().map_or_else(|| "everyone".to_owned(), ToString::to_string);
    format!(
        "queued {} for {}: {} told now, sequence {}, key {}\n",
        harmless(&receipt.version),
        harmless(&whom),
        text::count(receipt.connections, "connection"),
        receipt.sequence.0,
        receipt.key
    )
}

fn read(context: &Context, path: &Path) -> Result<String, CliError> {
    let wrong =
        |error| CliError::usage(format!("cannot read the changelog {}", path.display())).cause(&error);
    let mut text = String::new();
    let read = if path == Path::new("-") {
        super::event::stdin(context)?.take(MAX_CHANGELOG).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(MAX_CHANGELOG).read_to_string(&mut text))
    };
    read.map_err(wrong)?;
    Ok(text.trim_end().to_owned())
}

const LOOK: Look<PendingVersion> = Look {
    nothing: "no version is pending",
    columns: |_| &["version", "for", "sequence", "age", "changelog"],
    flexible: &["version", "for", "changelog"],
};

async fn show(context: &Context, request_id: Option<&ssectl_core::request_id::RequestId>) -> Outcome {
    let answer = context.ask(context.client.current_version(request_id)).await?;
    let version = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![version.version.clone()],
        table: &|_| {
            pairs(&[
                ("version", Some(version.version.clone())),
                ("for", Some(version.audience.to_string())),
                ("changelog", version.changelog.clone()),
                ("sequence", Some(version.sequence.0.to_string())),
                ("queued", Some(text::when(version.queued_at))),
                ("key", Some(version.key.clone())),
            ])
        },
    })?;
    Ok(Exit::Ok)
}
