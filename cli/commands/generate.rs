//! `ssectl generate`: hidden; what is committed in `completions/` and `man/` comes from here.

use std::{fs, io, path::Path};

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::{
    args::{Cli, Generate, Generated},
    error::{CliError, Outcome},
    exit::Exit,
};

pub(super) fn run(order: &Generate) -> Outcome {
    let written = fs::create_dir_all(&order.out).and_then(|()| match order.what {
        Generated::Completions => completions(&order.out),
        Generated::Man => clap_mangen::generate_to(Cli::command(), &order.out),
    });
    let wrong =
        |error| CliError::new(Exit::Failed, format!("cannot write to {}", order.out.display())).cause(error);
    written.map_err(wrong).map(|()| Exit::Ok)
}

fn completions(dir: &Path) -> io::Result<()> {
    let shells = Shell::value_variants()
        .iter()
        .filter(|shell| matches!(shell, Shell::Bash | Shell::Fish | Shell::Zsh));
    for shell in shells {
        clap_complete::generate_to(*shell, &mut Cli::command(), "ssectl", dir)?;
    }
    Ok(())
}
