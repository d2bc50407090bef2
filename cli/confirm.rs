//! Asks at the terminal before what is not easily taken back.

use std::{
    io::{self, IsTerminal, Write},
    thread,
};

use tokio::sync::oneshot;

use crate::{
    context::{Context, interrupted},
    error::CliError,
    exit::Exit,
};

/// Returns whether somebody is there to be asked.
pub(crate) fn somebody_is_there(context: &Context) -> bool {
    !context.options.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question, and fails unless the answer is yes.
pub(crate) async fn insist(question: &str) -> Result<(), CliError> {
    let answer = tokio::select! {
        // First: Ctrl-C is heard from before the question is seen.
        biased;
        () = interrupted() => {
            // The terminal is left on a line of its own.
            let _ = writeln!(io::stderr());
            return Err(CliError::new(Exit::Interrupted, "interrupted: nothing was done"));
        }
        answer = answer(question) => answer,
    };
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::new(Exit::Failed, "nothing was done")),
    }
}

async fn answer(question: &str) -> String {
    let mut stderr = io::stderr().lock();
    // Nobody to tell when this fails: then nobody answers.
    let _ = write!(stderr, "{question} [y/N] ");
    let _ = stderr.flush();
    drop(stderr);
    line().await
}

/// Reads a line; an end without one is empty. The thread is left behind when nobody waits any more: it ends with the
/// process.
async fn line() -> String {
    let (read, answer) = oneshot::channel();
    thread::spawn(move || {
        let mut line = String::new();
        // What cannot be read is no yes.
        let _ = io::stdin().read_line(&mut line);
        let _ = read.send(line);
    });
    answer.await.unwrap_or_default()
}
