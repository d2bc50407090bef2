//! What every story stands on: the real binaries as processes, and plain HTTP to talk to them.

pub mod chromium;
mod cli;
pub mod contract;
mod daemon;
pub mod gateway;
pub mod http;
pub mod in_process;
mod metrics;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "nats")]
pub mod nats_login;
pub mod page;
pub mod screen;
pub mod session;
pub mod shell;
pub mod sockets;
pub mod terminal;
pub mod told;
mod verbs;

use std::{future::Future, path::Path, time::Duration};

pub use cli::{Cli, Output, finish};
pub use daemon::{Daemon, Home};
pub use http::Response;
pub use metrics::Metrics;

/// The longest that anything may take. Only a failing test ever waits for it.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Waits for an event, and fails the test when it does not come.
pub async fn within<F: Future>(what: &str, event: F) -> F::Output {
    match tokio::time::timeout(LIMIT, event).await {
        Ok(output) => output,
        Err(_) => panic!("waited {LIMIT:?} in vain for {what}"),
    }
}

/// Returns whether a program is there; if not, says so.
pub fn is_installed(program: &str) -> bool {
    let places = ["/bin", "/usr/bin", "/usr/local/bin", "/usr/sbin", "/sbin"];
    let found = places.iter().any(|place| Path::new(place).join(program).exists());
    if !found {
        eprintln!("left out: {program} is not installed");
    }
    found
}

/// Asks again until the answer is there: for what the product tells on request only.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let mut again = tokio::time::interval(Duration::from_millis(10));
    within(what, async {
        loop {
            again.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    })
    .await
}
