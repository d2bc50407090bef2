//! Tasks: started, reported, ended, listed.

use axum::{Extension, Json, extract::State};

use super::{
    Shared,
    extract::{Asked, Body, Id},
    failure::Rejected,
};
use crate::{
    access::Caller,
    control::types::{Keyed, List, Single},
    order::{Order, Verb, uninterrupted},
    task::{CreateTask, EndTask, ReportProgress, TaskReceipt, TaskView},
};

type Receipt = Result<Json<Single<TaskReceipt>>, Rejected>;

/// Returns all tasks, newest first.
pub(super) async fn list(
    State(services): State<Shared>,
    Asked(asked): Asked,
) -> Result<Json<List<TaskView>>, Rejected> {
    Ok(Json(List::of("tasks.list", services.tasks.list(), &asked, services.clock.now())?))
}

/// Returns a task.
pub(super) async fn show(
    State(services): State<Shared>,
    Id(id): Id,
) -> Result<Json<Single<TaskView>>, Rejected> {
    let task = services.tasks.show(&id).ok_or_else(|| unknown(&id))?;
    Ok(Json(Single::new("task", task)))
}

pub(super) fn unknown(id: &str) -> Rejected {
    Rejected::no_task(format!("there is no task {id}"))
}

/// Starts a builtin, or creates a task that the caller reports.
pub(super) async fn create(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<CreateTask>,
) -> Receipt {
    let logged = Order::new(caller, Verb::TASK_CREATE, &order.target(), order.key.as_ref());
    let tasks = services.tasks.clone();
    let act = move |by| async move { tasks.create(by, order).await };
    Ok(Json(Single::new("task.receipt", logged.carry_out(&services, act).await??)))
}

/// Takes a reporter's progress: neither keyed nor logged.
pub(super) async fn progress(
    State(services): State<Shared>,
    Id(id): Id,
    Body(report): Body<ReportProgress>,
) -> Result<Json<Single<TaskView>>, Rejected> {
    let tasks = services.tasks.clone();
    let act = async move { tasks.progress(&id, report).await };
    Ok(Json(Single::new("task", uninterrupted(&services.lifecycle, act).await??)))
}

/// Ends a reporter's task well.
pub(super) async fn complete(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Body(order): Body<EndTask>,
) -> Receipt {
    let logged = Order::new(caller, Verb::TASK_COMPLETE, &id, order.key.as_ref());
    let tasks = services.tasks.clone();
    let act = move |by| async move { tasks.complete(by, &id, order).await };
    Ok(Json(Single::new("task.receipt", logged.carry_out(&services, act).await??)))
}

/// Ends a reporter's task badly.
pub(super) async fn fail(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Body(order): Body<EndTask>,
) -> Receipt {
    let logged = Order::new(caller, Verb::TASK_FAIL, &id, order.key.as_ref());
    let tasks = services.tasks.clone();
    let act = move |by| async move { tasks.fail(by, &id, order).await };
    Ok(Json(Single::new("task.receipt", logged.carry_out(&services, act).await??)))
}

/// Cancels a task of either owner.
pub(super) async fn cancel(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Body(order): Body<EndTask>,
) -> Receipt {
    let logged = Order::new(caller, Verb::TASK_CANCEL, &id, order.key.as_ref());
    let tasks = services.tasks.clone();
    let act = move |by| async move { tasks.cancel(by, &id, order).await };
    Ok(Json(Single::new("task.receipt", logged.carry_out(&services, act).await??)))
}

/// Forgets a finished task.
pub(super) async fn remove(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Body(order): Body<Keyed>,
) -> Receipt {
    let logged = Order::new(caller, Verb::TASK_REMOVE, &id, order.key.as_ref());
    let tasks = services.tasks.clone();
    let act = move |by| async move { tasks.remove(by, &id, order.key).await };
    Ok(Json(Single::new("task.receipt", logged.carry_out(&services, act).await??)))
}
