//! Secrets: which are refused, and that whatever goes wrong, nothing that the programs say or leave behind has one.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::json;

use crate::{
    fakes::backend::{Backend, Say},
    harness::{Daemon, Home, finish, gateway::GatewayProcess, http},
};

/// Distinctive, and a good secret otherwise.
const CANARY: &str = "canary-6b0f9d3e71c2";
const TRACE: &str = "log.level=trace";

fn assert_absent(what: &str, bytes: &[u8]) {
    let found = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
    assert!(!found, "{what} has the secret: {}", String::from_utf8_lossy(bytes));
}

/// Checks everything below a directory.
fn assert_unwritten(dir: &Path) {
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            assert_unwritten(&path);
        } else if path.is_file() {
            assert_absent(&path.display().to_string(), &fs::read(&path).expect("readable"));
        }
    }
}

/// Checks what the system shows of a process.
fn assert_unlisted(pid: u32) {
    for file in ["cmdline", "environ"] {
        let path = format!("/proc/{pid}/{file}");
        assert_absent(&path, &fs::read(&path).expect("a running process"));
    }
}

/// Sends everything that may go wrong at a door, with the right secret and with wrong ones.
async fn misuse(to: std::net::SocketAddr, methods: &[&str], target: &str) {
    let right = format!("Bearer {CANARY}");
    let nearly = format!("Bearer {CANARY}x");
    let in_query = format!("{target}?secret={CANARY}");
    let long = "x".repeat(40_000);
    for value in [&right, &nearly] {
        let shown = [("Authorization", value.as_str())];
        for body in [&b"{"[..], b"{}", b"[1]", &[0xff; 8]] {
            for target in [target, &in_query, &format!("{target}/nowhere?secret={CANARY}")] {
                for method in methods {
                    let answer = http::send(to, &http::request(method, target, &shown, body)).await;
                    assert_absent(target, format!("{answer:?}").as_bytes());
                }
            }
        }
        let huge = [("Authorization", value.as_str()), ("X-Long", &long)];
        assert_absent(
            "a huge head",
            format!("{:?}", http::send(to, &http::request("POST", target, &huge, b"")).await).as_bytes(),
        );
    }
    let broken = format!("POST {in_query} HTTP/9\r\nAuthorization: {right}\r\n bad\x01\r\n\r\n");
    assert_absent("a broken head", format!("{:?}", http::send(to, broken.as_bytes()).await).as_bytes());
}

#[tokio::test]
async fn no_failure_of_the_daemon_shows_a_secret() {
    let vault = Home::new();
    let settings = ["callback.secret_file", "publish.token_file", "gateway.secret_file"];
    let files = settings.map(|key| format!("{key}={}", vault.write(key, &format!("{CANARY}\n"))));
    let own = ["mode=gateway", "gateway.url=http://127.0.0.1:1", "gateway.timeout=1s", TRACE];
    let settings: Vec<&str> = files.iter().map(String::as_str).chain(own).collect();
    let daemon = Home::new().start(&settings).await;
    misuse(daemon.internal, &["POST", "GET", "PUT"], "/api/sse/callback").await;
    misuse(daemon.internal, &["POST", "GET", "PUT"], "/v1/versions").await;
    misuse(daemon.public, &["POST", "GET", "PUT"], "/api/sse/stream").await;
    let connect =
        json!({"action": "connect", "token": "t", "request": {"url": "/x?request_id=a", "headers": {}}});
    let shown = format!("/api/sse/callback?secret={CANARY}");
    http::post(daemon.internal, &shown, &connect).await.expect(200);
    daemon.queue(json!({"version": "1", "key": "k"})).await;
    daemon.until_metrics("the gateway's failure", |m| m.sent("version", "error") >= 1.0).await;
    for question in [&["status"][..], &["connections", "list"], &["audit"], &["version", "list"]] {
        assert_absent("ssectl", format!("{:?}", daemon.cli().json(question).await).as_bytes());
    }
    assert_absent("metrics", http::get(daemon.internal, "/metrics").await.expect(200).body.as_bytes());
    let mut show = daemon.home().command(&settings);
    show.args(["config", "show"]);
    assert_absent("config show", finish(show).await.expect(0).stdout.as_bytes());
    assert_unlisted(daemon.pid());
    assert_unwritten(daemon.kill().await.dir.path());
}

