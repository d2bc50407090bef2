//! Local sockets: the only thing here that server, client and discovery share.

use std::{io, os::unix::ffi::OsStrExt, path::Path, time::Duration};

use interprocess::{
    ConnectWaitMode,
    local_socket::{
        ConnectOptions, GenericFilePath, Name,
        tokio::{Stream, prelude::*},
    },
};
use tokio::time::{sleep, timeout};

/// The longest path of a socket, in bytes, that the platform takes.
pub const MAX_PATH_BYTES: usize = if cfg!(target_os = "macos") { 103 } else { 107 };

/// A daemon whose backlog is full for this long does not answer.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// How long a client waits for room in a full backlog, and
const BUSY_LIMIT: Duration = Duration::from_secs(5);
/// how soon it looks again.
const PAUSE: Duration = Duration::from_millis(20);

/// The user at the other end of a socket that has none.
const NOBODY: u32 = u32::MAX;

/// Returns the socket's name for the system.
pub(super) fn name(path: &Path) -> io::Result<Name<'_>> {
    let bytes = path.as_os_str().as_bytes().len();
    if bytes > MAX_PATH_BYTES {
        let message = format!("the path has {bytes} bytes, a socket's may have {MAX_PATH_BYTES}");
        return Err(io::Error::new(io::ErrorKind::InvalidFilename, message));
    }
    path.to_fs_name::<GenericFilePath>()
}

/// Connects, as soon as the daemon's backlog has room; [`io::ErrorKind::WouldBlock`] if it has none for long.
pub(super) async fn connect(path: &Path) -> io::Result<Stream> {
    let connecting = async {
        loop {
            let stream = Stream::connect(name(path)?).await?;
            if is_connected(&stream) {
                return Ok(stream);
            }
            sleep(PAUSE).await;
        }
    };
    timeout(BUSY_LIMIT, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::WouldBlock.into()))
}

/// Returns whether there is somebody at the other end: where the backlog is full, a socket that does not wait seems
/// to connect all the same.
fn is_connected(stream: &Stream) -> bool {
    stream.peer_creds().is_ok_and(|peer| peer.euid().is_some_and(|uid| uid != NOBODY))
}

/// Returns whether somebody listens on a socket now.
pub(super) fn is_live(path: &Path) -> io::Result<Live> {
    let wait = ConnectWaitMode::Timeout(PROBE_LIMIT);
    let stream = ConnectOptions::new().name(name(path)?).wait_mode(wait).connect_sync()?;
    let pid = stream.peer_creds().ok().and_then(|peer| peer.pid());
    Ok(Live { pid: pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0) })
}

/// A daemon that answers on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its process, where the system tells.
    pub pid: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_have_what_the_system_takes() {
        let path = "/".to_owned() + &"x".repeat(MAX_PATH_BYTES - 1);
        assert!(name(Path::new(&path)).is_ok());
        let error = name(Path::new(&(path + "y"))).expect_err("too long");
        assert!(error.to_string().contains("107") || cfg!(target_os = "macos"), "{error}");
    }
}
