//! Events of applications.

use super::Operation;
use crate::{
    control::types::{EventReceipt, SendEvent},
    role::Role,
};

pub(crate) const SEND: Operation =
    Operation::post("events.send", "/v1/events", "Sends an event: neither keyed nor audited")
        .needs(Role::Publisher)
        .published()
        .takes::<SendEvent>()
        .gives::<EventReceipt>("event.receipt");

pub(super) const ALL: &[Operation] = &[SEND];
