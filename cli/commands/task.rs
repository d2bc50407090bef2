//! `ssectl task`

mod run;

use ssectl_core::{
    control::{
        client::Answer,
        types::{Keyed, Single},
    },
    task::{CreateTask, EndTask, ReportProgress, TaskReceipt, TaskView},
};

pub(super) use self::run::run as run_command;
use super::follow;
use crate::{
    args::{self, StartTask, Task},
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    listing::{self, Look},
    output::Forms,
    table::pairs,
    text::{self, harmless},
};

pub(super) async fn run(context: &Context, verb: Task) -> Outcome {
    let client = &context.client;
    match verb {
        Task::Start(order) => start(context, order).await,
        Task::Run(_) => Err(CliError::usage("task run needs no daemon, and is run before one is looked for")),
        Task::Create { name, key, .. } => {
            let key = key.choose();
            let order = CreateTask {
                builtin: None,
                params: serde_json::Map::new(),
                name: Some(name),
                key: Some(key.clone()),
            };
            let answer = context.order(&key, client.create_task(&order)).await?;
            receipt(context, "created", &answer)
        }
        Task::Progress(report) => progress(context, report).await,
        Task::Complete { task, result, key, .. } => {
            let key = key.choose();
            let order = EndTask { result, error: None, key: Some(key.clone()) };
            let answer = context.order(&key, client.complete_task(&task.task_id, &order)).await?;
            receipt(context, "completed", &answer)
        }
        Task::Fail { task, error, key, .. } => {
            let key = key.choose();
            let order = EndTask { result: None, error: Some(error), key: Some(key.clone()) };
            let answer = context.order(&key, client.fail_task(&task.task_id, &order)).await?;
            receipt(context, "failed", &answer)
        }
        Task::List { everyone, list } => {
            let context = &context.over(everyone);
            listing::print(context, &list, &LOOK, async |asked| context.client.tasks(asked).await).await
        }
        Task::Show { task, everyone } => {
            let context = &context.over(everyone);
            let answer = context.ask(context.client.task(&task.task_id)).await?;
            show(context, &answer)
        }
        Task::Follow { task, everyone } => follow::run(&context.over(everyone), &task.task_id).await,
        Task::Cancel { task, everyone, key } => {
            let (context, key) = (&context.over(everyone), key.choose());
            let order = EndTask { key: Some(key.clone()), ..EndTask::default() };
            let answer = context.order(&key, context.client.cancel_task(&task.task_id, &order)).await?;
            receipt(context, "cancelled", &answer)
        }
        Task::Remove { task, key } => {
            let key = key.choose();
            let answer = context
                .order(&key, client.remove_task(&task.task_id, &Keyed { key: Some(key.clone()) }))
                .await?;
            receipt(context, "removed", &answer)
        }
    }
}

async fn start(context: &Context, order: StartTask) -> Outcome {
    let key = order.key.choose();
    let task = CreateTask {
        builtin: Some(order.builtin),
        params: order.params.into_iter().collect(),
        name: None,
        key: Some(key.clone()),
    };
    let answer = context.order(&key, context.client.create_task(&task)).await?;
    if order.follow {
        return follow::run(context, &answer.value.item.task_id).await;
    }
    receipt(context, "started", &answer)
}

async fn progress(context: &Context, report: args::Progress) -> Outcome {
    let value = report.value.or(report.percent.map(|percent| percent / 100.0));
    let order = ReportProgress { text: report.text, value };
    let answer = context.send(context.client.report(&report.task.task_id, &order)).await?;
    let task = &answer.value.item;
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![task.task_id.clone()],
        table: &|_| match &task.progress {
            Some(progress) => format!("{} {}\n", text::percent(progress.value), harmless(&progress.text)),
            None => String::new(),
        },
    })?;
    Ok(Exit::Ok)
}

fn receipt(context: &Context, done: &str, answer: &Answer<Single<TaskReceipt>>) -> Outcome {
    let receipt = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    if !receipt.durable {
        context.warn_of_forgetting();
    }
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![receipt.task_id.clone()],
        table: &|_| format!("{done} task {}\n", harmless(&receipt.task_id)),
    })?;
    Ok(Exit::Ok)
}

const LOOK: Look<TaskView> = Look {
    nothing: "there are no tasks",
    columns: |_| &["task_id", "name", "status", "progress", "age", "text"],
    flexible: &["name", "text"],
};

fn show(context: &Context, answer: &Answer<Single<TaskView>>) -> Outcome {
    let task = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![task.task_id.clone()],
        table: &|_| details(task),
    })?;
    context.answered(&answer.value.unanswered)
}

fn details(task: &TaskView) -> String {
    pairs(&[
        ("task id", Some(task.task_id.clone())),
        ("name", Some(task.name.clone())),
        ("member", task.member.clone()),
        ("owner", Some(follow::owner(task.owner).to_owned())),
        ("status", Some(task.status.label().to_owned())),
        ("progress", task.progress.as_ref().map(|now| format!("{} {}", text::percent(now.value), now.text))),
        ("created", Some(text::when(task.created_at))),
        ("started", task.started_at.map(text::when)),
        ("ended", task.ended_at.map(text::when)),
        ("result", task.result.as_ref().map(ToString::to_string)),
        ("error", task.error.clone()),
    ])
}
