//! `ssectl doctor`: what it finds, and that it finds nothing where nothing is.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, time::Duration};

use serde_json::Value;
use tokio::process::Command;

use crate::{
    fakes::{
        proxy::{AUTHORITY, Manner, Proxy},
        relay::Relay,
    },
    harness::{Daemon, Home, finish},
};

/// The ids of the checks that are always there: scripts rely on them.
const HERE: [&str; 13] = [
    "socket",
    "group",
    "daemon",
    "version",
    "health",
    "frontend_version",
    "files",
    "clock",
    "config",
    "credentials",
    "gateway",
    "state",
    "service",
];
/// Those with `--url`.
const THERE: [&str; 10] = [
    "url_connect",
    "url_http2",
    "url_status",
    "url_content_type",
    "url_compression",
    "url_cache",
    "url_cors",
    "url_request_id",
    "url_buffering",
    "url_idle",
];

/// What the checks came to.
struct Report {
    code: i32,
    ids: Vec<String>,
    checks: BTreeMap<String, Value>,
}

impl Report {
    fn result(&self, check: &str) -> &str {
        self.checks[check]["result"].as_str().expect("every check has a result")
    }

    fn message(&self, check: &str) -> &str {
        self.checks[check]["message"].as_str().expect("every check has a message")
    }

    fn hint(&self, check: &str) -> &str {
        self.checks[check]["hint"].as_str().unwrap_or_default()
    }

    fn failed(&self) -> Vec<&str> {
        self.ids.iter().map(String::as_str).filter(|id| self.result(id) == "fail").collect()
    }
}

async fn report(mut command: Command) -> Report {
    command.args(["-o", "json"]);
    let output = finish(command).await;
    let answer: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(answer["schema"], "ssectl/doctor.checks.list");
    let items = answer["items"].as_array().expect("a list has items");
    let id = |item: &Value| item["check"].as_str().expect("every check has an id").to_owned();
    let report = Report {
        code: output.code,
        ids: items.iter().map(id).collect(),
        checks: items.iter().map(|item| (id(item), item.clone())).collect(),
    };
    for (id, check) in &report.checks {
        let helps = !["fail", "warn"].contains(&report.result(id)) || check["hint"].is_string();
        assert!(helps, "{id} does not say what to type next: {check}");
    }
    let expected = if report.failed().is_empty() { 0 } else { 10 };
    assert_eq!(report.code, expected, "{:?}", report.checks);
    report
}

async fn of(daemon: &Daemon, arguments: &[&str]) -> Report {
    report(daemon.cli().command(&[&["doctor"], arguments].concat())).await
}

async fn through(daemon: &Daemon, manner: Manner, arguments: &[&str]) -> Report {
    let proxy = Proxy::before(daemon.public, manner).await;
    of(daemon, &[&["--url", &proxy.stream()], arguments].concat()).await
}

#[tokio::test]
async fn a_daemon_that_is_well_fails_nothing_and_the_ids_are_these() {
    let home = Home::new();
    let file = home.write("ssectld.toml", "demo = false\n");
    let mut command = home.command(&[]);
    command.args(["--config", &file]);
    let daemon = home.start_command(command).await;
    let report = of(&daemon, &[]).await;
    assert_eq!(report.failed(), Vec::<&str>::new(), "{:?}", report.checks);
    assert_eq!(report.ids, HERE);
    assert!(report.message("socket").contains("(as given), 0660"), "{}", report.message("socket"));
    assert!(report.message("daemon").contains(&daemon.pid().to_string()));
    assert!(report.message("config").contains(&file), "the daemon's own file: {}", report.message("config"));
    for well in ["socket", "group", "daemon", "version", "health", "files", "config", "state"] {
        assert_eq!(report.result(well), "ok", "{well}");
    }
}

#[tokio::test]
async fn without_a_daemon_it_says_where_it_looked_and_what_to_type() {
    let home = Home::new();
    let cli = home.cli();
    let report = report(cli.command(&["doctor"])).await;
    assert_eq!(report.failed(), ["socket", "daemon"]);
    assert!(
        report.message("socket").contains("c.sock (as given)") && report.hint("socket").contains("start it")
    );
    let plain = cli.run(&["doctor"]).await.expect(10);
    assert!(plain.stdout.contains("fail     socket") && plain.stdout.contains("hint: start it"), "{plain:?}");
    let mut lost = Command::new(env!("CARGO_BIN_EXE_ssectl"));
    let tmp = home.dir.path();
    lost.arg("doctor").env_clear().env("TMPDIR", tmp).env("XDG_RUNTIME_DIR", tmp.join("xdg"));
    let output = finish(lost).await;
    if !output.stdout.contains("the system's place), 0") {
        assert!(output.stdout.contains("(from XDG_RUNTIME_DIR): no such file"), "{output:?}");
    }
}

