//! `ssectl members`

use clap::Subcommand;

use crate::listing::ListOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum Members {
    /// Lists the members of the cluster, and whether each answers now
    ///
    /// One that answers and does not let browsers in is draining; one that does not answer within 2 s is silent, and
    /// is listed until it was not heard of for 15 minutes. One that was stopped in order is no member any more.
    ///
    /// lag is how old the last event was when the member read it, clock_offset how far its clock is ahead of that of the
    /// daemon that is asked, heard how long ago it was last heard of.
    ///
    /// Fields: name, state, phase, version, mode, connections, lag, clock_offset, log_sequence, started, heard, instance.
    #[command(visible_alias = "ls")]
    List(ListOptions),
}
