//! What is committed is what the programs would write now: man pages, completions; and the service file is one
//! that systemd takes.

#[path = "generated/types.rs"]
mod types;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PROGRAMS: [(&str, &str); 2] =
    [("ssectl", env!("CARGO_BIN_EXE_ssectl")), ("ssectld", env!("CARGO_BIN_EXE_ssectld"))];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("what is generated is text"))
    };
    entries.map(|entry| read(entry.expect("readable").path())).collect()
}

/// Compares what both programs write with a committed directory.
fn assert_fresh(what: &str, committed: &str) {
    let written = tempfile::tempdir().expect("a temporary folder");
    let mut commands = Vec::new();
    for (name, program) in PROGRAMS {
        let run = Command::new(program).args(["generate", what, "--out"]).arg(written.path()).status();
        assert!(run.expect("started").success(), "{name} generate {what}");
        commands.push(format!("cargo run --bin {name} -- generate {what} --out {committed}"));
    }
    let (now, before) = (files(written.path()), files(&root().join(committed)));
    let all: std::collections::BTreeSet<_> = now.keys().chain(before.keys()).collect();
    let stale: Vec<_> = all.into_iter().filter(|name| now.get(*name) != before.get(*name)).collect();
    assert!(
        stale.is_empty(),
        "{committed}/ is not what the programs write now: {stale:?}\nrm -r {committed} && {}",
        commands.join(" && ")
    );
}

#[test]
fn man_pages_are_fresh() {
    assert_fresh("man", "man");
}

#[test]
fn completions_are_fresh() {
    assert_fresh("completions", "completions");
}

#[test]
fn generating_is_hidden() {
    for (name, program) in PROGRAMS {
        let help = Command::new(program).arg("--help").output().expect("started");
        assert!(!String::from_utf8_lossy(&help.stdout).contains("generate"), "{name}");
    }
}

#[test]
fn mandb_finds_nothing_wrong_with_the_pages() {
    if Command::new("man").arg("--version").output().is_err() {
        left_out("man is not installed");
        return;
    }
    let folder = root().join("man");
    let names: Vec<_> = files(&folder).into_keys().collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let mut man = Command::new("man");
        man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]).arg(folder.join(&name));
        man.env("MANROFFSEQ", "").env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80");
        let run = man.output().expect("started");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success() && said.is_empty(), "{name}: {said}");
    }
}

#[test]
fn every_page_that_is_named_is_there() {
    let pages = files(&root().join("man"));
    for (name, text) in &pages {
        assert!(text.contains("\n.SH SEE ALSO\n") || text.contains("\n.SH \"SEE ALSO\"\n"), "{name}");
        for reference in text.lines().filter_map(|line| line.strip_prefix(".BR ")) {
            let named = reference.replace("\\-", "-").replace(',', "");
            let file = named.replace(" (", ".").replace(')', "");
            assert!(pages.contains_key(&file) || file.starts_with("systemd."), "{name} names {named}");
        }
    }
}

/// Copies the units to a folder as they are when the program is where the tests have it, not yet where a package
/// puts it.
fn units() -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let names =
        ["ssectld.service", "ssectld-public.socket", "ssectld-internal.socket", "ssectld-control.socket"];
    let copies = names.map(|name| {
        let unit = fs::read_to_string(root().join("dist").join(name)).expect("committed");
        let here = PROGRAMS.iter().rev().fold(unit.clone(), |unit, (program, path)| {
            unit.replace(&format!("/usr/bin/{program} "), &format!("{path} "))
        });
        assert_eq!(unit == here, name.ends_with(".socket"), "{name}");
        let path = dir.path().join(name);
        fs::write(&path, here).expect("written");
        path
    });
    (dir, copies.into())
}

#[expect(clippy::print_stderr, reason = "a test that proves nothing says so")]
fn left_out(why: &str) {
    eprintln!("left out: {why}");
}

/// Returns `systemd-analyze` with these arguments, where it is installed.
fn systemd_analyze(arguments: &[&str]) -> Option<Command> {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        left_out("systemd-analyze is not installed");
        return None;
    }
    let mut command = Command::new("systemd-analyze");
    command.args(arguments);
    Some(command)
}

#[test]
fn the_units_are_accepted_by_systemd_analyze() {
    let Some(mut verify) = systemd_analyze(&["verify", "--man=no"]) else { return };
    let (_dir, units) = units();
    let verify = verify.args(units).output().expect("started");
    let said = String::from_utf8_lossy(&verify.stderr);
    assert!(verify.status.success() && !said.contains("ssectld"), "{said}");
}

#[test]
fn the_drop_ins_are_accepted_by_systemd_analyze() {
    let page = fs::read_to_string(root().join("docs/systemd.md")).expect("committed");
    let drop_ins: Vec<_> =
        page.split("```ini\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    assert!(drop_ins.len() >= 3, "{drop_ins:?}");
    for (text, fine) in
        drop_ins.into_iter().map(|text| (text, true)).chain([("[Service]\nNonsense=1", false)])
    {
        let Some(mut verify) = systemd_analyze(&["verify", "--man=no"]) else { return };
        let (dir, units) = units();
        let place = dir.path().join("ssectld.service.d");
        fs::create_dir(&place).expect("made");
        fs::write(place.join("override.conf"), text).expect("written");
        let verify = verify.arg(&units[0]).output().expect("started");
        let said = String::from_utf8_lossy(&verify.stderr);
        assert_eq!(verify.status.success() && !said.contains("override.conf"), fine, "{text}: {said}");
    }
}

#[test]
fn the_service_is_locked_in_as_measured_by_systemd_analyze() {
    let most = ["security", "--offline=true", "--no-pager", "--threshold=15"];
    let Some(mut security) = systemd_analyze(&most) else { return };
    let (_dir, units) = units();
    let security = security.arg(&units[0]).output().expect("started");
    let said = String::from_utf8_lossy(&security.stdout);
    assert!(security.status.success(), "more than 1.5: {said}");
}
