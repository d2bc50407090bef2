//! The recipes of `docs/`, executed as they stand there.

mod deploy;
mod frontend;
pub mod fronts;
mod moving;
mod nginx;
mod proxies;
mod publishing;

use std::process::Stdio;

use tokio::{io::AsyncWriteExt, process::Command};

use crate::harness::{is_installed, page::blocks, within};

const DEPLOY: &str = include_str!("../../../docs/deploy.md");
const FRONTEND: &str = include_str!("../../../docs/frontend.md");
const MOVING: &str = include_str!("../../../docs/moving.md");
const NGINX: &str = include_str!("../../../docs/nginx.md");
const PROMETHEUS: &str = include_str!("../../../docs/prometheus.md");
const PROXIES: &str = include_str!("../../../docs/proxies.md");
const PUBLISHING: &str = include_str!("../../../docs/publishing.md");
const STATE: &str = include_str!("../../../docs/state.md");
const SYSTEMD: &str = include_str!("../../../docs/systemd.md");
const README: &str = include_str!("../../../README.md");

const TOKEN: &str = "open-sesame-0123456789";

#[tokio::test]
async fn shellcheck_finds_nothing_in_what_the_pages_show() {
    if !is_installed("shellcheck") {
        return;
    }
    let mut scripts = Vec::new();
    for page in [DEPLOY, PUBLISHING, STATE, SYSTEMD, README] {
        scripts.extend(blocks(page, "sh").into_iter().map(str::to_owned));
    }
    scripts.extend(deploy::steps().into_iter().map(|step| step.script));
    assert!(scripts.len() > 8, "{scripts:?}");
    for script in scripts {
        let mut command = Command::new("shellcheck");
        command.args(["--shell=sh", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("shellcheck can be run");
        let mut input = child.stdin.take().expect("piped");
        input.write_all(script.as_bytes()).await.expect("it reads");
        drop(input);
        let output = within("shellcheck", child.wait_with_output()).await.expect("it ends");
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stdout));
    }
}
