//! What the pages say of the code: the bans of ARCHITECTURE.md (which module never names which crate or module), and
//! the tests that prove docs/promises.md.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Where a ban holds, and what must not be named there. `crate::` stands for the library.
const BANS: &[(&str, &[&str])] = &[
    ("src/event.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/request_id.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/request_url.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/short_text.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/token.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/traffic.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/audience.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/role.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/browser.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/forms.rs", &["tokio", "axum", "std::fs", "std::net"]),
    (
        "src/registry",
        &["axum", "reqwest", "crate::services", "crate::delivery::embedded", "crate::delivery::gateway"],
    ),
    ("src/delivery", &["crate::registry", "crate::services", "crate::http", "axum"]),
    ("src/version", &["axum", "interprocess", "crate::delivery::embedded", "crate::delivery::gateway"]),
    ("src/task", &["axum", "interprocess", "crate::delivery::embedded", "crate::delivery::gateway"]),
    ("src/store", &["crate::registry", "crate::delivery", "crate::version", "crate::task", "axum"]),
    ("src/http", &["interprocess", "crate::control::local"]),
    ("src/control", &["crate::http::public"]),
    ("src/config", &["axum", "tokio", "crate::registry", "crate::delivery", "crate::services"]),
    ("src/app.rs", &["clap", "tokio::signal"]),
    ("src/app", &["clap", "tokio::signal"]),
    ("src/idempotency.rs", &["axum", "interprocess", "crate::http", "crate::control"]),
    ("src/blocks.rs", &["axum", "interprocess", "crate::http", "crate::control::server"]),
    ("src/reason.rs", &["tokio", "axum", "std::fs", "std::net"]),
    ("src/order.rs", &["axum", "interprocess"]),
    ("src/audit", &["axum", "interprocess", "crate::services", "crate::http"]),
    ("src/access", &["axum", "interprocess", "crate::services", "crate::http", "crate::control"]),
    ("src/named.rs", &["axum", "interprocess", "crate::registry", "crate::version", "crate::task"]),
    ("src/reload.rs", &["axum", "interprocess"]),
    ("src/drain.rs", &["axum", "interprocess"]),
    ("src/fleet.rs", &["axum", "interprocess", "async_nats", "crate::services"]),
    ("src/services.rs", &["axum", "interprocess"]),
    ("src/admission.rs", &["axum", "interprocess"]),
    ("src/cluster", &["axum", "interprocess", "crate::http"]),
    ("src/accept.rs", &["crate::registry", "crate::version", "crate::task"]),
    ("src/outbound.rs", &["crate::registry", "crate::version", "crate::task"]),
    (
        "src/gateway",
        &["clap", "crate::registry", "crate::services", "crate::control", "crate::version", "crate::task"],
    ),
];

/// What only these places may name.
const ONLY: &[(&str, &[&str])] = &[
    ("interprocess", &["src/control"]),
    ("nix", &["src/access"]),
    ("prometheus", &["src/metrics.rs", "src/metrics"]),
    ("redb", &["src/store"]),
    ("async_nats", &["src/cluster"]),
    ("clap", &["cli", "daemon", "common"]),
];

fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("readable") {
            sources(&entry.expect("readable").path(), found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        found.push(path.to_owned());
    }
}

/// Returns every path that the code of a place names, with its file: what `use` brings in, each as a whole path, and
/// what is written out. Comments and the tests at the end of a file do not count.
fn named(place: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(&root.join(place), &mut found);
    let mut paths = Vec::new();
    for file in found.into_iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = fs::read_to_string(&file).expect("sources are text");
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = product.lines().map(|line| line.split("//").next().unwrap_or_default());
        let code = lines.collect::<Vec<_>>().join("\n");
        let shown = file.strip_prefix(root).expect("below the root").to_owned();
        for statement in code.split(';') {
            let imported = statement.split_once("use ").filter(|(before, _)| !before.contains('{'));
            match imported {
                Some((_, tree)) => expand("", tree, &mut |path| paths.push((shown.clone(), path))),
                None => {
                    let word = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
                    let written = statement.split(word).filter(|word| word.contains("::"));
                    paths.extend(written.map(|path| (shown.clone(), path.to_owned())));
                }
            }
        }
    }
    paths
}

