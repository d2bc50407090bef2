//! Errors of three parts: what happened, why, and what to type next.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use ssectl_core::control::{
    client::ClientError,
    discovery::{Candidate, DiscoveryError},
};

use crate::{exit::Exit, text::quoted};

/// Why a command did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CliError {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What happened.
    pub(crate) message: String,
    /// Why.
    pub(crate) cause: Option<String>,
    /// What to type next.
    pub(crate) hint: Option<String>,
}

/// What a command gives.
pub(crate) type Outcome = Result<Exit, CliError>;

const START: &str = "start it: ssectld, or systemctl start ssectld";

impl CliError {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), cause: None, hint: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn cause(mut self, cause: &dyn std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Makes the commands of the hint talk to the daemon that this one was told to talk to.
    pub(crate) fn of_socket(mut self, socket: Option<&Path>) -> Self {
        self.hint = self.hint.map(|hint| naming_socket(hint, socket));
        self
    }

    /// Returns the error for arguments that are wrong.
    pub(crate) fn from_clap(error: &clap::Error) -> Self {
        let text = error.to_string();
        let parts: Vec<_> =
            text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let message = parts.first().cloned().unwrap_or_default();
        let wrong = Self::usage(message.strip_prefix("error: ").unwrap_or(&message));
        let hint = ["tip: ", "Usage: "]
            .into_iter()
            .find_map(|start| parts.iter().find(|part| part.starts_with(start)));
        match hint {
            Some(hint) => wrong.hint(hint.strip_prefix("tip: ").unwrap_or(hint)),
            None => wrong,
        }
    }

    /// Returns the error for a failed request to the daemon at `at`.
    pub(crate) fn from_client(error: ClientError, at: &Candidate) -> Self {
        match error {
            ClientError::Unreachable(error) => unreachable(&error, at),
            ClientError::NoAnswer(why) => Self::new(Exit::NoAnswer, "the daemon did not answer")
                .cause(&format!("{why}; whether it did what was asked is unknown")),
            ClientError::Refused(error) => {
                Self { exit: error.code.into(), message: error.message, cause: error.cause, hint: error.hint }
            }
            ClientError::NotUnderstood(why) => Self::new(Exit::Skew, "the daemon's answer is not understood")
                .cause(&why)
                .hint("compare the versions: ssectl --version, ssectl status"),
        }
    }
}

/// Returns a hint whose commands talk to this socket.
pub(crate) fn naming_socket(hint: String, socket: Option<&Path>) -> String {
    match socket {
        Some(socket) if !hint.contains("--socket") => {
            let named = format!("ssectl --socket {} ", quoted(&socket.to_string_lossy()));
            hint.replace("ssectl ", &named)
        }
        _ => hint,
    }
}

impl From<DiscoveryError> for CliError {
    fn from(error: DiscoveryError) -> Self {
        match error {
            DiscoveryError::Ambiguous(live) => Self::usage(format!("{} daemons are running", live.len()))
                .cause(&join(live.iter().map(|at| format!("{} ({})", at.path.display(), at.why))))
                .hint(format!(
                    "say which one: --socket {}",
                    live.first().map_or_else(String::new, |at| { at.path.display().to_string() })
                )),
            DiscoveryError::Nowhere(tried) | DiscoveryError::Silent(tried) => silent(&tried),
        }
    }
}

fn silent(tried: &[(Candidate, io::Error)]) -> CliError {
    let kind = |kind| tried.iter().find(|(_, error)| error.kind() == kind);
    let telling = kind(io::ErrorKind::PermissionDenied).or_else(|| kind(io::ErrorKind::ConnectionRefused));
    if let Some((at, error)) = telling {
        return unreachable(error, at);
    }
    let why = |(at, error): &(Candidate, io::Error)| {
        format!("{} ({}): {}", at.path.display(), at.why, plain(error))
    };
    CliError::new(Exit::Unreachable, "no daemon is running here")
        .cause(&join(tried.iter().map(why)))
        .hint(format!("{START}; or name its socket with --socket"))
}

fn unreachable(error: &io::Error, at: &Candidate) -> CliError {
    let path = at.path.display();
    let gone = |cause: String| {
        CliError::new(Exit::Unreachable, format!("no daemon answers at {path}")).cause(&cause)
    };
    match error.kind() {
        io::ErrorKind::NotFound => gone(format!("there is no such socket ({})", at.why))
            .hint(format!("{START}; or name another socket with --socket")),
        io::ErrorKind::ConnectionRefused => {
            // The system says the same of any file.
            let other = fs::metadata(&at.path).is_ok_and(|found| !found.file_type().is_socket());
            let why = if other { "that is no socket" } else { "nobody listens there: its daemon is gone" };
            gone(why.to_owned()).hint(START)
        }
        io::ErrorKind::PermissionDenied => denied(error, &at.path),
        io::ErrorKind::InvalidFilename => {
            CliError::usage(format!("{path} cannot be a socket")).cause(&error).hint("use a shorter path")
        }
        io::ErrorKind::NotConnected | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            gone("it is too busy to accept anybody".to_owned()).hint("try again")
        }
        _ => gone(plain(error)).hint("see whether it is well: systemctl status ssectld"),
    }
}

