//! Sockets that systemd has opened for this process: told apart by their names, whatever their order.

use ssectl_core::accept::Sockets;

use crate::exit::{Exit, Failure};

/// The sockets of the daemon.
pub(crate) const DAEMON: &[&str] = &["public", "internal", "control"];
/// The sockets of `ssectld gateway`.
pub(crate) const GATEWAY: &[&str] = &["public", "internal"];

/// Takes the sockets that were handed over, of which there are these.
#[cfg(target_os = "linux")]
pub(crate) fn take(known: &[&str]) -> Result<Sockets, Failure> {
    linux::take(known).map_err(|message| {
        Failure::new(Exit::Unusable, message).hint(format!(
            "each socket unit says which it is with FileDescriptorName=, one of {}",
            known.join(", ")
        ))
    })
}

/// Nobody hands over sockets here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn take(_known: &[&str]) -> Result<Sockets, Failure> {
    Ok(Sockets::default())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;

    use socket2::{Domain, Socket, Type};
    use ssectl_core::accept::Sockets;

    pub(super) fn take(known: &[&str]) -> Result<Sockets, String> {
        let unusable =
            |error| format!("the sockets of LISTEN_FDS and LISTEN_FDNAMES cannot be taken: {error}");
        if sd_notify::listen_fds().map_err(unusable)?.len() == 0 {
            return Ok(Sockets::default());
        }
        // One crate makes sure that they are there and no child process gets them, the other one owns them.
        let names = sd_notify::listen_fds_with_names().map_err(unusable)?;
        let owned = sd_listen_fds::get().map_err(|error| error.to_string())?;
        let mut sockets = Sockets::default();
        for ((_, name), (_, socket)) in names.zip(owned) {
            if !known.contains(&name.as_str()) {
                return Err(format!("systemd hands over a socket named {name:?}, which nothing here serves"));
            }
            let socket = checked(&name, socket.into_std())?;
            let before = match name.as_str() {
                "public" => sockets.public.replace(socket.into()).is_some(),
                "internal" => sockets.internal.replace(socket.into()).is_some(),
                _ => sockets.control.replace(socket.into()).is_some(),
            };
            if before {
                return Err(format!("systemd hands over two sockets named {name:?}"));
            }
        }
        Ok(sockets)
    }

    /// Returns the socket if it is what its name says.
    fn checked(name: &str, socket: OwnedFd) -> Result<Socket, String> {
        let socket = Socket::from(socket);
        let wrong = |what: &str| Err(format!("what systemd hands over as {name:?} {what}"));
        let domains: &[Domain] =
            if name == "control" { &[Domain::UNIX] } else { &[Domain::IPV4, Domain::IPV6] };
        let wanted = if name == "control" { "a path" } else { "an IP address with a port" };
        match (socket.domain(), socket.r#type(), socket.is_listener()) {
            (Ok(domain), ..) if !domains.contains(&domain) => {
                wrong(&format!("is a socket of another kind: its ListenStream= must be {wanted}"))
            }
            (Ok(_), Ok(Type::STREAM), Ok(true)) => Ok(socket),
            (Ok(_), Ok(Type::STREAM), _) => wrong("does not listen"),
            (Ok(_), ..) => wrong("is a socket of another kind: it must be a ListenStream="),
            _ => wrong("is no socket"),
        }
    }
}