/// Takes `a::{b, c::{d, e}}` apart: `a::b`, `a::c::d`, `a::c::e`.
fn expand(before: &str, tree: &str, found: &mut dyn FnMut(String)) {
    let (mut depth, mut start) = (0_usize, 0);
    let mut branches = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                branches.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&tree[start..]);
    for branch in branches.into_iter().map(str::trim).filter(|branch| !branch.is_empty()) {
        match branch.split_once('{') {
            Some((stem, inner)) => {
                let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
                expand(&format!("{before}{}", stem.trim()), inner, found);
            }
            None => found(format!("{before}{branch}")),
        }
    }
}

/// Returns whether a path begins with this one.
fn begins(path: &str, with: &str) -> bool {
    path.strip_prefix(with)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with(' '))
}

#[test]
fn modules_name_nothing_that_is_banned_there() {
    let mut broken = Vec::new();
    for (place, banned) in BANS {
        let paths = named(place);
        assert!(!paths.is_empty(), "{place} is gone: take it out of the list");
        for (file, path) in paths {
            if banned.iter().any(|ban| begins(&path, ban)) {
                broken.push(format!("{} names {path}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn crates_are_named_only_in_their_places() {
    let mut broken = Vec::new();
    for (file, path) in ["src", "cli", "daemon", "common"].into_iter().flat_map(named) {
        let foreign = |(what, places): &(&str, &[&str])| {
            begins(&path, what) && !places.iter().any(|place| file.starts_with(place))
        };
        if ONLY.iter().any(foreign) {
            broken.push(format!("{} names {path}", file.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn imports_are_taken_apart() {
    let mut found = Vec::new();
    expand("", "crate::{a::{B, self}, c::D as E,\n f}", &mut |path| found.push(path));
    assert_eq!(found, ["crate::a::B", "crate::a::self", "crate::c::D as E", "crate::f"]);
    assert!(begins("crate::a::B", "crate::a") && !begins("crate::ab", "crate::a"));
}

#[test]
fn every_module_has_its_row() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("readable");
    let table: String = page.lines().filter(|line| line.starts_with("| ")).collect();
    let library =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("readable");
    let declared = library.lines().filter_map(|line| {
        let name = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod "))?;
        name.strip_suffix(';').filter(|name| *name != "test_support")
    });
    for module in declared {
        let named = [format!("`{module}`"), format!("`{module}/`")].iter().any(|name| table.contains(name));
        assert!(named, "ARCHITECTURE.md does not say what lives in {module}");
    }
}

/// Returns the names of all tests.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for place in ["src", "cli", "daemon", "tests"] {
        sources(&root.join(place), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("sources are text");
        let mut marked = false;
        for line in text.lines().map(str::trim_start) {
            marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let declared = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
            if let Some((name, _)) = declared.and_then(|rest| rest.split_once('('))
                && std::mem::take(&mut marked)
            {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_promise_names_tests_that_exist() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/promises.md");
    let page = fs::read_to_string(page).expect("readable");
    let tests = tests();
    let mut count = 0;
    for promise in page.split("\n\n").filter(|part| part.starts_with("**P-")) {
        count += 1;
        let title = promise.split("**").nth(1).expect("it is there twice");
        assert!(title.starts_with(&format!("P-{count} ")), "{title}: its number is not {count}");
        let (_, proof) = promise.split_once("\n- Proven by: ").unwrap_or_else(|| panic!("{title}: no proof"));
        let proof: Vec<_> = proof.split('`').skip(1).step_by(2).collect();
        assert!(!proof.is_empty(), "{title}: no proof");
        for name in proof {
            assert!(tests.contains(name), "{title}: there is no test {name}");
        }
    }
    assert!(count > 0, "promises are no longer found");
}
