//! Completions: `ssectl __complete SHELL …`, which the scripts in `completions/` call at each press of Tab.
//!
//! Commands and options come from their definitions, ids from the daemon. The first line of the answer says how it is
//! meant: `values`, `open` (values that go on without a space) or `files` (the shell's own business). Then comes
//! one candidate a line. Whatever goes wrong, there are fewer candidates, nothing is said, and the exit code is 0.

mod engine;
mod live;
mod values;
mod words;

use std::{ffi::OsString, fmt::Write, path::PathBuf};

use clap::ValueEnum;

use self::{engine::Candidate, live::Daemon, words::Line};

/// A shell whose completions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// For ~/.bashrc: source <(ssectl completions bash)
    Bash,
    /// For ~/.zshrc, after compinit: source <(ssectl completions zsh)
    Zsh,
    /// For ~/.config/fish/config.fish: ssectl completions fish | source
    Fish,
}

impl Shell {
    /// Every one.
    pub(crate) const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    /// Returns its script: what packages install.
    pub(crate) fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("ssectl.bash"),
            Self::Zsh => include_str!("_ssectl"),
            Self::Fish => include_str!("ssectl.fish"),
        }
    }

    /// Returns the name of its script.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Bash => "ssectl.bash",
            Self::Zsh => "_ssectl",
            Self::Fish => "ssectl.fish",
        }
    }
}

/// Returns what is to be printed, if the first argument is `__complete`.
pub(crate) fn asked(arguments: impl IntoIterator<Item = OsString>) -> Option<String> {
    let mut arguments = arguments.into_iter().skip(1);
    arguments.next().filter(|first| first == "__complete")?;
    let rest: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
    Some(answer(&rest).unwrap_or_default())
}

fn answer(asked: &[String]) -> Option<String> {
    let (shell, rest) = asked.split_first()?;
    match Shell::from_str(shell, false).ok()? {
        Shell::Bash => {
            let line = Line::read(rest.first()?, rest.get(1).map_or("", String::as_str));
            let found = candidates(&line.words);
            Some(printed(&found, |candidate| line.insertion(&candidate.value)))
        }
        Shell::Zsh | Shell::Fish => {
            let found = candidates(rest);
            Some(printed(&found, |candidate| Some(format!("{}\t{}", candidate.value, candidate.about))))
        }
    }
}

fn candidates(words: &[String]) -> Vec<Candidate> {
    let daemon = Daemon::new(socket(words));
    engine::candidates(words, &daemon)
}

/// Returns the socket that the line names.
fn socket(words: &[String]) -> Option<PathBuf> {
    let mut words = words.iter().take_while(|word| *word != "--");
    let named = words.find_map(|word| match word.strip_prefix("--socket") {
        Some("") => Some(None),
        Some(rest) => rest.strip_prefix('=').map(|path| Some(path.to_owned())),
        None => None,
    })?;
    named.or_else(|| words.next().cloned()).map(PathBuf::from)
}

fn printed(found: &[Candidate], form: impl Fn(&Candidate) -> Option<String>) -> String {
    if found.iter().any(Candidate::is_file) {
        return "files\n".to_owned();
    }
    let open = !found.is_empty() && found.iter().all(|candidate| candidate.value.ends_with('='));
    let mut text = String::from(if open { "open\n" } else { "values\n" });
    for line in found.iter().filter_map(form).filter(|line| !line.contains('\n')) {
        // Nothing fails that writes to memory.
        let _ = writeln!(text, "{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_the_one_of_the_line() {
        let of = |line: &str| socket(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("ssectl --socket /a status"), Some("/a".into()));
        assert_eq!(of("ssectl status --socket=/a"), Some("/a".into()));
        assert_eq!(of("ssectl status"), None);
        assert_eq!(of("ssectl x -- --socket /a"), None);
    }

    fn offered(line: &str) -> Vec<String> {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        candidates(&words).into_iter().map(|candidate| candidate.value).collect()
    }

    #[test]
    fn commands_options_and_fixed_values_need_no_daemon() {
        assert_eq!(offered("ssectl conn"), ["connections"]);
        assert_eq!(offered("ssectl conn ls"), ["ls"]);
        assert_eq!(offered("ssectl connections d"), ["disconnect"]);
        assert_eq!(offered("ssectl version queue 1 --li"), ["--live-to-all"]);
        assert_eq!(offered("ssectl status -o js"), ["json", "jsonl"]);
        assert_eq!(offered("ssectl status --output=ta"), ["--output=table"]);
        assert_eq!(offered("ssectl task start fa"), ["failing"]);
        assert_eq!(offered("ssectl completions z"), ["zsh"]);
        assert_eq!(offered("ssectl schema connections.l"), ["connections.list"]);
        assert!(offered("ssectl ").contains(&"status".to_owned()));
        assert!(!offered("ssectl ").iter().any(|word| word.starts_with('-')), "commands alone");
        assert!(!offered("ssectl status --").contains(&"--json".to_owned()), "a hidden option");
    }

    #[test]
    fn fields_are_those_of_the_list() {
        assert_eq!(offered("ssectl connections list --columns request_id,ag"), ["request_id,age"]);
        assert_eq!(offered("ssectl task list --sort -star"), ["-started"]);
        assert_eq!(offered("ssectl audit --filter outc"), ["outcome="]);
        assert_eq!(offered("ssectl version list --filter=seq"), ["--filter=sequence="]);
        assert_eq!(
            printed(
                &candidates(&["ssectl".into(), "audit".into(), "--filter".into(), "out".into()]),
                |one| Some(one.value.clone())
            ),
            "open\noutcome=\n"
        );
    }

    #[test]
    fn files_are_left_to_the_shell() {
        for line in ["ssectl version queue 1 --changelog-file ", "ssectl --socket /r", "ssectl --socket=/r"] {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(printed(&candidates(&words), |_| None), "files\n", "{line}");
        }
    }

    #[test]
    fn what_cannot_be_completed_is_no_failure() {
        for asked in
            [&["__complete"][..], &["__complete", "csh"], &["__complete", "bash"], &["__complete", "zsh"]]
        {
            let arguments = ["ssectl"].iter().chain(asked).map(OsString::from);
            assert!(
                super::asked(arguments).is_some_and(|text| text.is_empty() || text == "values\n"),
                "{asked:?}"
            );
        }
        assert!(super::asked(["ssectl", "status"].map(OsString::from)).is_none());
    }
}
