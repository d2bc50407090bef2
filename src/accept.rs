//! How listeners come about, and what one does when a connection cannot be accepted.

use std::{io, net::SocketAddr, os::unix::net::UnixListener, time::Duration};

use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be accepted: a reconnect storm must not lose SYNs, which would come again only
/// after a second.
const BACKLOG: u32 = 4096;
/// Out of file descriptors: others must close some first.
const PAUSE: Duration = Duration::from_millis(200);

/// Listening sockets that a service manager holds open, whoever serves them. They win over the settings.
#[derive(Debug, Default)]
pub struct Sockets {
    /// For streams.
    pub public: Option<std::net::TcpListener>,
    /// For callbacks, metrics and publishers.
    pub internal: Option<std::net::TcpListener>,
    /// For the control API; bound to a path.
    pub control: Option<UnixListener>,
}

impl Sockets {
    /// Returns the names of those that are there.
    pub fn names(&self) -> Vec<&'static str> {
        let public = self.public.as_ref().map(|_| "public");
        let internal = self.internal.as_ref().map(|_| "internal");
        let control = self.control.as_ref().map(|_| "control");
        [public, internal, control].into_iter().flatten().collect()
    }
}

/// Takes over a socket that listens already, or binds one.
pub(crate) fn door(given: Option<std::net::TcpListener>, address: SocketAddr) -> io::Result<TcpListener> {
    if let Some(socket) = given {
        socket.set_nonblocking(true)?;
        return TcpListener::from_std(socket);
    }
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Keeps a listener at it.
pub(crate) struct Stamina {
    whom: &'static str,
    struggling: bool,
}

impl Stamina {
    /// Returns the stamina of a listener for these.
    pub(crate) fn new(whom: &'static str) -> Self {
        Self { whom, struggling: false }
    }

    /// Notes that one was accepted.
    pub(crate) fn recovered(&mut self) {
        self.struggling = false;
    }

    /// Returns when it makes sense to go on. What is wrong is logged once, until it is over.
    pub(crate) async fn endure(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, NotConnected};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | NotConnected) {
            // It concerns one connection, which is gone.
            return;
        }
        if !std::mem::replace(&mut self.struggling, true) {
            tracing::error!(%error, "cannot accept {}; trying until it works", self.whom);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_only_where_the_listener_itself_is_in_trouble() {
        let (began, mut stamina) = (Instant::now(), Stamina::new("anybody"));
        stamina.endure(&io::ErrorKind::ConnectionAborted.into()).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        stamina.endure(&io::Error::from_raw_os_error(24)).await;
        assert!(began.elapsed() >= PAUSE && stamina.struggling);
        stamina.recovered();
        assert!(!stamina.struggling, "told anew next time");
    }
}
