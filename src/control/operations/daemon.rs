//! The daemon itself.

use super::{Operation, Scope};
use crate::{
    control::types::{
        BeginDrain, DrainPace, DrainReceipt, DrainView, ErrorCode, Keyed, LogLevelReceipt, LogLevelView,
        ReloadReceipt, SetLogLevel, Status, StopReceipt,
    },
    role::Verb,
};

pub(crate) const STATUS: Operation = Operation::get("status", "/v1/status", "The daemon at a glance")
    .reaches(Scope::Overview)
    .gives::<Status>("status");

pub(crate) const OPENAPI: Operation = Operation::get(
    "openapi",
    "/v1/openapi.json",
    "This description: OpenAPI 3.1, with a JSON Schema for each thing",
)
.published()
.is("openapi");

pub(crate) const DRAIN_FORECAST: Operation =
    Operation::get("daemon.drain.forecast", "/v1/daemon/drain", "What would come of a drain that began now")
        .asks::<DrainPace>()
        .or(&[ErrorCode::Refused])
        .gives::<DrainView>("daemon.drain.forecast");

pub(crate) const DRAIN: Operation = Operation::post(
    "daemon.drain",
    "/v1/daemon/drain",
    "Sends embedded streams away evenly over a time, and lets none in; or goes on at another pace",
)
.orders(Verb::DRAIN)
.takes::<BeginDrain>()
.gives::<DrainReceipt>("daemon.drain");

pub(crate) const DRAIN_CANCEL: Operation =
    Operation::post("daemon.drain.cancel", "/v1/daemon/drain/cancel", "Takes a drain back")
        .orders(Verb::DRAIN_CANCEL)
        .takes::<Keyed>()
        .gives::<DrainReceipt>("daemon.drain");

pub(crate) const RELOAD: Operation = Operation::post(
    "daemon.reload",
    "/v1/daemon/reload",
    "Has the settings read again: all that may change at once, or nothing",
)
.orders(Verb::RELOAD)
.takes::<Keyed>()
.gives::<ReloadReceipt>("daemon.reloaded");

pub(crate) const LOG_LEVEL: Operation =
    Operation::get("daemon.log-level.show", "/v1/daemon/log-level", "What is logged")
        .gives::<LogLevelView>("daemon.log_level");

pub(crate) const LOG_LEVEL_SET: Operation = Operation::post(
    "daemon.log-level",
    "/v1/daemon/log-level",
    "Has something else logged, for a while or until the daemon ends",
)
.orders(Verb::LOG_LEVEL)
.takes::<SetLogLevel>()
.gives::<LogLevelReceipt>("daemon.log_level.receipt");

pub(crate) const STOP: Operation =
    Operation::post("daemon.stop", "/v1/daemon/stop", "Begins the daemon's end")
        .orders(Verb::STOP)
        .takes::<Keyed>()
        .gives::<StopReceipt>("daemon.stopping");

pub(super) const ALL: &[Operation] =
    &[STATUS, OPENAPI, DRAIN_FORECAST, DRAIN, DRAIN_CANCEL, LOG_LEVEL, LOG_LEVEL_SET, RELOAD, STOP];
