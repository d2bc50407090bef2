//! `ssectl version status`

use ssectl_core::control::types::VersionStatus;

use super::queue::written;
use crate::{
    context::Context,
    error::Outcome,
    output::Forms,
    table::{Column, Table, pairs},
    text,
};

pub(super) async fn run(context: &Context, version: Option<&str>) -> Outcome {
    let answer = context.ask(context.client.version_status(version)).await?;
    let status = &answer.value.item;
    context.out.warn(&answer.value.warnings);
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| status.version.iter().cloned().collect(),
        table: &|width| screen(status, width),
    })?;
    context.answered(&answer.value.unanswered)
}

fn screen(status: &VersionStatus, width: Option<usize>) -> String {
    let version = match (&status.version, status.sequence) {
        (Some(version), Some(sequence)) => format!("{version}, sequence {}", sequence.0),
        (Some(version), None) => version.clone(),
        (None, _) => "none is pending for everyone".to_owned(),
    };
    let sent = || format!("{} of {}", status.sent, text::count(status.connections, "connection"));
    let known = |figures| written(figures).trim_end().to_owned();
    let mut lines = pairs(&[
        ("version", Some(version)),
        ("sent to", status.version.as_ref().map(|_| sent())),
        ("when queued", status.delivery.as_ref().map(|delivery| known(&delivery.figures))),
    ]);
    if status.connections == 0 {
        return lines + "nobody is connected\n";
    }
    let headers =
        [("SENT LAST", Column::Flexible), ("SEQUENCE", Column::Rigid), ("CONNECTIONS", Column::Rigid)];
    let mut table = Table::new(headers);
    for sent in &status.by_version {
        let name = sent.version.clone().unwrap_or_else(|| "(of long ago)".to_owned());
        table.row([name, sent.sequence.0.to_string(), sent.connections.to_string()]);
    }
    for (what, count) in [("(what the frontend says)", status.fetched), ("(nothing)", status.nothing)] {
        if count > 0 {
            table.row([what.to_owned(), "-".to_owned(), count.to_string()]);
        }
    }
    lines.push('\n');
    lines + &table.render(width)
}

#[cfg(test)]
mod tests {
    use ssectl_core::{control::types::SentVersion, event::VersionSequence};

    use super::*;

    #[test]
    fn it_is_clear_who_was_sent_what() {
        let sent = |sequence, version: Option<&str>, connections| SentVersion {
            sequence: VersionSequence(sequence),
            version: version.map(str::to_owned),
            connections,
        };
        let status = VersionStatus {
            version: Some("1.4.0".into()),
            sequence: Some(VersionSequence(9)),
            connections: 10,
            sent: 6,
            by_version: vec![sent(9, Some("1.4.0"), 6), sent(2, None, 1)],
            fetched: 1,
            nothing: 2,
            delivery: None,
        };
        let screen = screen(&status, Some(80));
        for part in
            ["1.4.0, sequence 9", "6 of 10 connections", "(of long ago)", "(nothing)", "(what the frontend"]
        {
            assert!(screen.contains(part), "{part} is missing in\n{screen}");
        }
    }
}
