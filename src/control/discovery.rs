//! Finds the control socket, and says why it is that one.
//!
//! `--socket`, `SSECTL_SOCKET`, `$RUNTIME_DIRECTORY` (the daemon, under systemd), `$XDG_RUNTIME_DIR/ssectld`,
//! `/run/ssectld`, then a directory of the user's own in the temporary folder. The daemon takes the first
//! place where it may write, the client the first where a daemon answers.

use std::{
    ffi::OsString,
    fmt, fs, io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

use super::local::{self, Live};

const FILE: &str = "control.sock";

/// Where a socket may be, and why there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The socket's path.
    pub path: PathBuf,
    /// Why this one.
    pub why: Why,
}

/// Why a path is a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was given.
    Given,
    /// `SSECTL_SOCKET` says so.
    Variable,
    /// systemd made `$RUNTIME_DIRECTORY`.
    RuntimeDirectory,
    /// The user's runtime directory.
    XdgRuntimeDir,
    /// The system's place.
    System,
    /// The user's own directory in the temporary folder.
    Temporary,
}

impl Why {
    /// Returns whether somebody chose this path: no other one is looked at then.
    pub fn is_explicit(self) -> bool {
        matches!(self, Self::Given | Self::Variable)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "as given",
            Self::Variable => "from SSECTL_SOCKET",
            Self::RuntimeDirectory => "from RUNTIME_DIRECTORY",
            Self::XdgRuntimeDir => "from XDG_RUNTIME_DIR",
            Self::System => "the system's place",
            Self::Temporary => "your own directory in the temporary folder",
        })
    }
}

/// What the search depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `SSECTL_SOCKET`.
    pub socket: Option<PathBuf>,
    /// `RUNTIME_DIRECTORY`: the first of its entries.
    pub runtime_directory: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// The parent of the system's place, `/run`.
    pub run: PathBuf,
    /// The temporary folder.
    pub temporary: PathBuf,
    /// The user.
    pub uid: u32,
}

impl Environment {
    /// Reads the environment of this process.
    #[allow(clippy::disallowed_methods, reason = "this is where the environment is read for the socket")]
    pub fn read() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let absolute = |name: &str| set(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self {
            socket: set("SSECTL_SOCKET").map(PathBuf::from),
            runtime_directory: set("RUNTIME_DIRECTORY").map(|list| first_entry(&list)),
            xdg_runtime_dir: absolute("XDG_RUNTIME_DIR"),
            run: PathBuf::from("/run"),
            temporary: std::env::temp_dir(),
            uid: crate::private_dir::own_uid(),
        }
    }

    fn chosen(&self, given: Option<&Path>) -> Option<Candidate> {
        let given = given.map(|path| (path, Why::Given));
        let variable = self.socket.as_deref().map(|path| (path, Why::Variable));
        given.or(variable).map(|(path, why)| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            Candidate { path, why }
        })
    }

    fn usual(&self) -> Vec<Candidate> {
        let xdg = self.xdg_runtime_dir.iter().map(|dir| (dir.join("ssectld"), Why::XdgRuntimeDir));
        let system = (self.run.join("ssectld"), Why::System);
        let own = (self.temporary.join(format!("ssectld-{}", self.uid)), Why::Temporary);
        xdg.chain([system, own]).map(|(dir, why)| Candidate { path: dir.join(FILE), why }).collect()
    }
}

fn first_entry(list: &OsString) -> PathBuf {
    let first = list.as_bytes().split(|byte| *byte == b':').next().unwrap_or_default();
    PathBuf::from(std::ffi::OsStr::from_bytes(first))
}

