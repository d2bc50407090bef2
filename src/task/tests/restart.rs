use super::*;
use crate::{
    lifecycle::Phase,
    store::{Store, Table},
};

#[tokio::test(start_paused = true)]
async fn after_a_restart_what_ran_here_has_failed_and_is_told_when_browsers_are_back() {
    let world = World::new();
    let running = {
        let service = service(&world);
        let running = create(&service, builtin("demo", json!({"delay": 100}))).await.task_id;
        settle().await;
        running
    };
    let world = world.restarted();
    let service = service(&world);
    let view = service.show(&running).expect("known");
    assert_eq!((view.status, view.error.as_deref()), (TaskStatus::Failed, Some("daemon restarted")));
    seconds(14).await;
    let back = world.wire.connect("back");
    seconds(2).await;
    assert_eq!(told(&world, &back, &running), [failed("daemon restarted")]);
    service.idle().await;
    let world = world.restarted();
    let service = super::service(&world);
    let back = world.wire.connect("back");
    seconds(16).await;
    assert_eq!(status(&service, &running), TaskStatus::Failed);
    assert!(told(&world, &back, &running).is_empty(), "told once");
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_a_reporter_may_go_on() {
    let world = World::new();
    let (kept, lost) = {
        let service = service(&world);
        (create(&service, reporter("kept")).await.task_id, create(&service, reporter("lost")).await.task_id)
    };
    let world = world.restarted();
    let service = service(&world);
    let a = world.wire.connect("a");
    seconds(10).await;
    assert_eq!(status(&service, &kept), TaskStatus::Running);
    service.progress(&kept, value(0.7)).await.expect("adopted");
    seconds(10).await;
    assert_eq!(told(&world, &a, &lost), [failed("daemon restarted")]);
    service.complete(ADMIN, &kept, EndTask::default()).await.expect("completed");
    assert_eq!(told(&world, &a, &kept), [progress("", 0.7), completed(json!({"success": true}))]);
}

#[tokio::test(start_paused = true)]
async fn ended_tasks_are_listed_after_a_restart_for_the_rest_of_their_time() {
    let world = World::new();
    let ids = {
        let service = service(&world);
        let first = create(&service, builtin("demo", json!({}))).await.task_id;
        let second = create(&service, reporter("r")).await.task_id;
        service.complete(ADMIN, &second, EndTask::default()).await.expect("completed");
        service.idle().await;
        seconds(300).await;
        [first, second]
    };
    let world = world.restarted();
    let service = service(&world);
    for id in &ids {
        assert_eq!(status(&service, id), TaskStatus::Completed);
    }
    seconds(361).await;
    assert!(service.list().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_right_after_a_restart_tells_at_once() {
    let world = World::new();
    let id = {
        let service = service(&world);
        let id = create(&service, builtin("demo", json!({"delay": 100}))).await.task_id;
        settle().await;
        id
    };
    let world = world.restarted();
    let service = service(&world);
    let a = world.wire.connect("a");
    settle().await;
    world.lifecycle.advance(Phase::Draining);
    service.idle().await;
    assert_eq!(told(&world, &a, &id), [failed("daemon restarted")]);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_was_stored_and_not_told_is_told_after_the_restart() {
    let world = World::new();
    let (unheard, heard) = {
        let service = service(&world);
        let heard = create(&service, reporter("heard")).await.task_id;
        service.complete(ADMIN, &heard, EndTask::default()).await.expect("completed");
        let unheard = create(&service, reporter("unheard")).await.task_id;
        settle().await;
        // Nothing leaves any more, as if the crash came between commit and dispatch.
        let _closed = world.wire.gate.lock().await;
        let order = EndTask { error: Some("out of paper".to_owned()), ..EndTask::default() };
        let ended = service.fail(ADMIN, &unheard, order);
        assert!(tokio::time::timeout(Duration::from_secs(1), ended).await.is_err(), "it waits for the wire");
        (unheard, heard)
    };
    let world = world.restarted();
    let service = service(&world);
    assert_eq!(status(&service, &unheard), TaskStatus::Failed);
    seconds(14).await;
    let back = world.wire.connect("back");
    seconds(2).await;
    assert_eq!(told(&world, &back, &unheard), [failed("out of paper")]);
    assert!(told(&world, &back, &heard).is_empty());
    let world = world.restarted();
    let service = super::service(&world);
    let back = world.wire.connect("back");
    seconds(16).await;
    assert_eq!(status(&service, &unheard), TaskStatus::Failed);
    assert!(told(&world, &back, &unheard).is_empty(), "told once");
}

#[tokio::test(start_paused = true)]
async fn an_end_counts_as_told_when_nobody_has_to_send_it_any_more() {
    let world = World::new();
    let service = service(&world);
    *world.wire.unsent.lock().expect("unsent") = Some(Vec::new());
    let id = create(&service, reporter("x")).await.task_id;
    service.complete(ADMIN, &id, EndTask::default()).await.expect("completed");
    settle().await;
    let untold = || world.store.load(Table::Untold).expect("loads").into_iter().map(|(id, _)| id);
    assert_eq!(untold().collect::<Vec<_>>(), [id], "it is still in a queue");
    world.wire.unsent.lock().expect("unsent").take();
    settle().await;
    assert_eq!(untold().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_removed_leaves_nothing_untold() {
    let world = World::new();
    let service = service(&world);
    *world.wire.unsent.lock().expect("unsent") = Some(Vec::new());
    let id = create(&service, reporter("x")).await.task_id;
    service.complete(ADMIN, &id, EndTask::default()).await.expect("completed");
    settle().await;
    assert_eq!(world.store.load(Table::Untold).expect("loads").len(), 1);
    service.remove(ADMIN, &id, None).await.expect("removed");
    for table in [Table::Tasks, Table::Untold] {
        assert!(world.store.load(table).expect("loads").is_empty(), "{table:?}");
    }
}
