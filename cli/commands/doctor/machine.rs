//! What the machine gives: room for the state, and a service manager.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{check::Check, program};

const STATE: &str = "state";
const SERVICE: &str = "service";
const MIB: u64 = 1024 * 1024;
/// Free space below which the state may not be written soon, and
const LITTLE: u64 = 256 * MIB;
/// below which it cannot be.
const NOTHING: u64 = 8 * MIB;

/// Whether the directory of the state has room and is its owner's alone.
pub(super) fn state(dir: Option<&Path>) -> Check {
    let Some(dir) = dir else { return Check::skipped(STATE, "which directory it is, only the daemon knows") };
    let place = dir.display();
    let mode = match fs::metadata(dir) {
        Ok(found) if found.is_dir() => found.mode() & 0o777,
        Ok(_) => {
            return Check::fail(STATE, format!("{place} is no directory"))
                .hint("remove it; ssectld makes it");
        }
        Err(error) => return Check::skipped(STATE, format!("{place} cannot be looked at: {error}")),
    };
    let Ok(volume) = rustix::fs::statvfs(dir) else {
        return Check::skipped(STATE, format!("the room at {place} cannot be looked at"));
    };
    let free = volume.f_bavail.saturating_mul(volume.f_frsize);
    let told = format!("{place}, {mode:04o}, {} MiB free", free / MIB);
    let room = format!("df -h {place}");
    if free < NOTHING || (volume.f_files > 0 && volume.f_favail == 0) {
        Check::fail(STATE, format!("{told}: there is no room")).hint(room)
    } else if mode & 0o077 != 0 {
        Check::warn(STATE, format!("{told}: others may look at it, and it has tokens"))
            .hint(format!("chmod 700 {place}"))
    } else if free < LITTLE {
        Check::warn(STATE, format!("{told}: that is little")).hint(room)
    } else {
        Check::ok(STATE, told)
    }
}

/// How systemd sees the unit; `answers`: whether a daemon does.
pub(super) fn service(answers: bool) -> Check {
    let properties = "--property=LoadState,ActiveState,SubState,Result,NRestarts,UnitFileState";
    let Some(shown) = program::output("systemctl", &["show", "ssectld.service", properties]) else {
        return Check::skipped(SERVICE, "systemd does not answer here");
    };
    let property = |name: &str| {
        let mut lines = shown.lines().filter_map(|line| line.split_once('='));
        lines.find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    };
    let (active, sub) = (property("ActiveState"), property("SubState"));
    let told = format!("ssectld.service is {active} ({sub}), {}", property("UnitFileState"));
    match (property("LoadState"), active) {
        ("loaded", "active") => match property("NRestarts").parse::<u32>() {
            Ok(restarts @ 1..) => Check::warn(SERVICE, format!("{told}, restarted {restarts} times"))
                .hint("journalctl -u ssectld --since -1d"),
            _ => Check::ok(SERVICE, told),
        },
        ("loaded", "failed") => Check::fail(SERVICE, format!("{told}: {}", property("Result")))
            .hint("journalctl -u ssectld -n 50, then: systemctl restart ssectld"),
        ("loaded", "activating" | "reloading" | "deactivating") => {
            Check::warn(SERVICE, told).hint("systemctl status ssectld")
        }
        ("loaded", _) if answers => Check::ok(SERVICE, format!("{told}; the daemon that answers is another")),
        ("loaded", _) => Check::fail(SERVICE, told).hint("sudo systemctl enable --now ssectld"),
        ("masked", _) if !answers => {
            Check::fail(SERVICE, "ssectld.service is masked").hint("sudo systemctl unmask ssectld")
        }
        _ => Check::skipped(SERVICE, "there is no ssectld.service"),
    }
}

/// Returns where the state of the service is, if it is there.
pub(super) fn usual_state() -> Option<PathBuf> {
    let usual = PathBuf::from("/var/lib/ssectld");
    usual.is_dir().then_some(usual)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{super::check::Verdict, *};

    #[test]
    fn a_state_that_others_may_read_is_warned_of() {
        let dir = tempfile::tempdir().expect("a directory");
        for (mode, verdict) in [(0o700, Verdict::Ok), (0o750, Verdict::Warn)] {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).expect("changed");
            let check = state(Some(dir.path()));
            assert_eq!(check.result, verdict, "{check:?}");
        }
        let file = dir.path().join("file");
        fs::write(&file, "").expect("written");
        assert_eq!(state(Some(&file)).result, Verdict::Fail);
        assert_eq!(state(Some(&dir.path().join("none"))).result, Verdict::Skipped);
        assert_eq!(state(None).result, Verdict::Skipped);
    }
}