/// Why no socket was found.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// There is nowhere to put the daemon's socket.
    #[error("there is no place for the control socket: {}", list(.0, |(at, why)| format!("{}: {why}", at.path.display())))]
    Nowhere(Vec<(Candidate, io::Error)>),
    /// More than one daemon answers.
    #[error("more than one daemon answers: {}", list(.0, |at| format!("{} ({})", at.path.display(), at.why)))]
    Ambiguous(Vec<Candidate>),
    /// No daemon answers.
    #[error("no daemon answers: {}", list(.0, |(at, why)| format!("{} ({}): {why}", at.path.display(), at.why)))]
    Silent(Vec<(Candidate, io::Error)>),
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// Returns where the daemon's socket is to be: the path that was given, or the first whose directory is there
/// (or can be made) and may be written.
pub fn socket_path(given: Option<&Path>, environment: &Environment) -> Result<Candidate, DiscoveryError> {
    if let Some(chosen) = environment.chosen(given) {
        return Ok(chosen);
    }
    if let Some(dir) = &environment.runtime_directory {
        return Ok(Candidate { path: dir.join(FILE), why: Why::RuntimeDirectory });
    }
    let mut failed = Vec::new();
    for candidate in environment.usual() {
        match writable(&candidate, environment) {
            Ok(()) => return Ok(candidate),
            Err(error) => failed.push((candidate, error)),
        }
    }
    Err(DiscoveryError::Nowhere(failed))
}

/// Makes the directory if need be, and proves that a file can be made in it with the lock file, which
/// is needed anyway.
fn writable(candidate: &Candidate, environment: &Environment) -> io::Result<()> {
    local::name(&candidate.path)?;
    let dir = candidate.path.parent().unwrap_or(Path::new("/"));
    let mode = if candidate.why == Why::System { 0o750 } else { 0o700 };
    match fs::DirBuilder::new().mode(mode).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => trusted(candidate, environment)?,
    }
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(candidate.path.with_extension("lock"))
        .map(drop)
}

