//! What is committed is what the programs would write now: man pages, completions; and the service file is one
//! that systemd takes.

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
#[expect(clippy::print_stderr, reason = "a test that proves nothing says so")]
fn the_service_is_accepted_by_systemd_analyze() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("left out: systemd-analyze is not installed");
        return;
    }
    // The program is where the tests have it, not yet where a package puts it.
    let unit = fs::read_to_string(root().join("dist/ssectld.service")).expect("committed");
    let here = unit.replace("/usr/bin/ssectld", env!("CARGO_BIN_EXE_ssectld"));
    assert_ne!(unit, here);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("ssectld.service");
    fs::write(&path, here).expect("written");
    let verify = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output();
    let verify = verify.expect("started");
    let said = String::from_utf8_lossy(&verify.stderr);
    assert!(verify.status.success() && !said.contains("ssectld.service"), "{said}");
}
