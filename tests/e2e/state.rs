//! The state directory: looked at, backed up, restored, damaged.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::json;

use crate::{
    access::is_root,
    fakes::browser::Browser,
    harness::{Daemon, Home, Output, finish},
};

/// Runs `ssectld store …` on the state of a home.
async fn store(home: &Home, arguments: &[&str]) -> Output {
    let mut command = home.command(&[]);
    command.arg("store").args(arguments);
    finish(command).await
}

/// Returns the name and the bytes of every file in the state directory.
fn files(home: &Home) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(home.path("state")) else { return Vec::new() };
    let file = |path: &Path| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read(path).expect("it can be read"))
    };
    let mut files: Vec<_> = entries.map(|entry| file(&entry.expect("readable").path())).collect();
    files.sort();
    files
}

/// Returns a home whose daemon had a pending version, a task, and was stopped.
async fn lived_in() -> Home {
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "1.4.0", "key": "deploy-7"})).await;
    let id = daemon.create_task(json!({"name": "import"})).await;
    daemon.task(&id, "complete", &json!({"result": {"rows": 7}})).await.expect(200);
    daemon.stop().await
}

#[tokio::test]
async fn a_state_is_checked_without_changing_it() {
    let daemon = lived_in().await.start(&[]).await;
    daemon.create_task(json!({"name": "unfinished"})).await;
    let home = daemon.kill().await;
    let before = files(&home);
    let said = store(&home, &["check"]).await.expect(0).stdout;
    for part in [
        "is whole",
        "not closed by the last run",
        "pending versions  1",
        "2 (1 unfinished)",
        "audit entries     4",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(files(&home), before);
    let home = lived_in().await;
    assert!(store(&home, &["check"]).await.expect(0).stdout.contains("closed in order"));
}

#[tokio::test]
async fn where_there_is_no_state_none_is_made() {
    let home = Home::new();
    for arguments in [&["check"][..], &["export"]] {
        let output = store(&home, arguments).await.expect_helpful(78);
        assert!(output.stderr.contains("there is no state"), "{output:?}");
    }
    assert!(!home.path("state").exists());
}

#[tokio::test]
async fn a_state_in_use_is_left_alone_and_who_uses_it_is_named() {
    let home = lived_in().await;
    let export = home.path("export");
    let export = export.to_str().expect("ASCII");
    store(&home, &["export", export]).await.expect(0);
    let daemon = home.start(&[]).await;
    let who = format!("process {}", daemon.pid());
    for arguments in [&["check"][..], &["export"], &["import", "--replace", export]] {
        let output = store(daemon.home(), arguments).await.expect_helpful(69);
        assert!(output.stderr.contains(&who), "{output:?}");
    }
    let second = daemon.home().path("second.sock");
    let settings = format!("control.socket={}", second.display());
    let output = finish(daemon.home().command(&[&settings])).await.expect_helpful(69);
    assert!(output.stderr.contains(&who), "{output:?}");
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "1.4.0", "it goes on");
    daemon.stop().await;
}

#[tokio::test]
async fn what_was_exported_is_imported_whole() {
    let old = lived_in().await;
    let export = old.path("export");
    let file = export.to_str().expect("ASCII");
    store(&old, &["export", file]).await.expect(0);
    assert_eq!(fs::metadata(&export).expect("it is there").permissions().mode() & 0o777, 0o600);
    store(&old, &["export", file]).await.expect_helpful(1);
    let text = fs::read_to_string(&export).expect("text");
    assert_eq!(store(&old, &["export"]).await.expect(0).stdout, text);
    let home = Home::new();
    if is_root() {
        let output = store(&home, &["import", file]).await.expect_helpful(78);
        assert!(output.stderr.contains("install -d"), "{output:?}");
        assert!(!home.path("state").exists());
    }
    fs::create_dir(home.path("state")).expect("made");
    store(&home, &["import", file]).await.expect(0);
    assert_eq!(store(&home, &["export"]).await.expect(0).stdout, text);
    let daemon = home.start(&[]).await;
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "1.4.0");
    let again = daemon.queue(json!({"version": "1.4.0", "key": "deploy-7"})).await;
    assert_eq!(again["sequence"], 1, "the first receipt: {again}");
    let tasks = daemon.ask("/v1/tasks").await.expect(200).json();
    assert_eq!(tasks["items"][0]["result"], json!({"rows": 7}), "{tasks}");
    assert_eq!(daemon.queue(json!({"version": "1.5.0"})).await["sequence"], 2);
    daemon.stop().await;
}

