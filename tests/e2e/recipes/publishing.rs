//! `docs/publishing.md`

use super::{PUBLISHING, TOKEN};
use crate::{
    fakes::browser::Browser,
    harness::{
        Daemon, Home, finish, is_installed,
        page::{blocks, replaced},
        shell::sh,
    },
};

async fn daemon() -> Daemon {
    let home = Home::new();
    let token = format!("publish.token_file={}", home.write("token", &format!("{TOKEN}\n")));
    home.start(&[&token]).await
}

/// Runs each block of this kind with this command, and expects that a browser was told.
async fn told(kind: &str, command: &str) {
    let blocks = blocks(PUBLISHING, kind);
    assert_eq!(blocks.len(), 2, "over the socket, and over the listener");
    for block in blocks {
        let daemon = daemon().await;
        let mut browser = Browser::open(daemon.public, "k3v9x").await;
        let (socket, internal) = (daemon.home().path("c.sock"), daemon.internal.to_string());
        let here =
            [("/run/ssectld/control.sock", socket.to_str().expect("ASCII")), ("127.0.0.1:8091", &internal)];
        let file = daemon.home().write("program", &replaced(block, &here));
        let mut run = sh(daemon.home(), &format!("{command} {file}"));
        run.env("TOKEN", TOKEN);
        let output = finish(run).await.expect(0);
        assert!(
            output.stdout.contains("\"connections\":1") || output.stdout.contains("told 1 "),
            "{output:?}"
        );
        let event = browser.next_event().await;
        assert!(["order.paid", "version"].contains(&event.name.as_str()), "{event:?}");
    }
}

#[tokio::test]
async fn curl_publishes() {
    told("sh", "sh -eu").await;
}

#[tokio::test]
async fn python3_publishes() {
    if is_installed("python3") {
        told("python", "python3").await;
    }
}

#[tokio::test]
async fn node_publishes() {
    if is_installed("node") {
        told("js", "node").await;
    }
}
