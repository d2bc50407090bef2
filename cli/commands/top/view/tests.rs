use std::time::Duration;

use ratatui::{Terminal, backend::TestBackend};
use serde_json::json;
use ssectl_core::{control::types::Status, task::TaskView};

use super::{
    super::{
        feed::{News, People, Scene},
        keys::Key,
        model::tests::{connection, from, listed, scene, status},
    },
    *,
};

/// Compares a screen with the snapshot of this name.
fn look(name: &str, screen: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(name, screen);
    });
}

/// Returns what is seen on a terminal of this size, so long after the last answer.
fn seen(model: &Model, width: u16, height: u16, silence: u64) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    let now = model.answered + Duration::from_secs(silence);
    terminal.draw(|frame| draw(frame, model, now)).expect("drawn");
    let lines = terminal.backend().to_string();
    lines.lines().map(|line| line.trim_matches('"').trim_end().to_owned() + "\n").collect()
}

fn tasks() -> Vec<TaskView> {
    let task = |name: &str, status: &str, progress: serde_json::Value, error: Option<&str>| {
        from(
            json!({ "task_id": name, "name": name, "owner": "reporter", "status": status, "progress": progress,
                     "created_at": "2026-01-31T08:00:00Z", "started_at": null, "ended_at": null, "result": null,
                     "error": error }),
        )
    };
    vec![
        task("DB migration", "running", json!({ "text": "table orders, 2 of 5 files", "value": 0.4 }), None),
        task("Nightly import", "failed", json!(null), Some("exit code 3")),
        task("Thumbnails", "completed", json!({ "text": "", "value": 1.0 }), None),
        task("Later", "pending", json!(null), None),
        task("Even later", "pending", json!(null), None),
    ]
}

/// A daemon at work, seen for half a minute.
fn busy() -> Model {
    let mut model = Model::new(Duration::from_secs(1), true);
    let began = Instant::now();
    let (mut connects, mut written) = (12_000_u64, 4_000_000_u64);
    for second in 0..=30_u64 {
        connects += second % 7;
        written += 1000 * (second % 5);
        let counters = json!({ "connects": connects, "disconnects": 11_000, "replaced": 12, "slow": 2, "refused": 0,
                               "events": second * 2, "written": written, "failed": 31, "bytes": written * 150 });
        let now = Status {
            connections: 1_018,
            pending_versions: 2,
            tasks: from(json!({ "pending": 2, "running": 1, "ended": 2 })),
            counters: Some(from(counters)),
            queued: Some(from(json!({ "connections": 1, "events": 412, "bytes": 61_300 }))),
            ..status()
        };
        let mut items = vec![connection("stalled", 61_300)];
        items.extend((0..40).map(|n| connection(&format!("tab-{n}"), 0)));
        let version = from(json!({ "version": "1.4.0", "sequence": 17, "connections": 1018, "sent": 1016,
            "by_version": [], "fetched": 0, "nothing": 2, "delivery": { "version": "1.4.0", "sequence": 17,
            "connections": 1010, "written": 1000, "failed": 0, "overflowed": 2, "gone": 7, "queued": 1, "min": "100%",
            "needed": 1003, "reached": false, "decided": false } }));
        let scene = Scene {
            at: began + Duration::from_secs(second),
            tasks: tasks(),
            people: Some(People { connections: listed(items), version: Some(version) }),
            ..scene(now, Vec::new())
        };
        model.hear(News::Scene(Box::new(scene))).expect("heard");
        model.connections.as_mut().expect("listed").total = 1_018;
    }
    model
}

#[test]
fn a_busy_daemon_at_every_width() {
    let model = busy();
    for (width, height) in [(80, 24), (120, 40), (60, 20), (60, 15), (40, 10)] {
        look(&format!("top-{width}x{height}"), &seen(&model, width, height, 0));
    }
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    let model = busy();
    for (width, height) in [(39, 24), (80, 9), (12, 3)] {
        assert!(seen(&model, width, height, 0).starts_with("too small\n"), "{width}x{height}");
    }
    for width in (1..130).step_by(3) {
        for height in (1..30).step_by(2) {
            // Nothing breaks.
            seen(&model, width, height, 0);
        }
    }
}