#[tokio::test]
async fn settings_and_secrets_are_checked_as_the_daemon_does() {
    let home = Home::new();
    let secret = home.write("secret", "0123456789abcdef\n");
    let text = format!("[callback]\nsecret_file = {secret:?}\n");
    let file = home.write("ssectld.toml", &text);
    let doctor = async || report(home.cli().command(&["doctor", "--config", &file])).await;
    let good = doctor().await;
    assert_eq!((good.result("config"), good.result("credentials")), ("ok", "ok"), "{:?}", good.checks);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).expect("changed");
    let open = doctor().await;
    assert_eq!((open.result("config"), open.result("credentials")), ("ok", "fail"));
    assert!(open.message("credentials").contains("chmod o="), "{}", open.message("credentials"));
    home.write("ssectld.toml", "[access]\nadmins = [\"no-such-user-anywhere\"]\n");
    assert!(doctor().await.message("config").contains("no-such-user-anywhere"));
    home.write("ssectld.toml", "demmo = true\n");
    let wrong = doctor().await;
    assert_eq!(wrong.result("config"), "fail");
    assert!(wrong.message("config").contains("demmo"), "{}", wrong.message("config"));
}

#[tokio::test]
async fn a_gateway_is_known_through_the_daemon_and_tried_from_here() {
    let relay = Relay::start().await;
    let daemon = Daemon::start(&["mode=gateway", &format!("gateway.url=http://{}", relay.address)]).await;
    relay.calls_back(daemon.internal);
    let report = of(&daemon, &[]).await;
    assert_eq!(report.result("gateway"), "ok", "{}", report.message("gateway"));
    let home = Home::new();
    let file = home.write("ssectld.toml", "mode = \"gateway\"\n[gateway]\nurl = \"http://127.0.0.1:9\"\n");
    let report = self::report(home.cli().command(&["doctor", "--config", &file])).await;
    assert_eq!(report.result("gateway"), "fail");
    assert!(report.message("gateway").contains("http://127.0.0.1:9"), "{}", report.message("gateway"));
}

