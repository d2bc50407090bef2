//! The sockets that are had before anything else: a second daemon must fail before it touches the state.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::StartError;
use crate::{
    accept::{self, Sockets},
    config::Config,
    control::server::{ControlListener, Rights},
    services::Bound,
};

/// All of the daemon's listeners.
pub(super) struct Doors {
    pub(super) control: ControlListener,
    pub(super) public: TcpListener,
    pub(super) internal: TcpListener,
    pub(super) bound: Bound,
}

impl Doors {
    /// Opens what was not handed in.
    pub(super) fn open(config: &Config, rights: Rights, sockets: Sockets) -> Result<Self, StartError> {
        let activated = sockets.names();
        let control = match sockets.control {
            Some(socket) => ControlListener::adopt(socket)?,
            None => ControlListener::bind(&config.control.socket, rights)?,
        };
        let public = door(sockets.public, config.listen.public, "listen.public")?;
        let internal = door(sockets.internal, config.listen.internal, "listen.internal")?;
        let address = |listener: &TcpListener, asked| listener.local_addr().unwrap_or(asked);
        let bound = Bound {
            public: address(&public, config.listen.public),
            internal: address(&internal, config.listen.internal),
            socket: control.path().to_owned(),
            activated,
        };
        Ok(Self { control, public, internal, bound })
    }
}

fn door(
    given: Option<std::net::TcpListener>,
    address: SocketAddr,
    setting: &'static str,
) -> Result<TcpListener, StartError> {
    accept::door(given, address).map_err(|source| StartError::Listen { address, setting, source })
}
