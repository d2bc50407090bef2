//! The socket itself: one daemon at a time, open to whom the settings say, gone when the daemon is.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    os::{
        fd::OwnedFd,
        unix::{
            fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown},
            net::UnixListener,
        },
    },
    path::{Path, PathBuf},
};

use interprocess::{
    local_socket::{
        ListenerOptions,
        tokio::{Listener, Stream, prelude::*},
    },
    os::unix::{local_socket::ListenerOptionsExt, uds_local_socket},
};

use crate::{
    access::{Door, group_name},
    config::OpenTo,
    control::local,
};

/// Until it has its group, the socket is nobody else's.
const CLOSED: u32 = 0o600;
/// Clients that wait to be accepted.
const BACKLOG: i32 = 128;

/// Whose the file of the socket is to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rights {
    /// Its group; none: whichever the system gives it.
    pub group: Option<u32>,
    /// Who may open it.
    pub open_to: OpenTo,
}

impl Rights {
    fn mode(self) -> u32 {
        match self.open_to {
            OpenTo::Owner => 0o600,
            OpenTo::Group => 0o660,
            OpenTo::Everyone => 0o666,
        }
    }

    fn mode_of_directory(self) -> u32 {
        if self.open_to == OpenTo::Everyone { 0o755 } else { 0o750 }
    }
}

/// Why the control socket could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another daemon has it.
    #[error("another daemon{} serves {path}", Pid(*.pid))]
    InUse {
        /// The socket.
        path: PathDisplay,
        /// The other daemon's process, where known.
        pid: Option<u32>,
    },
    /// There is a file in the way, which is not touched.
    #[error("{0} is in the way: it is not a socket")]
    NotASocket(PathDisplay),
    /// The socket that was handed in is bound to no file.
    #[error("the control socket that was handed in is bound to no path: write one in ListenStream=")]
    Nameless,
    /// The file could not be given its mode.
    #[error("{path} has the mode {found:o}, not {wanted:o}")]
    Mode {
        /// The socket.
        path: PathDisplay,
        /// Its mode.
        found: u32,
        /// What it should be.
        wanted: u32,
    },
    /// The file could not be given to its group.
    #[error(
        "cannot give {path} to the group {group}, which the user of ssectld must be a member of: {source}"
    )]
    Group {
        /// The socket.
        path: PathDisplay,
        /// The group's number.
        group: u32,
        /// Why not.
        source: io::Error,
    },
    /// The system refuses.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathDisplay,
        /// Why not.
        source: io::Error,
    },
}

/// A path that prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct PathDisplay(pub PathBuf);

impl fmt::Display for PathDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl fmt::Debug for PathDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

struct Pid(Option<u32>);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |pid| write!(f, " (process {pid})"))
    }
}

/// The bound control socket.
#[derive(Debug)]
pub struct ControlListener {
    listener: Listener,
    place: Place,
    door: Door,
}

/// The file of the control socket.
#[derive(Debug)]
enum Place {
    /// Ours: dropped, the file is removed, then the lock is let go of.
    Own { file: SocketFile, _lock: File },
    /// Whoever handed in the socket looks after it.
    Given(PathBuf),
}

impl ControlListener {
    /// Binds the socket, taking the place of one whose daemon is dead. Must be called within a tokio runtime.
    pub fn bind(path: &Path, rights: Rights) -> Result<Self, BindError> {
        if let Some(dir) = path.parent() {
            match fs::DirBuilder::new().mode(rights.mode_of_directory()).create(dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !dir.is_dir() => {
                    return Err(failed("make the directory", dir, error));
                }
                _ => {}
            }
        }
        let lock = lock(path)?;
        remove_stale(path)?;
        let listener = local::name(path)
            .and_then(|name| {
                ListenerOptions::new().name(name).mode(CLOSED as _).reclaim_name(false).create_tokio()
            })
            .map_err(|error| failed("bind", path, error))?;
        let file = SocketFile::open_up(path, rights)?;
        Ok(Self { listener, place: Place::Own { file, _lock: lock }, door: door(path)? })
    }

    /// Takes over a socket that listens already. Must be called within a tokio runtime.
    pub fn adopt(socket: UnixListener) -> Result<Self, BindError> {
        let address = socket.local_addr().map_err(|_| BindError::Nameless)?;
        let path = address.as_pathname().ok_or(BindError::Nameless)?.to_owned();
        let adopted = (|| {
            // From now on clients are told that we are the other end, not whoever opened it.
            socket2::SockRef::from(&socket).listen(BACKLOG)?;
            uds_local_socket::tokio::Listener::try_from(OwnedFd::from(socket))
        })();
        let listener = adopted.map_err(|error| failed("take over", &path, error))?;
        let door = door(&path)?;
        Ok(Self { listener: Listener::UdSocket(listener), place: Place::Given(path), door })
    }

    /// Returns the socket's path.
    pub fn path(&self) -> &Path {
        match &self.place {
            Place::Own { file, .. } => &file.path,
            Place::Given(path) => path,
        }
    }

    /// Returns whom the kernel lets through.
    pub(super) fn door(&self) -> &Door {
        &self.door
    }

    /// Waits for the next client.
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        self.listener.accept().await
    }
}

fn door(path: &Path) -> Result<Door, BindError> {
    let found = fs::symlink_metadata(path).map_err(|error| failed("look at", path, error))?;
    // Connecting takes the right to write.
    let closed_to_others = found.permissions().mode() & 0o002 == 0;
    Ok(Door {
        group: found.gid(),
        group_name: group_name(found.gid()),
        members_only: closed_to_others && cfg!(target_os = "linux"),
    })
}

