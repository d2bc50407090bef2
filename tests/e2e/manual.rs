//! The examples of the manual, executed as they stand there.

use std::{fs, path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, finish, gateway::GatewayProcess, session::Session, shell::sh, within},
};

/// A page of the manual, and its examples.
struct Page {
    name: String,
    examples: Vec<String>,
}

/// Returns the committed pages whose file begins and ends so.
fn pages(start: &str, end: &str) -> Vec<Page> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the manual is committed") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        if name.starts_with(start) && name.ends_with(end) {
            let examples = examples(&fs::read_to_string(path).expect("text"));
            found.push(Page { name, examples });
        }
    }
    found.sort_by(|one, two| one.name.cmp(&two.name));
    assert!(!found.is_empty(), "man/{start}…{end}");
    found
}

/// Returns the examples of a page as they are shown.
fn examples(page: &str) -> Vec<String> {
    let section = page.split("\n.SH EXAMPLES\n").nth(1).map_or("", |rest| {
        let end = rest.find("\n.SH ").unwrap_or(rest.len());
        &rest[..end]
    });
    let blocks = section.split("\n.EX\n").skip(1).filter_map(|rest| rest.split("\n.EE").next());
    blocks.map(|block| block.lines().map(shown).collect::<Vec<_>>().join("\n")).collect()
}

fn shown(line: &str) -> String {
    let line = line.strip_prefix("\\&").unwrap_or(line);
    let signs = [("\\-", "-"), ("\\*(Aq", "'"), ("\\(ti", "~"), ("\\(ha", "^"), ("\\\\", "\\")];
    signs.iter().fold(line.to_owned(), |line, (roff, sign)| line.replace(roff, sign))
}

fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

/// Runs an example that goes on until it is interrupted: what it begins with is enough.
async fn begins(mut command: Command) -> String {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("sh can be run");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = within("its first line", lines.next_line()).await.expect("readable");
    first.expect("it goes on")
}

#[tokio::test]
async fn each_example_of_ssectl_does_what_it_says() {
    let mut executed = 0;
    // What is asked of a cluster takes one.
    let alone = pages("ssectl", ".1").into_iter().filter(|page| !page.name.starts_with("ssectl-members"));
    for page in alone {
        let home = Home::new();
        home.write("NEWS", "Faster.\n");
        for script in ["migrate.sh", "import.sh"] {
            home.write_script(script, "echo 40%\n");
        }
        let daemon = home.start(&[]).await;
        let _browser = Browser::open(daemon.public, "k3v9x").await;
        for example in &page.examples {
            let endless = ["--watch", " watch ", " tail "].iter().any(|word| example.contains(word));
            let script = if endless { format!("exec {example}") } else { example.clone() };
            let mut command = sh(daemon.home(), &script);
            command.env("BUILD", "42");
            if example.starts_with("ssectl top") {
                let mut session = Session::open(80, 24, &command);
                session.shows("k3v9x").await;
                session.press("q");
                assert_eq!(session.ended().await.code(), Some(0), "{example}");
            } else if endless {
                begins(command).await;
            } else {
                let output = finish(command).await;
                assert_eq!(output.code, 0, "{}: {example}: {output:?}", page.name);
            }
            executed += 1;
        }
    }
    assert!(executed > 30, "{executed}");
}

/// The surroundings of a packaged daemon, in a directory.
fn surroundings(home: &Home, example: &str) -> Command {
    let place = home.dir.path().to_str().expect("ASCII");
    let here = [
        ("/etc/ssectld", place),
        ("sudo -u ssectld ", ""),
        ("port 3000", "port 0"),
        ("PORT=3000", "PORT=0"),
        ("127.0.0.1:3001", "127.0.0.1:0"),
    ];
    let mut command = sh(home, &format!("exec env {}", replaced(example, &here)));
    command
        .env("SSECTLD_LISTEN__PUBLIC", "127.0.0.1:0")
        .env("SSECTLD_LISTEN__INTERNAL", "127.0.0.1:0")
        .env("SSECTLD_GATEWAY_SERVER__LISTEN", "127.0.0.1:0")
        .env("SSECTLD_STATE__DIR", home.path("state"));
    command
}

#[tokio::test]
async fn each_example_of_ssectld_does_what_it_says() {
    let mut executed = 0;
    for page in pages("ssectld", ".8") {
        for example in &page.examples {
            let home = Home::new();
            home.write("ssectld.toml", "demo = false\n");
            home.write("backup.jsonl", "");
            if example.contains(" store ") {
                let home = home.start(&[]).await.stop().await;
                let exported = sh(
                    &home,
                    &format!("ssectld --set state.dir={} store export b", home.path("state").display()),
                );
                finish(exported).await.expect(0);
                fs::rename(home.path("b"), home.path("backup.jsonl")).expect("renamed");
                if example.contains(" export ") {
                    fs::remove_file(home.path("backup.jsonl")).expect("removed");
                }
                finish(surroundings(&home, example)).await.expect(0);
            } else if example.contains(" config ") {
                finish(surroundings(&home, example)).await.expect(0);
            } else if example.contains("gateway") {
                let command = surroundings(&home, example);
                let mut gateway = GatewayProcess::spawn(home, command).await;
                gateway.terminate().await;
                assert!(gateway.ended().await.success(), "{example}");
            } else {
                let command = surroundings(&home, example);
                home.start_command(command).await.stop().await;
            }
            executed += 1;
        }
    }
    assert!(executed > 8, "{executed}");
}

#[tokio::test]
async fn each_example_of_the_settings_can_be_run() {
    let home = Home::new();
    let token = home.write("token", "open-sesame-0123456789\n");
    for example in &pages("ssectld.toml", ".5")[0].examples {
        // Users and groups of this machine.
        let here = [("/etc/ssectld/publish.token", token.as_str()), ("@monitoring", "@0"), ("deploy", "0")];
        let file = home.write("ssectld.toml", &replaced(example, &here));
        finish(sh(&home, &format!("ssectld --config {file} config check"))).await.expect(0);
    }
}

#[tokio::test]
async fn curl_each_request_of_the_manual_is_answered() {
    let home = Home::new();
    let token = format!("publish.token_file={}", home.write("token", "open-sesame-0123456789\n"));
    let daemon: Daemon = home.start(&[&token]).await;
    let _browser = Browser::open(daemon.public, "k3v9x").await;
    let socket = daemon.home().path("c.sock");
    let internal = daemon.internal.to_string();
    let here = [
        ("curl ", "curl -sSf "),
        ("127.0.0.1:8091", &internal),
        ("/run/ssectld/control.sock", socket.to_str().expect("ASCII")),
    ];
    let examples = &pages("ssectld-api", ".7")[0].examples;
    assert!(examples.len() >= 5, "{examples:?}");
    for example in examples {
        let mut command = sh(daemon.home(), &replaced(example, &here));
        command.env("TOKEN", "open-sesame-0123456789");
        let output = finish(command).await.expect(0);
        assert!(output.stdout.starts_with(r#"{"schema":"ssectl/"#), "{example}: {output:?}");
    }
}
