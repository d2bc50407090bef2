use jiff::Timestamp;
use serde_json::{Value, json};
use ssectl_core::control::types::Status;

use super::{super::feed::People, *};
use crate::exit::Exit;

/// A daemon of which nothing is to be said.
pub(in crate::commands::top) fn status() -> Status {
    from(json!({
        "version": "0.1.0", "pid": 4711, "phase": "ready", "mode": "embedded", "framing": "named",
        "started_at": "2026-01-31T06:00:00Z", "now": "2026-01-31T08:30:00Z",
        "listen": { "public": "127.0.0.1:8090", "internal": "127.0.0.1:8091" },
        "socket": "/run/ssectld/control.sock", "connections": 0, "pending_versions": 0,
        "tasks": { "pending": 0, "running": 0, "ended": 0 }, "durable": true, "degraded": [],
        "counters": { "connects": 0, "disconnects": 0, "replaced": 0, "slow": 0, "refused": 0, "events": 0,
                      "written": 0, "failed": 0, "bytes": 0 },
        "queued": { "connections": 0, "events": 0, "bytes": 0 },
    }))
}

pub(in crate::commands::top) fn from<T: serde::de::DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("of this form")
}

/// A connection of this id.
pub(in crate::commands::top) fn connection(id: &str, queued: u64) -> ConnectionView {
    let connected = Timestamp::now() - jiff::SignedDuration::from_secs(3 * 3600 + 30 * 60 + 30);
    from(json!({
        "request_id": id, "token": format!("token-of-{id}"), "state": "live", "connected_at": connected,
        "age_ms": 1, "address": "203.0.113.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0",
        "version_sequence": 17, "version": "1.4.0", "events": 1204, "bytes": 184_320,
        "queued_events": queued / 100, "queued_bytes": queued, "drops": 0, "lost": 0,
    }))
}

pub(in crate::commands::top) fn listed(items: Vec<ConnectionView>) -> List<ConnectionView> {
    List::new("connections.list", items)
}

/// A moment at which there are these connections.
pub(in crate::commands::top) fn scene(status: Status, items: Vec<ConnectionView>) -> Scene {
    Scene {
        at: Instant::now(),
        status,
        warnings: Vec::new(),
        tasks: Vec::new(),
        people: Some(People { connections: listed(items), version: None }),
    }
}

fn model(ids: &[&str]) -> Model {
    let mut model = Model::new(Duration::from_secs(1), false);
    let items = ids.iter().map(|id| connection(id, 0)).collect();
    model.hear(News::Scene(Box::new(scene(status(), items)))).expect("heard");
    model
}

#[test]
fn what_is_chosen_stays_among_what_there_is() {
    let mut model = model(&["a", "b", "c"]);
    for (key, row) in [
        (Key::Move(1), 1),
        (Key::Move(10), 2),
        (Key::Move(-1), 1),
        (Key::Last, 2),
        (Key::Move(-10), 0),
        (Key::Last, 2),
    ] {
        model.act(key);
        assert_eq!(model.connection, row, "{key:?}");
    }
    model.hear(News::Scene(Box::new(scene(status(), vec![connection("a", 0)])))).expect("heard");
    assert_eq!(model.connection, 0);
    model.act(Key::NextList);
    model.act(Key::Move(1));
    assert_eq!((model.focus, model.task), (Focus::Tasks, 0));
}

#[test]
fn who_is_chosen_stays_so_wherever_its_row_goes() {
    let mut model = model(&["a", "b", "c"]);
    let now = |model: &mut Model, ids: &[&str]| {
        let items = ids.iter().map(|id| connection(id, 0)).collect();
        model.hear(News::Scene(Box::new(scene(status(), items)))).expect("heard");
        model.connection
    };
    assert_eq!(now(&mut model, &["new", "a", "b", "c"]), 0, "nobody was chosen: the first row stays");
    model.act(Key::Move(2));
    assert_eq!(now(&mut model, &["b", "new", "a", "c"]), 0);
    assert_eq!(now(&mut model, &["c", "new", "a", "b"]), 3);
    model.act(Key::Details);
    assert!(matches!(&model.front, Front::Details(shown) if shown.request_id.as_str() == "b"));
    assert_eq!(now(&mut model, &["c", "new", "a"]), 2, "it is gone");
    assert_eq!(now(&mut model, &["a", "c", "new"]), 0, "its neighbour is chosen");
    model.act(Key::First);
    assert_eq!(now(&mut model, &["newer", "a", "c"]), 0);
}

#[test]
fn keys_close_what_is_in_front_before_they_leave() {
    let mut model = model(&["a"]);
    assert_eq!(model.act(Key::Help), Then::Draw);
    assert_eq!(model.act(Key::Back), Then::Draw);
    model.act(Key::Details);
    assert!(matches!(&model.front, Front::Details(shown) if shown.request_id.as_str() == "a"));
    model.hear(News::Scene(Box::new(scene(status(), vec![connection("a", 700)])))).expect("heard");
    assert!(
        matches!(&model.front, Front::Details(shown) if shown.queued_bytes == Some(700)),
        "as new as can be"
    );
    model.hear(News::Scene(Box::new(scene(status(), Vec::new())))).expect("heard");
    assert!(matches!(&model.front, Front::Details(_)), "what is gone can still be read");
    assert_eq!(model.act(Key::Back), Then::Draw);
    assert_eq!(model.act(Key::Back), Then::End(Exit::Ok));
    assert_eq!(model.act(Key::Quit), Then::End(Exit::Ok));
    assert_eq!(model.act(Key::Interrupt), Then::End(Exit::Interrupted));
}

#[test]
fn another_order_and_a_pause_are_other_wishes() {
    let mut model = model(&["a"]);
    let (first, mut seen) = (model.wish(), Vec::new());
    for _ in 0..4 {
        seen.push(model.wish().connections.to_query());
        model.act(Key::NextOrder);
    }
    assert_eq!(
        seen,
        ["sort=%2Dqueued&limit=100", "sort=age&limit=100", "limit=100", "filter=state%21%3Dlive&limit=100"]
    );
    assert_eq!(model.wish(), first);
    assert_eq!(first.idle.to_query(), "limit=100", "where nothing waits, nobody is compared");
    model.act(Key::Pause);
    assert!(model.wish().paused);
    model.act(Key::Pause);
    assert_eq!(model.wish(), first);
}

#[test]
fn a_list_that_was_not_asked_for_stays_and_a_refusal_ends_it() {
    let mut model = model(&["a"]);
    let later = Scene { people: None, ..scene(status(), Vec::new()) };
    model.hear(News::Scene(Box::new(later))).expect("heard");
    assert_eq!(model.connections.as_ref().map(|list| list.items.len()), Some(1));
    model.hear(News::Away("gone".to_owned())).expect("it may come back");
    assert_eq!(model.away.as_deref(), Some("gone"));
    model.hear(News::Scene(Box::new(scene(status(), Vec::new())))).expect("heard");
    assert_eq!(model.away, None);
    let refused = CliError::new(Exit::Denied, "readers may not");
    assert_eq!(model.hear(News::Refused(refused.clone())), Err(refused));
}
