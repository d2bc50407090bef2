//! `ssectl status`

use std::time::Duration;

use ssectl_core::control::{
    client::Answer,
    types::{ClusterView, DrainView, MemberState, Queued, Single, Status},
};

use super::{daemon, members};
use crate::{
    args::{self, Format},
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    listing,
    output::Forms,
    table::pairs,
    text::{self, harmless, harmless_json},
    watching::{self, Form},
};

pub(super) async fn run(context: &Context, asked: &args::Status) -> Outcome {
    if let Some(every) = asked.watch {
        return watch(&context.over(asked.everyone), every).await;
    }
    let context = &context.over(asked.everyone);
    let answer = context.ask(context.client.status()).await?;
    let status = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![status.phase.clone()],
        table: &|width| screen(status, width),
    })?;
    let well = status.phase == "ready" && status.degraded.is_empty();
    if !asked.check || well {
        return context.answered(&answer.value.unanswered);
    }
    let wrong = match status.degraded.as_slice() {
        [] => format!("it is {}", status.phase),
        degraded => degraded.join("; "),
    };
    let who = if status.is_of_all() { "the cluster" } else { "the daemon" };
    Err(CliError::new(Exit::Negative, format!("{who} is not well")).cause(&wrong))
}

async fn watch(context: &Context, every: Duration) -> Outcome {
    let show = |answer: &Answer<Single<Status>>, form| match form {
        Form::Screen(width) => {
            let warning = |warning: &String| format!("warning: {}\n", harmless(warning));
            answer.value.warnings.iter().map(warning).chain([screen(&answer.value.item, width)]).collect()
        }
        Form::Lines => harmless_json(answer.json.trim_end()) + "\n",
    };
    watching::run(context, every, async || context.client.status().await, show).await
}

fn screen(status: &Status, width: Option<usize>) -> String {
    match status.cluster.as_ref().filter(|cluster| !cluster.members.is_empty()) {
        Some(cluster) => screen_of_all(status, cluster, width),
        None => screen_of_one(status),
    }
}

/// Returns what all members are together, and each of them.
fn screen_of_all(status: &Status, cluster: &ClusterView, width: Option<usize>) -> String {
    let answer = cluster.members.iter().filter(|member| member.state != MemberState::Silent).count();
    let members = text::count(cluster.members.len(), "member");
    let mut lines = vec![
        ("cluster", Some(format!("{}, {members}, {answer} answer", cluster.name))),
        ("asked", Some(cluster.member.clone())),
        ("nats", Some(daemon::link_words(cluster))),
    ];
    lines.extend(figures(status));
    lines.extend(status.degraded.iter().map(|why| ("degraded", Some(why.clone()))));
    let columns = (members::LOOK.columns)(&cluster.members);
    let table = listing::table(&cluster.members, columns, members::LOOK.flexible, Format::Table);
    format!("{}\n{}", pairs(&lines), table.render(width))
}

/// Returns what is counted.
fn figures(status: &Status) -> Vec<(&'static str, Option<String>)> {
    let tasks = status.tasks;
    vec![
        ("connections", Some(status.connections.to_string())),
        ("queued", status.queued.filter(|queued| queued.connections > 0).map(queued_words)),
        ("pending versions", Some(status.pending_versions.to_string())),
        (
            "tasks",
            Some(format!("{} running, {} waiting, {} ended", tasks.running, tasks.pending, tasks.ended)),
        ),
    ]
}

fn screen_of_one(status: &Status) -> String {
    let mode = match status.mode.as_str() {
        // The gateway frames.
        "gateway" => status.mode.clone(),
        mode => format!("{mode}, {} framing", status.framing),
    };
    let held = |place: String, name: &str| {
        let activated = status.activated.iter().any(|activated| activated == name);
        if activated { place + ", held open by systemd" } else { place }
    };
    let mut lines = vec![
        ("daemon", Some(format!("ssectld {}, process {}", status.version, status.pid))),
        ("phase", Some(status.phase.clone())),
        ("started", Some(text::when(status.started_at))),
        ("mode", Some(mode)),
        ("public", Some(held(format!("http://{}", status.listen.public), "public"))),
        ("internal", Some(held(format!("http://{}", status.listen.internal), "internal"))),
        ("socket", Some(held(status.socket.display().to_string(), "control"))),
    ];
    lines.extend(figures(status));
    let state = if status.durable { "survives a restart" } else { "in memory only" };
    lines.push(("state", Some(state.to_owned())));
    let member = |cluster: &ClusterView| {
        format!("{} of {}, nats {}", cluster.member, cluster.name, daemon::link_words(cluster))
    };
    lines.push(("member", status.cluster.as_ref().map(member)));
    let left =
        |drain: &DrainView| format!("{} of {} streams left, none is let in", drain.left, drain.connections);
    lines.extend(status.drain.as_ref().map(|drain| ("drain", Some(left(drain)))));
    lines.extend(status.log.as_ref().map(|level| ("logs", Some(daemon::log_words(level)))));
    lines.extend(status.degraded.iter().map(|why| ("degraded", Some(why.clone()))));
    pairs(&lines)
}

fn queued_words(queued: Queued) -> String {
    let bytes = text::bytes(queued.bytes);
    let connections = usize::try_from(queued.connections).unwrap_or(usize::MAX);
    format!("{bytes} bytes, waiting for {}", text::count(connections, "connection"))
}

#[cfg(test)]
mod tests {
    use ssectl_core::{control::types::Listen, task::TaskCounts};

    use super::*;

    #[test]
    fn the_screen_has_it_all() {
        let status = Status {
            version: "0.1.0".into(),
            pid: 7,
            phase: "ready".into(),
            mode: "embedded".into(),
            framing: "named".into(),
            started_at: jiff::Timestamp::UNIX_EPOCH,
            listen: Listen { public: "127.0.0.1:8090".into(), internal: "127.0.0.1:8091".into() },
            socket: "/run/ssectld/control.sock".into(),
            activated: vec!["public".into()],
            connections: 3,
            pending_versions: 1,
            tasks: TaskCounts { pending: 0, running: 2, ended: 5 },
            drain: Some(DrainView {
                began_at: jiff::Timestamp::UNIX_EPOCH,
                over_ms: 60_000,
                connections: 5000,
                left: 3,
                reconnects_per_second: 83.3,
            }),
            log: None,
            durable: false,
            degraded: vec!["the disk is full".into()],
            now: None,
            footing: None,
            gateway: None,
            uptime_ms: None,
            counters: None,
            queued: Some(Queued { connections: 2, events: 7, bytes: 12_345 }),
            version_sequence: None,
            cluster: None,
        };
        let screen = screen(&status, None);
        for part in [
            "ready",
            "http://127.0.0.1:8090, held open by systemd\n",
            "http://127.0.0.1:8091\n",
            "2 running, 0 waiting, 5 ended",
            "the disk is full",
            "3 of 5000 streams left",
            "12.3k bytes, waiting for 2 connections",
        ] {
            assert!(screen.contains(part), "{part} is missing in\n{screen}");
        }
        assert!(screen.lines().count() <= 24 && screen.lines().all(|line| line.len() <= 80), "{screen}");
    }
}