#[tokio::test]
async fn a_state_is_replaced_only_when_told_and_kept_aside() {
    let old = lived_in().await;
    let export = old.path("export");
    let file = export.to_str().expect("ASCII");
    store(&old, &["export", file]).await.expect(0);
    let daemon = Daemon::start(&[]).await;
    daemon.queue(json!({"version": "other"})).await;
    let home = daemon.stop().await;
    let before = files(&home);
    let output = store(&home, &["import", file]).await.expect_helpful(1);
    assert!(output.stderr.contains("--replace"), "{output:?}");
    assert_eq!(files(&home), before);
    let said = store(&home, &["import", "--replace", file]).await.expect(0).stdout;
    let aside = files(&home).into_iter().find(|(_, bytes)| *bytes == before[1].1).expect("it is kept");
    assert!(aside.0.starts_with("state.redb.") && said.contains(&aside.0), "{said}");
    let daemon = home.start(&[]).await;
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "1.4.0");
    daemon.stop().await;
}

#[tokio::test]
async fn what_cannot_be_imported_writes_nothing() {
    let old = lived_in().await;
    let text = store(&old, &["export"]).await.expect(0).stdout;
    let body = &text[..text[..text.len() - 1].rfind('\n').expect("lines") + 1];
    let strange = body.replace("1.4.0", "1.4.0\",\"sequence\":\"one");
    let strange = format!(
        "{strange}{{\"records\":{},\"crc32\":{}}}\n",
        strange.lines().count() - 1,
        crc32fast::hash(strange.as_bytes())
    );
    let home = Home::new();
    for (wrong, why) in [
        ("", "no export"),
        (body, "cut off"),
        (&text[..text.len() / 2], "cut off"),
        (&text.replace("1.4.0", "1.4.1"), "checksum is wrong"),
        (&text.replace("\"schema_version\":1", "\"schema_version\":2"), "schema_version 2"),
        (&strange, "not what this version of ssectld writes"),
    ] {
        let file = home.write("export", wrong);
        let output = store(&home, &["import", &file]).await.expect_helpful(78);
        assert!(output.stderr.contains(why), "{why}: {output:?}");
    }
    store(&home, &["import", "/nowhere"]).await.expect_helpful(78);
    assert!(!home.path("state").exists());
}

#[tokio::test]
async fn a_damaged_state_is_refused_untouched_and_restored_by_an_import() {
    let home = lived_in().await;
    let export = home.path("export");
    let export = export.to_str().expect("ASCII");
    store(&home, &["export", export]).await.expect(0);
    let file = home.path("state/state.redb");
    let good = fs::read(&file).expect("the state");
    let mut random = fastrand::Rng::with_seed(11);
    let used: Vec<_> = (0..good.len()).filter(|&at| good[at] != 0).collect();
    for _ in 0..24 {
        let at = used[random.usize(..used.len())];
        let mut flipped = good.clone();
        flipped[at] ^= 1 << random.u8(..8);
        fs::write(&file, &flipped).expect("written");
        let output = store(&home, &["check"]).await;
        assert!(output.code == 78 || output.code == 0, "byte {at}: {output:?}");
        assert_eq!(fs::read(&file).expect("the state"), flipped, "byte {at}: untouched");
    }
    for damaged in [&b""[..], b"SQLite format 3\0 and so on", &good[..good.len() / 2], &good[..4096]] {
        fs::write(&file, damaged).expect("written");
        let before = files(&home);
        let checked = store(&home, &["check"]).await.expect(78);
        let started = finish(home.command(&[])).await.expect_helpful(78);
        for output in [checked, started] {
            assert!(
                output.stderr.contains("state.redb") && output.stderr.contains("left as it is"),
                "{output:?}"
            );
        }
        assert_eq!(files(&home), before);
    }
    store(&home, &["import", "--replace", export]).await.expect(0);
    let daemon = home.start(&[]).await;
    assert_eq!(Browser::open(daemon.public, "a").await.next_version().await, "1.4.0");
    daemon.stop().await;
}
