//! The commands of README.md, typed as they stand there.

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, finish, page, shell},
};

const README: &str = include_str!("../../README.md");

fn blocks(kind: &str) -> Vec<&'static str> {
    page::blocks(README, kind)
}

/// Runs a script; returns what it printed.
async fn sh(daemon: &Daemon, script: &str) -> String {
    let mut command = shell::sh(daemon.home(), script);
    command.env("BUILD", "42").env("TOKEN", "open-sesame-0123456789");
    finish(command).await.expect(0).stdout
}

/// Returns a line without what differs from run to run.
fn essence(line: &str) -> String {
    let word =
        |word: &str| if word.len() >= 36 && word.contains('-') { "…".to_owned() } else { word.to_owned() };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn what_it_shows_on_the_console_is_what_comes() {
    let daemon = Daemon::start(&[]).await;
    let _browser = Browser::open(daemon.public, "me").await;
    let console: Vec<_> =
        blocks("console").into_iter().filter(|block| block.starts_with("$ ssectl")).collect();
    let commands: Vec<_> = console.iter().flat_map(|block| block.split("$ ").skip(1)).collect();
    assert!(commands.len() >= 3, "{commands:?}");
    for shown in commands {
        let (command, output) = shown.split_once('\n').expect("something is shown");
        let printed = sh(&daemon, command).await;
        let printed: Vec<_> = printed.lines().map(essence).collect();
        let known = output.lines().filter(|line| printed.contains(&essence(line)));
        assert!(known.count() > 0, "{command} printed {printed:?}");
    }
}

#[tokio::test]
async fn its_scripts_run() {
    let daemon = Daemon::start(&[]).await;
    daemon.home().write_script("migrate.sh", "echo 40%\n");
    let scripts: Vec<_> = blocks("sh").into_iter().filter(|script| script.contains("ssectl ")).collect();
    let scripts: Vec<_> = scripts.into_iter().filter(|script| !script.contains("ssectld ")).collect();
    assert!(scripts.len() >= 2, "{scripts:?}");
    for script in scripts {
        let script = script.replace("https://app.example.org", &format!("http://{}", daemon.public));
        sh(&daemon, &script).await;
        sh(&daemon, &script).await;
    }
}

#[tokio::test]
async fn curl_does_what_it_says() {
    let home = Home::new();
    let token = format!("publish.token_file={}", home.write("token", "open-sesame-0123456789\n"));
    let daemon = home.start(&[&token]).await;
    let scripts: Vec<_> = blocks("sh").into_iter().filter(|script| script.starts_with("curl ")).collect();
    assert!(scripts.len() >= 2, "{scripts:?}");
    for script in scripts {
        let script = script
            .replace("curl ", "curl -sSf ")
            .replace("127.0.0.1:8091", &daemon.internal.to_string())
            .replace("/run/ssectld/control.sock", daemon.home().path("c.sock").to_str().expect("ASCII"));
        let printed = sh(&daemon, &script).await;
        assert!(printed.starts_with(r#"{"schema":"ssectl/"#), "{script} printed {printed}");
    }
}
