//! Events: whoever publishes them, and wherever browsers are.

use futures_util::future::join_all;
use serde_json::json;

use super::{
    can_play, contents,
    members::{Members, NAMES},
    up_to,
};
use crate::{fakes::browser::Browser, harness::within};

/// Browsers at each member.
const EACH: usize = 200;
/// Events that each member publishes.
const EVENTS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_broadcast_on_any_member_reaches_all_browsers_once_in_one_order() {
    if !can_play() {
        return;
    }
    let members = Members::over_three().await;
    let mut browsers = members.browsers(EACH).await;
    let publishing = (0..NAMES.len()).map(|member| {
        let daemon = members.at(member);
        async move {
            for number in 0..EVENTS {
                daemon.event("news", &json!([NAMES[member], number])).await;
            }
        }
    });
    join_all(publishing).await;
    members.at(1).event("last", &json!(null)).await;
    let told = join_all(browsers.iter_mut().map(|browser| up_to(browser, "last"))).await;
    assert_eq!(told[0].len(), NAMES.len() * EVENTS + 1, "each once: {:?}", told[0]);
    for other in &told {
        assert_eq!(other, &told[0], "all are told the same, with the same ids");
    }
    for name in NAMES {
        let own: Vec<_> = told[0].iter().filter(|event| event.json()[0] == name).collect();
        let numbers: Vec<_> = own.iter().map(|event| event.json()[1].as_u64().expect("a number")).collect();
        assert!(numbers.iter().copied().eq(0..EVENTS as u64), "in the order of {name}: {numbers:?}");
    }
    drop(browsers);
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_targeted_event_finds_its_browser_wherever_it_is() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    let mut browsers = members.browsers(2).await;
    for (from, daemon) in NAMES.into_iter().zip(members.all()) {
        for to in NAMES {
            let event = json!({"name": "mine", "data": from, "request_id": format!("{to}-0")});
            daemon.tell("/v1/events", &event).await.expect(200);
        }
    }
    members.at(2).event("last", &json!(null)).await;
    for (number, browser) in browsers.iter_mut().enumerate() {
        let told = up_to(browser, "last").await;
        let mine = [("mine", "\"a\""), ("mine", "\"b\""), ("mine", "\"c\""), ("last", "null")];
        let expected = if number % 2 == 0 { &mine[..] } else { &mine[3..] };
        assert_eq!(contents(&told), expected);
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_request_id_that_connects_elsewhere_replaces_the_older_connection() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    for (before, after) in [(0, 1), (1, 2)] {
        let request_id = format!("tab-{before}");
        let older = Browser::open(members.at(before).public, &request_id).await;
        let mut newer = Browser::open(members.at(after).public, &request_id).await;
        let bye = within("the older one to end", older.last_events())
            .await
            .pop()
            .expect("the older one is told why it ends");
        assert_eq!((bye.name.as_str(), bye.json()), ("bye", json!({"reason": "replaced"})));
        members.at(before).until_connected(0).await;
        assert_eq!(members.at(after).connected().await, std::slice::from_ref(&request_id));
        let event = json!({"name": "mine", "data": 1, "request_id": request_id});
        members.at(before).tell("/v1/events", &event).await.expect(200);
        assert_eq!(newer.next_event().await.name, "mine");
        drop(newer);
        members.at(after).until_connected(0).await;
    }
    members.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_what_a_task_tells_reaches_all_browsers() {
    if !can_play() {
        return;
    }
    let members = Members::over_one().await;
    let mut browsers = members.browsers(2).await;
    let task = members.at(0).create_task(json!({"name": "export"})).await;
    members.at(0).task(&task, "progress", &json!({"value": 0.5})).await.expect(200);
    members.at(0).task(&task, "complete", &json!({"result": {"rows": 7}})).await.expect(200);
    members.at(1).event("last", &json!(null)).await;
    for browser in &mut browsers {
        let told = up_to(browser, "last").await;
        let types: Vec<_> = told.iter().map(|event| event.json()["event_type"].clone()).collect();
        assert_eq!(types[0], "task_started", "{types:?}");
        assert_eq!(types[types.len() - 2], "task_completed", "{types:?}");
        assert_eq!(types.iter().filter(|kind| *kind == "task_completed").count(), 1);
    }
    members.end().await;
}
