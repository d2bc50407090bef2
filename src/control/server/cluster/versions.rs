//! How far a version has come, with the connections of all members.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::round::{Answers, Heard, Round, Unsaid};
use crate::{
    control::{
        server::{failure::Rejected, versions::least},
        types::{ErrorCode, SentVersion, VersionStatus},
    },
    event::VersionSequence,
    version::{Figures, Least, VersionDelivery},
};

/// The longest that one request waits.
const LONGEST: Duration = Duration::from_secs(60);
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(200);

/// Returns how many connections of all members were sent which version.
pub(super) async fn sent(round: &Round) -> Result<Response, Rejected> {
    let mut answers = Answers::of(round.ask(&round.query_without(&["cluster"])).await)?;
    let statuses: Vec<VersionStatus> = items(&mut answers);
    let newest = statuses.iter().max_by_key(|status| status.sequence).cloned();
    let Some(mut whole) = newest else { return Err(Rejected::invalid("no member's answer is understood")) };
    let differ = statuses.iter().any(|status| status.sequence != whole.sequence);
    let mut by_version: BTreeMap<VersionSequence, SentVersion> = BTreeMap::new();
    for sent in statuses.iter().flat_map(|status| &status.by_version) {
        let one =
            by_version.entry(sent.sequence).or_insert_with(|| SentVersion { connections: 0, ..sent.clone() });
        one.connections += sent.connections;
        one.version = one.version.take().or_else(|| sent.version.clone());
    }
    let total = |of: fn(&VersionStatus) -> usize| statuses.iter().map(of).sum();
    whole.connections = total(|status| status.connections);
    whole.fetched = total(|status| status.fetched);
    whole.nothing = total(|status| status.nothing);
    whole.by_version = by_version.into_values().rev().collect();
    let named = |sent: &&SentVersion| sent.version.is_some() && sent.version == whole.version;
    whole.sent = whole.by_version.iter().filter(named).map(|sent| sent.connections).sum();
    let least = whole.delivery.as_ref().and_then(|delivery| delivery.min.parse().ok()).unwrap_or(Least::ALL);
    let of_it = statuses.iter().filter_map(|status| status.delivery.as_ref());
    whole.delivery = added(of_it.filter(|delivery| Some(delivery.sequence) == whole.sequence), least);
    if differ {
        answers.warnings.push("not all members have the same version pending yet".to_owned());
    }
    let item = serde_json::to_value(whole).unwrap_or_default();
    Ok(Json(answers.envelope("item", item, None)).into_response())
}

/// Waits until a version has come so far with the connections of all members, or cannot any more, and returns how far
/// it has.
pub(super) async fn written(round: &Round) -> Result<Response, Rejected> {
    let min = round.asked("min").map(|min| percent_encoding::percent_decode_str(min).decode_utf8_lossy());
    let least = least(min.as_deref())?;
    let limit = round
        .asked("timeout_ms")
        .and_then(|ms| ms.parse().ok())
        .map_or(Duration::ZERO, Duration::from_millis);
    let (began, limit) = (Instant::now(), limit.min(LONGEST));
    // Each says how it is: what is enough is seen from the whole.
    let query = round.query_without(&["cluster", "timeout_ms"]);
    loop {
        let heard = round.ask(&query).await;
        let will_hear = heard.iter().any(|heard| will_hear(round, heard));
        let mut answers = Answers::of(heard)?;
        let deliveries: Vec<VersionDelivery> = items(&mut answers);
        let Some(mut whole) = added(deliveries.iter(), least) else {
            return Err(Rejected::invalid("no member's answer is understood"));
        };
        if will_hear {
            whole.reached &= matches!(least, Least::Connections(_));
            whole.decided = whole.reached;
        }
        let over = began.elapsed() >= limit || round.services.lifecycle.closing().is_cancelled();
        if whole.decided || over {
            let item = serde_json::to_value(whole).unwrap_or_default();
            return Ok(Json(answers.envelope("item", item, None)).into_response());
        }
        tokio::time::sleep(PAUSE.min(limit.saturating_sub(began.elapsed()))).await;
    }
}

/// Returns whether a member does not know of a version that was queued after its start, and so will hear of it.
fn will_hear(round: &Round, heard: &Heard) -> bool {
    let unknown = matches!(&heard.said, Err(Unsaid::Refused(error)) if error.code == ErrorCode::NotFound);
    let sequence =
        round.path().split('/').nth(3).and_then(|sequence| sequence.parse().ok()).map(VersionSequence);
    let history = round.services.versions.history();
    let queued =
        history.iter().find(|queued| Some(queued.sequence) == sequence).map(|queued| queued.queued_at);
    let members = round.fleet.members();
    let started = members.iter().find(|member| member.name == heard.member).map(|member| member.started_at);
    unknown && queued.zip(started).is_none_or(|(queued, started)| started < queued)
}

/// Returns the sum of what is known of one version.
fn added<'a>(mut each: impl Iterator<Item = &'a VersionDelivery>, least: Least) -> Option<VersionDelivery> {
    let first = each.next()?.clone();
    let figures = each.map(|delivery| delivery.figures).fold(first.figures, |one, two| Figures {
        connections: one.connections + two.connections,
        written: one.written + two.written,
        failed: one.failed + two.failed,
        overflowed: one.overflowed + two.overflowed,
        gone: one.gone + two.gone,
        queued: one.queued + two.queued,
    });
    Some(VersionDelivery {
        figures,
        min: least.to_string(),
        needed: least.of(&figures),
        reached: least.is_reached(&figures),
        decided: least.is_decided(&figures),
        ..first
    })
}

/// Returns the items that are understood; the others are of members that did not answer.
fn items<T: serde::de::DeserializeOwned>(answers: &mut Answers) -> Vec<T> {
    let mut items = Vec::new();
    let Answers { said, unanswered, warnings } = answers;
    for (member, value) in said {
        match serde_json::from_value(std::mem::replace(&mut value["item"], Value::Null)) {
            Ok(item) => items.push(item),
            Err(error) => {
                warnings.push(format!("{member}: its answer is not understood: {error}"));
                unanswered.push(member.clone());
            }
        }
    }
    items
}
