//! Connections.

use super::{Operation, Scope};
use crate::{
    control::types::{
        Blocked, ConnectionLine, ConnectionView, ConnectionsAsked, Disconnect, DisconnectReceipt, Unblock,
        UnblockReceipt, WatchAsked,
    },
    role::Verb,
};

pub(crate) const LIST: Operation =
    Operation::get("connections.list", "/v1/connections", "All connections, oldest first; ghosts after them")
        .asks::<ConnectionsAsked>()
        .reaches(Scope::Items("-age"))
        .lists::<ConnectionView>("connections.list");

pub(crate) const SHOW: Operation =
    Operation::get("connections.show", "/v1/connections/{request_id}", "The connection of a request id")
        .reaches(Scope::Holder)
        .gives::<ConnectionView>("connection");

pub(crate) const DISCONNECT: Operation = Operation::post(
    "connections.disconnect",
    "/v1/connections/disconnect",
    "Removes connections, then closes their streams; browsers normally come back",
)
.orders(Verb::DISCONNECT)
.takes::<Disconnect>()
.reaches(Scope::Parts)
.gives::<DisconnectReceipt>("connections.disconnected");

pub(crate) const BLOCKED: Operation = Operation::get(
    "connections.blocked",
    "/v1/connections/blocked",
    "The request ids that are refused for a while, who was first longest ago",
)
.reaches(Scope::Items("-since"))
.lists::<Blocked>("connections.blocked");

pub(crate) const UNBLOCK: Operation =
    Operation::post("connections.unblock", "/v1/connections/unblock", "Lets request ids in again")
        .orders(Verb::UNBLOCK)
        .takes::<Unblock>()
        .reaches(Scope::Parts)
        .gives::<UnblockReceipt>("connections.unblocked");

pub(crate) const EVENTS: Operation = Operation::get(
    "connections.events",
    "/v1/connections/events",
    "What happens to connections, as it happens; the last line is the daemon's end, a stream without was cut off",
)
.asks::<WatchAsked>()
.streams::<ConnectionLine>("connection.line");

pub(super) const ALL: &[Operation] = &[LIST, SHOW, DISCONNECT, BLOCKED, UNBLOCK, EVENTS];
