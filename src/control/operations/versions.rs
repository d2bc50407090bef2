//! Versions.

use super::{Operation, Scope};
use crate::{
    control::types::{
        ClearReceipt, ClearVersion, DeliveryWait, ErrorCode, VersionAbout, VersionFor, VersionStatus,
    },
    role::Verb,
    version::{PendingVersion, QueueVersion, QueuedVersion, VersionDelivery, VersionReceipt},
};

pub(crate) const LIST: Operation =
    Operation::get("versions.list", "/v1/versions", "What is pending, newest first")
        .reaches(Scope::Versions)
        .lists::<PendingVersion>("versions.list");

pub(crate) const CURRENT: Operation = Operation::get(
    "versions.current",
    "/v1/versions/current",
    "What a newcomer would be told of what is pending",
)
.asks::<VersionFor>()
.or(&[ErrorCode::NotFound])
.reaches(Scope::Newest)
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

pub(crate) const HISTORY: Operation = Operation::get(
    "versions.history",
    "/v1/versions/history",
    "The last 100 versions that were queued, newest first, and how far each has come",
)
.reaches(Scope::Versions)
.lists::<QueuedVersion>("versions.history");

pub(crate) const STATUS: Operation = Operation::get(
    "versions.status",
    "/v1/versions/status",
    "How many of the present connections were sent which version",
)
.asks::<VersionAbout>()
.or(&[ErrorCode::NotFound])
.reaches(Scope::Sent)
.gives::<VersionStatus>("versions.status");

pub(crate) const DELIVERY: Operation = Operation::get(
    "versions.delivery",
    "/v1/versions/{sequence}/delivery",
    "How far a version has come, once it is decided whether that is far enough",
)
.published()
.asks::<DeliveryWait>()
.reaches(Scope::Written)
.gives::<VersionDelivery>("version.delivery");

pub(super) const ALL: &[Operation] = &[LIST, CURRENT, QUEUE, CLEAR, HISTORY, STATUS, DELIVERY];
