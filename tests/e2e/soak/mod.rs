//! Many browsers that lose their streams at whatever moment, while writers publish all that can be published and the
//! daemon is stopped and killed: what each saw is complete, in order and once, or has a gap where something is missing.
//!
//! `SSECTL_SOAK=200 tests/run` restarts the daemon 200 times instead of 6; `SSECTL_SOAK_SEED` repeats the choices of a
//! run that failed, as far as they are ours.

mod ledger;
mod memory;
mod reader;
mod writer;

use std::{fmt::Debug, sync::Arc, time::Duration};

use tokio::task::JoinSet;

use self::{ledger::Ledger, memory::Tally, reader::Reader, writer::Writer};
use crate::{
    harness::{Daemon, Home, within},
    torture::stage::{Act, Stage},
};

/// Events that are kept.
const HISTORY: usize = 300;
const WRITERS: usize = 3;
const READERS: usize = 24;
/// What is published between two restarts.
const ROUND: usize = 600;

/// How long to wait before asking again, while the daemon goes or comes.
const AGAIN: Duration = Duration::from_millis(5);

/// What everyone who plays has.
#[derive(Clone)]
pub struct Play {
    stage: Stage,
    ledger: Arc<Ledger>,
    writers: usize,
    readers: usize,
}

/// Returns the request id of a reader.
fn name(reader: usize) -> String {
    format!("reader-{reader}")
}

fn number<T: std::str::FromStr<Err: Debug>>(variable: &str) -> Option<T> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_browsers_see_is_complete_and_in_order_or_has_a_gap_whatever_happens() {
    let seed = number("SSECTL_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..));
    let restarts = number("SSECTL_SOAK").unwrap_or(6);
    eprintln!("SSECTL_SOAK_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let home = Home::new();
    let play = Play {
        stage: Stage::new(home.cli()),
        ledger: Arc::new(Ledger::new(WRITERS, READERS)),
        writers: WRITERS,
        readers: READERS,
    };
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    for writer in 0..WRITERS {
        writers.spawn(Writer::new(play.clone(), writer, random.fork()).write());
    }
    for reader in 0..READERS {
        readers.spawn(Reader::new(play.clone(), reader, random.fork()).read());
    }
    let conducted = conduct(&play, home, restarts, random, &mut writers);
    tokio::pin!(conducted);
    // Whoever sees a flaw ends it for all.
    tokio::select! {
        () = &mut conducted => {}
        Some(first) = readers.join_next() => panic!("a reader ended early: {first:?}"),
    }
    let tallies = within("the readers to end", readers.join_all()).await;
    let sum = |part: fn(&Tally) -> usize| tallies.iter().map(part).sum::<usize>();
    let sums = [
        ("events", sum(|tally| tally.events)),
        ("passed over for newer progress", sum(|tally| tally.coalesced)),
        ("newcomers", sum(|tally| tally.newcomer)),
        ("replayed", sum(|tally| tally.replayed)),
        ("gaps: expired", sum(|tally| tally.expired)),
        ("gaps: restarted", sum(|tally| tally.restarted)),
    ];
    eprintln!("{} published, {sums:?}", *play.ledger.published.borrow());
    assert!(sums.iter().all(|(_, count)| *count > 0), "too little happened: {sums:?}");
}

/// Stops and kills the daemon, in turn and by chance, and brings it all to an end.
async fn conduct(
    play: &Play,
    mut home: Home,
    restarts: usize,
    mut random: fastrand::Rng,
    writers: &mut JoinSet<()>,
) {
    let history = format!("stream.history_events={HISTORY}");
    let settings = [
        history.as_str(),
        "shutdown.spread=0s",
        "shutdown.grace=200ms",
        "tasks.lease=1h",
        "tasks.keep_finished=1h",
        "log.level=warn",
    ];
    for restart in 0..restarts {
        let daemon = home.start(&settings).await;
        play.stage.set(Act::Up(daemon.public));
        let enough = *play.ledger.published.borrow() + random.usize(ROUND / 2..ROUND * 3 / 2);
        let mut published = play.ledger.published.subscribe();
        within("enough to be published", published.wait_for(|count| *count >= enough))
            .await
            .expect("it lives");
        if restart == 1 || restart > 1 && random.u8(..3) == 0 {
            play.stage.set(Act::Down);
            play.ledger.kill();
            home = daemon.kill().await;
        } else {
            home = end(daemon).await;
            play.stage.set(Act::Down);
        }
    }
    let daemon = home.start(&settings).await;
    play.stage.set(Act::Up(daemon.public));
    let enough = *play.ledger.published.borrow() + ROUND;
    let mut published = play.ledger.published.subscribe();
    within("enough to be published", published.wait_for(|count| *count >= enough)).await.expect("it lives");
    play.stage.set(Act::Last(daemon.public));
    while let Some(writer) = within("a writer to end", writers.join_next()).await {
        writer.expect("no writer fails");
    }
    daemon.until_connected(READERS).await;
    // In order: all that was sent is taken before.
    end(daemon).await;
    play.stage.set(Act::Over);
}

/// Stops a daemon in order. Some task may still run, and be late.
async fn end(mut daemon: Daemon) -> Home {
    daemon.signal("TERM").await;
    daemon.ended().await;
    daemon.leave()
}
