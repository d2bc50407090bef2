//! Events of applications: neither keyed nor logged.

use axum::{Json, extract::State};

use super::{Shared, extract::Body, failure::Rejected};
use crate::{
    audience::Audience,
    control::types::{EventReceipt, SendEvent, Single},
    event::{Event, EventName, JsonLine, Kind},
    order::uninterrupted,
};

/// Sends an event.
pub(super) async fn send(
    State(services): State<Shared>,
    Body(order): Body<SendEvent>,
) -> Result<Json<Single<EventReceipt>>, Rejected> {
    services.lifecycle.accepting()?;
    let name = EventName::for_application(&order.name)?;
    let data = JsonLine::compact(order.data.get())
        .map_err(|error| Rejected::invalid("the event's data is not JSON").cause(&error))?;
    let event = Event { name, data, kind: Kind::Application };
    services.dispatcher.check(&event)?;
    let audience = Audience::from(order.request_id);
    let dispatcher = services.dispatcher.clone();
    let act = async move { dispatcher.dispatch(&audience, event).await };
    let sent = uninterrupted(&services.lifecycle, act).await??;
    let member = services.fleet.get().map(|fleet| fleet.me().to_owned());
    let receipt = EventReceipt { sequence: sent.sequence.0, connections: sent.connections, member };
    Ok(Json(Single::new("event.receipt", receipt)))
}
