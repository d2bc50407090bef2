//! `ssectl event`

use clap::{Args, Subcommand};
use ssectl_core::{control::listing::Filter, event::EventName, request_id::RequestId};

use super::AllowUnreachable;
use crate::parse;

#[derive(Debug, Subcommand)]
pub(crate) enum Event {
    /// Sends an event to everyone connected now, or to one browser
    Send(SendEvent),
    /// Watches what is sent to browsers, as it is, until Ctrl-C
    ///
    /// A line for each event: application's, version, task. Goes on when the daemon restarts, whose numbers begin
    /// anew then. Who reads too slowly is told how much is missing. What applications send is shown to operators only.
    ///
    /// Fields: sequence, name, service, for, connections, bytes.
    Tail(TailEvents),
}

#[derive(Args, Debug)]
pub(crate) struct TailEvents {
    /// Only what has this: service=task, for=k3v9x, bytes>10k; may be repeated
    ///
    /// The service is task, version, or event for those of applications.
    #[arg(long = "filter", value_name = "FIELD=VALUE")]
    pub(crate) filters: Vec<Filter>,
    /// Only events of these names, separated by commas
    #[arg(long = "name", value_name = "NAME", value_delimiter = ',')]
    pub(crate) names: Vec<EventName>,
    /// First those after this number, of the last 500 that are remembered; 0: all of them
    #[arg(long, value_name = "NUMBER")]
    pub(crate) since: Option<u64>,
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
