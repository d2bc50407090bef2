//! Where the state lives when `state.dir` is empty. No home is no reason to fail.

use std::path::{Path, PathBuf};

use super::{Environment, StateConfig};
use crate::private_dir;

/// The state directory, and why it is that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDir {
    /// The directory. It may not exist yet.
    pub path: PathBuf,
    /// What chose it.
    pub because: &'static str,
    /// Whether others may write beside it, so that it must be checked before it is trusted.
    pub shared_parent: bool,
}

/// Returns the state directory: the setting, `$STATE_DIRECTORY` (the first, if systemd gives several),
/// `$XDG_STATE_HOME/ssectld`, `$HOME/.local/state/ssectld`, else one of the user's own in the temporary folder.
pub fn state_dir(config: &StateConfig, environment: &Environment) -> StateDir {
    let own = |path: PathBuf, because| StateDir { path, because, shared_parent: false };
    if !config.dir.as_os_str().is_empty() {
        return own(config.dir.clone(), "state.dir");
    }
    let absolute = |name| environment.get(name).map(Path::new).filter(|path| path.is_absolute());
    if let Some(given) = environment.get("STATE_DIRECTORY") {
        let text = given.to_string_lossy();
        let first = text.split(':').next().filter(|first| Path::new(first).is_absolute());
        if let Some(first) = first {
            return own(PathBuf::from(first), "$STATE_DIRECTORY");
        }
    }
    if let Some(base) = absolute("XDG_STATE_HOME") {
        return own(base.join("ssectld"), "$XDG_STATE_HOME");
    }
    if let Some(home) = absolute("HOME") {
        return own(home.join(".local/state/ssectld"), "$HOME");
    }
    let folder = absolute("TMPDIR").unwrap_or(Path::new("/tmp"));
    let path = private_dir::in_temporary(folder).join("state");
    StateDir { path, because: "the temporary folder, as there is no HOME", shared_parent: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(dir: &str, variables: &[(&str, &str)]) -> String {
        let environment = variables.iter().copied().collect();
        state_dir(&StateConfig { dir: dir.into() }, &environment).path.display().to_string()
    }

    #[test]
    fn the_nearest_word_decides() {
        let all = [
            ("STATE_DIRECTORY", "/var/lib/ssectld:/var/lib/other"),
            ("XDG_STATE_HOME", "/x"),
            ("HOME", "/home/me"),
        ];
        assert_eq!(found("/mine", &all), "/mine");
        assert_eq!(found("", &all), "/var/lib/ssectld");
        assert_eq!(found("", &all[1..]), "/x/ssectld");
        assert_eq!(found("", &all[2..]), "/home/me/.local/state/ssectld");
    }

    #[test]
    fn no_home_is_no_reason_to_fail() {
        let own = private_dir::own_uid();
        assert_eq!(found("", &[("TMPDIR", "/t")]), format!("/t/ssectld-{own}/state"));
        assert_eq!(
            found("", &[("HOME", ""), ("XDG_STATE_HOME", "relative")]),
            format!("/tmp/ssectld-{own}/state")
        );
    }
}