/// Takes the lock beside the socket; it is held as long as the file is open, and never removed.
fn lock(path: &Path) -> Result<File, BindError> {
    let beside = path.with_extension("lock");
    let mut file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o640)
        .open(&beside)
        .map_err(|error| failed("open the lock file", &beside, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = (&file).take(32).read_to_string(&mut pid);
            return Err(BindError::InUse { path: PathDisplay(path.into()), pid: pid.trim().parse().ok() });
        }
        Err(TryLockError::Error(error)) => return Err(failed("lock", &beside, error)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|error| failed("write the lock file", &beside, error))?;
    Ok(file)
}

/// Removes the socket of a daemon that is dead. Only under the lock; one that answers all the same is left
/// alone, and so is anything that is no socket.
fn remove_stale(path: &Path) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("look at", path, error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(BindError::NotASocket(PathDisplay(path.into())));
        }
        Ok(_) => {}
    }
    match local::is_live(path) {
        Ok(live) => Err(BindError::InUse { path: PathDisplay(path.into()), pid: live.pid }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::info!(socket = %path.display(), "removing the socket of a daemon that is gone");
            fs::remove_file(path).map_err(|error| failed("remove the stale", path, error))
        }
        Err(error) => Err(failed("probe", path, error)),
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> BindError {
    BindError::Io { what, path: PathDisplay(path.into()), source }
}

/// The file of the socket; removed on drop if it is still this very one.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    /// Sets group and mode, whatever the umask took away, and makes sure of it.
    fn open_up(path: &Path, rights: Rights) -> Result<Self, BindError> {
        let look = |error| failed("look at", path, error);
        let identity = identity(&fs::symlink_metadata(path).map_err(look)?);
        let file = Self { path: path.to_owned(), identity };
        if let Some(group) = rights.group {
            chown(path, None, Some(group)).map_err(|source| BindError::Group {
                path: PathDisplay(path.into()),
                group,
                source,
            })?;
        }
        let wanted = rights.mode();
        fs::set_permissions(path, fs::Permissions::from_mode(wanted))
            .map_err(|error| failed("set the mode of", path, error))?;
        let found = fs::symlink_metadata(path).map_err(look)?.permissions().mode() & 0o777;
        if found == wanted {
            Ok(file)
        } else {
            Err(BindError::Mode { path: PathDisplay(path.into()), found, wanted })
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(socket = %self.path.display(), %error, "cannot remove the control socket");
        }
    }
}

fn identity(found: &fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("control.sock");
        (dir, path)
    }

    fn bind(path: &Path) -> Result<ControlListener, BindError> {
        ControlListener::bind(path, Rights::default())
    }

    #[tokio::test]
    async fn the_file_is_open_to_whom_the_settings_say() {
        let (_dir, path) = place();
        let own = fs::metadata(path.parent().expect("a directory")).expect("there").gid();
        for (open_to, mode) in [(OpenTo::Owner, 0o600), (OpenTo::Group, 0o660), (OpenTo::Everyone, 0o666)] {
            let rights = Rights { group: Some(own), open_to };
            let listener = ControlListener::bind(&path, rights).expect("bound");
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, mode);
            let door = listener.door();
            let members_only = open_to != OpenTo::Everyone && cfg!(target_os = "linux");
            assert_eq!((door.group, door.members_only), (own, members_only));
        }
    }

    #[tokio::test]
    async fn the_file_is_for_the_group_and_goes_with_the_listener() {
        let (_dir, path) = place();
        let listener = bind(&path).expect("bound");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o660);
        assert!(local::is_live(&path).is_ok());
        drop(listener);
        assert!(!path.exists());
        bind(&path).expect("bound again");
    }

    #[tokio::test]
    async fn a_second_daemon_is_told_who_has_it() {
        let (_dir, path) = place();
        let first = bind(&path).expect("bound");
        let error = bind(&path).expect_err("taken");
        assert!(
            matches!(&error, BindError::InUse { pid: Some(pid), .. } if *pid == std::process::id()),
            "{error}"
        );
        assert!(error.to_string().contains(&format!("process {}", std::process::id())));
        assert!(local::is_live(first.path()).is_ok(), "the first one is untouched");
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_without_lock_is_not() {
        let (_dir, path) = place();
        drop(UnixListener::bind(&path).expect("bound"));
        assert!(path.exists(), "std leaves the file");
        drop(bind(&path).expect("taken over"));
        let _live = UnixListener::bind(&path).expect("bound");
        assert!(matches!(bind(&path), Err(BindError::InUse { .. })));
        assert!(path.exists());
    }

    #[tokio::test]
    async fn other_files_are_never_removed() {
        let (_dir, path) = place();
        fs::write(&path, "precious").expect("written");
        assert!(matches!(bind(&path), Err(BindError::NotASocket(_))));
        assert_eq!(fs::read(&path).expect("still there"), b"precious");
        fs::remove_file(&path).expect("removed");
        let listener = bind(&path).expect("bound");
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "somebody else's").expect("written");
        drop(listener);
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_path_that_cannot_be_is_an_error_that_names_it() {
        let (dir, _) = place();
        let deep = dir.path().join("a/b/control.sock");
        let error = bind(&deep).expect_err("no parent").to_string();
        assert!(error.contains("a/b"), "{error}");
        let long = dir.path().join("x".repeat(120));
        let error = bind(&long).expect_err("too long").to_string();
        assert!(error.contains("bytes"), "{error}");
    }
}
