//! Completions and man pages from a program's definitions: `PROGRAM generate completions|man --out DIR`.
//!
//! Both programs include this file. The command is recognised before the others are, so that neither help nor
//! completions know it. What it writes is committed; `tests/generated.rs` keeps that fresh.

use std::{ffi::OsString, fs, io, path::PathBuf};

use clap::Parser;
use clap_complete::Shell;

#[path = "manual.rs"]
pub(crate) mod manual;
#[path = "page.rs"]
pub(crate) mod page;

use manual::Manual;

/// What `generate` takes.
#[derive(Debug, Parser)]
#[command(name = "generate")]
pub(crate) struct Generate {
    /// What to write
    what: What,
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum What {
    /// For bash, zsh and fish
    Completions,
    /// One page for the program and for each of its commands, and those about more than commands
    Man,
}

impl Generate {
    /// Returns what is to be written, if the first argument is `generate`. Ends the process on wrong usage.
    pub(crate) fn asked(arguments: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut arguments = arguments.into_iter().skip(1).peekable();
        let asked = arguments.peek().is_some_and(|first| first == "generate");
        asked.then(|| Self::parse_from(arguments))
    }

    /// Writes the files; scripts of its own are the program's completions, where it has them.
    pub(crate) fn run(
        &self,
        mut program: clap::Command,
        manual: &Manual,
        scripts: &[(&str, &str)],
    ) -> io::Result<()> {
        fs::create_dir_all(&self.out)?;
        match self.what {
            What::Completions if !scripts.is_empty() => {
                scripts.iter().try_for_each(|(file, script)| fs::write(self.out.join(file), script))
            }
            What::Completions => {
                let name = program.get_name().to_owned();
                for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                    clap_complete::generate_to(shell, &mut program, &name, &self.out)?;
                }
                Ok(())
            }
            What::Man => manual.pages(program).iter().try_for_each(|page| page.write(&self.out)),
        }
    }
}
