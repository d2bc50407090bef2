//! `docs/nginx.md`

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{NGINX, is_installed};
use crate::harness::{
    Daemon, Home, finish,
    page::{blocks, replaced},
    shell::{in_home, sh},
    until, within,
};

/// What is around the page's server: an application that knows one session.
fn configuration(daemon: &Daemon) -> String {
    let place = daemon.home().dir.path().display().to_string();
    let public = daemon.public.to_string();
    let mut server = replaced(
        blocks(NGINX, "nginx")[0],
        &[
            ("listen 443 ssl http2;", &format!("listen unix:{place}/web.sock;")),
            ("127.0.0.1:8090", &public),
            ("http://127.0.0.1:5000/session", &format!("http://unix:{place}/app.sock:/session")),
        ],
    );
    server = server.lines().filter(|line| !line.contains("ssl_certificate")).collect::<Vec<_>>().join("\n");
    let user =
        if std::fs::metadata("/root").is_ok() && place_is_roots(&place) { "user root root;" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {place}/nginx-{kind};\n"))
        .concat();
    format!(
        "{user}\ndaemon off;\nworker_processes 1;\npid {place}/nginx.pid;\nerror_log stderr;\n\
         events {{ worker_connections 64; }}\nhttp {{\naccess_log off;\n{temporary}{server}\n\
         server {{ listen unix:{place}/app.sock; location /session {{\n\
         if ($http_cookie ~ \"session=good\") {{ return 204; }} return 401; }} }}\n}}\n"
    )
}

fn place_is_roots(place: &str) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(place).is_ok_and(|found| found.uid() == 0)
}

async fn start(daemon: &Daemon) -> Child {
    let file = daemon.home().write("nginx.conf", &configuration(daemon));
    let mut nginx = Command::new("nginx");
    in_home(daemon.home(), &mut nginx);
    let log = std::fs::File::create(daemon.home().path("nginx.log")).expect("a file");
    nginx.args(["-e", "stderr", "-p"]).arg(daemon.home().dir.path()).args(["-c", &file]).stderr(log);
    let mut running = nginx.spawn().expect("nginx can be run");
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
    let pid = nginx.id().expect("it is running").to_string();
    Command::new("kill").args(["-s", "TERM", &pid]).status().await.expect("kill can be run");
    within("nginx to end", nginx.wait()).await.expect("known");
}