#[test]
fn in_front_are_keys_and_what_is_known_of_a_connection() {
    let mut model = busy();
    model.act(Key::Help);
    look("top-help", &seen(&model, 80, 24, 0));
    model.act(Key::Back);
    model.act(Key::Details);
    let details = seen(&model, 80, 24, 0);
    for part in [" connection ", "request id", "stalled", "613 events, 61.3k bytes", "Firefox/142.0"] {
        assert!(details.contains(part), "{part} is missing in\n{details}");
    }
}

#[test]
fn nothing_yet_and_nobody() {
    let mut model = Model::new(Duration::from_secs(1), false);
    look("top-asking", &seen(&model, 80, 24, 0));
    model.hear(News::Scene(Box::new(scene(status(), Vec::new())))).expect("heard");
    look("top-nobody", &seen(&model, 80, 24, 0));
}

#[test]
fn a_silence_is_told_with_what_was_known_before() {
    let mut model = busy();
    assert!(!seen(&model, 80, 24, 2).contains("no answer"));
    assert!(seen(&model, 80, 24, 5).contains("no answer since 5 s, trying again"));
    model.hear(News::Away("cannot reach the daemon".to_owned())).expect("heard");
    let screen = seen(&model, 80, 24, 1);
    assert!(
        screen.contains("no answer since 1 s, trying again: cannot reach the daemon\n")
            && screen.contains("stalled"),
        "{screen}"
    );
    let mut paused = busy();
    paused.act(Key::Pause);
    let screen = seen(&paused, 80, 24, 60);
    assert!(screen.contains("paused") && !screen.contains("no answer"), "{screen}");
}

#[test]
fn what_is_wrong_is_said_and_the_rest_of_it_counted() {
    let mut model = Model::new(Duration::from_secs(1), true);
    let drain = json!({ "began_at": "2026-01-31T08:29:00Z", "over_ms": 60_000, "connections": 5000, "left": 3,
                        "reconnects_per_second": 83.3 });
    let wrong = Status {
        phase: "draining".into(),
        degraded: vec!["the disk is full".into(), "the gateway fails".into()],
        drain: Some(from(drain)),
        counters: None,
        ..status()
    };
    let scene =
        Scene { warnings: vec!["frontend_version_url says 1.3.9".into()], ..scene(wrong, Vec::new()) };
    model.hear(News::Scene(Box::new(scene))).expect("heard");
    look("top-trouble", &seen(&model, 80, 24, 0));
}

#[test]
fn what_others_wrote_draws_nothing() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\nforged \u{202e}desrever\u{200b}";
    let mut model = Model::new(Duration::from_secs(1), true);
    let mut stranger = connection("a", 0);
    stranger.user_agent = Some(evil.to_owned());
    stranger.address = Some("\u{9b}31mred".to_owned());
    let wrong = Status {
        degraded: vec![evil.to_owned()],
        pending_versions: 1,
        tasks: from(json!({ "pending": 0, "running": 1, "ended": 0 })),
        ..status()
    };
    let mut work = tasks();
    work[0].name = evil.to_owned();
    work[1].error = Some(evil.to_owned());
    let scene = Scene { warnings: vec![evil.to_owned()], tasks: work, ..scene(wrong, vec![stranger]) };
    model.hear(News::Scene(Box::new(scene))).expect("heard");
    model.act(Key::Details);
    let screen = seen(&model, 200, 40, 0);
    let treacherous = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
    assert!(!screen.contains(treacherous), "{screen:?}");
    assert!(screen.contains(r"\u{1b}]0;owned"), "{screen}");
}

#[test]
fn without_colours_there_are_none() {
    let mut model = busy();
    let coloured = |model: &Model| {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
        terminal.draw(|frame| draw(frame, model, model.answered)).expect("drawn");
        terminal
            .backend()
            .buffer()
            .content()
            .iter()
            .any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(coloured(&model));
    model.colours = false;
    assert!(!coloured(&model));
}
