//! `ssectl doctor`

use std::{path::PathBuf, time::Duration};

use clap::Args;
use hyper::{
    Uri,
    header::{HeaderName, HeaderValue},
};

use crate::parse;

#[derive(Args, Debug)]
#[allow(rustdoc::bare_urls, reason = "the texts are the help of a terminal")]
pub(crate) struct Doctor {
    /// Check these settings [default: those of the daemon that answers, else /etc/ssectld/ssectld.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Also open a stream here, as a browser does through all proxies: https://app.example.org/api/sse/stream
    ///
    /// A request id of its own is added, unless the URL has one. Where the daemon answers on its control socket, an
    /// event is sent to that request id, and nobody else.
    #[arg(long, value_name = "URL", value_parser = parse::web_address)]
    pub(crate) url: Option<Uri>,
    /// Open it as a page of this origin does: https://app.example.org
    #[arg(long, value_name = "ORIGIN", requires = "url", value_parser = parse::field_value)]
    pub(crate) origin: Option<HeaderValue>,
    /// Send this with it, a cookie for example: may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", requires = "url", value_parser = parse::field)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Keep it open for so long, to see whether a proxy ends it
    #[arg(long, value_name = "TIME", requires = "url", value_parser = parse::duration)]
    pub(crate) idle: Option<Duration>,
}
