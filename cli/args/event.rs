//! `ssectl event`

use clap::{Args, Subcommand};
use ssectl_core::{event::EventName, request_id::RequestId};

use super::AllowUnreachable;
use crate::parse;

#[derive(Debug, Subcommand)]
pub(crate) enum Event {
    /// Sends an event to everyone connected now, or to one browser
    Send(SendEvent),
}

#[derive(Args, Debug)]
pub(crate) struct SendEvent {
    /// Its name: letters, digits, _ . -
    #[arg(value_parser = parse::event_name)]
    pub(crate) name: EventName,
    /// Its payload, any JSON; - is stdin
    #[arg(value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) data: String,
    /// Only for this browser
    #[arg(long, value_name = "REQUEST_ID")]
    pub(crate) request_id: Option<RequestId>,
    #[command(flatten)]
    pub(crate) unreachable: AllowUnreachable,
}
