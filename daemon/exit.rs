//! Exit codes, and what is said to the operator before them.

use std::{fmt, io, process::ExitCode};

use ssectl_core::{
    app::StartError,
    config::ConfigError,
    control::{discovery::DiscoveryError, server::BindError},
    store::StoreError,
};

use crate::greeting;

/// Why the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something failed while running, or somebody missed the deadline of the shutdown.
    Failed = 1,
    /// A port is taken, or another instance runs (sysexits' EX_UNAVAILABLE).
    Unavailable = 69,
    /// The settings or the state cannot be used (sysexits' EX_CONFIG).
    Unusable = 78,
}

/// What went wrong and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What happened and why.
    pub(crate) message: String,
    /// What to type next.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Returns a failure without a hint.
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), hint: None }
    }

    /// Adds what to type next.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Says it on stderr and returns the exit code.
    #[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("error: {}", self.message);
        if let Some(hint) = &self.hint {
            eprintln!("hint: {hint}");
        }
        ExitCode::from(self.exit as u8)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { exit: Exit::Unusable, message: error.to_string(), hint: error.hint() }
    }
}

impl From<DiscoveryError> for Failure {
    fn from(error: DiscoveryError) -> Self {
        Self::new(Exit::Unusable, error).hint("name one with --socket PATH")
    }
}

impl Failure {
    /// Explains why the daemon did not start; `called` is how it was, so that what to type instead can be typed as
    /// it stands.
    pub(crate) fn of_start(error: &StartError, called: &str) -> Self {
        let message = error.to_string();
        match error {
            StartError::Listen { setting, source, .. } => {
                let free = format!("`{called} --set {setting}=127.0.0.1:0` takes any free port");
                match source.kind() {
                    io::ErrorKind::AddrInUse => Self::new(Exit::Unavailable, message).hint(free),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::AddrNotAvailable => {
                        Self::new(Exit::Unusable, message).hint(free)
                    }
                    _ => Self::new(Exit::Failed, message),
                }
            }
            StartError::Control(BindError::InUse { path, .. }) => {
                Self::new(Exit::Unavailable, message).hint(format!(
                    "`{} --socket {} status` asks it how it is; a second daemon needs places of its own: \
                 `{called} --socket /tmp/second.sock --set listen.public=127.0.0.1:0 \
                 --set listen.internal=127.0.0.1:0 --set state.dir=/tmp/second`",
                    greeting::ssectl(),
                    greeting::quoted(&path.to_string()),
                ))
            }
            StartError::Control(BindError::Group { .. }) => Self::new(Exit::Unusable, message)
                .hint("under systemd, set Group= in the unit and leave control.group empty"),
            StartError::Control(_) => {
                Self::new(Exit::Unusable, message).hint("name another socket with --socket PATH")
            }
            StartError::Store(StoreError::InUse { .. }) => Self::new(Exit::Unavailable, message)
                .hint("stop that one, or give this one another directory: --set state.dir=DIR"),
            StartError::Store(_) => Self::new(Exit::Unusable, message)
                .hint("name another directory with --set state.dir=DIR; nothing in this one was changed"),
            StartError::Streams(_) => Self::new(Exit::Failed, message),
            StartError::Named(_)
            | StartError::Secret(_)
            | StartError::Gateway(_)
            | StartError::FrontendVersion(_)
            | StartError::Cluster(_)
            | StartError::Authorize(_) => Self::new(Exit::Unusable, message)
                .hint(format!("`{called} config show` prints every setting and where it is from")),
        }
    }
}
