//! The gateway: as the daemon knows it, and tried from here.

use std::time::Duration;

use hyper::{HeaderMap, Uri};
use ssectl_core::control::types::Status;

use super::{check::Check, http};

const ID: &str = "gateway";

/// Whether the gateway can be reached; `configured` is its URL in the settings, for when no daemon answers.
pub(super) async fn check(status: Option<&Status>, configured: Option<String>, limit: Duration) -> Check {
    let known = status.and_then(|status| status.gateway.as_ref());
    let url = known.map(|known| known.url.clone()).or(configured.filter(|_| status.is_none()));
    let Some(url) = url else {
        return Check::skipped(
            ID,
            match status {
                Some(status) => format!("there is none in {} mode", status.mode),
                None => "neither the daemon nor settings name one".to_owned(),
            },
        );
    };
    let tried = attempt(&url, limit).await;
    let advice = format!("see that it runs and listens at {url} (gateway.url)");
    match (known.and_then(|known| known.trouble.as_ref()), tried) {
        (Some(trouble), Err(why)) => {
            Check::fail(ID, format!("{trouble}; from here: {url}: {why}")).hint(advice)
        }
        (Some(trouble), Ok(())) => {
            Check::fail(ID, format!("{trouble}; from here it answers at {url}")).hint(advice)
        }
        (None, Err(why)) if known.is_some() => Check::warn(
            ID,
            format!("from here {url} cannot be reached: {why}; the daemon has no trouble with it so far"),
        )
        .hint(advice),
        (None, Err(why)) => Check::fail(ID, format!("{url} cannot be reached: {why}")).hint(advice),
        (None, Ok(())) => Check::ok(ID, format!("it answers at {url}")),
    }
}

/// Any answer in HTTP will do: what a gateway has at this path is its own affair.
async fn attempt(url: &str, limit: Duration) -> Result<(), String> {
    let uri: Uri =
        format!("{}/healthz", url.trim_end_matches('/')).parse().map_err(|_| "it is no URL".to_owned())?;
    http::get(&uri, HeaderMap::new(), limit).await.map(drop).map_err(|error| error.to_string())
}
