//! How all members are, and whether they go together.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::round::{Heard, Round, Unsaid};
use crate::{
    control::{
        server::{daemon, failure::Rejected, members},
        types::{Counters, ErrorCode, Member, MemberState, Queued, Single, Status},
    },
    fleet::ahead,
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};

/// Clocks that are further apart than this are wrong.
const APART_MS: i64 = 1000;
/// A version that was queued this moment is not everywhere yet.
const MOMENT: Duration = Duration::from_millis(300);

/// What one member said of itself.
struct Said {
    member: String,
    status: Status,
    /// How far its clock is ahead.
    offset_ms: i64,
    warnings: Vec<String>,
}

/// Returns the status of all of them: their figures together, each by itself, and what is wrong.
pub(super) async fn of_all(round: &Round) -> Result<Response, Rejected> {
    let (mut said, mut unanswered) = ask(round).await;
    if !same_versions(&said) {
        tokio::time::sleep(MOMENT).await;
        (said, unanswered) = ask(round).await;
    }
    let nobody = || Rejected::new(ErrorCode::Refused, "no member of the cluster answered");
    let mut whole = sum(&said).ok_or_else(nobody)?;
    let mut cluster = daemon::cluster(&round.services);
    if let Some(cluster) = &mut cluster {
        cluster.members = members::with_states(&round.fleet.members(), |member| {
            said.iter().find(|said| said.member == member.name).map(|said| seen(member, said))
        });
    }
    whole.cluster = cluster;
    let off = apart(&said);
    whole.degraded = troubles(&said, &unanswered).into_iter().chain(off).collect();
    let mut answer = Single::new("status", whole);
    answer.warnings =
        said.iter().flat_map(|said| said.warnings.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    answer.warnings.extend(mixture(&said));
    answer.warnings.extend(unanswered.iter().map(|(name, why)| format!("{name}: {why}")));
    answer.unanswered = unanswered.into_iter().map(|(name, _)| name).collect();
    Ok(Json(answer).into_response())
}

async fn ask(round: &Round) -> (Vec<Said>, Vec<(String, String)>) {
    let (mut said, mut unanswered) = (Vec::new(), Vec::new());
    for heard in round.ask(&round.query_without(&["cluster"])).await {
        let member = heard.member.clone();
        match understood(heard) {
            Ok(one) => said.push(one),
            Err(why) => unanswered.push((member, why)),
        }
    }
    (said, unanswered)
}

fn understood(heard: Heard) -> Result<Said, String> {
    let Heard { member, between, said } = heard;
    let value = said.map_err(|why| match why {
        Unsaid::Refused(error) => error.message,
        Unsaid::Unanswered(why) => why.to_string(),
    })?;
    let Single { item: status, warnings, .. } =
        serde_json::from_value::<Single<Status>>(value).map_err(|error| error.to_string())?;
    let offset_ms = status.now.map_or(0, |now| ahead(now, between));
    Ok(Said { member, status, offset_ms, warnings })
}

fn seen(member: &Member, said: &Said) -> Member {
    let status = &said.status;
    Member {
        state: if status.phase == "ready" && status.drain.is_none() {
            MemberState::Answering
        } else {
            MemberState::Draining
        },
        phase: status.phase.clone(),
        version: status.version.clone(),
        connections: status.connections,
        clock_offset_ms: Some(said.offset_ms),
        version_sequence: status.version_sequence,
        degraded: status.degraded.clone(),
        ..member.clone()
    }
}

/// Returns the newest version that is pending at a member, and how many are.
fn pending_at(said: &Said) -> (Option<u64>, usize) {
    (said.status.version_sequence, said.status.pending_versions)
}

fn same_versions(said: &[Said]) -> bool {
    said.windows(2).all(|two| pending_at(&two[0]) == pending_at(&two[1]))
}

fn troubles(said: &[Said], unanswered: &[(String, String)]) -> Vec<String> {
    let own = said
        .iter()
        .flat_map(|said| said.status.degraded.iter().map(|trouble| format!("{}: {trouble}", said.member)));
    let silent = unanswered.iter().map(|(name, _)| format!("{name} does not answer"));
    own.chain(silent).chain(differ(said)).collect()
}

/// Returns what to say of members that would tell newcomers something else.
fn differ(said: &[Said]) -> Option<String> {
    let mut pending: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for said in said {
        pending.entry(pending_at(said)).or_default().push(&said.member);
    }
    let named = |((sequence, count), members): ((Option<u64>, usize), Vec<&str>)| {
        let newest = sequence.map_or_else(|| "none".to_owned(), |sequence| format!("sequence {sequence}"));
        format!("{newest} ({count} pending) on {}", members.join(", "))
    };
    (pending.len() > 1).then(|| {
        let all: Vec<_> = pending.into_iter().rev().map(named).collect();
        format!("not the same versions are pending everywhere: {}", all.join("; "))
    })
}

fn apart(said: &[Said]) -> Option<String> {
    let first = said.iter().min_by_key(|said| said.offset_ms)?;
    let last = said.iter().max_by_key(|said| said.offset_ms)?;
    let ms = last.offset_ms - first.offset_ms;
    (ms > APART_MS)
        .then(|| format!("the clock of {} is {} ms ahead of that of {}", last.member, ms, first.member))
}

/// Returns what to say of a cluster whose members are of several versions.
fn mixture(said: &[Said]) -> Option<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for said in said {
        versions.entry(&said.status.version).or_default().push(&said.member);
    }
    let named =
        |(version, members): (&str, Vec<&str>)| format!("ssectld {version} on {}", members.join(", "));
    (versions.len() > 1).then(|| {
        format!("rolling upgrade: {}", versions.into_iter().map(named).collect::<Vec<_>>().join("; "))
    })
}

