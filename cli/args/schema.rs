//! `ssectl schema`

use clap::Args;

/// Which description is wanted.
#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// The kind of answer, as `schema` in it says without `ssectl/`; or a type, ConnectionView for example
    #[arg(value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Say which kinds there are
    #[arg(long, conflicts_with = "kind")]
    pub(crate) list: bool,
}
