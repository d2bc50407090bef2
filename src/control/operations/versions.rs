//! Versions.

use super::Operation;
use crate::{
    control::types::{ClearReceipt, ClearVersion, ErrorCode, VersionFor},
    role::Verb,
    version::{PendingVersion, QueueVersion, VersionReceipt},
};

pub(crate) const LIST: Operation =
    Operation::get("versions.list", "/v1/versions", "What is pending, newest first")
        .lists::<PendingVersion>("versions.list");

pub(crate) const CURRENT: Operation = Operation::get(
    "versions.current",
    "/v1/versions/current",
    "What a newcomer would be told of what is pending",
)
.asks::<VersionFor>()
.or(&[ErrorCode::NotFound])
.gives::<PendingVersion>("version");

pub(crate) const QUEUE: Operation =
    Operation::post("versions.queue", "/v1/versions", "Stores a version, then tells who is to be told now")
        .orders(Verb::VERSION_QUEUE)
        .published()
        .takes::<QueueVersion>()
        .gives::<VersionReceipt>("receipt");

pub(crate) const CLEAR: Operation =
    Operation::post("versions.clear", "/v1/versions/clear", "Forgets pending versions")
        .orders(Verb::VERSION_CLEAR)
        .takes::<ClearVersion>()
        .gives::<ClearReceipt>("versions.cleared");

pub(super) const ALL: &[Operation] = &[LIST, CURRENT, QUEUE, CLEAR];
