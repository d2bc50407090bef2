//! The daemon's settings and the secrets that they name, checked as `ssectld config check` does.

use std::path::{Path, PathBuf};

#[cfg(feature = "daemon")]
use ssectl_core::config::Config;

use super::check::Check;

const CONFIG: &str = "config";
const CREDENTIALS: &str = "credentials";
/// Where the unit has them.
const USUAL: &str = "/etc/ssectld/ssectld.toml";

/// What is known of the settings.
pub(super) struct Settings {
    /// Whether they are there and good, and so is what they name.
    pub(super) checks: Vec<Check>,
    /// The gateway that they name, if they are for one.
    pub(super) gateway: Option<String>,
    /// The directory of the state that they name.
    pub(super) state: Option<PathBuf>,
}

/// Reads the settings in the file that was named, that the daemon says, or that the unit has.
pub(super) fn examine(named: Option<&Path>, of_daemon: Option<PathBuf>, answers: bool) -> Settings {
    let usual = || Some(PathBuf::from(USUAL)).filter(|path| !answers && path.exists());
    let file = named.map(Path::to_owned).or(of_daemon).or_else(usual);
    match file {
        Some(file) => read(&file),
        None => {
            let told = if answers {
                "the daemon runs without a file"
            } else {
                "there is no file, and none is needed"
            };
            let credentials = Check::skipped(CREDENTIALS, "no file names any");
            Settings { checks: vec![Check::ok(CONFIG, told), credentials], gateway: None, state: None }
        }
    }
}

impl Settings {
    fn unknown(config: Check) -> Self {
        let checks = vec![config, Check::skipped(CREDENTIALS, "which there are, only the settings say")];
        Self { checks, gateway: None, state: None }
    }
}

/// Returns the command that checks the same with the daemon's own variables.
fn check_command(file: &Path) -> String {
    format!("ssectld --config {} config check", crate::text::quoted(&file.display().to_string()))
}

#[cfg(not(feature = "daemon"))]
fn read(file: &Path) -> Settings {
    let place = file.display();
    Settings::unknown(match std::fs::read_to_string(file) {
        Ok(_) => Check::skipped(CONFIG, format!("{place} is there; this ssectl cannot check it"))
            .hint(format!("where ssectld is installed: {}", check_command(file))),
        Err(error) => unreadable(file, &error),
    })
}

fn unreadable(file: &Path, error: &std::io::Error) -> Check {
    let place = file.display();
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            Check::skipped(CONFIG, format!("{place} may not be read by this user")).hint("sudo ssectl doctor")
        }
        _ => Check::fail(CONFIG, format!("{place}: {error}")).hint("name another with --config FILE"),
    }
}

#[cfg(feature = "daemon")]
fn read(file: &Path) -> Settings {
    use ssectl_core::{
        access::{Access, group_named},
        config::{self, Mode, Sources},
    };
    if let Err(error) = std::fs::File::open(file) {
        return Settings::unknown(unreadable(file, &error));
    }
    // The variables here are not those of the daemon.
    let loaded = match config::load(&Sources { file: Some(file.to_owned()), ..Sources::default() }) {
        Ok(loaded) => loaded.config,
        Err(error) => {
            let told = error.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; ");
            let hint = error.hint().unwrap_or_else(|| format!("correct it, then: {}", check_command(file)));
            return Settings::unknown(Check::fail(CONFIG, told).hint(hint));
        }
    };
    let group = match loaded.control.group.as_str() {
        "" => Ok(()),
        name => group_named(name).map(drop).map_err(|error| format!("control.group: {error}")),
    };
    let named = Access::load(&loaded).map(drop).map_err(|error| error.to_string()).and(group);
    let place = file.display();
    let check = match (named, loaded.warnings()) {
        (Err(why), _) => Check::fail(CONFIG, format!("{place}: {why}"))
            .hint("correct the name, or add the user or the group"),
        (Ok(()), warnings) if !warnings.is_empty() => {
            Check::warn(CONFIG, format!("{place}: {}", warnings.join("; "))).hint(check_command(file))
        }
        (Ok(()), _) => Check::ok(CONFIG, format!("{place} is valid")),
    };
    let of_gateway = loaded.mode == Mode::Gateway;
    Settings {
        checks: vec![check, credentials(&loaded)],
        gateway: of_gateway.then(|| loaded.gateway.url.clone()),
        state: Some(loaded.state.dir).filter(|dir| !dir.as_os_str().is_empty()),
    }
}

/// Looks at each file with a secret that the settings name.
#[cfg(feature = "daemon")]
fn credentials(config: &Config) -> Check {
    use ssectl_core::secret::{Secret, SecretError};

    let files = [
        ("callback.secret_file", &config.callback.secret_file),
        ("publish.token_file", &config.publish.token_file),
        ("gateway.secret_file", &config.gateway.secret_file),
        ("gateway_server.secret_file", &config.gateway_server.secret_file),
    ];
    let (mut good, mut unseen, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for (setting, path) in files.into_iter().filter(|(_, path)| !path.as_os_str().is_empty()) {
        match Secret::read(setting, path) {
            // systemd shows it to the service alone.
            _ if path.is_relative() => unseen.push(format!("{setting} is a credential of the unit")),
            Ok(_) => good.push(format!("{setting} {}", path.display())),
            Err(SecretError::Read { error, .. }) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                unseen.push(format!("{setting} {} may not be read by this user", path.display()));
            }
            Err(error) => bad.push(error.to_string()),
        }
    }
    if !bad.is_empty() {
        return Check::fail(CREDENTIALS, bad.join("; ")).hint("then: systemctl reload ssectld");
    }
    if !unseen.is_empty() {
        return Check::skipped(CREDENTIALS, unseen.join("; ")).hint("sudo ssectl doctor sees more");
    }
    match good.as_slice() {
        [] => Check::ok(CREDENTIALS, "the settings name none"),
        good => Check::ok(CREDENTIALS, format!("good: {}", good.join(", "))),
    }
}
