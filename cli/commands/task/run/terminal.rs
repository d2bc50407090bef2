//! A terminal for the command's output where ours goes to one, so that it draws and colours as if it had ours. What it
//! draws passes through us; our own terminal does with it what a terminal does.

use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::Path,
};

use rustix::{
    fs::{OFlags, fstat},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, OutputModes, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize},
};

/// A terminal: our end of it, and the command's.
pub(super) struct Terminal {
    pub(super) ours: OwnedFd,
    pub(super) theirs: File,
}

impl Terminal {
    /// Opens one that looks like this one.
    pub(super) fn like(shown: impl AsFd) -> io::Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
        let noctty = OFlags::NOCTTY.bits().try_into().map_err(io::Error::other)?;
        let theirs = OpenOptions::new().read(true).write(true).custom_flags(noctty).open(path)?;
        let mut modes = tcgetattr(&theirs)?;
        // Line ends are ours to translate, once.
        modes.output_modes.remove(OutputModes::OPOST);
        tcsetattr(&theirs, OptionalActions::Now, &modes)?;
        fit(&ours, shown)?;
        Ok(Self { ours, theirs })
    }
}

/// Returns whether both are one terminal.
pub(super) fn is_same(one: impl AsFd, other: impl AsFd) -> bool {
    let place = |end: &dyn AsFd| fstat(end.as_fd()).map(|stat| (stat.st_dev, stat.st_ino)).ok();
    let (first, second) = (place(&one), place(&other));
    first.is_some() && first == second
}

/// Makes a terminal as large as the one that it is shown on.
pub(super) fn fit(terminal: impl AsFd, shown: impl AsFd) -> io::Result<()> {
    Ok(tcsetwinsize(terminal, tcgetwinsize(shown)?)?)
}
