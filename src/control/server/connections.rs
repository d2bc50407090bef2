//! Connections: listed, shown, disconnected.

mod view;

use axum::{Extension, Json, extract::State};

use super::{
    Shared,
    extract::{Asked, Body, Id, Params},
    failure::Rejected,
};
use crate::{
    access::Caller,
    connection::CloseReason,
    control::types::{ConnectionView, ConnectionsAsked, Disconnect, DisconnectReceipt, List, Single},
    delivery::Directory,
    idempotency::{Mandate, Mutation},
    order::{Order, Verb},
    registry::Life,
    request_id::RequestId,
    services::Services,
    token::Token,
    traffic::Whose,
};

use view::Viewer;

/// Returns all connections, oldest first; after them, if they are asked for, those that were found gone.
pub(super) async fn list(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Params(besides): Params<ConnectionsAsked>,
    Asked(asked): Asked,
) -> Result<Json<List<ConnectionView>>, Rejected> {
    let wanted = besides.ghosts || asked.asks_for("state", Life::Ghost.label());
    let ghosts = if wanted { services.registry.ghosts() } else { Vec::new() };
    let listed = services.registry.list();
    let traffics = services.delivery.traffic(Whose::Everyones).await;
    let viewer = Viewer::new(&services, &caller, traffics);
    let items = listed.iter().chain(&ghosts).map(|listed| viewer.view(listed)).collect();
    let list = List::of("connections.list", items, &asked, viewer.at())?;
    Ok(Json(List { warnings: viewer.warnings(), ..list }))
}

/// Returns the connection of a request id.
pub(super) async fn show(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<Single<ConnectionView>>, Rejected> {
    find(&services, &caller, &id).await
}

/// Returns the connection whose request id is the name of a path of ours.
pub(super) async fn show_disconnect(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Single<ConnectionView>>, Rejected> {
    find(&services, &caller, "disconnect").await
}

async fn find(
    services: &Services,
    caller: &Caller,
    id: &str,
) -> Result<Json<Single<ConnectionView>>, Rejected> {
    let id: RequestId =
        id.parse().map_err(|error| Rejected::invalid("that is no request id").cause(&error))?;
    let listed = services.registry.show(&id).ok_or_else(|| {
        Rejected::not_found(format!("{id} is not connected")).hint("see who is: ssectl connections list")
    })?;
    let traffics = services.delivery.traffic(Whose::Of(listed.connection.serial)).await;
    let viewer = Viewer::new(services, caller, traffics);
    let single = Single::new("connection", viewer.view(&listed));
    Ok(Json(Single { warnings: viewer.warnings(), ..single }))
}

/// Removes connections, then closes their streams.
pub(super) async fn disconnect(
    State(services): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<Disconnect>,
) -> Result<Json<Single<DisconnectReceipt>>, Rejected> {
    let logged = Order::new(caller, Verb::DISCONNECT, &target(&order), order.key.as_ref());
    let inner = services.clone();
    let act = move |by| async move { once(&inner, by, order).await };
    let receipt = logged.carry_out(&services, act).await??;
    Ok(Json(Single::new("connections.disconnected", receipt)))
}

/// At most a few names: a log line is no list.
fn target(order: &Disconnect) -> String {
    if order.all {
        return "all".to_owned();
    }
    let ids = order.request_ids.iter().map(RequestId::as_str);
    let tokens = order.tokens.iter().map(|token| token.get(..8).unwrap_or(token));
    let names: Vec<_> = ids.chain(tokens).collect();
    match names.len() {
        0..=8 => names.join(" "),
        more => format!("{} and {} more", names[..8].join(" "), more - 8),
    }
}

async fn once(services: &Services, by: Mandate, order: Disconnect) -> Result<DisconnectReceipt, Rejected> {
    let named = !order.request_ids.is_empty() || !order.tokens.is_empty();
    if named == order.all {
        return Err(Rejected::invalid("name request ids and tokens, or say \"all\": one of the two"));
    }
    let tokens = order.tokens.iter().map(|token| token.parse::<Token>());
    let tokens: Vec<Token> = tokens
        .collect::<Result<_, _>>()
        .map_err(|error| Rejected::invalid("that is no token").cause(&error))?;
    let mutation = Mutation::new(by, "connections.disconnect", order.key.clone());
    let key = mutation.key.clone();
    let act = async || Ok(disconnect_now(services, &order, &tokens, key).await);
    services.receipts.once_done(&mutation, &order, act).await
}

async fn disconnect_now(
    services: &Services,
    order: &Disconnect,
    tokens: &[Token],
    key: String,
) -> DisconnectReceipt {
    let mut receipt = DisconnectReceipt { key, disconnected: Vec::new(), not_found: Vec::new() };
    let all = if order.all { services.registry.list() } else { Vec::new() };
    for listed in all {
        end(services, &listed.connection.token, &mut receipt).await;
    }
    for id in &order.request_ids {
        match services.registry.find(id) {
            Some(connection) if end(services, &connection.token, &mut receipt).await => {}
            _ => receipt.not_found.push(id.clone().into()),
        }
    }
    for token in tokens {
        if !end(services, token, &mut receipt).await {
            receipt.not_found.push(token.clone().into());
        }
    }
    receipt
}

/// Removes the entry, then closes the stream. False if the token is not registered.
async fn end(services: &Services, token: &Token, receipt: &mut DisconnectReceipt) -> bool {
    let Some(connection) = services.registry.disconnect(token, CloseReason::Disconnected) else {
        return false;
    };
    receipt.disconnected.push(connection.request_id.clone());
    services.delivery.close(connection, CloseReason::Disconnected).await;
    true
}
