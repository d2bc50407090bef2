//! `ssectl task run`: a command of one's own as a task that browsers see. Whatever happens to the daemon, the command
//! runs, its output passes, and its exit code is ours.

mod child;
mod marks;
mod news;
mod relay;
mod reporter;
mod terminal;

use std::{sync::Arc, time::Duration};

use self::{
    child::{Child, Ended},
    news::News,
    reporter::Reporter,
};
use crate::{
    args::{Options, RunTask},
    error::CliError,
};

/// How long the command's output may go on, once the command has ended, before its end is told. A child of it that keeps
/// the output open does not hold it up for longer.
const REST: Duration = Duration::from_secs(1);

/// Runs a command to its end. Returns its exit code.
pub(crate) async fn run(options: &Options, order: RunTask) -> Result<u8, CliError> {
    let news = Arc::new(News::default());
    let mut reporter = Reporter::new(options, &order, Arc::clone(&news));
    reporter.begin(&order).await?;
    let mut child = match Child::start(&order, reporter.environment(), &news) {
        Ok(child) => child,
        Err(error) => {
            reporter.finish(&Ended::Exited(error.exit as u8)).await;
            return Err(error);
        }
    };
    let ended = tokio::select! {
        ended = child.ended() => ended,
        never = reporter.report() => match never {},
    };
    tokio::select! {
        _ = tokio::time::timeout(REST, child.passed_on()) => {}
        never = reporter.report() => match never {},
    }
    reporter.finish(&ended).await;
    child.passed_on().await;
    Ok(ended.code())
}
