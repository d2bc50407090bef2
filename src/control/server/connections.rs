//! Connections: listed, shown, disconnected.

mod blocked;
mod disconnect;
mod view;
mod watch;

use axum::{Extension, Json, extract::State};

use super::{
    Shared,
    extract::{Asked, Id, Params},
    failure::Rejected,
};
use crate::{
    access::Caller,
    control::types::{ConnectionView, ConnectionsAsked, List, Single},
    registry::Life,
    request_id::RequestId,
    services::Services,
    traffic::Whose,
};

pub(super) use blocked::{list as blocked, unblock};
pub(super) use disconnect::disconnect;
use view::Viewer;
pub(super) use watch::watch;

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

/// Returns at most a few names: a log line is no list.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    match names.len() {
        0..=8 => names.join(" "),
        more => format!("{} and {} more", names[..8].join(" "), more - 8),
    }
}
