//! `ssectl daemon`

mod drain;
mod log_level;
mod member;

use std::{fs, io, path::Path, time::Duration};

use ssectl_core::control::{
    discovery,
    types::{ClusterView, Keyed, StopReceipt},
};
use tokio::time::{Instant, sleep};

pub(super) use self::log_level::words as log_words;
use crate::{
    args::{Daemon, Key, Stop},
    context::{Context, interrupted},
    error::{CliError, Outcome},
    exit::Exit,
    output::Forms,
    text,
};

/// Longer than any sensible `shutdown.grace`.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn run(context: &Context, verb: Daemon) -> Outcome {
    match verb {
        Daemon::Stop(verb) => stop(context, verb).await,
        Daemon::Reload(key) => reload(context, key).await,
        Daemon::LogLevel(asked) => log_level::run(context, asked).await,
        Daemon::Drain(verb) => drain::run(context, verb).await,
    }
}

async fn reload(context: &Context, key: Key) -> Outcome {
    let key = key.choose();
    let answer = context.order(&key, context.client.reload(&Keyed { key: Some(key.clone()) })).await?;
    context.out.warn(&answer.value.warnings);
    let changed = &answer.value.item.changed;
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| changed.clone(),
        table: &|_| match changed.as_slice() {
            [] => "reloaded: no setting has changed; secrets and roles are those of now\n".to_owned(),
            changed => format!("reloaded, changed: {}\n", changed.join(", ")),
        },
    })?;
    Ok(Exit::Ok)
}

async fn stop(context: &Context, Stop { no_wait, key }: Stop) -> Outcome {
    let key = key.choose();
    // Its process must be known before it is gone.
    let pid = discovery::probe(&context.at.path)
        .map_err(|error| context.explain(ssectl_core::control::client::ClientError::Unreachable(error)))?
        .pid;
    let elsewhere = member::elsewhere(context).await?;
    let answer = context.order(&key, context.client.stop(&Keyed { key: Some(key.clone()) })).await?;
    context.out.warn(&answer.value.warnings);
    let StopReceipt { tasks, activated, .. } = &answer.value.item;
    // Where systemd holds the socket open, somebody always answers: its successor.
    let path = (!activated.iter().any(|name| name == "control")).then_some(&*context.at.path);
    if *tasks > 0 && !no_wait {
        context.out.note(&format!("waiting for {}", text::count(*tasks, "unfinished task")));
    }
    if !no_wait {
        tokio::select! {
            gone = async {
                let limit = context.options.timeout.unwrap_or(PATIENCE);
                match &elsewhere {
                    Some(run) => member::gone(context, run, limit).await,
                    None => gone(path, pid, limit).await,
                }
            } => gone?,
            () = interrupted() => {
                // To ask where systemd holds the socket would start its successor.
                let look = match path {
                    Some(_) => "see what it waits for: ssectl status; once that ends with 4 it has stopped",
                    None => "see whether it has stopped: systemctl status ssectld",
                };
                return Err(CliError::new(Exit::Interrupted, "stopped waiting")
                    .cause(&"the daemon goes on stopping, and will end")
                    .hint(look));
            }
        }
    }
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![key.clone()],
        table: &|_| if no_wait { "the daemon is stopping\n" } else { "the daemon has stopped\n" }.to_owned(),
    })?;
    Ok(Exit::Ok)
}

/// Waits until nobody answers at this path and the process has ended.
async fn gone(path: Option<&Path>, pid: Option<u32>, limit: Duration) -> Result<(), CliError> {
    let deadline = Instant::now() + limit;
    while path.is_some_and(|path| answers(path, pid)) || pid.is_some_and(runs) {
        if Instant::now() >= deadline {
            return Err(still_runs(limit));
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// It said yes: only its end is not there yet.
fn still_runs(limit: Duration) -> CliError {
    CliError::new(Exit::Failed, format!("the daemon still runs after {limit:?}"))
        .cause(&"it is stopping, and waits for tasks or streams; it will end")
        .hint("see what it does: ssectl status; or send it SIGTERM, which skips the waiting")
}

/// Returns whether that daemon still answers; a successor with another process does not count.
fn answers(path: &Path, pid: Option<u32>) -> bool {
    match discovery::probe(path) {
        Ok(live) => live.pid == pid,
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused),
    }
}

/// Returns whether a process runs. A zombie has ended; where there is no /proc, nobody knows.
fn runs(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// Returns in words how a member of a cluster is connected to the others.
pub(super) fn link_words(cluster: &ClusterView) -> String {
    let version = cluster.nats_version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let copies = cluster.replicas.map(|copies| format!(", {copies} of each")).unwrap_or_default();
    match (cluster.connected, cluster.jetstream) {
        (true, true) => format!("connected{version}{copies}"),
        (true, false) => format!("connected{version}, but JetStream does not answer"),
        (false, _) => "not reached".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn processes_are_known_to_run_or_not() {
        assert!(runs(std::process::id()));
        let mut child = std::process::Command::new("true").spawn().expect("started");
        let pid = child.id();
        child.wait().expect("ended");
        assert!(!runs(pid));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_has_an_end() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("s");
        assert_eq!(gone(Some(&path), None, PATIENCE).await, Ok(()));
        let _live = std::os::unix::net::UnixListener::bind(&path).expect("bound");
        let pid = Some(std::process::id());
        let error = gone(Some(&path), pid, Duration::from_secs(1)).await.expect_err("still there");
        assert_eq!(error.exit, Exit::Failed);
    }
}
