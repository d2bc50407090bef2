//! The bans of ARCHITECTURE.md: which module never names which crate or module.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where a ban holds, and what must not be named there. `crate::` stands for the library.
const BANS: [(&str, &[&str]); 14] = [
    ("src/event.rs", &["tokio::", "axum::", "std::fs", "std::net"]),
    ("src/request_id.rs", &["tokio::", "axum::", "std::fs", "std::net"]),
    ("src/request_url.rs", &["tokio::", "axum::", "std::fs", "std::net"]),
    ("src/token.rs", &["tokio::", "axum::", "std::fs", "std::net"]),
    ("src/audience.rs", &["tokio::", "axum::", "std::fs", "std::net"]),
    ("src/registry", &["axum::", "reqwest::", "crate::services", "delivery::embedded", "delivery::gateway"]),
    ("src/delivery", &["crate::registry", "crate::services", "crate::http", "axum::"]),
    ("src/version", &["axum::", "interprocess::", "delivery::embedded", "delivery::gateway"]),
    ("src/task", &["axum::", "interprocess::", "delivery::embedded", "delivery::gateway"]),
    ("src/store", &["crate::registry", "crate::delivery", "crate::version", "crate::task", "axum::"]),
    ("src/http", &["interprocess::", "crate::control::local"]),
    ("src/control", &["crate::http::public"]),
    ("src/config", &["axum::", "tokio::", "crate::registry", "crate::delivery", "crate::services"]),
    ("src/app.rs", &["clap::", "tokio::signal"]),
];

/// What only these places may name.
const ONLY: [(&str, &[&str]); 4] = [
    ("interprocess::", &["src/control"]),
    ("prometheus::", &["src/metrics.rs", "src/metrics"]),
    ("redb::", &["src/store"]),
    ("clap::", &["cli", "daemon", "common"]),
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

/// Returns the code of a place, each line with its file, without comments and without the tests at the end.
fn code(place: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(&root.join(place), &mut found);
    let mut lines = Vec::new();
    for path in found.into_iter().filter(|path| !path.ends_with("tests.rs")) {
        let text = fs::read_to_string(&path).expect("sources are text");
        let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let shown = path.strip_prefix(root).expect("below the root").to_owned();
        let kept = product.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.extend(kept.map(|line| (shown.clone(), line.to_owned())));
    }
    lines
}

/// Returns whether a line names this: `redb::` is not named by `my_redb::`.
fn names(line: &str, what: &str) -> bool {
    let mut before = line.match_indices(what).map(|(at, _)| line[..at].chars().next_back());
    before.any(|c| c.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':'))
}

#[test]
fn modules_name_nothing_that_is_banned_there() {
    let mut broken = Vec::new();
    for (place, banned) in BANS {
        let lines = code(place);
        assert!(!lines.is_empty(), "{place} is gone: take it out of the list");
        for (path, line) in lines {
            let named = banned.iter().filter(|what| names(&line, what));
            broken.extend(named.map(|what| format!("{}: {what} in `{}`", path.display(), line.trim())));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn crates_are_named_only_in_their_places() {
    let mut broken = Vec::new();
    for (path, line) in ["src", "cli", "daemon", "common"].into_iter().flat_map(code) {
        for (what, places) in ONLY {
            if names(&line, what) && !places.iter().any(|place| path.starts_with(place)) {
                broken.push(format!("{}: {what} in `{}`", path.display(), line.trim()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
