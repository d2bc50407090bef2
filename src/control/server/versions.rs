//! Versions: queued, listed, cleared.

use std::collections::BTreeMap;

use axum::{Extension, Json, extract::State};

use super::{
    Shared,
    extract::{Asked, Body, Id, Params},
    failure::Rejected,
    wait::wait,
};
use crate::{
    access::Caller,
    control::types::{DeliveryWait, List, SentVersion, Single, VersionAbout, VersionFor, VersionStatus},
    delivery::Directory,
    event::VersionSequence,
    order::{Order, Verb},
    request_id::RequestId,
    version::{
        ClearReceipt, ClearVersion, Least, PendingVersion, QueueVersion, QueuedVersion, VersionDelivery,
        VersionReceipt,
    },
};

/// Returns what is pending, newest first.
pub(super) async fn list(
    State(services): State<Shared>,
    Asked(asked): Asked,
) -> Result<Json<List<PendingVersion>>, Rejected> {
    Ok(Json(List::of("versions.list", services.versions.pending(), &asked, services.clock.now())?))
}

/// Returns what a newcomer would be told.
pub(super) async fn current(
    State(services): State<Shared>,
    Params(asked): Params<VersionFor>,
) -> Result<Json<Single<PendingVersion>>, Rejected> {
    let id = asked.request_id.filter(|id| !id.is_empty()).map(|id| id.parse::<RequestId>()).transpose();
    let id = id.map_err(|error| Rejected::invalid("that is no request id").cause(&error))?;
    let version = services.versions.current(id.as_ref()).ok_or_else(|| {
        Rejected::not_found("no version is pending").hint("queue one: ssectl version queue VERSION")
    })?;
    let mut answer = Single::new("version", version);
    answer.warnings.extend(services.versions.disagreement().await);
    Ok(Json(answer))
}

/// Stores a version and tells who is to be told.
pub(super) async fn queue(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<QueueVersion>,
) -> Result<Json<Single<VersionReceipt>>, Rejected> {
    let actor = caller.actor;
    let logged = Order::new(caller, Verb::VERSION_QUEUE, &order.target(), order.key.as_ref());
    let versions = services.versions.clone();
    let receipt = if order.dry_run {
        logged.allowed()?;
        versions.queue(actor, order).await?
    } else {
        let act = move |by| async move { versions.queue(by, order).await };
        logged.carry_out(&services, act).await??
    };
    let mut answer = Single::new("receipt", receipt);
    answer.warnings.extend(services.versions.disagreement().await);
    Ok(Json(answer))
}

/// Forgets pending versions.
pub(super) async fn clear(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<ClearVersion>,
) -> Result<Json<Single<ClearReceipt>>, Rejected> {
    let target = match &order.request_id {
        _ if order.all => "all".to_owned(),
        Some(id) => id.to_string(),
        None => "everyone".to_owned(),
    };
    let logged = Order::new(caller, Verb::VERSION_CLEAR, &target, order.key.as_ref());
    let versions = services.versions.clone();
    let act = move |by| async move { versions.clear(by, order).await };
    Ok(Json(Single::new("versions.cleared", logged.carry_out(&services, act).await??)))
}

/// Returns the versions that were queued of late, newest first.
pub(super) async fn history(
    State(services): State<Shared>,
    Asked(asked): Asked,
) -> Result<Json<List<QueuedVersion>>, Rejected> {
    Ok(Json(List::of("versions.history", services.versions.history(), &asked, services.clock.now())?))
}

/// Returns how far a version is to come; everywhere, where nothing is said.
pub(super) fn least(min: Option<&str>) -> Result<Least, Rejected> {
    min.map_or(Ok(Least::ALL), |text| {
        text.parse().map_err(|error| Rejected::invalid("min cannot be read").cause(&error))
    })
}

/// Waits until a version has come so far, or cannot any more, and returns how far it has.
pub(super) async fn delivery(
    State(services): State<Shared>,
    Id(sequence): Id,
    Params(far): Params<DeliveryWait>,
) -> Result<Json<Single<VersionDelivery>>, Rejected> {
    let least = least(far.min.as_deref())?;
    let sequence = sequence.parse().map(VersionSequence);
    let sequence = sequence.map_err(|error| Rejected::invalid("that is no sequence").cause(&error))?;
    wait(&services, far.timeout_ms, services.versions.until_decided(sequence, least)).await;
    let delivery = services.versions.delivery(sequence, least).ok_or_else(|| {
        let message = format!("how far the version with sequence {} has come is not known", sequence.0);
        Rejected::not_found(message)
            .cause(&"it was never queued, too many were since, or the daemon was restarted meanwhile")
            .hint("see what is known: ssectl version history, ssectl version status")
    })?;
    Ok(Json(Single::new("version.delivery", delivery)))
}

/// Returns how many of the present connections were sent which version.
pub(super) async fn status(
    State(services): State<Shared>,
    Params(about): Params<VersionAbout>,
) -> Result<Json<Single<VersionStatus>>, Rejected> {
    let history = services.versions.history();
    let pending = services.versions.current(None);
    let (version, sequence) = match about.version {
        Some(version) => {
            let newest =
                history.iter().find(|queued| queued.version == version).map(|queued| queued.sequence);
            let sequence = newest.or_else(|| {
                let mut all = services.versions.pending().into_iter();
                all.find(|pending| pending.version == version).map(|pending| pending.sequence)
            });
            let sequence = sequence.ok_or_else(|| {
                Rejected::not_found(format!("{version} was not queued, or too long ago"))
                    .hint("see what was: ssectl version history")
            })?;
            (Some(version), Some(sequence))
        }
        None => pending.map(|pending| (pending.version, pending.sequence)).unzip(),
    };
    let told = services.registry.everyone().iter().map(|connection| connection.told_version()).collect();
    let mut status = count(told, |sequence| name(&services, &history, sequence));
    status.sent = status
        .by_version
        .iter()
        .filter(|sent| sent.version.is_some() && sent.version == version)
        .map(|sent| sent.connections)
        .sum();
    status.delivery = sequence.and_then(|sequence| services.versions.delivery(sequence, Least::ALL));
    let mut answer = Single::new("versions.status", VersionStatus { version, sequence, ..status });
    answer.warnings.extend(services.versions.disagreement().await);
    Ok(Json(answer))
}

fn name(services: &Shared, history: &[QueuedVersion], sequence: VersionSequence) -> Option<String> {
    let known =
        history.iter().find(|queued| queued.sequence == sequence).map(|queued| queued.version.clone());
    known.or_else(|| {
        let mut pending = services.versions.pending().into_iter();
        pending.find(|pending| pending.sequence == sequence).map(|pending| pending.version)
    })
}

fn count(
    told: Vec<Option<VersionSequence>>,
    name: impl Fn(VersionSequence) -> Option<String>,
) -> VersionStatus {
    let connections = told.len();
    let mut counts: BTreeMap<Option<VersionSequence>, usize> = BTreeMap::new();
    for sequence in told {
        *counts.entry(sequence).or_default() += 1;
    }
    let nothing = counts.remove(&None).unwrap_or_default();
    let fetched = counts.remove(&Some(VersionSequence::FETCHED)).unwrap_or_default();
    let queued =
        counts.into_iter().rev().filter_map(|(sequence, connections)| Some((sequence?, connections)));
    let by_version = queued
        .map(|(sequence, connections)| SentVersion { sequence, version: name(sequence), connections })
        .collect();
    VersionStatus {
        version: None,
        sequence: None,
        connections,
        sent: 0,
        by_version,
        fetched,
        nothing,
        delivery: None,
    }
}
