//! `ssectl completions`

use clap::Args;

use crate::complete::Shell;

/// Which completions are wanted.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Completions {
    /// For this shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}
