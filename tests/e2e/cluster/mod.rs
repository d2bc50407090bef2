//! Several daemons as one, over real NATS servers. Each name says `nats_server`, so that `--without` can leave it out.

mod prompt;
mod servers;

/// Returns whether these tests can be run here; if not, says why.
fn can_play() -> bool {
    crate::load::may_open(4000) && crate::harness::is_installed("nats-server")
}
