//! `docs/deploy.md`

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt};

use tokio::process::Command;
use yaml_rust2::{Yaml, YamlLoader};

use super::{DEPLOY, TOKEN};
use crate::{
    fakes::browser::Browser,
    harness::{
        Daemon, Home, Output, finish,
        page::{blocks, replaced},
        shell::{in_home, sh},
        until,
    },
};

/// A step of a pipeline.
pub(super) struct Step {
    pub(super) script: String,
    variables: BTreeMap<String, String>,
}

/// Returns the steps of all pipelines on the page.
pub(super) fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    for block in blocks(DEPLOY, "yaml") {
        let file = &YamlLoader::load_from_str(block).expect("YAML")[0];
        if file["jobs"].is_badvalue() {
            let job = &file["announce"];
            let lines: Vec<_> =
                job["script"].as_vec().expect("a list").iter().filter_map(Yaml::as_str).collect();
            steps.push(Step { script: lines.join("\n"), variables: variables(&job["variables"]) });
            continue;
        }
        for step in file["jobs"]["announce"]["steps"].as_vec().expect("a list") {
            let script = step["run"].as_str().expect("it runs something").to_owned();
            steps.push(Step { script, variables: variables(&step["env"]) });
        }
    }
    steps
}

fn variables(of: &Yaml) -> BTreeMap<String, String> {
    let pairs = of.as_hash().expect("variables").iter();
    pairs.map(|(name, value)| (text(name), text(value))).collect()
}

fn text(yaml: &Yaml) -> String {
    yaml.as_str().expect("text").to_owned()
}

fn script() -> &'static str {
    let scripts = blocks(DEPLOY, "sh");
    assert_eq!(scripts.len(), 1);
    scripts[0]
}

fn executable(home: &Home, name: &str, content: &str) {
    let path = home.write(name, content);
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("its owner may");
}

#[tokio::test]
async fn the_script_announces_a_build_though_the_daemon_restarts_in_the_middle() {
    let daemon = Daemon::start(&[]).await;
    let home = daemon.home();
    executable(
        home,
        "migrate.sh",
        "#!/bin/sh\n: >begun\nwhile [ ! -e go ]; do sleep 0.05; done\necho '100%'\n",
    );
    let mut command = sh(home, script());
    command.env("BUILD", "1.4.0");
    let running = tokio::spawn(finish(command));
    let begun = home.path("begun");
    until("the migration to begin", || async { begun.exists().then_some(()) }).await;
    let daemon = daemon.kill().await.start(&[]).await;
    let mut browser = Browser::open(daemon.public, "k3v9x").await;
    fs::write(daemon.home().path("go"), "").expect("written");
    let output = running.await.expect("it ends").expect(0);
    assert_eq!(browser.next_version().await, "1.4.0", "{output:?}");
    let cli = daemon.cli();
    let ended =
        cli.run(&["task", "list", "--filter", "status=completed", "--columns", "name", "--no-headers"]);
    assert_eq!(ended.await.expect(0).stdout.trim(), "Migration to 1.4.0");
    // Once more: the same build is announced once.
    let mut again = sh(daemon.home(), script());
    again.env("BUILD", "1.4.0");
    finish(again).await.expect(0);
    assert_eq!(daemon.cli().json(&["version", "list"]).await["items"][0]["sequence"], 1);
}

/// Runs the script where `version queue` and `wait version` end with these codes, one after the other; returns what came
/// of it, and how often something was ordered.
async fn with_codes(codes: &str) -> (Output, usize) {
    let home = Home::new();
    home.write("codes", &codes.replace(' ', "\n"));
    fs::create_dir(home.path("bin")).expect("made");
    executable(
        &home,
        "bin/ssectl",
        "#!/bin/sh\ncase \"$1 $2\" in 'wait ready' | 'task run') exit 0 ;; esac\n\
         echo \"$*\" >>calls\nread -r code <codes\nsed -i 1d codes\nexit \"$code\"\n",
    );
    let mut command = sh(&home, script());
    let path = format!("{}:/usr/bin:/bin", home.path("bin").display());
    command.env("PATH", path).env("BUILD", "1.4.0");
    let output = finish(command).await;
    let calls = fs::read_to_string(home.path("calls")).expect("it ordered something");
    assert!(calls.lines().all(|call| call.contains("1.4.0")), "{calls}");
    (output, calls.lines().count())
}

#[tokio::test]
async fn the_script_tells_codes_apart() {
    for (codes, code, calls, said) in [
        ("0", 0, 1, ""),
        ("4 0", 0, 2, ""),
        ("7 4 0", 0, 3, ""),
        ("4 4 4 4 4", 4, 5, ""),
        ("7 7 7 7 7", 7, 5, ""),
        ("8 0", 0, 2, ""),
        ("8 7", 0, 2, "still slow"),
        ("8 10", 0, 2, "that left"),
        ("6", 6, 1, ""),
        ("8 5", 5, 2, ""),
    ] {
        let (output, ordered) = with_codes(codes).await;
        assert_eq!((output.code, ordered), (code, calls), "{codes}: {output:?}");
        assert!(
            output.stderr.contains(said) && output.stderr.is_empty() == said.is_empty(),
            "{codes}: {output:?}"
        );
    }
}

#[tokio::test]
async fn curl_the_pipelines_announce_a_build_once() {
    let steps = steps();
    assert_eq!(steps.len(), 3);
    for step in steps {
        let home = Home::new();
        let token = format!("publish.token_file={}", home.write("token", &format!("{TOKEN}\n")));
        let daemon = home.start(&[&token]).await;
        let internal = format!("http://{}", daemon.internal);
        let here = [
            ("${{ github.event.release.tag_name }}", "1.4.0"),
            ("$CI_COMMIT_TAG", "1.4.0"),
            ("${{ secrets.SSECTLD_PUBLISH_TOKEN }}", TOKEN),
            ("https://publish.example.org", &internal),
        ];
        for _ in 0..2 {
            let mut command = Command::new("bash");
            in_home(daemon.home(), &mut command);
            command.args(["-eo", "pipefail", "-c", &step.script]);
            command.envs(step.variables.iter().map(|(name, value)| (name, replaced(value, &here))));
            finish(command).await.expect(0);
        }
        let pending = daemon.cli().json(&["version", "list"]).await;
        assert_eq!(pending["items"][0]["version"], "1.4.0", "{}", step.script);
        assert_eq!(pending["items"][0]["sequence"], 1, "{}", step.script);
    }
}
