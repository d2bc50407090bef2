//! A daemon that is killed with SIGKILL again and again, while writers order and readers listen: what was
//! acknowledged is there, once, and everyone hears of it.

pub mod crowd;
pub mod history;
mod kills;
mod liar;
pub mod stage;

use self::{
    crowd::Held,
    history::{Flaw, Record, flaws},
    kills::Kills,
    liar::Lie,
};

/// Kills; ten times as many for `tests/run --torture`.
fn times() -> usize {
    if std::env::var_os("SSECTL_TORTURE").is_some() { 300 } else { 30 }
}

fn count(history: &[Record], is_it: impl Fn(&Record) -> bool) -> usize {
    history.iter().filter(|record| is_it(record)).count()
}

/// Checks a history, and that it is one that could have shown something.
fn assert_sound(history: &[Record], unknown: usize) {
    let flaws = flaws(history);
    if !flaws.is_empty() {
        let path = std::env::temp_dir().join(format!("ssectl-history-{}", std::process::id()));
        std::fs::write(&path, history.iter().map(|record| format!("{record:?}\n")).collect::<String>())
            .expect("a history can be written");
        panic!("{flaws:#?}\nin {}", path.display());
    }
    let receipts = count(history, |record| matches!(record, Record::Queued(..)));
    let ends = count(history, |record| matches!(record, Record::Ended { .. }));
    let told = count(history, |record| matches!(record, Record::Told(..)));
    let sent = count(history, |record| matches!(record, Record::Sent(_)));
    let stayed = count(history, |record| matches!(record, Record::Stayed(_)));
    eprintln!(
        "{receipts} receipts, {ends} ends, {sent} events, {told} versions told, {stayed} stayed, {unknown} unknown"
    );
    assert!(receipts > times() && ends > 0 && told > 0 && stayed > 0 && unknown > 0, "too little happened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_done_twice_however_often_the_daemon_is_killed() {
    let kills = Kills { times: times(), lie: None, held: None };
    let (history, unknown) = kills.play().await;
    assert_sound(&history, unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateways_connections_hear_of_everything_however_often_the_daemon_is_killed() {
    let kills = Kills { times: times(), lie: None, held: Some(Held::new().await) };
    let (history, unknown) = kills.play().await;
    assert_sound(&history, unknown);
}

/// Kills that a planted bug needs at most to show.
const ENOUGH: usize = 8;

async fn caught(lie: Lie) -> Vec<Flaw> {
    let (history, _) = Kills { times: ENOUGH, lie: Some(lie), held: None }.play().await;
    flaws(&history)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_says_yes_too_early_is_caught() {
    let flaws = caught(Lie::TooEarly).await;
    assert!(
        flaws.iter().any(|flaw| matches!(flaw, Flaw::PlaceTakenTwice(..) | Flaw::OrderTurned(_))),
        "{flaws:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_forgets_receipts_is_caught() {
    let flaws = caught(Lie::NoReceipts).await;
    assert!(flaws.iter().any(|flaw| matches!(flaw, Flaw::AppliedTwice(_))), "{flaws:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_forgets_how_tasks_end_is_caught() {
    let flaws = caught(Lie::NoEnds).await;
    let is_it = |flaw: &Flaw| matches!(flaw, Flaw::EndChanged(_) | Flaw::TwoEnds(_));
    assert!(flaws.iter().any(is_it), "{flaws:?}");
}
