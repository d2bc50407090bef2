//! Directories that belong to one user alone: the last resort for the state and the control socket where
//! nothing else is known.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Returns the path of this user's own directory below the temporary folder. Creates nothing.
pub fn in_temporary(folder: &Path) -> PathBuf {
    folder.join(format!("ssectld-{}", own_uid()))
}

/// Returns the user id that this process acts as.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Creates the directory with mode 0700, with its parents, if it is missing.
pub fn create(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Refuses a directory in which another user could have put something: a link, another owner, a mode that lets
/// others in.
pub fn check(dir: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(dir)?;
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if !found.is_dir() {
        return refused("it is not a directory");
    }
    if found.uid() != own_uid() {
        return refused("it belongs to another user");
    }
    if found.permissions().mode() & 0o077 != 0 {
        return refused("others may enter it: its mode must be 0700");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn own_uid_is_that_of_the_process() {
        let process = fs::metadata("/proc/self").expect("proc is mounted");
        assert_eq!(own_uid(), process.uid());
    }

    #[test]
    fn what_it_creates_passes_its_check() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = in_temporary(folder.path()).join("state");
        create(&dir).expect("created");
        create(&dir).expect("creating again is fine");
        check(&dir).expect("private");
    }

    #[test]
    fn links_and_open_directories_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let real = folder.path().join("real");
        create(&real).expect("created");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        assert!(check(&link).is_err());
        fs::set_permissions(&real, fs::Permissions::from_mode(0o755)).expect("opened");
        assert!(check(&real).is_err());
        assert_eq!(check(&folder.path().join("none")).expect_err("missing").kind(), io::ErrorKind::NotFound);
    }
}