#[tokio::test]
async fn the_public_path_is_seen_as_a_browser_sees_it() {
    let settings = ["stream.heartbeat=1s", r#"stream.cors_origins=["https://app.example"]"#];
    let daemon = Daemon::start(&settings).await;
    let url = format!("http://{}/api/sse/stream", daemon.public);
    let direct = of(&daemon, &["--url", &url, "--origin", "https://app.example", "--idle", "3s"]).await;
    assert_eq!(direct.failed(), Vec::<&str>::new(), "{:?}", direct.checks);
    assert_eq!(direct.ids, [&HERE[..], &THERE[..]].concat());
    assert_eq!(direct.result("url_http2"), "warn");
    for well in THERE.into_iter().filter(|id| *id != "url_http2") {
        assert_eq!(direct.result(well), "ok", "{well}: {}", direct.message(well));
    }
    assert!(direct.message("url_buffering").starts_with("an event arrives after"));
    let stranger = of(&daemon, &["--url", &url, "--origin", "https://other.example"]).await;
    assert_eq!(stranger.failed(), ["url_cors"], "{:?}", stranger.checks);
    assert!(stranger.hint("url_cors").contains("stream.cors_origins"));
}

#[tokio::test]
async fn each_bad_proxy_is_recognised_by_what_it_does() {
    let daemon = Daemon::start(&["stream.heartbeat=1h"]).await;
    let good = through(&daemon, Manner::PassesOn, &["--idle", "100ms"]).await;
    assert_eq!(good.failed(), Vec::<&str>::new(), "{:?}", good.checks);
    assert_eq!(good.result("url_idle"), "warn", "nothing came: {}", good.message("url_idle"));
    let held = through(&daemon, Manner::HoldsBack, &["--timeout", "2s"]).await;
    assert_eq!(held.failed(), ["url_buffering"], "{:?}", held.checks);
    assert!(held.hint("url_buffering").contains("proxy_buffering off"));
    let compressed = through(&daemon, Manner::Compresses, &[]).await;
    assert_eq!(compressed.failed(), ["url_compression"], "{:?}", compressed.checks);
    assert_eq!(compressed.result("url_buffering"), "ok", "looked at without compression");
    let cut = through(&daemon, Manner::Cuts(Duration::from_millis(700)), &["--idle", "20s"]).await;
    assert_eq!(cut.failed(), ["url_idle"], "{:?}", cut.checks);
    assert!(cut.hint("url_idle").contains("proxy_read_timeout"));
    let renamed = through(&daemon, Manner::Renames, &[]).await;
    assert_eq!(renamed.failed(), ["url_request_id"], "{:?}", renamed.checks);
}

#[tokio::test]
async fn an_answer_that_is_no_stream_is_told_by_status_and_type() {
    let daemon = Daemon::start(&[]).await;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAge: 7\r\nContent-Length: 2\r\n\r\nhi";
    let page = through(&daemon, Manner::Answers(page), &[]).await;
    assert_eq!(page.failed(), ["url_content_type", "url_cache"], "{:?}", page.checks);
    let lost = "HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n";
    let lost = through(&daemon, Manner::Answers(lost), &[]).await;
    assert!(lost.failed().contains(&"url_status"), "{:?}", lost.checks);
    assert!(lost.message("url_status").contains("502 Bad Gateway, says nginx"));
    let named = daemon.cli().run(&["doctor", "--url", "https://me:secret@app.example/"]).await.expect(2);
    assert!(named.stderr.contains("-H 'Authorization"), "{named:?}");
    let gone = of(&daemon, &["--url", "http://127.0.0.1:9/"]).await;
    assert_eq!(gone.failed(), ["url_connect"], "{:?}", gone.checks);
    assert_eq!(gone.ids, [&HERE[..], &THERE[..]].concat(), "whatever is wrong, the same checks");
}

#[tokio::test]
async fn over_tls_it_sees_whether_http2_is_offered_and_trusts_nobody_unknown() {
    let daemon = Daemon::start(&[]).await;
    for (protocols, expected) in [(&["h2", "http/1.1"][..], "ok"), (&["http/1.1"], "warn")] {
        let proxy = Proxy::before(daemon.public, Manner::Secured(protocols)).await;
        let mut command = daemon.cli().command(&["doctor", "--url", &proxy.stream()]);
        command.env("SSL_CERT_FILE", AUTHORITY);
        let report = report(command).await;
        assert_eq!(report.failed(), Vec::<&str>::new(), "{:?}", report.checks);
        assert_eq!(report.result("url_http2"), expected);
        assert_eq!(report.result("url_buffering"), "ok");
    }
    let unknown = through(&daemon, Manner::Secured(&["http/1.1"]), &[]).await;
    assert_eq!(unknown.failed(), ["url_connect"], "{:?}", unknown.checks);
    assert!(unknown.hint("url_connect").contains("SSL_CERT_FILE"));
}

#[tokio::test]
async fn who_was_added_to_the_group_and_has_not_logged_in_again_is_told_so_as_root() {
    let home = Home::new();
    fs::set_permissions(home.dir.path(), fs::Permissions::from_mode(0o755)).expect("its owner may");
    let daemon = home.start(&["control.group=daemon"]).await;
    let home = daemon.home();
    // The database knows alice as a member of the group, which has the number 1.
    let id = "#!/bin/sh\ncase $1 in -un) echo alice ;; -G) echo \"$GROUPS_OF\" ;; esac\n";
    let program = home.write("id", id);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its owner may");
    for (groups, words) in [("47110 1", "after this login began"), ("47110", "is not in the group daemon")] {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=47110", "--regid=47110", "--clear-groups", env!("CARGO_BIN_EXE_ssectl")]);
        command.arg("--socket").arg(home.path("c.sock")).arg("doctor");
        command.env_clear().env("GROUPS_OF", groups);
        command.env("PATH", format!("{}:/usr/bin:/bin", home.dir.path().display()));
        let report = report(command).await;
        assert_eq!(report.result("group"), "fail", "{:?}", report.checks);
        assert!(report.message("group").contains(words), "{}", report.message("group"));
        assert_eq!(report.result("daemon"), "fail", "the kernel lets nobody else in");
    }
}

#[test]
fn the_page_names_every_check() {
    let page = include_str!("../../docs/doctor.md");
    let rows: Vec<_> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(id, _)| id).collect();
    let of_members = ["cluster", "nats", "members", "member_clocks"];
    assert_eq!(rows, [&HERE[..], &of_members, &THERE[..]].concat());
}