fn denied(error: &io::Error, path: &Path) -> CliError {
    let uid = ssectl_core::private_dir::own_uid();
    let refusal = CliError::new(Exit::Denied, format!("uid {uid} may not use {}", path.display()));
    // The socket itself cannot be looked at when its directory is closed.
    let owner = fs::metadata(path).or_else(|_| fs::metadata(path.parent().unwrap_or(path)));
    match owner.ok().and_then(|found| group_name(found.gid())).filter(|group| group != "root") {
        Some(group) => refusal
            .cause(&format!("it is for the group {group}"))
            .hint(format!("sudo usermod -aG {group} \"$USER\" and log in again, or use sudo")),
        None => refusal.cause(&plain(error)).hint("use sudo"),
    }
}

/// Returns what the system's file of groups calls a group.
pub(crate) fn group_name(gid: u32) -> Option<String> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

/// Returns the error without "(os error 2)".
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody listens".to_owned(),
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_some() => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use ssectl_core::control::{
        discovery::Why,
        types::{ApiError, ErrorCode},
    };

    use super::*;

    fn at() -> Candidate {
        Candidate { path: "/x/control.sock".into(), why: Why::System }
    }

    fn of(kind: io::ErrorKind) -> CliError {
        CliError::from_client(ClientError::Unreachable(kind.into()), &at())
    }

    #[test]
    fn each_way_of_not_being_there_is_explained() {
        let absent = of(io::ErrorKind::NotFound);
        assert_eq!(absent.exit, Exit::Unreachable);
        assert!(absent.message.contains("/x/control.sock"));
        assert!(absent.cause.expect("a cause").contains("the system's place"));
        assert!(of(io::ErrorKind::ConnectionRefused).cause.expect("a cause").contains("nobody listens"));
        assert!(of(io::ErrorKind::NotConnected).cause.expect("a cause").contains("busy"));
        assert_eq!(of(io::ErrorKind::PermissionDenied).exit, Exit::Denied);
        assert_eq!(of(io::ErrorKind::InvalidFilename).exit, Exit::Usage);
    }

    #[test]
    fn a_refusal_keeps_its_words() {
        let api = ApiError {
            code: ErrorCode::Conflict,
            message: "no".into(),
            cause: Some("because".into()),
            hint: Some("type this".into()),
        };
        let error = CliError::from_client(ClientError::Refused(api), &at());
        assert_eq!(error, CliError::new(Exit::Conflict, "no").cause(&"because").hint("type this"));
        let unknown = CliError::from_client(ClientError::NoAnswer("cut".into()), &at());
        assert_eq!(unknown.exit, Exit::NoAnswer);
        assert_eq!(CliError::from_client(ClientError::NotUnderstood("x".into()), &at()).exit, Exit::Skew);
    }

    #[test]
    fn what_is_to_be_typed_next_names_the_same_socket() {
        let hint = |text: &str, socket: Option<&str>| {
            let error = CliError::new(Exit::NotFound, "no").hint(text);
            error.of_socket(socket.map(Path::new)).hint.expect("a hint")
        };
        let typed = "see who is: ssectl connections list";
        assert_eq!(hint(typed, None), typed);
        assert_eq!(hint(typed, Some("/a b")), "see who is: ssectl --socket '/a b' connections list");
        let named = "repeat: ssectl version queue 1 --socket /x";
        assert_eq!(hint(named, Some("/x")), named);
        assert_eq!(
            hint("start it: ssectld, or systemctl start ssectld", Some("/x")).matches("/x").count(),
            0
        );
    }

    #[test]
    fn discovery_names_every_place() {
        let other = Candidate { path: "/y/control.sock".into(), why: Why::XdgRuntimeDir };
        let two = CliError::from(DiscoveryError::Ambiguous(vec![at(), other.clone()]));
        assert_eq!(two.exit, Exit::Usage);
        let cause = two.cause.expect("a cause");
        assert!(cause.contains("/x/control.sock") && cause.contains("/y/control.sock"));
        let absent = || io::Error::from(io::ErrorKind::NotFound);
        let none = CliError::from(DiscoveryError::Silent(vec![(at(), absent()), (other.clone(), absent())]));
        assert_eq!(none.exit, Exit::Unreachable);
        assert!(
            none.cause.expect("a cause").contains("/y/control.sock (from XDG_RUNTIME_DIR): no such file")
        );
        let refused = io::Error::from(io::ErrorKind::PermissionDenied);
        let closed = CliError::from(DiscoveryError::Silent(vec![(other, absent()), (at(), refused)]));
        assert_eq!(closed.exit, Exit::Denied);
    }
}
