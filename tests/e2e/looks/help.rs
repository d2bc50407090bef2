//! `-h` and `--help` of every command.

use std::{collections::BTreeSet, fs, path::Path};

use tokio::process::Command;

use super::look;
use crate::harness::finish;

const PROGRAMS: [(&str, &str); 2] =
    [("ssectl", env!("CARGO_BIN_EXE_ssectl")), ("ssectld", env!("CARGO_BIN_EXE_ssectld"))];

async fn help(program: &str, words: &[String], flag: &str) -> String {
    let mut command = Command::new(program);
    command.env_clear().args(words).arg(flag);
    let output = finish(command).await.expect(0);
    assert_eq!(output.stderr, "", "help is an answer");
    output.stdout
}

/// Returns the commands that a help names.
fn commands(help: &str) -> Vec<String> {
    let section =
        help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
    // Two columns in: what goes on from the line before is further in.
    let names =
        section.lines().filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    let names = names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    names.filter(|name| name != "help").collect()
}

/// The description of the control API: what is there stays as it is, more may come.
#[tokio::test]
async fn the_description() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ssectl"));
    command.env_clear().arg("schema");
    look("openapi", &finish(command).await.expect(0).stdout);
}

#[tokio::test]
async fn help_of_every_command() {
    let mut written = BTreeSet::new();
    for (name, program) in PROGRAMS {
        let mut waiting = vec![Vec::new()];
        while let Some(words) = waiting.pop() {
            let short = help(program, &words, "-h").await;
            let long = help(program, &words, "--help").await;
            let typed = [&[name.to_owned()], &words[..]].concat();
            let snapshot = format!("help-{}", typed.join("-"));
            let typed = typed.join(" ");
            look(&snapshot, &format!("$ {typed} -h\n{short}\n$ {typed} --help\n{long}"));
            written.insert(snapshot + ".snap");
            waiting.extend(commands(&short).into_iter().map(|command| [&words[..], &[command]].concat()));
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/snapshots");
    let names = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    let left: Vec<_> = names.filter(|name| name.starts_with("help-") && !written.contains(name)).collect();
    assert!(left.is_empty(), "help of commands that are no more: {left:?}");
}
