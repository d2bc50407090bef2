//! Browsers that come back to another member.

use serde_json::json;

use super::{can_play, contents, members::Members, up_to};
use crate::fakes::browser::Browser;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_who_comes_back_to_another_member_gets_what_was_missed_once() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_one().await;
    let (_, place) = Browser::open(members.at(0).public, "x").await.greeting().await;
    for (number, daemon) in members.all().enumerate() {
        daemon.event("n", &json!(number)).await;
        let own = json!({"name": "own", "data": number, "request_id": "x"});
        daemon.tell("/v1/events", &own).await.expect(200);
        let others = json!({"name": "others", "data": number, "request_id": "y"});
        daemon.tell("/v1/events", &others).await.expect(200);
    }
    let missed = ["0", "1", "2"].into_iter().flat_map(|number| [("n", number), ("own", number)]);
    let missed: Vec<_> = missed.chain([("last", "null")]).collect();
    // Their histories end with a crash, and with a stop in order.
    members.kill(1).await;
    members.revive(1).await;
    members.stop(2).await;
    members.revive(2).await;
    members.at(0).event("last", &json!(null)).await;
    for daemon in members.all() {
        let mut browser = Browser::come_back(daemon.public, "x", &place).await;
        assert_eq!(contents(&up_to(&mut browser, "last").await), missed);
        let event = json!({"name": "later", "data": 1, "request_id": "x"});
        daemon.tell("/v1/events", &event).await.expect(200);
        assert_eq!(browser.next_event().await.name, "later", "and nothing twice");
    }
    members.end().await;
}
