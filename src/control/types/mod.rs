//! The words of the control API. Additive only: fields are added, never renamed or given another meaning;
//! readers ignore fields they do not know.
//!
//! | method and path | body | answer |
//! |---|---|---|
//! | `GET /v1/status` | | [`Single`]`<`[`Status`]`>` |
//! | `GET /v1/connections?ghosts=` | | [`List`]`<`[`ConnectionView`]`>`; `true`: those found gone of late after them |
//! | `GET /v1/connections/{request_id}` | | [`Single`]`<`[`ConnectionView`]`>` |
//! | `POST /v1/connections/disconnect` | [`Disconnect`] | [`Single`]`<`[`DisconnectReceipt`]`>` |
//! | `GET /v1/versions` | | [`List`]`<PendingVersion>` |
//! | `GET /v1/versions/current?request_id=` | | [`Single`]`<PendingVersion>`; 404 when nothing is pending |
//! | `POST /v1/versions` | `QueueVersion` | [`Single`]`<VersionReceipt>` |
//! | `POST /v1/versions/clear` | [`ClearVersion`] | [`Single`]`<`[`ClearReceipt`]`>` |
//! | `GET /v1/tasks` | | [`List`]`<TaskView>` |
//! | `POST /v1/tasks` | `CreateTask` | [`Single`]`<TaskReceipt>` |
//! | `GET /v1/tasks/{id}` | | [`Single`]`<TaskView>` |
//! | `GET /v1/tasks/{id}/events` | | NDJSON of [`TaskLine`], ends with its `end` line |
//! | `POST /v1/tasks/{id}/progress` | `ReportProgress` | [`Single`]`<TaskView>` |
//! | `POST /v1/tasks/{id}/complete`, `…/fail`, `…/cancel` | `EndTask` | [`Single`]`<TaskReceipt>` |
//! | `POST /v1/tasks/{id}/remove` | [`Keyed`] | [`Single`]`<TaskReceipt>` |
//! | `POST /v1/events` | [`SendEvent`] | [`Single`]`<`[`EventReceipt`]`>` |
//! | `GET /v1/audit?since=&before=&limit=` | | [`List`]`<`[`AuditEntry`]`>`, newest first |
//! | `GET /v1/daemon/drain?over_ms=` | | [`Single`]`<`[`DrainView`]`>`: what would come of it |
//! | `POST /v1/daemon/drain` | [`BeginDrain`] | [`Single`]`<`[`DrainReceipt`]`>` |
//! | `POST /v1/daemon/drain/cancel` | [`Keyed`] | [`Single`]`<`[`DrainReceipt`]`>` |
//! | `POST /v1/daemon/reload` | [`Keyed`] | [`Single`]`<`[`ReloadReceipt`]`>` |
//! | `POST /v1/daemon/stop` | [`Keyed`] | [`Single`]`<`[`StopReceipt`]`>` |
//!
//! Lists take `filter`, `sort` and `limit`, as [`listing`](super::listing) has it.
//!
//! An error is [`Failure`] with a status code that its [`ErrorCode`] determines; a method that a path does not
//! take is 405, with the code `invalid`. The `Content-Type` of a body is not looked at; no body is `{}`.

mod audit;
mod connections;
mod daemon;
mod envelope;
mod error;
mod events;
mod status;
mod tasks;

pub use self::{audit::*, connections::*, daemon::*, envelope::*, error::*, events::*, status::*, tasks::*};
pub use crate::version::{ClearReceipt, ClearVersion};
