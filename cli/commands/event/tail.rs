//! `ssectl event tail`

use jiff::Timestamp;
use ssectl_core::control::{
    client::{Answer, ClientError, LineStream},
    types::{EventLine, ToldEvent},
};

use crate::{
    args::{Format, TailEvents},
    context::{Context, interrupted},
    error::Outcome,
    exit::Exit,
    output::terminal_width,
    reconnect::{self, Patience},
    table::cut,
    text::{self, harmless, harmless_json},
};

/// Prints what is dispatched until it is interrupted.
pub(super) async fn run(context: &Context, asked: &TailEvents) -> Outcome {
    tokio::select! {
        ended = tail(context, asked) => ended,
        () = interrupted() => Ok(Exit::Interrupted),
    }
}

async fn tail(context: &Context, asked: &TailEvents) -> Outcome {
    let mut place = Place { since: asked.since, daemon: None };
    let mut lines = context.ask(open(context, asked, &place)).await?;
    let mut began = "watching";
    loop {
        match lines.next().await {
            Ok(Some(line)) => {
                place.note(&line.value);
                show(context, &line, began)?;
                continue;
            }
            Ok(None) | Err(ClientError::NoAnswer(_)) => {}
            Err(error) => return Err(context.explain(error)),
        }
        let reopen = async || open(context, asked, &place).await;
        lines = reconnect::again(context, Patience::Endless, reopen).await?;
        began = "the daemon is back";
    }
}

async fn open(
    context: &Context,
    asked: &TailEvents,
    place: &Place,
) -> Result<LineStream<EventLine>, ClientError> {
    context.client.tail_events(&asked.filters, &asked.names, place.since, place.daemon).await
}

/// How far it is: the number of the last event, and whose number that is.
struct Place {
    since: Option<u64>,
    daemon: Option<Timestamp>,
}

impl Place {
    fn note(&mut self, line: &EventLine) {
        match line {
            EventLine::Started { daemon, sequence, .. } => {
                // Numbers begin anew with a daemon.
                match self.daemon.replace(*daemon) {
                    None => self.since = self.since.or(Some(*sequence)),
                    Some(before) if before != *daemon => self.since = Some(0),
                    Some(_) => {}
                }
            }
            EventLine::Event(event) => self.since = Some(event.sequence),
            EventLine::Lagged { .. } | EventLine::Heartbeat | EventLine::End => {}
        }
    }
}

fn show(context: &Context, line: &Answer<EventLine>, began: &str) -> Outcome {
    let out = &context.out;
    if out.format().is_json() {
        out.print(&(harmless_json(&line.json) + "\n"), Exit::Ok)?;
        return Ok(Exit::Ok);
    }
    match &line.value {
        EventLine::Started { sequence, .. } => {
            out.note(&format!("{began}: the last event has the number {sequence}"));
        }
        EventLine::Lagged { missed } => out.note(&format!("lagged: {missed} events are missing here")),
        EventLine::Event(event) if out.format() == Format::Name => {
            out.print(&format!("{}\n", event.sequence), Exit::Ok)?;
        }
        EventLine::Event(event) => {
            let told = harmless(&told(event));
            let width = if out.format() == Format::Table { terminal_width() } else { None };
            out.print(&(width.map_or(told.clone(), |width| cut(&told, width)) + "\n"), Exit::Ok)?;
        }
        EventLine::Heartbeat | EventLine::End => {}
    }
    Ok(Exit::Ok)
}

/// Returns an event as a line: when, its number, its name, to whom, its payload.
fn told(event: &ToldEvent) -> String {
    let whom = match &event.request_id {
        None => format!("to {}", text::count(event.connections, "connection")),
        Some(id) if event.connections == 0 => format!("for {id}, not connected"),
        Some(id) => format!("to {id}"),
    };
    let data = event
        .data
        .as_ref()
        .map_or_else(|| format!("({} bytes, shown to operators)", event.bytes), |data| data.get().to_owned());
    format!("{}  {}  {}  {whom}  {data}", text::moment(event.at), event.sequence, event.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(json: &str) -> EventLine {
        serde_json::from_str(json).expect("a line")
    }

    const EVENT: &str = r#"{"type":"event","at":"2026-01-02T03:04:05.6Z","sequence":7,"name":"tick",
        "service":"event","request_id":null,"connections":2,"bytes":9,"data":{"a": 1.50}}"#;

    #[test]
    fn an_event_is_a_line() {
        let said = |json: &str| match line(json) {
            EventLine::Event(event) => told(&event),
            other => panic!("{other:?}"),
        };
        assert_eq!(said(EVENT), r#"2026-01-02T03:04:05Z  7  tick  to 2 connections  {"a":1.5}"#);
        let withheld =
            EVENT.replace(r#"{"a": 1.50}"#, "null").replace("\"request_id\":null", r#""request_id":"x""#);
        assert!(said(&withheld).ends_with("to x  (9 bytes, shown to operators)"));
        assert!(said(&withheld.replace(":2,", ":0,")).contains("for x, not connected"));
    }

    #[test]
    fn a_place_is_kept_and_begins_anew_with_another_daemon() {
        let started = |daemon: &str, sequence: u64| {
            line(&format!(
                r#"{{"type":"started","at":"2026-01-02T03:04:05Z","daemon":"{daemon}","sequence":{sequence}}}"#
            ))
        };
        let mut place = Place { since: None, daemon: None };
        place.note(&started("2026-01-02T03:00:00Z", 5));
        assert_eq!(place.since, Some(5), "nothing of before is asked for, nothing after is missed");
        place.note(&line(EVENT));
        assert_eq!(place.since, Some(7));
        place.note(&started("2026-01-02T04:00:00Z", 3));
        assert_eq!(place.since, Some(0));
        let mut place = Place { since: Some(2), daemon: None };
        place.note(&started("2026-01-02T03:00:00Z", 5));
        assert_eq!(place.since, Some(2));
    }
}