/// Refuses a directory in the temporary folder that somebody else made, or others may enter.
fn trusted(candidate: &Candidate, environment: &Environment) -> io::Result<()> {
    if candidate.why != Why::Temporary {
        return Ok(());
    }
    let dir = candidate.path.parent().unwrap_or(Path::new("/"));
    let found = fs::symlink_metadata(dir)?;
    let problem = if !found.is_dir() {
        "is not a directory"
    } else if found.uid() != environment.uid {
        "belongs to somebody else"
    } else if found.mode() & 0o077 != 0 {
        "is open to others: chmod 700 it"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {problem}", dir.display())))
}

/// Returns the socket to talk to: the path that was given, or the only one where a daemon answers.
pub fn live_socket(given: Option<&Path>, environment: &Environment) -> Result<Candidate, DiscoveryError> {
    choose(given, environment, local::is_live)
}

/// Returns every place where a daemon may be, and what was found there: all that [`live_socket`] looks at.
pub fn survey(given: Option<&Path>, environment: &Environment) -> Vec<(Candidate, io::Result<Live>)> {
    let places = environment.chosen(given).map_or_else(|| environment.usual(), |chosen| vec![chosen]);
    let look = |at: Candidate| {
        let found = trusted(&at, environment).and_then(|()| local::is_live(&at.path));
        (at, found)
    };
    places.into_iter().map(look).collect()
}

fn choose(
    given: Option<&Path>,
    environment: &Environment,
    probe: impl Fn(&Path) -> io::Result<Live>,
) -> Result<Candidate, DiscoveryError> {
    if let Some(chosen) = environment.chosen(given) {
        return Ok(chosen);
    }
    let (mut live, mut silent) = (Vec::new(), Vec::new());
    for candidate in environment.usual() {
        match trusted(&candidate, environment).and_then(|()| probe(&candidate.path)) {
            Ok(_) => live.push(candidate),
            Err(error) => silent.push((candidate, error)),
        }
    }
    match live.len() {
        0 => Err(DiscoveryError::Silent(silent)),
        1 => Ok(live.remove(0)),
        _ => Err(DiscoveryError::Ambiguous(live)),
    }
}

/// Returns whether a daemon answers on a socket, and its process.
pub fn probe(path: &Path) -> io::Result<Live> {
    local::is_live(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn environment(root: &Path) -> Environment {
        Environment {
            socket: None,
            runtime_directory: None,
            xdg_runtime_dir: None,
            run: root.join("absent"),
            temporary: root.to_owned(),
            uid: crate::private_dir::own_uid(),
        }
    }

    #[test]
    fn what_was_given_wins_and_nothing_else_is_looked_at() {
        let root = tempfile::tempdir().expect("temporary directory");
        let mut env = environment(root.path());
        env.runtime_directory = Some("/run/x".into());
        env.socket = Some("/var.sock".into());
        let found = socket_path(Some(Path::new("/given.sock")), &env).expect("given");
        assert_eq!(found, Candidate { path: "/given.sock".into(), why: Why::Given });
        assert_eq!(socket_path(None, &env).expect("variable").why, Why::Variable);
        env.socket = None;
        let found = socket_path(None, &env).expect("systemd");
        assert_eq!(found, Candidate { path: "/run/x/control.sock".into(), why: Why::RuntimeDirectory });
    }

    #[test]
    fn a_daemon_without_anything_takes_its_own_directory() {
        let root = tempfile::tempdir().expect("temporary directory");
        let env = environment(root.path());
        let found = socket_path(None, &env).expect("temporary");
        assert_eq!(found.why, Why::Temporary);
        let dir = found.path.parent().expect("a directory");
        assert_eq!(fs::metadata(dir).expect("made").permissions().mode() & 0o777, 0o700);
        assert_eq!(socket_path(None, &env).expect("again"), found);
    }

    #[test]
    fn a_directory_that_is_not_ours_alone_is_refused() {
        let root = tempfile::tempdir().expect("temporary directory");
        let mut env = environment(root.path());
        let dir = root.path().join(format!("ssectld-{}", env.uid));
        symlink("/tmp", &dir).expect("link");
        let error = socket_path(None, &env).expect_err("a link").to_string();
        assert!(error.contains("is not a directory"), "{error}");
        fs::remove_file(&dir).expect("unlink");
        fs::create_dir(&dir).expect("directory");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("mode");
        assert!(socket_path(None, &env).expect_err("open").to_string().contains("chmod 700"));
        env.uid = env.uid.wrapping_add(1);
        let foreign = root.path().join(format!("ssectld-{}", env.uid));
        fs::create_dir(&foreign).expect("directory");
        assert!(socket_path(None, &env).expect_err("foreign").to_string().contains("somebody else"));
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_passed_over() {
        let root = tempfile::tempdir().expect("temporary directory");
        let mut env = environment(root.path());
        let long = root.path().join("x".repeat(120));
        fs::create_dir(&long).expect("directory");
        env.xdg_runtime_dir = Some(long);
        assert_eq!(socket_path(None, &env).expect("the next").why, Why::Temporary);
    }

    #[test]
    fn the_client_takes_the_only_one_that_answers() {
        let root = tempfile::tempdir().expect("temporary directory");
        let mut env = environment(root.path());
        env.xdg_runtime_dir = Some(root.path().join("xdg"));
        let answers = |live: &'static [&'static str]| {
            move |path: &Path| {
                let answers = live.iter().any(|part| path.to_string_lossy().contains(part));
                if answers { Ok(Live { pid: None }) } else { Err(io::ErrorKind::NotFound.into()) }
            }
        };
        assert_eq!(choose(None, &env, answers(&["xdg"])).expect("one").why, Why::XdgRuntimeDir);
        assert_eq!(choose(None, &env, answers(&["absent"])).expect("one").why, Why::System);
        let two = choose(None, &env, answers(&["xdg", "absent"])).expect_err("two");
        assert!(matches!(&two, DiscoveryError::Ambiguous(both) if both.len() == 2), "{two}");
        let none = choose(None, &env, answers(&[])).expect_err("none");
        assert!(matches!(&none, DiscoveryError::Silent(tried) if tried.len() == 3), "{none}");
        let given = choose(Some(Path::new("/given")), &env, answers(&["xdg", "absent"])).expect("given");
        assert_eq!(given.why, Why::Given);
    }
}
