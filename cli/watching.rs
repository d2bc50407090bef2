//! What is asked again and again, with `--watch`: drawn in place on a terminal, lines elsewhere.

use std::{
    fmt::Write,
    io::{self, IsTerminal},
    time::Duration,
};

use ssectl_core::control::client::{Answer, ClientError};

use crate::{
    args::Format,
    context::{Context, interrupted},
    error::{CliError, Outcome},
    exit::Exit,
    output::terminal_width,
    table::cut,
};

/// In what form an answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A screen of so many columns, in the place of the one before.
    Screen(Option<usize>),
    /// Lines for a program, after those before.
    Lines,
}

/// Asks until it is interrupted, and shows each answer. A daemon that goes away is waited for.
pub(crate) async fn run<T>(
    context: &Context,
    every: Duration,
    ask: impl AsyncFn() -> Result<Answer<T>, ClientError>,
    show: impl FnMut(&Answer<T>, Form) -> String,
) -> Outcome {
    check(context)?;
    tokio::select! {
        // First: Ctrl-C is heard from before anything is shown.
        biased;
        () = interrupted() => Ok(Exit::Interrupted),
        ended = again_and_again(context, every, ask, show) => ended,
    }
}

fn check(context: &Context) -> Result<(), CliError> {
    let drawn = matches!(context.out.format(), Format::Table | Format::Wide);
    if context.out.format() == Format::Jsonl || drawn && io::stdout().is_terminal() {
        return Ok(());
    }
    Err(CliError::usage("--watch draws on a terminal, and stdout is none")
        .hint("for a program: --watch -o jsonl"))
}

async fn again_and_again<T>(
    context: &Context,
    every: Duration,
    ask: impl AsyncFn() -> Result<Answer<T>, ClientError>,
    mut show: impl FnMut(&Answer<T>, Form) -> String,
) -> Outcome {
    let out = &context.out;
    let lines = out.format() == Format::Jsonl;
    let (mut is_away, mut began) = (false, "\x1b[2J");
    loop {
        match context.ask(ask()).await {
            Ok(answer) if lines => {
                if std::mem::take(&mut is_away) {
                    out.note("the daemon is back");
                }
                out.print(&show(&answer, Form::Lines), Exit::Ok)?;
            }
            Ok(answer) => {
                is_away = false;
                let (width, height) = (terminal_width(), terminal_height());
                let screen = drawn(&show(&answer, Form::Screen(width)), width, height);
                out.print(&format!("{}{screen}", std::mem::take(&mut began)), Exit::Ok)?;
            }
            // A daemon that restarts may break off an answer.
            Err(error) if matches!(error.exit, Exit::Unreachable | Exit::NoAnswer) => {
                if !std::mem::replace(&mut is_away, true) {
                    out.note("the daemon cannot be reached; waiting for it");
                }
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(every).await;
    }
}

fn terminal_height() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(_, height)| usize::from(height.0))
}

/// Returns what draws a screen over the one before: as much of it as there is room for above the cursor.
fn drawn(text: &str, width: Option<usize>, height: Option<usize>) -> String {
    let all: Vec<&str> = text.lines().collect();
    let room = height.map_or(all.len(), |height| height.saturating_sub(1).max(1));
    let shown = if all.len() > room { room - 1 } else { all.len() };
    let mut screen = "\x1b[H".to_owned();
    let mut line = |text: &str| {
        let text = width.map_or_else(|| text.to_owned(), |width| cut(text, width));
        // Writing to a string does not fail.
        let _ = writeln!(screen, "{text}\x1b[K");
    };
    all[..shown].iter().for_each(|text| line(text));
    if shown < all.len() {
        line(&format!("… {} more lines", all.len() - shown));
    }
    screen + "\x1b[J"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_drawn_over_the_one_before_and_never_scrolls() {
        assert_eq!(drawn("a\nb\n", Some(80), Some(24)), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(drawn("abcdef\n", Some(4), None), "\x1b[Habc…\x1b[K\n\x1b[J");
        let tall: String = (0..30).map(|line| format!("{line}\n")).collect();
        let screen = drawn(&tall, None, Some(10));
        assert_eq!(screen.matches('\n').count(), 9);
        assert!(screen.contains("\n7\x1b[K\n… 22 more lines\x1b[K\n"), "{screen:?}");
        assert_eq!(drawn("a\nb\nc", None, Some(1)), "\x1b[H… 3 more lines\x1b[K\n\x1b[J");
    }
}
