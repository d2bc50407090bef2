//! The words of the control API. Additive only: fields are added, never renamed or given another meaning;
//! readers ignore fields they do not know.
//!
//! Which of them goes where is in [`operations`](super::operations), and in the document that is made of it: `ssectl
//! schema` prints it.
//!
//! A connection whose request id is the name of a path beside it (`events`) is asked for with a letter encoded:
//! `/v1/connections/%65vents`.
//!
//! An error is [`Failure`] with a status code that its [`ErrorCode`] determines; a method that a path does not
//! take is 405, with the code `invalid`. The `Content-Type` of a body is not looked at; no body is `{}`.

mod audit;
mod connections;
mod daemon;
mod doctor;
mod envelope;
mod error;
mod events;
mod line;
mod members;
mod printed;
mod status;
mod tasks;
mod versions;
mod wait;
mod watching;

pub use self::{
    audit::*, connections::*, daemon::*, doctor::*, envelope::*, error::*, events::*, line::*, members::*,
    printed::*, status::*, tasks::*, versions::*, wait::*, watching::*,
};
