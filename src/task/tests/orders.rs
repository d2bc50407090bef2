use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;
use crate::{
    store::{Store, Table},
    task::TaskEventType,
};

#[tokio::test(start_paused = true)]
async fn ts_5_ts_7_a_reporters_task_from_creation_to_removal() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let receipt = create(&service, reporter("nightly backup")).await;
    assert_eq!((receipt.status, receipt.durable), (TaskStatus::Running, true));
    let id = receipt.task_id.as_str();
    let (view, mut events) = service.follow(id).expect("known");
    assert_eq!((view.name.as_str(), view.status), ("nightly backup", TaskStatus::Running));
    service.progress(id, text("dumping")).await.expect("reported");
    service.progress(id, value(0.4)).await.expect("reported");
    service.progress(id, ReportProgress::default()).await.expect("a heartbeat");
    let order =
        EndTask { result: json!({"success": true, "rows": 7}).as_object().cloned(), ..EndTask::default() };
    let done = service.complete(ADMIN, id, order).await.expect("completed");
    assert_eq!((done.status, done.durable), (TaskStatus::Completed, true));
    let expected = [
        started(),
        progress("dumping", 0.0),
        progress("dumping", 0.4),
        completed(json!({"success": true, "rows": 7})),
    ];
    assert_eq!(told(&world, &a, id), expected);
    let mut followed = Vec::new();
    while let Ok(event) = events.recv().await {
        followed.push(event.event_type);
    }
    let progress = TaskEventType::ProgressUpdate;
    assert_eq!(followed, [progress, progress, TaskEventType::TaskCompleted], "and then it is over");
    assert!(service.follow(id).expect("known").1.recv().await.is_err());

    let removed = service.remove(ADMIN, id, Some("k".into())).await.expect("removed");
    assert_eq!(removed.status, TaskStatus::Completed);
    assert!(service.show(id).is_none());
    assert!(world.store.load(Table::Tasks).expect("records").is_empty());
    assert_eq!(service.remove(ADMIN, id, Some("k".into())).await.expect("repeated"), removed);
    assert!(matches!(service.remove(ADMIN, id, None).await, Err(TaskError::NotFound(_))));
    let open = create(&service, reporter("open")).await.task_id;
    assert!(matches!(service.remove(ADMIN, &open, None).await, Err(TaskError::Conflict(_))));
}

#[tokio::test(start_paused = true)]
async fn a_reporters_defaults_are_what_browsers_understand() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let good = create(&service, reporter("good")).await.task_id;
    service.complete(ADMIN, &good, EndTask::default()).await.expect("completed");
    assert_eq!(told(&world, &a, &good)[1], completed(json!({"success": true})));
    let bad = create(&service, reporter("bad")).await.task_id;
    service.fail(ADMIN, &bad, EndTask::default()).await.expect("failed");
    assert_eq!(told(&world, &a, &bad)[1], failed("Task failed"));
}