/// Returns the status of the first with the figures of all.
fn sum(said: &[Said]) -> Option<Status> {
    let mut statuses = said.iter().map(|said| &said.status);
    let mut whole = statuses.next()?.clone();
    for one in statuses {
        whole.connections += one.connections;
        whole.pending_versions = whole.pending_versions.max(one.pending_versions);
        whole.version_sequence = whole.version_sequence.max(one.version_sequence);
        whole.tasks.pending += one.tasks.pending;
        whole.tasks.running += one.tasks.running;
        whole.tasks.ended += one.tasks.ended;
        whole.durable &= one.durable;
        whole.counters = whole.counters.zip(one.counters).map(|(one, two)| counted(one, two));
        whole.queued = whole.queued.zip(one.queued).map(|(one, two)| Queued {
            connections: one.connections + two.connections,
            events: one.events + two.events,
            bytes: one.bytes + two.bytes,
        });
        if whole.phase == "ready" {
            whole.phase.clone_from(&one.phase);
        }
    }
    Some(whole)
}

fn counted(one: Counters, two: Counters) -> Counters {
    Counters {
        connects: one.connects + two.connects,
        disconnects: one.disconnects + two.disconnects,
        replaced: one.replaced + two.replaced,
        slow: one.slow + two.slow,
        refused: one.refused + two.refused,
        events: one.events + two.events,
        written: one.written + two.written,
        failed: one.failed + two.failed,
        bytes: one.bytes + two.bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(member: &str, change: impl FnOnce(&mut Said)) -> Said {
        let status = serde_json::from_value(serde_json::json!({
            "version": "0.1.0", "pid": 7, "phase": "ready", "mode": "embedded", "framing": "named",
            "started_at": "2026-01-01T00:00:00Z", "listen": {"public": "127.0.0.1:1", "internal": "127.0.0.1:2"},
            "socket": "/s", "connections": 2, "pending_versions": 1,
            "tasks": {"pending": 0, "running": 1, "ended": 0}, "durable": true, "degraded": [],
            "version_sequence": 7,
        }));
        let status = status.expect("a status");
        let mut said = Said { member: member.to_owned(), status, offset_ms: 0, warnings: Vec::new() };
        change(&mut said);
        said
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        let well = [said("a", |_| {}), said("b", |_| {})];
        assert!(troubles(&well, &[]).is_empty() && apart(&well).is_none() && mixture(&well).is_none());
        let behind = [said("a", |_| {}), said("b", |said| said.status.version_sequence = Some(6))];
        let differ = "not the same versions are pending everywhere: sequence 7 (1 pending) on a; sequence 6 (1 pending) on b";
        assert_eq!(troubles(&behind, &[("c".into(), "why".into())]), ["c does not answer", differ]);
        let fewer = [said("a", |_| {}), said("b", |said| said.status.pending_versions = 0)];
        let differ = "not the same versions are pending everywhere: sequence 7 (1 pending) on a; sequence 7 (0 pending) on b";
        assert_eq!(troubles(&fewer, &[]), [differ]);
        let slow = [said("a", |_| {}), said("b", |said| said.offset_ms = -1500)];
        assert_eq!(apart(&slow).as_deref(), Some("the clock of a is 1500 ms ahead of that of b"));
        let older = [said("a", |_| {}), said("b", |said| said.status.version = "0.0.9".into())];
        let words = "rolling upgrade: ssectld 0.0.9 on b; ssectld 0.1.0 on a";
        assert_eq!((mixture(&older).as_deref(), troubles(&older, &[]).len()), (Some(words), 0));
    }

    #[test]
    fn figures_are_added_and_the_phase_is_that_of_who_is_not_ready() {
        let drains = |said: &mut Said| said.status.phase = "draining".into();
        let whole = sum(&[said("a", |_| {}), said("b", drains), said("c", |_| {})]).expect("some");
        assert_eq!((whole.connections, whole.tasks.running, whole.pending_versions), (6, 3, 1));
        assert_eq!(whole.phase, "draining");
    }
}
