//! `ssectl daemon drain`

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ssectl_core::control::types::{BeginDrain, DrainView, Keyed};
use tokio::time::sleep;

use crate::{
    args::{Drain, Key},
    context::{Context, interrupted},
    error::{CliError, Outcome},
    exit::Exit,
    output::Forms,
    table::pairs,
    text,
};

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(500);
/// Lines that are printed on the way, where there is no bar.
const LINES: usize = 10;
const TAKE_BACK: &str = "take it back with: ssectl daemon drain --cancel";
const BEGUN: &str = "the drain was begun";

const FATE: &str = "come back 2 to 5 s later: elsewhere if a load balancer heeds /readyz, else here again, refused and \
                    told to ask again every 15 to 45 s";

pub(super) async fn run(context: &Context, verb: Drain) -> Outcome {
    if verb.dry_run {
        return forecast(context, verb.over).await;
    }
    if verb.cancel {
        return cancel(context, verb.key).await;
    }
    let key = verb.key.choose();
    let order = BeginDrain { over_ms: verb.over.map(millis), key: Some(key.clone()) };
    let answer = context.order(&key, context.client.drain(&order)).await?;
    let begun = answer.value.item.drain.as_ref();
    if let Some(view) = begun {
        context.out.note(&format!("draining {}", pace(view)));
    }
    if !verb.no_wait {
        let limit = async {
            match context.options.timeout {
                Some(limit) => sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        // What was asked for is done: no code may say that nothing was sent, or that the outcome is unknown.
        let goes_on =
            |exit, message| Err(CliError::new(exit, message).cause(&"the drain goes on").hint(TAKE_BACK));
        tokio::select! {
            done = watch(context) => done?,
            () = limit => return goes_on(Exit::Failed, "streams are left"),
            () = interrupted() => return goes_on(Exit::Interrupted, "stopped watching"),
        }
    }
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![key.clone()],
        table: &|_| {
            let how_far = if verb.no_wait { "draining" } else { "drained: no stream is left" };
            format!("{how_far}; none is let in until a restart, or ssectl daemon drain --cancel\n")
        },
    })?;
    Ok(Exit::Ok)
}

async fn forecast(context: &Context, over: Option<Duration>) -> Outcome {
    let answer = context.ask(context.client.forecast_drain(over.map(millis))).await?;
    let view = &answer.value.item;
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![view.connections.to_string()],
        table: &|_| {
            pairs(&[
                ("would send away", Some(pace(view))),
                ("meanwhile", Some("new streams are refused, /readyz says 503; all else goes on".to_owned())),
                ("browsers", Some(FATE.to_owned())),
            ])
        },
    })?;
    Ok(Exit::Ok)
}

async fn cancel(context: &Context, key: Key) -> Outcome {
    let key = key.choose();
    let answer = context.order(&key, context.client.cancel_drain(&Keyed { key: Some(key.clone()) })).await?;
    let taken_back = answer.value.item.drain.as_ref();
    context.out.answer(&Forms {
        json: &answer.json,
        names: &|| vec![key.clone()],
        table: &|_| match taken_back {
            Some(view) => format!("{} stay, new ones are let in\n", text::count(view.left, "stream")),
            None => "there was no drain to take back\n".to_owned(),
        },
    })?;
    Ok(Exit::Ok)
}

/// Shows how far it is until nobody is left.
async fn watch(context: &Context) -> Result<(), CliError> {
    let mut display = Display::new(context);
    loop {
        let answer = context.ask(context.client.status()).await.map_err(out_of_sight)?;
        let Some(view) = answer.value.item.drain else {
            return Err(
                CliError::new(Exit::Failed, "the drain was taken back").cause(&"somebody else did it")
            );
        };
        display.show(&view);
        if view.left == 0 {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}

/// Explains why it is not known how far it is.
fn out_of_sight(error: CliError) -> CliError {
    let cause = error.cause.map_or_else(|| BEGUN.to_owned(), |why| format!("{BEGUN}; {why}"));
    CliError::new(Exit::Failed, error.message).cause(&cause).hint(TAKE_BACK)
}

enum Display<'a> {
    Bar(ProgressBar),
    Lines { context: &'a Context, next: usize },
}

impl<'a> Display<'a> {
    fn new(context: &'a Context) -> Self {
        if !context.out.draws() {
            return Self::Lines { context, next: 1 };
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} [{bar:32}] {pos} of {len} sent away {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self::Bar(bar)
    }

    fn show(&mut self, view: &DrainView) {
        let gone = view.connections.saturating_sub(view.left);
        match self {
            Self::Bar(bar) => {
                bar.set_length(view.connections as u64);
                bar.set_position(gone as u64);
                bar.set_message(rate(view));
            }
            Self::Lines { context, next } => {
                if gone * LINES >= *next * view.connections && view.left > 0 {
                    *next = gone * LINES / view.connections.max(1) + 1;
                    context.out.note(&format!(
                        "{} of {} left",
                        view.left,
                        text::count(view.connections, "stream")
                    ));
                }
            }
        }
    }
}

impl Drop for Display<'_> {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Returns `5000 streams over 1m, 83.3 reconnects a second`.
fn pace(view: &DrainView) -> String {
    let over = text::span(i64::try_from(view.over_ms).unwrap_or(i64::MAX));
    format!("{} over {over}, {}", text::count(view.connections, "stream"), rate(view))
}

fn rate(view: &DrainView) -> String {
    format!("{:.1} reconnects a second", view.reconnects_per_second)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
