//! Events of applications.

use super::Operation;
use crate::{
    control::types::{EventLine, EventReceipt, SendEvent, TailAsked},
    role::Role,
};

pub(crate) const SEND: Operation =
    Operation::post("events.send", "/v1/events", "Sends an event: neither keyed nor audited")
        .needs(Role::Publisher)
        .published()
        .takes::<SendEvent>()
        .gives::<EventReceipt>("event.receipt");

pub(crate) const TAIL: Operation = Operation::get(
    "events.tail",
    "/v1/events",
    "What is dispatched, as it is; the last line is the daemon's end, a stream without was cut off",
)
.asks::<TailAsked>()
.streams::<EventLine>("event.line");

pub(super) const ALL: &[Operation] = &[SEND, TAIL];
