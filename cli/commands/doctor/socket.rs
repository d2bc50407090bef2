//! The control socket: which one, why, what its file is like, and whether this user may open it.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use rustix::process::{getegid, getgroups};
use ssectl_core::{
    control::discovery::{self, Candidate, DiscoveryError, Environment, Why},
    private_dir::own_uid,
};

use super::{
    check::{Check, Verdict, failure},
    program,
};
use crate::{args::Options, error::CliError};

const SOCKET: &str = "socket";
const GROUP: &str = "group";
/// What the last three digits of a mode let a group and others do with a socket.
const GROUP_MAY: u32 = 0o060;
const OTHERS_MAY: u32 = 0o006;

/// Where the daemon is to be asked.
pub(super) struct Place {
    /// The socket, unless it is not clear which.
    pub(super) at: Option<Candidate>,
    /// What its file is like.
    file: Option<File>,
    /// Why it is that one.
    pub(super) check: Check,
}

/// What the file of a socket is like; its directory's owner and group where that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    mode: u32,
    uid: u32,
    gid: u32,
}

/// Looks for the socket as every command does.
pub(super) fn find(options: &Options) -> Place {
    let environment = Environment::read();
    let tried = discovery::survey(options.socket.as_deref(), &environment);
    let passed_over = |chosen: &Candidate| {
        let others = tried.iter().filter(|(at, _)| at.path != chosen.path);
        let said: Vec<_> = others.filter_map(|(at, found)| Some((at, found.as_ref().err()?))).collect();
        let said = said.iter().map(|(at, why)| format!("{} ({}): {}", at.path.display(), at.why, plain(why)));
        let said = said.collect::<Vec<_>>().join(", ");
        if said.is_empty() { said } else { format!("; not {said}") }
    };
    match discovery::live_socket(options.socket.as_deref(), &environment) {
        Ok(at) => {
            let (file, found) = examine(&at.path);
            let told = format!("{} ({}{})", at.path.display(), at.why, passed_over(&at));
            let check = match (found, &file) {
                (Err(why), _) => Check::fail(SOCKET, format!("{told}: {why}"))
                    .hint("start it: ssectld, or systemctl start ssectld; or name its socket with --socket"),
                (Ok(()), Some(file)) => Check::ok(SOCKET, format!("{told}, {}", file.described())),
                (Ok(()), None) => Check::ok(SOCKET, told),
            };
            Place { at: Some(at), file, check }
        }
        Err(error) => {
            let closed = denied(&error);
            let file = closed.as_ref().and_then(|at| examine(&at.path).0);
            Place { at: closed, file, check: failure(SOCKET, CliError::from(error)) }
        }
    }
}

/// Returns the socket that may not be opened, if that is why none answers.
fn denied(error: &DiscoveryError) -> Option<Candidate> {
    let (DiscoveryError::Silent(tried) | DiscoveryError::Nowhere(tried)) = error else { return None };
    let refused = |(at, error): &&(Candidate, io::Error)| {
        error.kind() == io::ErrorKind::PermissionDenied && at.why != Why::Temporary
    };
    tried.iter().find(refused).map(|(at, _)| at.clone())
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody listens".to_owned(),
        _ => error.to_string(),
    }
}

