//! From arguments to settings that the daemon can start with.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use ssectl_core::{
    accept::Sockets,
    config::{self, Config, Environment, Loaded, Sources},
    control::discovery::{self, Why},
    named::Named,
    private_dir,
    reload::Source,
    secret::{Secret, SecretError},
};

use crate::{
    args,
    exit::{Exit, Failure},
    logging, notify,
};

/// Settings with every place found.
pub(crate) struct Prepared {
    /// The settings; `control.socket` and `state.dir` are set.
    pub(crate) config: Config,
    /// The settings as they were read.
    pub(crate) read: Config,
    /// The variables that they were read with.
    pub(crate) environment: Environment,
    /// Why the control socket is where it is.
    pub(crate) socket_from: Why,
    /// Whether systemd started this process.
    pub(crate) under_systemd: bool,
}

/// Reads the settings, finds the control socket and the state directory, and makes the latter.
pub(crate) fn prepare(arguments: &args::Settings, sockets: &Sockets) -> Result<Prepared, Failure> {
    let environment = Environment::of_process();
    let as_read = read(arguments, &environment)?.config;
    let mut config = as_read.clone();

    let given = Some(config.control.socket.as_path()).filter(|path| !path.as_os_str().is_empty());
    let socket_from = match sockets.control {
        Some(_) => Why::Given,
        None => {
            let socket = discovery::socket_path(given, &discovery::Environment::read())?;
            config.control.socket = socket.path;
            socket.why
        }
    };

    config.state.dir = state_dir(&config, &environment)?;
    let under_systemd =
        environment.get("NOTIFY_SOCKET").is_some() || logging::stderr_is_journal(&environment);
    Ok(Prepared { config, read: as_read, environment, socket_from, under_systemd })
}

/// Reads the settings again, as the program was told to at its start.
pub(crate) struct Reader {
    pub(crate) told: args::Settings,
}

impl Source for Reader {
    fn read(&self) -> Result<Config, String> {
        let read = read(&self.told, &Environment::of_process());
        read.map(|loaded| loaded.config).map_err(|failure| failure.message)
    }

    fn file(&self) -> Option<PathBuf> {
        let file = self.told.config.as_ref()?;
        Some(std::path::absolute(file).unwrap_or_else(|_| file.clone()))
    }

    fn begins(&self) {
        notify::reloading();
    }

    fn ends(&self) {
        notify::reloaded();
    }
}

pub(crate) fn read(arguments: &args::Settings, environment: &Environment) -> Result<Loaded, Failure> {
    let sources = Sources {
        file: arguments.config.clone(),
        environment: environment.clone(),
        set: arguments.set.clone(),
        socket: arguments.socket.clone(),
    };
    Ok(config::load(&sources)?)
}

fn state_dir(config: &Config, environment: &Environment) -> Result<PathBuf, Failure> {
    let found = config::state_dir(&config.state, environment);
    let parent = found.path.parent().unwrap_or(&found.path);
    let usable = private_dir::create(&found.path).and_then(|()| match found.shared_parent {
        true => private_dir::check(parent).and_then(|()| private_dir::check(&found.path)),
        false => Ok(()),
    });
    usable.map_err(|error| {
        let place = found.path.display();
        let message = format!("the state directory {place} (from {}) cannot be used: {error}", found.because);
        Failure::new(Exit::Unusable, message).hint("name another with --set state.dir=DIR")
    })?;
    std::path::absolute(&found.path).map_err(|error| Failure::new(Exit::Unusable, error))
}

/// Does what `ssectld config check` and `ssectld config show` do.
pub(crate) fn inspect(arguments: &args::Settings, what: args::Config) -> Result<(), Failure> {
    let environment = Environment::of_process();
    let loaded = read(arguments, &environment)?;
    let text = match what {
        args::Config::Show => {
            let state = config::state_dir(&loaded.config.state, &environment);
            let place =
                format!("\n# The state directory is {} (from {}).\n", state.path.display(), state.because);
            config::render(&loaded) + &place
        }
        args::Config::Check => {
            Named::find(&loaded.config).map_err(|error| Failure::new(Exit::Unusable, error))?;
            let of_gateway = gateway_secret(&loaded.config)?;
            for warning in loaded.config.warnings().into_iter().chain(of_gateway) {
                // Nobody to tell when this fails.
                let _ = writeln!(io::stderr(), "warning: {warning}");
            }
            "The settings are valid.\n".to_owned()
        }
    };
    say(&text)
}

/// Looks for the secret that `ssectld gateway` needs with the same settings. Returns a warning where only that one's
/// user can tell.
fn gateway_secret(config: &Config) -> Result<Option<String>, Failure> {
    match Secret::read("gateway_server.secret_file", &config.gateway_server.secret_file) {
        Ok(_) => Ok(None),
        Err(SecretError::Read { error, path, .. }) if error.kind() == io::ErrorKind::PermissionDenied => {
            Ok(Some(format!("gateway_server.secret_file {path:?} is not checked: this user may not read it")))
        }
        Err(error) => Err(Failure::new(Exit::Unusable, error)),
    }
}

/// Prints an answer. A reader who has left is no reason to fail.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(Exit::Failed, error)),
        _ => Ok(()),
    }
}
