//! `ssectl status`

use std::time::Duration;

use ssectl_core::control::{
    client::Answer,
    types::{DrainView, Queued, Single, Status},
};

use super::daemon;
use crate::{
    args,
    context::Context,
    error::{CliError, Outcome},
    exit::Exit,
    output::Forms,
    table::pairs,
    text::{self, harmless, harmless_json},
    watching::{self, Form},
};

pub(super) async fn run(context: &Context, asked: &args::Status) -> Outcome {
    if let Some(every) = asked.watch {
        return watch(context, every).await;
    }
    let answer = context.ask(context.client.status()).await?;
    let status = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![status.phase.clone()],
        table: &|_| screen(status),
    })?;
    let well = status.phase == "ready" && status.degraded.is_empty();
    if !asked.check || well {
        return Ok(Exit::Ok);
    }
    let wrong = match status.degraded.as_slice() {
        [] => format!("it is {}", status.phase),
        degraded => degraded.join("; "),
    };
    Err(CliError::new(Exit::Negative, "the daemon is not well").cause(&wrong))
}

async fn watch(context: &Context, every: Duration) -> Outcome {
    let show = |answer: &Answer<Single<Status>>, form| match form {
        Form::Screen(_) => {
            let warning = |warning: &String| format!("warning: {}\n", harmless(warning));
            answer.value.warnings.iter().map(warning).chain([screen(&answer.value.item)]).collect()
        }
        Form::Lines => harmless_json(answer.json.trim_end()) + "\n",
    };
    watching::run(context, every, async || context.client.status().await, show).await
}

fn screen(status: &Status) -> String {
    let tasks = status.tasks;
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
        ("connections", Some(status.connections.to_string())),
        ("queued", status.queued.filter(|queued| queued.connections > 0).map(queued_words)),
        ("pending versions", Some(status.pending_versions.to_string())),
        (
            "tasks",
            Some(format!("{} running, {} waiting, {} ended", tasks.running, tasks.pending, tasks.ended)),
        ),
        ("state", Some(if status.durable { "survives a restart" } else { "in memory only" }.to_owned())),
    ];
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
        };
        let screen = screen(&status);
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
