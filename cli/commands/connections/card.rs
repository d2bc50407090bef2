//! All that is known of one connection, for people.

use ssectl_core::control::types::ConnectionView;

use crate::{table::pairs, text};

/// Returns all that is known of a connection.
pub(in crate::commands) fn card(connection: &ConnectionView) -> String {
    pairs(&[
        ("request id", Some(connection.request_id.to_string())),
        ("member", connection.member.clone()),
        ("token", Some(connection.token.clone())),
        ("state", Some(connection.state.clone())),
        ("connected", Some(text::when(connection.connected_at))),
        ("last proven", connection.last_proven.map(text::when)),
        ("address", connection.address.clone()),
        ("user agent", connection.user_agent.clone()),
        ("version", Some(told(connection))),
        ("written", written(connection)),
        ("queued", queued(connection)),
        ("dropped", dropped(connection)),
        ("after a restart", survival(connection)),
    ])
}

fn told(connection: &ConnectionView) -> String {
    match (&connection.version, connection.version_sequence) {
        (Some(version), Some(sequence)) => format!("{version} (sequence {sequence})"),
        (None, Some(0)) => "what frontend_version_url said".to_owned(),
        (None, Some(sequence)) => format!("sequence {sequence}, which was long ago"),
        (_, None) => "none sent".to_owned(),
    }
}

fn written(connection: &ConnectionView) -> Option<String> {
    let (events, bytes) = (connection.events?, connection.bytes?);
    let last =
        connection.last_write.map_or_else(String::new, |then| format!(", last {} ago", text::since(then)));
    Some(format!("{}, {} bytes{last}", count(events), text::bytes(bytes)))
}

fn queued(connection: &ConnectionView) -> Option<String> {
    let (events, bytes) = (connection.queued_events?, connection.queued_bytes?);
    Some(if bytes == 0 {
        "nothing".to_owned()
    } else {
        format!("{}, {} bytes", count(events), text::bytes(bytes))
    })
}

fn dropped(connection: &ConnectionView) -> Option<String> {
    let (drops, lost) = (connection.drops?, connection.lost?);
    Some(match (drops.saturating_sub(lost), lost) {
        (0, 0) => "nothing".to_owned(),
        (replaced, 0) => format!("{replaced} of progress, by newer progress"),
        (0, lost) => format!("{} lost", count(lost)),
        (replaced, lost) => format!("{} lost; {replaced} of progress, by newer progress", count(lost)),
    })
}

fn survival(connection: &ConnectionView) -> Option<String> {
    let words = if connection.durable? { "still known" } else { "unknown: it could not be written down" };
    Some(words.to_owned())
}

fn count(events: u64) -> String {
    text::count(usize::try_from(events).unwrap_or(usize::MAX), "event")
}
