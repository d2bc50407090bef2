//! Members and servers are restarted one after the other, as an upgrade does it.

use serde_json::json;

use super::{
    can_play, contents, greeted_with,
    members::{Members, NAMES, until_well},
    up_to,
};
use crate::fakes::browser::Browser;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_a_browser_that_is_drained_from_member_to_member_misses_nothing_of_a_rolling_restart() {
    if !can_play() {
        return;
    }
    let mut members = Members::over_three().await;
    let mut browser = Browser::open(members.at(0).public, "traveller").await;
    browser.greeting().await;
    let mut heard = Vec::new();
    for (at, name) in NAMES.into_iter().enumerate() {
        let next = (at + 1) % NAMES.len();
        members.at(next).queue(json!({"version": format!("{at}.0")})).await;
        members.at(at).event("before", &json!(at)).await;
        let drain = ["--member", name, "daemon", "drain", "--over", "1s"];
        members.at(next).cli().run(&drain).await.expect(0);
        let mut told = up_to(&mut browser, "bye").await;
        let place = told.pop().expect("the bye").id;
        heard.extend(told);
        members.stop(at).await;
        members.at(next).event("meanwhile", &json!(at)).await;
        browser = Browser::come_back(members.at(next).public, "traveller", &place).await;
        members.revive(at).await;
        members.nats.stop(at).await;
        members.at(at).event("after", &json!(at)).await;
        members.nats.revive(at);
        members.nats.until_whole().await;
        for daemon in members.all() {
            until_well(daemon).await;
        }
    }
    members.at(1).event("last", &json!(null)).await;
    heard.extend(up_to(&mut browser, "last").await);
    let names: Vec<_> = contents(&heard).into_iter().map(|(name, data)| format!("{name} {data}")).collect();
    let round = |at: usize| {
        [
            format!("version {{\"version\":\"{at}.0\"}}"),
            format!("before {at}"),
            format!("meanwhile {at}"),
            format!("after {at}"),
        ]
    };
    let all: Vec<_> = (0..NAMES.len()).flat_map(round).chain(["last null".to_owned()]).collect();
    assert_eq!(names, all);
    for daemon in members.all() {
        assert_eq!(greeted_with(daemon, "new").await.as_deref(), Some("2.0"));
    }
    members.end().await;
}
