//! Connections are ended: those that are named, those of which something holds, or all.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{Extension, Json, extract::State};
use jiff::SignedDuration;
use serde::Serialize;

use super::view::Viewer;
use crate::{
    access::{Caller, Role},
    connection::{CloseReason, Connection, Serial},
    control::{
        listing::{Field, InvalidListing, Listed, Listing},
        server::{Shared, extract::Body, failure::Rejected},
        types::{Blocked, ConnectionView, Disconnect, DisconnectReceipt, ErrorCode, Single},
    },
    delivery::Directory,
    idempotency::{Begun, Mandate, Mutation},
    order::{Order, Verb},
    reason,
    request_id::RequestId,
    services::Services,
    store::Batch,
    token::Token,
    traffic::Whose,
};

/// The longest that a request id may be refused.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Removes connections, then closes their streams; or tells which it would be.
pub(in crate::control::server) async fn disconnect(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<Disconnect>,
) -> Result<Json<Single<DisconnectReceipt>>, Rejected> {
    if order.dry_run {
        caller.must_have(Role::Operator)?;
        return rehearse(&services, &caller, &order).await.map(answer);
    }
    let logged = Order::new(caller.clone(), Verb::DISCONNECT, &target(&order), order.key.as_ref());
    let logged = logged.because(order.reason.as_deref());
    let inner = services.clone();
    let act = move |by| async move { once(&inner, by, &caller, order).await };
    let receipt = logged.carry_out(&services, act).await??;
    Ok(answer(receipt))
}

fn answer(receipt: DisconnectReceipt) -> Json<Single<DisconnectReceipt>> {
    Json(Single::new("connections.disconnected", receipt))
}

fn target(order: &Disconnect) -> String {
    let whom = if order.all {
        "all".to_owned()
    } else if order.filters.is_empty() {
        let ids = order.request_ids.iter().map(RequestId::as_str);
        let tokens = order.tokens.iter().map(|token| token.get(..8).unwrap_or(token));
        super::names(ids.chain(tokens))
    } else {
        format!("where {}", order.filters.join(" and "))
    };
    match order.no_reconnect_ms {
        Some(ms) => format!("{whom}, refused for {:?}", Duration::from_millis(ms)),
        None => whom,
    }
}

async fn rehearse(
    services: &Services,
    caller: &Caller,
    order: &Disconnect,
) -> Result<DisconnectReceipt, Rejected> {
    let Selection { connections, not_found, .. } = select(services, caller, order).await?;
    let key = order.key.clone().unwrap_or_default();
    match order.expect {
        Some(expected) if expected != connections.len() => Err(unexpected(connections.len(), expected)),
        _ => Ok(DisconnectReceipt {
            key,
            dry_run: true,
            disconnected: ids_of(&connections),
            not_found,
            refused_until: None,
            durable: false,
            members: Vec::new(),
        }),
    }
}

async fn once(
    services: &Services,
    by: Mandate,
    caller: &Caller,
    order: Disconnect,
) -> Result<DisconnectReceipt, Rejected> {
    check(&order)?;
    let mutation = Mutation::new(by, "connections.disconnect", order.key.clone());
    let key = mutation.key.clone();
    let mut ticket = match services.receipts.begin(&mutation, &order).await? {
        Begun::Repeated(receipt) => return Ok(receipt),
        Begun::First(ticket) => ticket,
    };
    let (mut receipt, batch) = carry_out(services, caller, &order, key).await?;
    if let Err(error) = ticket.commit(&receipt, batch).await {
        tracing::warn!(%error, "connections were ended, which could not be stored");
        receipt.durable = false;
        ticket.finish(&receipt);
    }
    Ok(receipt)
}

async fn carry_out(
    services: &Services,
    caller: &Caller,
    order: &Disconnect,
    key: String,
) -> Result<(DisconnectReceipt, Batch), Rejected> {
    let Selection { connections, not_found, .. } = select(services, caller, order).await?;
    let blocked = refusals(services, caller, order, &connections)?;
    services.blocks.check_room(blocked.len())?;
    // First: who connects from here on is refused, who did before is found.
    let before = services.blocks.block(&blocked);
    let removed = services
        .registry
        .disconnect_all(&connections, order.expect, CloseReason::Disconnected)
        .map_err(|found| {
            services.blocks.take_back(&blocked, before);
            unexpected(found, order.expect.unwrap_or_default())
        })?;
    let words = order.reason.as_deref().filter(|_| !order.private);
    for connection in &removed {
        services.delivery.dismiss(Arc::clone(connection), words).await;
    }
    let changes = services.blocks.changes(&blocked);
    let durable = changes.is_ok() && services.store.durable();
    let batch = changes.unwrap_or_else(|error| {
        tracing::warn!(%error, "who is refused will not be after a restart");
        Batch::new()
    });
    let refused_until = blocked.first().map(|blocked| blocked.until);
    let disconnected = ids_of(&removed);
    let receipt = DisconnectReceipt {
        key,
        dry_run: false,
        disconnected,
        not_found,
        refused_until,
        durable,
        members: Vec::new(),
    };
    Ok((receipt, batch))
}

