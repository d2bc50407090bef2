//! `ssectl version`

mod queue;
mod status;

pub(super) use queue::written;
use ssectl_core::{
    control::types::ClearVersion,
    version::{PendingVersion, QueuedVersion},
};

use crate::{
    args::Version,
    context::Context,
    error::Outcome,
    exit::Exit,
    listing::{self, Look},
    output::Forms,
    table::pairs,
    text,
};

pub(super) async fn run(context: &Context, verb: Version) -> Outcome {
    match verb {
        Version::Queue(order) => queue::run(context, *order).await,
        Version::List { everyone, list } => {
            let context = &context.over(everyone);
            listing::print(context, &list, &LOOK, async |asked| context.client.versions(asked).await).await
        }
        Version::History { everyone, list } => {
            let context = &context.over(everyone);
            listing::print(context, &list, &PAST, async |asked| context.client.version_history(asked).await)
                .await
        }
        Version::Status { name, everyone } => status::run(&context.over(everyone), name.as_deref()).await,
        Version::Show { request_id } => show(context, Some(&request_id)).await,
        Version::Current { everyone } => show(&context.over(everyone), None).await,
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

const LOOK: Look<PendingVersion> = Look {
    nothing: "no version is pending",
    columns: |_| &["version", "for", "sequence", "age", "changelog"],
    flexible: &["version", "for", "changelog"],
};

const PAST: Look<QueuedVersion> = Look {
    nothing: "no version was queued yet",
    columns: |_| &["version", "sequence", "for", "age", "state", "by", "connections", "written"],
    flexible: &["version", "for", "by", "key", "changelog"],
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
    context.answered(&answer.value.unanswered)
}