fn examine(path: &Path) -> (Option<File>, Result<(), String>) {
    let file = |found: &fs::Metadata| File { mode: found.mode() & 0o777, uid: found.uid(), gid: found.gid() };
    match fs::metadata(path) {
        Ok(found) if found.file_type().is_socket() => (Some(file(&found)), Ok(())),
        Ok(_) => (None, Err("that is no socket".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let dir = path.parent().and_then(|dir| fs::metadata(dir).ok());
            (dir.as_ref().map(file), Ok(()))
        }
        Err(error) => (None, Err(plain(&error))),
    }
}

impl File {
    fn described(&self) -> String {
        format!("{:04o} {}:{}", self.mode, user_name(self.uid), group_name(self.gid))
    }
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Who {
    uid: u32,
    name: String,
    /// The groups of this process.
    groups: Vec<u32>,
    /// Those that the system's database has for the user.
    in_database: Vec<u32>,
}

impl Who {
    fn look() -> Self {
        let mut groups: Vec<u32> =
            getgroups().unwrap_or_default().into_iter().map(rustix::process::Gid::as_raw).collect();
        groups.push(getegid().as_raw());
        let uid = own_uid();
        let name = user_name(uid);
        // `id` asks whatever databases the system has.
        let listed = program::output("id", &["-G", "--", &name]).unwrap_or_default();
        let in_database = listed.split_whitespace().filter_map(|gid| gid.parse().ok()).collect();
        Self { uid, name, groups, in_database }
    }
}

/// Whether this user may open the socket; `answers`: they just did.
pub(super) fn group(place: &Place, answers: bool) -> Check {
    match &place.file {
        None => Check::skipped(GROUP, "there is no socket to look at"),
        Some(file) => match membership(file, &Who::look(), &group_name(file.gid)) {
            check if check.result == Verdict::Ok || !answers => check,
            _ => Check::ok(GROUP, "this user may open it"),
        },
    }
}

fn membership(file: &File, who: &Who, group: &str) -> Check {
    let Who { uid, name, .. } = who;
    if *uid == 0 {
        return Check::ok(GROUP, "root may open it");
    }
    if *uid == file.uid {
        return Check::ok(GROUP, format!("{name} owns it"));
    }
    if file.mode & OTHERS_MAY == OTHERS_MAY {
        return Check::ok(GROUP, "everybody may open it, roles alone decide");
    }
    if file.mode & GROUP_MAY == 0 {
        return Check::fail(
            GROUP,
            format!("its mode {:04o} lets only its owner in, {name} is another", file.mode),
        )
        .hint("use sudo; or set control.open_to = \"group\" and restart ssectld");
    }
    if who.groups.contains(&file.gid) {
        return Check::ok(GROUP, format!("{name} is in the group {group}"));
    }
    if who.in_database.contains(&file.gid) {
        return Check::fail(GROUP, format!("{name} was added to the group {group} after this login began"))
            .hint(format!("log in again, or, for this terminal: newgrp {group}"));
    }
    Check::fail(GROUP, format!("{name} is not in the group {group}, which it is for"))
        .hint(format!("sudo usermod -aG {group} {name}, and log in again; or use sudo"))
}

fn user_name(uid: u32) -> String {
    program::output("id", &["-un", "--", &uid.to_string()]).unwrap_or_else(|| uid.to_string())
}

fn group_name(gid: u32) -> String {
    crate::error::group_name(gid).unwrap_or_else(|| gid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_be_let_in_or_not_is_told_apart() {
        let file = |mode| File { mode, uid: 900, gid: 901 };
        let who = |uid, groups: &[u32], in_database: &[u32]| Who {
            uid,
            name: "alice".to_owned(),
            groups: groups.to_vec(),
            in_database: in_database.to_vec(),
        };
        let cases = [
            (file(0o600), who(0, &[0], &[0]), Verdict::Ok, "root"),
            (file(0o600), who(900, &[5], &[5]), Verdict::Ok, "owns"),
            (file(0o666), who(1000, &[5], &[5]), Verdict::Ok, "everybody"),
            (file(0o660), who(1000, &[5, 901], &[]), Verdict::Ok, "is in the group operators"),
            (file(0o660), who(1000, &[5], &[5, 901]), Verdict::Fail, "after this login began"),
            (file(0o660), who(1000, &[5], &[5]), Verdict::Fail, "is not in the group"),
            (file(0o600), who(1000, &[901], &[901]), Verdict::Fail, "only its owner"),
        ];
        for (file, who, verdict, words) in cases {
            let check = membership(&file, &who, "operators");
            assert_eq!(check.result, verdict, "{check:?}");
            assert!(check.message.contains(words), "{check:?}");
            assert_eq!(check.hint.is_some(), verdict == Verdict::Fail, "{check:?}");
        }
        let late = membership(&file(0o660), &who(1000, &[5], &[901]), "operators");
        assert!(late.hint.expect("a hint").contains("newgrp operators"));
    }

    #[test]
    fn this_process_is_known() {
        let who = Who::look();
        assert_eq!(who.uid, own_uid());
        assert!(who.groups.contains(&getegid().as_raw()));
    }
}