fn ids_of(connections: &[Arc<Connection>]) -> Vec<RequestId> {
    connections.iter().map(|connection| connection.request_id.clone()).collect()
}

fn unexpected(found: usize, expected: usize) -> Rejected {
    Rejected::new(ErrorCode::Conflict, format!("it is {found} connections, not {expected}: nothing was done"))
        .hint("see which: the same with --dry-run and without --expect")
}

/// Refuses what cannot be meant.
fn check(order: &Disconnect) -> Result<(), Rejected> {
    let named = !order.request_ids.is_empty() || !order.tokens.is_empty();
    if [named, !order.filters.is_empty(), order.all].iter().filter(|given| **given).count() != 1 {
        return Err(Rejected::invalid(
            "name request ids and tokens, or give filters, or say \"all\": one of these",
        ));
    }
    if let Some(text) = &order.reason {
        reason::check(text).map_err(|error| Rejected::invalid(error.to_string()))?;
    }
    let refused = order.no_reconnect_ms.map(Duration::from_millis);
    if refused.is_some_and(|time| time.is_zero() || time > LONGEST) {
        return Err(Rejected::invalid("a request id is refused for some time, at most 30 days"));
    }
    Ok(())
}

/// Who is to be disconnected.
#[derive(Default)]
struct Selection {
    /// Each once.
    connections: Vec<Arc<Connection>>,
    /// What was named and is not connected.
    not_found: Vec<String>,
    seen: HashSet<Serial>,
}

impl Selection {
    fn add(&mut self, name: &str, found: Option<Arc<Connection>>) {
        match found {
            Some(found) if self.seen.insert(found.serial) => self.connections.push(found),
            Some(_) => {}
            None => self.not_found.push(name.to_owned()),
        }
    }
}

async fn select(services: &Services, caller: &Caller, order: &Disconnect) -> Result<Selection, Rejected> {
    check(order)?;
    if order.all {
        return Ok(Selection { connections: services.registry.everyone(), ..Selection::default() });
    }
    if !order.filters.is_empty() {
        return Ok(Selection {
            connections: matching(services, caller, order).await?,
            ..Selection::default()
        });
    }
    let mut selection = Selection::default();
    for id in &order.request_ids {
        selection.add(id.as_str(), services.registry.find(id));
    }
    for text in &order.tokens {
        let token: Token =
            text.parse().map_err(|error| Rejected::invalid("that is no token").cause(&error))?;
        selection.add(text, services.registry.find_token(&token));
    }
    Ok(selection)
}

/// A connection that may be listed.
#[derive(Serialize)]
struct Candidate {
    #[serde(flatten)]
    view: ConnectionView,
    #[serde(skip)]
    connection: Arc<Connection>,
}

impl Listed for Candidate {
    const FIELDS: &'static [Field] = ConnectionView::FIELDS;
}

async fn matching(
    services: &Services,
    caller: &Caller,
    order: &Disconnect,
) -> Result<Vec<Arc<Connection>>, Rejected> {
    let filters = order.filters.iter().map(|text| text.parse());
    let filters = filters.collect::<Result<_, InvalidListing>>()?;
    let listed = services.registry.list();
    let traffics = services.delivery.traffic(Whose::Everyones).await;
    if traffics.late > 0 {
        return Err(Rejected::new(
            ErrorCode::Refused,
            "not all that was written to connections could be counted",
        )
        .cause(&"a thread that writes to browsers did not answer in time")
        .hint("try again"));
    }
    let viewer = Viewer::new(services, caller, traffics);
    let candidates = listed
        .iter()
        .map(|listed| Candidate { view: viewer.view(listed), connection: Arc::clone(&listed.connection) });
    let listing = Listing { filters, ..Listing::default() };
    let (matching, _) = listing.apply(candidates.collect(), viewer.at())?;
    Ok(matching.into_iter().map(|candidate| candidate.connection).collect())
}

/// Returns who is not to come back for a while: those that are disconnected, and whoever was named besides.
fn refusals(
    services: &Services,
    caller: &Caller,
    order: &Disconnect,
    connections: &[Arc<Connection>],
) -> Result<Vec<Blocked>, Rejected> {
    let Some(ms) = order.no_reconnect_ms else { return Ok(Vec::new()) };
    let since = services.clock.now();
    let span = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    let until = since.checked_add(span).map_err(|error| Rejected::invalid(error.to_string()))?;
    let by = caller.peer.as_ref().map_or_else(|| caller.actor.to_string(), ToString::to_string);
    let mut ids = ids_of(connections);
    ids.extend(order.request_ids.iter().cloned());
    ids.sort();
    ids.dedup();
    let blocked = ids.into_iter().map(|request_id| Blocked {
        request_id,
        until,
        since,
        by: by.clone(),
        reason: order.reason.clone(),
        member: None,
    });
    Ok(blocked.collect())
}
