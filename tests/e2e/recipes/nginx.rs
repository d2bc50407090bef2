//! `docs/nginx.md`

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{NGINX, fronts};
use crate::harness::{Daemon, Home, finish, is_installed, page::blocks, shell::sh, until, within};

async fn start(daemon: &Daemon) -> Child {
    let listen = format!("unix:{}", daemon.home().path("web.sock").display());
    let session = "if ($http_cookie ~ \"session=good\") { return 204; } return 401;";
    let page = blocks(NGINX, "nginx")[0].replace("127.0.0.1:8090", &daemon.public.to_string());
    let server = fronts::nginx(daemon.home(), &page, &listen, session);
    let server: Vec<_> = server.lines().filter(|line| !line.contains("ssl_certificate")).collect();
    let mut nginx = fronts::run_nginx(daemon.home(), &server.join("\n"));
    let log = std::fs::File::create(daemon.home().path("nginx.log")).expect("a file");
    let mut running = nginx.stderr(log).spawn().expect("nginx can be run");
    let socket = daemon.home().path("web.sock");
    until("nginx to listen", || async { socket.exists().then_some(()) }).await;
    assert!(running.try_wait().expect("known").is_none(), "nginx ended");
    running
}

/// Asks nginx for a path, with these arguments of curl besides.
fn curl(home: &Home, arguments: &str, path: &str) -> Command {
    sh(home, &format!("exec curl -sN --unix-socket web.sock {arguments} 'http://app.example.org{path}'"))
}

#[tokio::test]
async fn nginx_lets_browsers_with_a_session_in_and_passes_events_on_at_once() {
    if !is_installed("nginx") {
        return;
    }
    let settings: toml::Table = toml::from_str(blocks(NGINX, "toml")[0]).expect("TOML");
    let hosts = format!("listen.hosts={}", settings["listen"]["hosts"]);
    let proxies = format!("stream.trusted_proxies={}", settings["stream"]["trusted_proxies"]);
    let daemon = Daemon::start(&[&hosts, &proxies]).await;
    let mut nginx = start(&daemon).await;
    let stream = "/api/sse/stream?request_id=k3v9x";
    for (cookie, path, status) in [
        ("session=none", stream, "401"),
        ("session=good", "/api/sse/callback", "404"),
        ("session=good", "/session", "404"),
    ] {
        let asked =
            curl(daemon.home(), &format!("-o /dev/null -w '%{{http_code}}' -H 'Cookie: {cookie}'"), path);
        assert_eq!(finish(asked).await.expect(0).stdout, status, "{cookie} {path}");
    }
    let mut browser = curl(daemon.home(), "-H 'Cookie: session=good'", stream);
    let mut browser = browser.stdout(Stdio::piped()).spawn().expect("curl can be run");
    let mut lines = BufReader::new(browser.stdout.take().expect("piped")).lines();
    until("the browser to be connected", || async {
        let listed = daemon.cli().run(&["connections", "list", "-o", "name"]).await;
        (listed.stdout.trim() == "k3v9x").then_some(())
    })
    .await;
    daemon.cli().run(&["version", "queue", "1.4.0"]).await.expect(0);
    within("the event to come through", async {
        while lines.next_line().await.expect("readable").expect("the stream goes on")
            != r#"data: {"version":"1.4.0"}"#
        {}
    })
    .await;
    within("nginx to end", nginx.kill()).await.expect("known");
}
