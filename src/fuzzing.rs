//! One entry for each parser of bytes that others wrote. Each takes any bytes: a panic is the finding.
//!
//! `fuzz/` feeds them what it makes up; the tests here, what it has found worth keeping.

use std::net::Ipv4Addr;

use serde::de::DeserializeOwned;

use crate::{
    app, config, control,
    control::types::{Disconnect, Keyed, SendEvent},
    event::{EventName, JsonLine},
    gateway,
    hosts::{HostPattern, Hosts},
    http,
    network::Network,
    request_id::RequestId,
    request_url,
    store::{self, Contents, Table, archive},
    stream,
    task::{CreateTask, EndTask, ReportProgress},
    token::Token,
    version::{ClearVersion, QueueVersion},
};

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its file in `fuzz/fuzz_targets`.
pub const TARGETS: [(&str, Target); 9] = [
    ("head", head),
    ("request_id", request_id),
    ("callback", callback),
    ("send", send),
    ("control", control),
    ("config", config),
    ("answer", answer),
    ("record", record),
    ("value", value),
];

/// A request's head, at the daemon and at a gateway.
pub fn head(bytes: &[u8]) {
    stream::head::fuzz(bytes);
    gateway::head::fuzz(bytes);
}

/// The request id in a URL: what is found is one.
pub fn request_id(bytes: &[u8]) {
    let url = String::from_utf8_lossy(bytes);
    let _ = request_url::query_value(&url, "secret");
    if let Ok(id) = request_url::request_id(&url) {
        assert_eq!(id.as_str().parse::<RequestId>().as_ref(), Ok(&id));
        assert!(id.as_str().len() <= RequestId::MAX_BYTES);
        assert!(!id.as_str().chars().any(|c| c.is_control() || c.is_whitespace() || c == ':'));
    }
}

/// The body of a gateway's callback.
pub fn callback(bytes: &[u8]) {
    http::callback::fuzz(bytes);
}

/// The body of an order to a gateway.
pub fn send(bytes: &[u8]) {
    gateway::order::fuzz(bytes);
}

/// The bodies of the control API. What is understood is written as it is read.
pub fn control(bytes: &[u8]) {
    fn read<T: DeserializeOwned + serde::Serialize>(bytes: &[u8]) -> Option<T> {
        let order: T = serde_json::from_slice(bytes).ok()?;
        let written = serde_json::to_vec(&order).expect("what was read can be written");
        assert!(serde_json::from_slice::<T>(&written).is_ok());
        Some(order)
    }
    read::<QueueVersion>(bytes);
    read::<ClearVersion>(bytes);
    read::<CreateTask>(bytes);
    read::<ReportProgress>(bytes);
    read::<EndTask>(bytes);
    read::<Disconnect>(bytes);
    read::<Keyed>(bytes);
    if let Some(event) = read::<SendEvent>(bytes) {
        let _ = EventName::for_application(&event.name);
        line(event.data.get());
    }
}

/// A configuration file.
pub fn config(bytes: &[u8]) {
    config::fuzz(&String::from_utf8_lossy(bytes));
}

/// What a daemon answers `ssectl`.
pub fn answer(bytes: &[u8]) {
    control::client::fuzz(bytes);
}

/// A record of the state, as whoever owns it reads it; and an export of a state.
pub fn record(bytes: &[u8]) {
    store::redb::fuzz(bytes);
    for table in Table::ALL {
        let records = vec![(table, "key".to_owned(), bytes.to_vec())];
        let _ = app::loadable(&Contents { records, commits: 1, closed: true });
    }
    if let Ok(contents) = archive::read(&String::from_utf8_lossy(bytes)) {
        let _ = app::loadable(&contents);
        let written = archive::write(&contents).expect("what was read can be written");
        assert_eq!(archive::read(&written), Ok(contents));
    }
}

/// Small values, as settings, headers and orders have them.
pub fn value(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = (text.parse::<Token>(), text.parse::<Network>(), EventName::for_application(&text));
    let listed = if text.parse::<HostPattern>().is_ok() { vec![text.to_string()] } else { Vec::new() };
    let _ = Hosts::new((Ipv4Addr::LOCALHOST, 80).into(), &listed).admits(&text);
    line(&text);
}

/// One line means the same as what it was made of.
fn line(text: &str) {
    if let Ok(line) = JsonLine::compact(text) {
        assert!(!line.as_str().contains(['\r', '\n']));
        let meaning = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        assert_eq!(meaning(line.as_str()), meaning(text));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use super::*;

    fn fuzz() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
    }

    fn names(directory: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{directory:?}: {error}"));
        let name = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
        entries.map(|entry| name(entry.expect("readable").path())).collect()
    }

    #[test]
    fn what_fuzzing_found_worth_keeping_is_taken_whole_and_cut() {
        for (name, target) in TARGETS {
            let corpus = fuzz().join("corpus").join(name);
            let mut count = 0;
            for entry in fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{corpus:?}: {error}")) {
                let bytes = fs::read(entry.expect("readable").path()).expect("readable");
                for end in (0..=bytes.len()).rev().step_by(1 + bytes.len() / 200) {
                    target(&bytes[..end]);
                }
                count += 1;
            }
            assert!(count > 0, "{name} has no corpus");
        }
    }

    #[test]
    fn every_target_can_be_fuzzed() {
        let names_here: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names(&fuzz().join("fuzz_targets")), names_here);
        assert_eq!(names(&fuzz().join("corpus")), names_here);
        let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("readable");
        for name in names_here {
            let target = format!("fuzz_targets/{name}.rs");
            assert!(manifest.contains(&format!("path = \"{target}\"")), "{target} is not built");
            let code = fs::read_to_string(fuzz().join(&target)).expect("readable");
            assert!(code.contains(&format!("ssectl_core::fuzzing::{name}(")), "{target}: {code}");
        }
    }
}
