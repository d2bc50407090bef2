//! What everything runs on.

use std::time::Duration;

use crate::exit::{Exit, Failure};

/// For threads that still wait for a file, a name or a user after all else has ended: some never get an answer.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// Runs this to its end.
pub(crate) fn run(program: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Failed, error))?;
    let outcome = runtime.block_on(program);
    runtime.shutdown_timeout(LAST_THREADS);
    outcome
}
