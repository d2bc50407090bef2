//! `ssectl connections watch`

use ssectl_core::control::{
    client::{Answer, ClientError},
    listing::Filter,
    types::{ConnectionChange, ConnectionLine},
};

use crate::{
    args::Format,
    context::{Context, interrupted},
    error::{CliError, Outcome},
    exit::Exit,
    output::terminal_width,
    reconnect::{self, Patience},
    table::cut,
    text::{self, harmless, harmless_json},
};

/// Prints what happens until it is interrupted.
pub(super) async fn run(context: &Context, filters: &[Filter]) -> Outcome {
    tokio::select! {
        ended = watch(context, filters) => ended,
        () = interrupted() => Ok(Exit::Interrupted),
    }
}

async fn watch(context: &Context, filters: &[Filter]) -> Outcome {
    let mut lines = context.ask(context.client.watch_connections(filters)).await?;
    let mut came_back = "watching";
    loop {
        match lines.next().await {
            Ok(Some(line)) => {
                show(context, &line, came_back)?;
                continue;
            }
            Ok(None) | Err(ClientError::NoAnswer(_)) => {}
            Err(error) => return Err(context.explain(error)),
        }
        let open = async || context.client.watch_connections(filters).await;
        lines = reconnect::again(context, Patience::Endless, open).await?;
        came_back = "the daemon is back";
    }
}

fn show(context: &Context, line: &Answer<ConnectionLine>, came_back: &str) -> Result<(), CliError> {
    let out = &context.out;
    if out.format().is_json() {
        return out.print(&(harmless_json(&line.json) + "\n"), Exit::Ok);
    }
    if let Some(note) = note(&line.value, came_back) {
        out.note(&note);
    }
    let Some((what, change)) = changed(&line.value) else { return Ok(()) };
    let told = match out.format() {
        Format::Name => harmless(change.request_id.as_str()),
        format => {
            let at = if format == Format::Wide { text::moment(change.at) } else { text::hour(change.at) };
            harmless(&format!("{at}  {what:<12}  {}", told(change, format)))
        }
    };
    let width = if out.format() == Format::Table { terminal_width() } else { None };
    out.print(&(width.map_or(told.clone(), |width| cut(&told, width)) + "\n"), Exit::Ok)
}

/// Returns what is said beside what happens.
fn note(line: &ConnectionLine, came_back: &str) -> Option<String> {
    match line {
        ConnectionLine::Started { connections, .. } => {
            Some(format!("{came_back}: {} now", text::count(*connections, "connection")))
        }
        ConnectionLine::Lagged { missed } => {
            Some(format!("lagged: {missed} lines were missed, more came than was read"))
        }
        _ => None,
    }
}

fn changed(line: &ConnectionLine) -> Option<(&'static str, &ConnectionChange)> {
    match line {
        ConnectionLine::Connected(change) => Some(("connected", change)),
        ConnectionLine::Replaced(change) => Some(("replaced", change)),
        ConnectionLine::Disconnected(change) => Some(("disconnected", change)),
        ConnectionLine::State(change) => Some(("state", change)),
        ConnectionLine::Started { .. }
        | ConnectionLine::Lagged { .. }
        | ConnectionLine::Heartbeat
        | ConnectionLine::End => None,
    }
}

/// Returns who it is and what happened; of newcomers, and with `-o wide` of everybody, also from where.
fn told(change: &ConnectionChange, format: Format) -> String {
    let lived = change.lifetime_ms.map(text::span).unwrap_or_default();
    let what = match (&change.before, &change.reason, &change.replaced) {
        (Some(before), ..) => Some(format!("{before} → {}", change.state.as_deref().unwrap_or("gone"))),
        (None, _, Some(_)) => Some(format!("the one before lived {lived}")),
        (None, Some(reason), None) => Some(format!("{reason} after {lived}")),
        (None, None, None) => None,
    };
    let is_new = change.before.is_none() && (change.reason.is_none() || change.replaced.is_some());
    let from = [change.address.clone(), change.user_agent.clone()];
    let from = if is_new || format == Format::Wide { from } else { [None, None] };
    let token = (format == Format::Wide).then(|| change.token.clone());
    let parts = [Some(change.request_id.to_string()), token, what].into_iter().chain(from);
    parts.flatten().collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(json: &str) -> ConnectionLine {
        let at = r#""at":"2026-01-02T03:04:05Z","connected_at":"2026-01-02T03:00:00Z""#;
        let json = json.replace("AT", &format!(r#"{at},"request_id":"k3v9x","token":"t","address":"::1""#));
        serde_json::from_str(&json).expect("a line")
    }

    #[test]
    fn what_happens_is_a_line() {
        for (json, words) in [
            (r#"{"type":"connected",AT,"state":"live"}"#, "connected k3v9x  ::1"),
            (
                r#"{"type":"replaced",AT,"replaced":"u","reason":"replaced","lifetime_ms":5000}"#,
                "replaced k3v9x  the one before lived 5s  ::1",
            ),
            (
                r#"{"type":"disconnected",AT,"reason":"client_closed","lifetime_ms":245000}"#,
                "disconnected k3v9x  client_closed after 4m 5s",
            ),
            (r#"{"type":"state",AT,"before":"live","state":"suspect"}"#, "state k3v9x  live → suspect"),
        ] {
            let line = line(json);
            let (what, change) = changed(&line).expect("it is one");
            assert_eq!(format!("{what} {}", told(change, Format::Table)), words, "{json}");
        }
        assert_eq!(
            note(&ConnectionLine::Lagged { missed: 7 }, "").as_deref(),
            Some("lagged: 7 lines were missed, more came than was read")
        );
    }
}
