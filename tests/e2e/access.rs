//! Who may do what over the control socket, as processes of other users see it. Only root can be other users, so
//! most of these end with `_as_root`.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, Output, finish},
};

/// A user without a name, in no group but its own.
const SOMEBODY: u32 = 54_321;

/// Returns whether other users can be had here.
pub(crate) fn is_root() -> bool {
    let root = ssectl_core::private_dir::own_uid() == 0;
    if !root {
        eprintln!("skipped: it takes root to be another user");
    }
    root
}

/// A daemon whose socket others can reach, and a copy of `ssectl` that they can run.
struct Shared {
    daemon: Daemon,
    program: PathBuf,
}

impl Shared {
    async fn start(settings: &[&str]) -> Self {
        let home = Home::new();
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(home.dir.path(), open.clone()).expect("opened");
        let program = home.path("ssectl");
        // Not by this process: whoever it starts meanwhile would hold the file open for writing, and keep it from running.
        let mut copy = Command::new("cp");
        let copied = copy.arg(env!("CARGO_BIN_EXE_ssectl")).arg(&program).status().await.expect("cp runs");
        assert!(copied.success());
        fs::set_permissions(&program, open).expect("runnable");
        Self { daemon: home.start(settings).await, program }
    }

    /// Runs `ssectl` as another user, with a group of its own and another one.
    async fn run_as(&self, uid: u32, group: u32, arguments: &[&str]) -> Output {
        let mut command = Command::new("setpriv");
        command.env_clear().env("PATH", "/usr/bin:/bin").kill_on_drop(true);
        command.args(["--reuid", &uid.to_string(), "--regid", &uid.to_string()]);
        command.args(["--groups", &group.to_string(), "--"]).arg(&self.program);
        command.arg("--socket").arg(self.daemon.home().path("c.sock")).args(arguments);
        finish(command).await
    }
}

#[tokio::test]
async fn strangers_are_refused_by_name_as_root() {
    if !is_root() {
        return;
    }
    let shared = Shared::start(&["control.open_to=everyone"]).await;
    for arguments in [&["status"][..], &["version", "queue", "1"], &["daemon", "stop", "--no-wait"]] {
        let output = shared.run_as(SOMEBODY, SOMEBODY, arguments).await.expect_helpful(5);
        assert!(output.stderr.contains("uid 54321 may not do this: it needs the role"), "{output:?}");
    }
    let named = shared.run_as(1, SOMEBODY, &["status"]).await.expect_helpful(5);
    assert!(
        named.stderr.contains("(uid 1) may not do this") && named.stderr.contains("access.readers"),
        "{named:?}"
    );
    let audit = shared.daemon.cli().json(&["audit"]).await;
    let told =
        |n: usize| (&audit["items"][n]["uid"], &audit["items"][n]["command"], &audit["items"][n]["outcome"]);
    assert_eq!(told(0), (&SOMEBODY.into(), &"daemon.stop".into(), &"refused".into()), "{audit}");
    assert_eq!(told(1), (&SOMEBODY.into(), &"version.queue".into(), &"refused".into()), "{audit}");
    assert!(
        shared.daemon.cli().json(&["version", "list"]).await["items"].as_array().is_some_and(Vec::is_empty)
    );
}

#[tokio::test]
async fn the_group_of_the_socket_operates_and_the_kernel_keeps_others_out_as_root() {
    if !is_root() {
        return;
    }
    let shared = Shared::start(&["control.group=54400"]).await;
    let outside = shared.run_as(SOMEBODY, SOMEBODY, &["status"]).await.expect_helpful(5);
    assert!(outside.stderr.contains("may not use"), "{outside:?}");
    let _browser = Browser::open(shared.daemon.public, "a").await;
    // A member by the kernel's word: no database knows this user.
    shared.run_as(SOMEBODY, 54_400, &["connections", "disconnect", "a"]).await.expect(0);
    let stop = shared.run_as(SOMEBODY, 54_400, &["daemon", "stop"]).await.expect_helpful(5);
    assert!(stop.stderr.contains("needs the role admin, and theirs is operator"), "{stop:?}");
}

#[tokio::test]
async fn lists_give_roles_whatever_groups_a_user_is_in_as_root() {
    if !is_root() {
        return;
    }
    let lists = ["access.readers=[\"54321\"]", "access.publishers=[\"54322\"]", "access.admins=[\"54323\"]"];
    let shared = Shared::start(&[&lists[..], &["control.group=54400"]].concat()).await;
    let _browser = Browser::open(shared.daemon.public, "a").await;
    let list = shared.run_as(SOMEBODY, 54_400, &["connections", "list", "-o", "json"]).await.expect(0);
    let list: Value = serde_json::from_str(&list.stdout).expect("JSON");
    assert_eq!(list["items"][0]["token"].as_str().map(str::len), Some(8), "{list}");
    let whole = shared.daemon.cli().json(&["connections", "list"]).await;
    assert!(whole["items"][0]["token"].as_str().is_some_and(|token| token.len() > 30), "{whole}");
    shared.run_as(SOMEBODY, 54_400, &["version", "queue", "1"]).await.expect_helpful(5);
    shared.run_as(54_322, 54_400, &["version", "queue", "1"]).await.expect(0);
    shared.run_as(54_322, 54_400, &["version", "clear"]).await.expect_helpful(5);
    shared.run_as(54_323, 54_400, &["daemon", "stop", "--no-wait"]).await.expect(0);
}

#[tokio::test]
async fn a_name_that_is_unknown_here_stops_the_start() {
    for (setting, told) in [
        ("access.readers=[\"no-such-user\"]", "access.readers: there is no user \"no-such-user\""),
        ("access.admins=[\"@no-such-group\"]", "access.admins: there is no group \"no-such-group\""),
        ("control.group=no-such-group", "control.group: there is no group \"no-such-group\""),
    ] {
        let output = finish(Home::new().command(&[setting])).await.expect_helpful(78);
        assert!(output.stderr.contains(told), "{output:?}");
        let mut check = Home::new().command(&[setting]);
        check.args(["config", "check"]);
        assert!(finish(check).await.expect(78).stderr.contains(told));
    }
}

#[tokio::test]
async fn the_socket_is_opened_to_whom_the_settings_say() {
    for (setting, expected) in [("owner", 0o600), ("group", 0o660), ("everyone", 0o666)] {
        let daemon = Daemon::start(&[&format!("control.open_to={setting}")]).await;
        let mode = fs::metadata(daemon.home().path("c.sock")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, expected, "{setting}");
    }
}