#[tokio::test(start_paused = true)]
async fn bug_t7_progress_never_goes_back_nor_out_of_range() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let id = create(&service, reporter("wild")).await.task_id;
    for raw in [0.5, 0.2, 7.0, -3.0] {
        service.progress(&id, value(raw)).await.expect("reported");
    }
    let values: Vec<_> = told(&world, &a, &id)[1..].iter().map(|(_, data)| data["value"].clone()).collect();
    assert_eq!(values, [json!(0.5), json!(0.5), json!(1.0), json!(1.0)]);
    for raw in [f64::NAN, f64::INFINITY] {
        assert!(matches!(service.progress(&id, value(raw)).await, Err(TaskError::Invalid(_))));
    }
    assert_eq!(status(&service, &id), TaskStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn who_comes_before_an_event_has_its_place_hears_it_with_everyone() {
    let world = World::new();
    let service = service(&world);
    let id = create(&service, reporter("slow")).await.task_id;
    let known = || service.known()[0].data.as_str().to_owned();
    let revision = || service.revision();
    let (first, started) = (revision(), known());
    let newcomer = async {
        let (service, id) = (Arc::clone(&service), id.clone());
        let reported = world.lifecycle.spawn(async move { service.progress(&id, text("half")).await });
        settle().await;
        assert_eq!((revision(), known()), (first, started), "its place is taken");
        [reported]
    };
    for reported in world.dispatcher.pause(newcomer).await {
        reported.await.expect("it ran").expect("reported");
    }
    assert!(revision() > first && known().contains("half"));
}

#[tokio::test(start_paused = true)]
async fn what_a_shutdown_finds_being_created_starts_before_it_ends() {
    for seed in 0..32 {
        let world = World::dithering(seed);
        let service = service(&world);
        let a = world.wire.connect("a");
        let creating = service.create(ADMIN, reporter("late"));
        let shutdown = async {
            tokio::task::yield_now().await;
            service.cancel_all("shutdown").await;
        };
        let (created, ()) = tokio::join!(creating, shutdown);
        let id = created.expect("created").task_id;
        service.cancel_all("the end").await;
        assert_eq!(told(&world, &a, &id), [started(), failed("cancelled")], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_reporter_loses_its_task_and_a_heartbeat_keeps_it() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let id = create(&service, reporter("slow")).await.task_id;
    for _ in 0..3 {
        seconds(59).await;
        service.progress(&id, ReportProgress::default()).await.expect("a heartbeat");
    }
    seconds(59).await;
    assert_eq!(status(&service, &id), TaskStatus::Running);
    seconds(2).await;
    assert_eq!(told(&world, &a, &id), [started(), failed("reporter lost")], "heartbeats are not told");
    assert!(matches!(service.progress(&id, value(1.0)).await, Err(TaskError::Conflict(_))));
    assert!(matches!(service.complete(ADMIN, &id, EndTask::default()).await, Err(TaskError::Conflict(_))));
    assert_eq!(told(&world, &a, &id).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn wrong_orders_are_refused() {
    let world = World::new();
    let service = service(&world);
    let both = CreateTask { name: Some("x".into()), ..builtin("demo", json!({})) };
    let neither = CreateTask { builtin: None, ..builtin("demo", json!({})) };
    let params = CreateTask { name: Some("x".into()), builtin: None, ..builtin("demo", json!({"steps": 1})) };
    for bad in [both, neither, params, reporter(""), reporter("a\nb"), reporter(&"x".repeat(129))] {
        let refused = service.create(ADMIN, bad.clone()).await;
        assert!(matches!(refused, Err(TaskError::Invalid(_))), "{bad:?}");
    }
    let id = create(&service, reporter("r")).await.task_id;
    let result = || EndTask { result: Some(serde_json::Map::new()), ..EndTask::default() };
    let error = || EndTask { error: Some("e".into()), ..EndTask::default() };
    assert!(matches!(service.complete(ADMIN, &id, error()).await, Err(TaskError::Invalid(_))));
    assert!(matches!(service.fail(ADMIN, &id, result()).await, Err(TaskError::Invalid(_))));
    assert!(matches!(service.cancel(ADMIN, &id, error()).await, Err(TaskError::Invalid(_))));
    let large = EndTask { error: Some("x".repeat(40_000)), ..EndTask::default() };
    assert!(matches!(service.fail(ADMIN, &id, large).await, Err(TaskError::TooLarge(_))));
    assert!(matches!(service.progress(&id, text(&"x".repeat(40_000))).await, Err(TaskError::TooLarge(_))));
    let own = create(&service, builtin("demo", json!({"delay": 60}))).await.task_id;
    settle().await;
    assert!(matches!(service.progress(&own, value(1.0)).await, Err(TaskError::Conflict(_))));
    assert!(matches!(service.complete(ADMIN, &own, EndTask::default()).await, Err(TaskError::Conflict(_))));
    assert_eq!(status(&service, &id), TaskStatus::Running, "none of it ended the task");
}

#[tokio::test(start_paused = true)]
async fn unfinished_tasks_are_bounded() {
    let world = World::new();
    let service = service(&world);
    let mut last = String::new();
    for _ in 0..1000 {
        last = create(&service, reporter("r")).await.task_id;
    }
    assert!(matches!(service.create(ADMIN, reporter("r")).await, Err(TaskError::Full(1000))));
    service.fail(ADMIN, &last, EndTask::default()).await.expect("failed");
    create(&service, reporter("r")).await;
}

#[tokio::test(start_paused = true)]
async fn a_repeated_order_acts_once() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let order = CreateTask { key: Some("k".into()), ..reporter("once") };
    let receipt = create(&service, order.clone()).await;
    assert_eq!(create(&service, order).await, receipt);
    let end = EndTask { key: Some("k".into()), ..EndTask::default() };
    let done = service.complete(ADMIN, &receipt.task_id, end.clone()).await.expect("completed");
    assert_eq!(service.complete(ADMIN, &receipt.task_id, end.clone()).await.expect("repeated"), done);
    assert_eq!(told(&world, &a, &receipt.task_id).len(), 2);
    let other = create(&service, reporter("other")).await.task_id;
    assert!(matches!(
        service.complete(ADMIN, &other, end).await,
        Err(TaskError::Receipt(crate::idempotency::ReceiptError::Conflict(_)))
    ));
}

#[tokio::test(start_paused = true)]
async fn when_the_store_breaks_creation_is_refused_and_an_end_is_told_but_not_durable() {
    let world = World::new();
    let service = service(&world);
    let a = world.wire.connect("a");
    let id = create(&service, reporter("r")).await.task_id;
    world.store.break_down();
    assert!(matches!(service.create(ADMIN, reporter("s")).await, Err(TaskError::Store(_))));
    assert_eq!(service.list().len(), 1);
    let end = EndTask { key: Some("k".into()), ..EndTask::default() };
    let receipt = service.complete(ADMIN, &id, end.clone()).await.expect("completed");
    assert!(!receipt.durable);
    world.store.broken.store(false, Ordering::SeqCst);
    assert_eq!(service.complete(ADMIN, &id, end).await.expect("repeated"), receipt);
    assert_eq!(told(&world, &a, &id), [started(), completed(json!({"success": true}))]);
    service.idle().await;
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Progress,
    Complete,
    Fail,
    Cancel,
    Remove,
    LoseReporter,
    Shutdown,
}

/// Tries to end tasks of both owners in several ways at once.
async fn rush(seed: u64, steps: Vec<(u8, usize, Step)>) -> (World, Vec<Vec<(String, Value)>>) {
    let world = World::dithering(seed);
    let service = service(&world);
    let watcher = world.wire.connect("watcher");
    let mut ids = Vec::new();
    for n in 0..4 {
        let order = if n % 2 == 0 { reporter("r") } else { builtin("demo", json!({"delay": 0, "steps": n})) };
        ids.push(create(&service, order).await.task_id);
    }
    let running: Vec<_> = steps
        .into_iter()
        .map(|(delay, task, step)| {
            let (service, id) = (Arc::clone(&service), ids[task].clone());
            world.lifecycle.spawn(async move {
                for _ in 0..delay {
                    tokio::task::yield_now().await;
                }
                // Most are refused, because others were sooner: what counts is what was sent.
                match step {
                    Step::Progress => drop(service.progress(&id, value(f64::from(delay) / 24.0)).await),
                    Step::Complete => drop(service.complete(ADMIN, &id, EndTask::default()).await),
                    Step::Fail => drop(service.fail(ADMIN, &id, EndTask::default()).await),
                    Step::Cancel => drop(service.cancel(ADMIN, &id, EndTask::default()).await),
                    Step::Remove => drop(service.remove(ADMIN, &id, None).await),
                    Step::LoseReporter => seconds(60).await,
                    Step::Shutdown => service.cancel_all("shutdown").await,
                }
            })
        })
        .collect();
    for step in running {
        step.await.expect("runs");
    }
    service.cancel_all("the end").await;
    let events = ids.iter().map(|id| told(&world, &watcher, id)).collect();
    (world, events)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whoever ends a task, and however many at once: one terminal event, and it is the last.
    #[test]
    fn bug_t1_bug_t5_bug_t8_one_terminal_event_whatever_happens(
        seed: u64,
        steps in proptest::collection::vec((0..24u8, 0..4usize, prop_oneof![
            3 => Just(Step::Progress), 1 => Just(Step::Complete), 1 => Just(Step::Fail), 1 => Just(Step::Cancel),
            1 => Just(Step::Remove), 1 => Just(Step::LoseReporter), 1 => Just(Step::Shutdown),
        ]), 0..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let (_world, tasks) = runtime.block_on(rush(seed, steps));
        for events in tasks {
            let terminal = |kind: &str| matches!(kind, "task_completed" | "task_failed");
            let ends = events.iter().filter(|(kind, _)| terminal(kind)).count();
            prop_assert_eq!(ends, 1, "{:?}", events);
            prop_assert!(terminal(&events[events.len() - 1].0), "{:?}", events);
            let values = events.iter().filter_map(|(_, data)| data["value"].as_f64());
            prop_assert!(values.is_sorted(), "{:?}", events);
        }
    }
}
