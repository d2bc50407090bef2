use futures_util::FutureExt;

use super::*;
use crate::{
    idempotency::Mutation,
    lifecycle::Phase,
    task::{book::Job, orders::Plan},
};

async fn start_job(service: &TaskService, job: Job) -> TaskReceipt {
    let mutation = Mutation::new(ADMIN, "task.create", None);
    let order = builtin("demo", json!({}));
    service.inner.admit(&mutation, &order, Plan::Builtin("test", job)).await.expect("created")
}

#[tokio::test(start_paused = true)]
async fn ts_1_ts_2_ts_10_inv_3_the_demo_task_from_start_to_end() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let receipt = create(&service, builtin("demo", json!({}))).await;
    assert_eq!((receipt.status, receipt.durable), (TaskStatus::Pending, true));
    let id = receipt.task_id.as_str();
    assert_eq!(id.len(), 36);
    service.idle().await;
    let b = world.wire.connect("b");
    let result = json!({"message": "default message", "steps_completed": 3, "status": "success"});
    assert_eq!(
        told(&world, &a, id),
        [
            started(),
            progress("Starting test task", 0.0),
            progress("Step 1/3", 1.0 / 3.0),
            progress("Step 2/3", 2.0 / 3.0),
            progress("Step 3/3", 1.0),
            completed(result.clone()),
        ]
    );
    let events = world.wire.sent(&a);
    assert!(
        events.iter().all(|event| event.name.as_str() == "task_event" && event.service().label() == "task")
    );
    assert_eq!(
        events[0].data.as_str(),
        format!(
            r#"{{"event_type":"task_started","task_id":"{id}","timestamp":"2026-11-23T08:00:00Z","data":null}}"#
        )
    );
    assert!(events[2].data.as_str().contains(r#""timestamp":"2026-11-23T08:00:00.10"#));
    assert_eq!(
        events[5].data.as_str().split_once(r#""data":"#).expect("data").1,
        r#"{"message":"default message","steps_completed":3,"status":"success"}}"#
    );
    assert!(told(&world, &b, id).is_empty(), "events are not kept");
    let view = service.show(id).expect("known");
    assert_eq!((view.status, view.result), (TaskStatus::Completed, Some(result)));
    assert!(world.metrics.render().contains(r#"ssectld_tasks_ended_total{outcome="completed"} 1"#));
}

#[tokio::test(start_paused = true)]
async fn ts_2_the_demo_tasks_parameters() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let params = json!({"message": "hello", "steps": 1, "delay": 0});
    let one = create(&service, builtin("demo_task", params)).await;
    let none = create(&service, builtin("demo", json!({"steps": -2}))).await;
    service.idle().await;
    assert_eq!(
        told(&world, &a, &one.task_id)[2..],
        [
            progress("Step 1/1", 1.0),
            completed(json!({"message": "hello", "steps_completed": 1, "status": "success"}))
        ]
    );
    assert_eq!(
        told(&world, &a, &none.task_id)[1..],
        [
            progress("Starting test task", 0.0),
            completed(json!({"message": "default message", "steps_completed": -2, "status": "success"}))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn bug_t6_wrong_parameters_fail_the_task_and_not_the_request() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    for (params, error) in [
        (json!({"steps": "three"}), "the parameter steps must be a whole number, not \"three\""),
        (json!({"steps": 2.5}), "the parameter steps must be a whole number, not 2.5"),
        (json!({"steps": null}), "the parameter steps must be a whole number, not null"),
        (json!({"message": ["x"]}), "the parameter message must be a string, not [\"x\"]"),
        (json!({"delay": -1}), "the parameter delay must be a number of seconds, 0 or more, not -1"),
        (json!({"delay": 1e300}), "the parameter delay must be a number of seconds, 0 or more, not 1e+300"),
        (json!({"task_id": "x"}), "demo has no parameter \"task_id\"; it has message, steps, delay"),
    ] {
        let receipt = create(&service, builtin("demo", params)).await;
        service.idle().await;
        assert_eq!(told(&world, &a, &receipt.task_id), [started(), failed(error)]);
    }
    let unknown = service.create(ADMIN, builtin("nope", json!({}))).await.expect_err("unknown");
    assert_eq!(unknown.to_string(), "there is no built-in task nope");
    let off = service_with(&world, &TasksConfig::default(), Builtins::Off);
    let refused = off.create(ADMIN, builtin("demo", json!({}))).await;
    assert!(matches!(refused, Err(TaskError::UnknownBuiltin(_))));
}

#[tokio::test(start_paused = true)]
async fn ts_3_bug_t4_the_failing_task_fails_with_its_error_and_nothing_else() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    for (name, params, error) in [
        ("failing", json!({}), "Test error"),
        ("failing_task", json!({"error_message": "broken", "delay": 2}), "broken"),
    ] {
        let id = create(&service, builtin(name, params)).await.task_id;
        service.idle().await;
        assert_eq!(told(&world, &a, &id), [started(), progress("Starting failing task", 0.0), failed(error)]);
        let view = service.show(&id).expect("known");
        assert_eq!((view.status, view.error.as_deref()), (TaskStatus::Failed, Some(error)));
    }
}

#[tokio::test(start_paused = true)]
async fn ts_4_a_task_needs_nobody_connected() {
    let world = World::new();
    let service = service(&world);
    let id = create(&service, builtin("demo", json!({}))).await.task_id;
    service.idle().await;
    assert_eq!(status(&service, &id), TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn ts_8_so_many_run_at_once_and_the_rest_wait_in_order() {
    let world = World::new();
    let config = TasksConfig { max_running: 2, ..TasksConfig::default() };
    let service = service_with(&world, &config, Builtins::On);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(create(&service, builtin("demo", json!({"steps": 1, "delay": 10}))).await.task_id);
    }
    let running = || ids.iter().map(|id| status(&service, id)).collect::<Vec<_>>();
    use TaskStatus::{Completed, Pending, Running};
    settle().await;
    assert_eq!(running(), [Running, Running, Pending, Pending, Pending]);
    assert!(world.metrics.render().contains(r#"ssectld_tasks{state="pending"} 3"#));
    assert_eq!((service.counts().pending, service.counts().running), (3, 2));
    seconds(10).await;
    assert_eq!(running(), [Completed, Completed, Running, Running, Pending]);
    seconds(10).await;
    assert_eq!(running(), [Completed, Completed, Completed, Completed, Running]);
    service.idle().await;
    assert!(world.metrics.render().contains(r#"ssectld_tasks{state="running"} 0"#));
}

#[tokio::test(start_paused = true)]
async fn ts_6_bug_t1_bug_t5_a_running_task_is_cancelled_at_once_and_stays_so() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let id = create(&service, builtin("failing", json!({"delay": 60}))).await.task_id;
    settle().await;
    let receipt = service.cancel(ADMIN, &id, EndTask::default()).await.expect("cancelled");
    assert_eq!((receipt.status, receipt.durable), (TaskStatus::Cancelled, true));
    assert!(service.show(&id).expect("known").ended_at.is_some());
    seconds(120).await;
    assert_eq!(
        told(&world, &a, &id),
        [started(), progress("Starting failing task", 0.0), failed("cancelled")]
    );
    assert_eq!(status(&service, &id), TaskStatus::Cancelled);
    let again = service.cancel(ADMIN, &id, EndTask::default()).await;
    assert!(matches!(again, Err(TaskError::Conflict(_))), "{again:?}");
    let unknown = service.cancel(ADMIN, "nope", EndTask::default()).await;
    assert!(matches!(unknown, Err(TaskError::NotFound(_))));
}

#[tokio::test(start_paused = true)]
async fn bug_t2_a_task_cancelled_while_it_waits_never_starts() {
    let world = World::new();
    let config = TasksConfig { max_running: 1, ..TasksConfig::default() };
    let service = service_with(&world, &config, Builtins::On);
    let a = world.wire.connect("a");
    let first = create(&service, builtin("demo", json!({}))).await.task_id;
    let second = create(&service, builtin("demo", json!({}))).await.task_id;
    service.cancel(ADMIN, &second, EndTask::default()).await.expect("cancelled");
    service.idle().await;
    seconds(10).await;
    assert_eq!(told(&world, &a, &second), [failed("cancelled")]);
    assert_eq!(status(&service, &first), TaskStatus::Completed);
    let third = create(&service, builtin("demo", json!({}))).await.task_id;
    service.idle().await;
    assert_eq!(status(&service, &third), TaskStatus::Completed, "its place was not lost");
}

#[tokio::test(start_paused = true)]
async fn bug_t3_a_delivery_that_hangs_does_not_hang_those_who_ask() {
    let world = World::new();
    let service = service(&world);
    let id = create(&service, builtin("demo", json!({"delay": 1, "steps": 1}))).await.task_id;
    settle().await;
    let gate = world.wire.gate.lock().await;
    seconds(5).await;
    assert!(!status(&service, &id).is_terminal(), "its last progress is still on its way");
    assert_eq!((service.list().len(), service.counts().running), (1, 1));
    assert!(service.follow(&id).is_some());
    let cancelling = service.cancel(ADMIN, &id, EndTask::default());
    let mut cancelling = std::pin::pin!(cancelling);
    assert!(cancelling.as_mut().now_or_never().is_none());
    settle().await;
    assert_eq!(status(&service, &id), TaskStatus::Cancelled, "cancelled at once");
    drop(gate);
    cancelling.await.expect("cancelled");
}

#[tokio::test(start_paused = true)]
async fn ts_8_an_end_is_seen_and_its_place_free_once_browsers_are_told() {
    let world = World::new();
    let config = TasksConfig { max_running: 1, ..TasksConfig::default() };
    let service = service_with(&world, &config, Builtins::On);
    let a = world.wire.connect("a");
    let import = create(&service, reporter("import")).await.task_id;
    let first = create(&service, builtin("failing", json!({"delay": 60}))).await.task_id;
    let second = create(&service, builtin("demo", json!({}))).await.task_id;
    settle().await;
    let gate = world.wire.gate.lock().await;
    let mut stuck = std::pin::pin!(service.progress(&import, text("stuck")));
    assert!(stuck.as_mut().now_or_never().is_none());
    settle().await;
    let (mut completing, mut cancelling) = (
        std::pin::pin!(service.complete(ADMIN, &import, EndTask::default())),
        std::pin::pin!(service.cancel(ADMIN, &first, EndTask::default())),
    );
    assert!(completing.as_mut().now_or_never().is_none() && cancelling.as_mut().now_or_never().is_none());
    settle().await;
    assert_eq!(status(&service, &import), TaskStatus::Running);
    assert_eq!(status(&service, &first), TaskStatus::Cancelled);
    assert_eq!(status(&service, &second), TaskStatus::Pending, "the place is not free");
    let twice = service.fail(ADMIN, &import, EndTask::default()).await;
    assert!(matches!(twice, Err(TaskError::Conflict(_))), "{twice:?}");
    drop(gate);
    stuck.await.expect("it ran when this was reported");
    completing.await.expect("completed");
    cancelling.await.expect("cancelled");
    assert_eq!(status(&service, &import), TaskStatus::Completed);
    service.idle().await;
    let order: Vec<_> = world.wire.payloads(&a).into_iter().map(|event| event["task_id"].clone()).collect();
    let last_of_first = order.iter().rposition(|id| *id == *first).expect("told");
    let first_of_second = order.iter().position(|id| *id == *second).expect("told");
    assert!(last_of_first < first_of_second, "{order:?}");
}

#[tokio::test(start_paused = true)]
async fn bug_t8_one_that_panics_fails_and_takes_nothing_with_it() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let id = start_job(&service, Box::new(|_| async { panic!("the inside story") }.boxed())).await.task_id;
    service.idle().await;
    let events = told(&world, &a, &id);
    assert_eq!((events.len(), events[1].0.as_str()), (2, "task_failed"));
    assert!(!events[1].1.to_string().contains("inside story"));
    let huge = start_job(&service, Box::new(|_| async { Ok(json!("x".repeat(40_000))) }.boxed())).await;
    service.idle().await;
    let view = service.show(&huge.task_id).expect("known");
    assert!(view.error.expect("failed").starts_with("the result is too large"));
    let next = create(&service, builtin("demo", json!({}))).await;
    service.idle().await;
    assert_eq!(status(&service, &next.task_id), TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn bug_t9_no_task_is_left_behind_by_the_shutdown() {
    let world = World::new();
    let config = TasksConfig { max_running: 1, ..TasksConfig::default() };
    let service = service_with(&world, &config, Builtins::On);
    let a = world.wire.connect("a");
    let order = CreateTask { key: Some("k".to_owned()), ..builtin("demo", json!({"delay": 100})) };
    let running = create(&service, order.clone()).await;
    let waiting = create(&service, builtin("demo", json!({}))).await;
    let reported = create(&service, reporter("backup")).await;
    settle().await;
    world.lifecycle.advance(Phase::Draining);
    let refused = service.create(ADMIN, builtin("demo", json!({}))).await;
    assert!(matches!(refused, Err(TaskError::ShuttingDown(_))));
    assert_eq!(service.create(ADMIN, order).await.expect("a repetition"), running);
    service.progress(&reported.task_id, value(0.5)).await.expect("running ones go on");
    assert!(service.idle().now_or_never().is_none());
    service.cancel_all("shutdown").await;
    service.idle().await;
    for task in [&running, &waiting, &reported] {
        let events = told(&world, &a, &task.task_id);
        assert_eq!(events.last(), Some(&failed("cancelled")));
        let view = service.show(&task.task_id).expect("known");
        assert_eq!(view.error.as_deref(), Some("cancelled: shutdown"));
    }
    world.lifecycle.advance(Phase::Closing);
    assert!(world.lifecycle.finish(Duration::from_secs(1)).await, "nothing of it is left");
}

#[tokio::test(start_paused = true)]
async fn bug_t10_the_time_out_is_enforced() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let id = create(&service, builtin("demo", json!({"delay": 1000}))).await.task_id;
    seconds(299).await;
    assert_eq!(status(&service, &id), TaskStatus::Running);
    seconds(2).await;
    assert_eq!(told(&world, &a, &id).last(), Some(&failed("timed out after 5m")));
}

#[tokio::test(start_paused = true)]
async fn bug_t11_who_connects_in_the_middle_is_told_how_far_it_is() {
    use crate::registry::ConnectionObserver;
    let world = World::new();
    let service = service(&world);
    let fresh = create(&service, reporter("fresh")).await.task_id;
    let busy = create(&service, reporter("busy")).await.task_id;
    let done = create(&service, reporter("done")).await.task_id;
    service.progress(&busy, value(0.5)).await.expect("reported");
    service.complete(ADMIN, &done, EndTask::default()).await.expect("completed");
    settle().await;
    let late = world.wire.connect("late");
    service.connected(&late).await.expect("told");
    assert_eq!(told(&world, &late, &fresh), [started()]);
    assert_eq!(told(&world, &late, &busy), [progress("", 0.5)]);
    assert!(told(&world, &late, &done).is_empty());
    service.progress(&busy, text("more")).await.expect("reported");
    service.connected(&late).await.expect("told");
    let expected = [progress("", 0.5), progress("more", 0.5)];
    assert_eq!(told(&world, &late, &busy), expected, "what it got itself is not repeated");
}

#[tokio::test(start_paused = true)]
async fn ts_9_finished_tasks_are_forgotten_after_a_while() {
    use crate::store::{Store, Table};
    let world = World::new();
    let service = service(&world);
    let id = create(&service, builtin("demo", json!({}))).await.task_id;
    service.idle().await;
    seconds(590).await;
    assert!(service.show(&id).is_some());
    seconds(71).await;
    assert!(service.show(&id).is_none() && service.list().is_empty());
    assert!(world.store.load(Table::Tasks).expect("records").is_empty());
}
