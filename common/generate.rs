//! Completions and man pages from a program's clap definition: `PROGRAM generate completions|man --out DIR`.
//!
//! Both programs include this file. The command is recognised before the others are, so that neither help nor
//! completions know it. What it writes is committed; `tests/generated.rs` keeps that fresh.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Parser;
use clap_complete::Shell;
use clap_mangen::Man;

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
    /// One page for the program and for each of its commands
    Man,
}

/// What a program's man page says besides its arguments.
pub(crate) struct Manual {
    /// The manual's section.
    pub(crate) section: &'static str,
    /// More sections of the program's own page: the title, and what is explained how.
    pub(crate) more: &'static [(&'static str, &'static [(&'static str, &'static str)])],
}

impl Generate {
    /// Returns what is to be written, if the first argument is `generate`. Ends the process on wrong usage.
    pub(crate) fn asked(arguments: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut arguments = arguments.into_iter().skip(1).peekable();
        let asked = arguments.peek().is_some_and(|first| first == "generate");
        asked.then(|| Self::parse_from(arguments))
    }

    /// Writes the files.
    pub(crate) fn run(&self, mut program: clap::Command, manual: &Manual) -> io::Result<()> {
        fs::create_dir_all(&self.out)?;
        match self.what {
            What::Completions => {
                let name = program.get_name().to_owned();
                for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                    clap_complete::generate_to(shell, &mut program, &name, &self.out)?;
                }
                Ok(())
            }
            What::Man => {
                let mut program = program.disable_help_subcommand(true);
                program.build();
                page(&program, manual, &self.out, manual.more)
            }
        }
    }
}

type Sections = [(&'static str, &'static [(&'static str, &'static str)])];

fn page(command: &clap::Command, manual: &Manual, out: &Path, more: &Sections) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        page(sub, manual, out, &[])?;
    }
    let man = Man::new(command.clone()).section(manual.section);
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut text)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    for (title, items) in more {
        writeln!(text, ".SH \"{title}\"")?;
        for (term, explanation) in *items {
            writeln!(text, ".TP\n\\fB{}\\fR\n{}", roff(term), roff(explanation))?;
        }
    }
    if command.get_after_help().is_some() || command.get_after_long_help().is_some() {
        man.render_extra_section(&mut text)?;
    }
    fs::write(out.join(man.get_filename()), text)
}

/// Escapes a text for roff: backslashes, dashes that are typed, and a dot or quote at the start of a line.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}