#[tokio::test]
async fn no_failure_of_the_gateway_shows_a_secret() {
    let (vault, backend, home) = (Home::new(), Backend::start().await, Home::new());
    let file = format!("gateway_server.secret_file={}", vault.write("secret", CANARY));
    let url = format!("[gateway_server]\ncallback_url = \"{}?secret={CANARY}\"\n", backend.url());
    let settings = vault.write("gateway.toml", &url);
    let own = ["gateway_server.listen=127.0.0.1:0", "gateway_server.internal=127.0.0.1:0", TRACE, &file];
    let mut show = home.command(&own);
    show.args(["--config", &settings, "config", "show"]);
    assert_absent("config show", finish(show).await.expect(0).stdout.as_bytes());
    let mut command = home.command(&own);
    command.args(["--config", &settings, "gateway"]);
    let gateway = GatewayProcess::spawn(home, command).await;
    // A `GET` of any path is a stream.
    misuse(gateway.address, &["POST", "PUT"], "/internal/send").await;
    for answer in [Say::status(500), Say::Redirect, Say::Cut] {
        backend.says(answer);
        http::get(gateway.address, "/stream").await;
    }
    drop(backend);
    http::get(gateway.address, "/stream").await;
    let metrics = http::get(gateway.internal, "/metrics").await.expect(200);
    assert_absent("metrics", metrics.body.as_bytes());
    assert_absent("its log", gateway.log().as_bytes());
}

#[tokio::test]
async fn a_refused_start_does_not_show_what_it_refused() {
    let vault = Home::new();
    let open = vault.write("open", CANARY);
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).expect("changed");
    let two = vault.write("two words", &format!("{CANARY} {CANARY}"));
    let three = vault.write("three", &format!("{CANARY}1\n{CANARY}2\n{CANARY}3\n"));
    let placeholder = vault.write("placeholder", &format!("<{CANARY}>"));
    for (file, told) in
        [(&open, "chmod o="), (&two, "openssl"), (&three, "openssl"), (&placeholder, "placeholder")]
    {
        for setting in ["callback.secret_file", "publish.token_file", "gateway.secret_file"] {
            let settings = ["mode=gateway", TRACE, &format!("{setting}={file}")];
            let output = finish(Home::new().command(&settings)).await.expect_helpful(78);
            assert!(output.stderr.contains(setting) && output.stderr.contains(told), "{output:?}");
            assert_absent("the refusal", format!("{output:?}").as_bytes());
        }
        let mut gateway = Home::new()
            .command(&["gateway_server.listen=127.0.0.1:0", &format!("gateway_server.secret_file={file}")]);
        gateway.arg("gateway");
        let output = finish(gateway).await.expect_helpful(78);
        assert!(output.stderr.contains(told), "{output:?}");
        assert_absent("the gateway's refusal", format!("{output:?}").as_bytes());
    }
}

#[tokio::test]
async fn listeners_that_others_reach_do_not_open_without_a_secret() {
    let output = finish(Home::new().command(&["listen.internal=0.0.0.0:0"])).await.expect_helpful(78);
    assert!(output.stderr.contains("callback.secret_file"), "{output:?}");
}

#[tokio::test]
async fn two_secrets_are_accepted_while_one_takes_the_place_of_the_other() {
    let home = Home::new();
    let file = home.write("token", "the-new-one-0123456789\nthe-old-one-0123456789\n");
    let daemon = home.start(&[&format!("publish.token_file={file}")]).await;
    let event = json!({"name": "x", "data": 1});
    for (token, status) in
        [("the-new-one-0123456789", 200), ("the-old-one-0123456789", 200), ("the-next-one-0123456789", 401)]
    {
        let bearer = format!("Bearer {token}");
        let answer =
            http::post_with(daemon.internal, "/v1/events", &[("Authorization", &bearer)], &event).await;
        answer.expect(status);
    }
}

#[tokio::test]
async fn credentials_of_the_service_manager_are_found_by_name() {
    let home = Home::new();
    home.write("publish.token", "a-credential-0123456789\n");
    let mut command = home.command(&[]);
    command.env("CREDENTIALS_DIRECTORY", home.dir.path());
    let daemon: Daemon = home.start_command(command).await;
    let bearer = [("Authorization", "Bearer a-credential-0123456789")];
    http::post_with(daemon.internal, "/v1/events", &bearer, &json!({"name": "x", "data": 1}))
        .await
        .expect(200);
}
