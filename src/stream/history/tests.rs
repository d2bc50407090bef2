use proptest::prelude::*;

use super::*;
use crate::{
    config::Framing,
    delivery::Sequence,
    event::{Event, Held, JsonLine, Kind, VersionSequence},
    store::{Change, MemoryStore, Store, Table},
    stream::Epoch,
};

const READERS: [&str; 3] = ["a", "b", "c"];
const FOR_EVER: Duration = Duration::from_secs(3600);

fn epoch() -> Epoch {
    "5-0".parse::<EventId>().expect("an id").epoch
}

fn id(sequence: u64) -> EventId {
    EventId { epoch: epoch(), sequence: Sequence(sequence) }
}

fn with(retention: Retention) -> History {
    History::new(Framing::Named, epoch(), retention)
}

fn reader(name: &str) -> RequestId {
    name.parse().expect("a request id")
}

fn frame(sequence: u64, kind: Kind) -> Frame {
    let data = JsonLine::encode(&sequence).expect("JSON");
    let event = Event { name: "test".parse().expect("a name"), data, kind };
    Frame::event(Framing::Named, Some(id(sequence)), &event, Instant::now())
}

/// Returns the number in an event.
fn number(frame: &Arc<Frame>) -> u64 {
    let wire = String::from_utf8(frame.bytes(Transfer::Plain).to_vec()).expect("text");
    let data = wire.lines().find_map(|line| line.strip_prefix("data: "));
    data.expect("data").parse().expect("a number")
}

fn kept(events: usize) -> History {
    with(Retention { events, bytes: usize::MAX, age: FOR_EVER })
}

fn since(history: &History, last: u64, name: &str) -> Result<Vec<u64>, Gap> {
    let missed = history.since(id(last), &reader(name), Instant::now())?;
    Ok(missed.iter().map(number).collect())
}

#[test]
fn what_was_missed_comes_in_order_for_whom_it_was() {
    let (history, now) = (kept(100), Instant::now());
    history.record(id(1), Audience::Everyone, &frame(1, Kind::Application), now);
    history.record(id(2), Audience::One(reader("b")), &frame(2, Kind::Application), now);
    history.pass(id(3));
    history.record(id(4), Audience::One(reader("a")), &frame(4, Kind::TaskState), now);
    assert_eq!(since(&history, 0, "a"), Ok(vec![1, 4]));
    assert_eq!(since(&history, 1, "b"), Ok(vec![2]));
    assert_eq!(since(&history, 3, "b"), Ok(vec![]), "an id that one newcomer has seen is one of the order");
    assert_eq!(since(&history, 4, "a"), Ok(vec![]));
    assert_eq!(since(&history, 5, "a"), Err(Gap::Unknown));
}

#[test]
fn of_a_tasks_progress_the_latest_is_enough() {
    let (history, now) = (kept(100), Instant::now());
    let kinds = [
        Kind::TaskState,
        Kind::Progress("x".into()),
        Kind::Progress("y".into()),
        Kind::Progress("x".into()),
        Kind::TaskState,
    ];
    for (sequence, kind) in (1..).zip(kinds) {
        history.record(id(sequence), Audience::Everyone, &frame(sequence, kind), now);
    }
    assert_eq!(since(&history, 0, "a"), Ok(vec![1, 3, 4, 5]));
}

#[test]
fn count_bytes_and_age_bound_it_and_what_is_gone_is_a_gap() {
    let start = Instant::now();
    let size = size(&frame(1, Kind::Application));
    for retention in [
        Retention { events: 2, bytes: usize::MAX, age: FOR_EVER },
        Retention { events: 100, bytes: 2 * size, age: FOR_EVER },
        Retention { events: 100, bytes: usize::MAX, age: Duration::from_secs(1) },
    ] {
        let history = with(retention);
        for sequence in 1..=4 {
            let at = start + Duration::from_secs(sequence);
            history.record(id(sequence), Audience::Everyone, &frame(sequence, Kind::Application), at);
        }
        let missed = |last| {
            let now = start + Duration::from_secs(4);
            let missed = history.since(id(last), &reader("a"), now)?;
            Ok(missed.iter().map(number).collect())
        };
        assert_eq!(missed(2), Ok(vec![3, 4]), "{retention:?}");
        assert_eq!(missed(1), Err(Gap::Expired), "{retention:?}");
    }
    let none = kept(0);
    none.record(id(1), Audience::Everyone, &frame(1, Kind::Application), start);
    assert_eq!((since(&none, 0, "a"), since(&none, 1, "a")), (Err(Gap::Expired), Ok(vec![])));
}

#[test]
fn an_id_of_an_earlier_run_is_a_gap() {
    let history = kept(100);
    let earlier = "4-17".parse().expect("an id");
    assert_eq!(history.since(earlier, &reader("a"), Instant::now()).map(|_| ()), Err(Gap::Restarted));
}

#[tokio::test]
async fn ids_of_the_runs_before_are_known_and_of_no_others() {
    let store = MemoryStore::default();
    let retention = Retention { events: 100, bytes: usize::MAX, age: FOR_EVER };
    let first = with(retention);
    first.record(id(1), Audience::Everyone, &frame(1, Kind::Application), Instant::now());
    store.commit(first.leave().expect("records")).await.expect("kept");
    let mut runs = vec![first];
    for _ in 0..2 {
        let run = History::take(&store, Framing::Named, retention).await.expect("read");
        store.commit(run.leave().expect("records")).await.expect("kept");
        runs.push(run);
    }
    let now = runs.pop().expect("a run");
    let of = |text: &str| {
        now.since(text.parse().expect("an id"), &reader("a"), Instant::now()).map(|all| all.len())
    };
    assert_eq!(of("5-0"), Ok(1));
    for earlier in &runs {
        assert!(of(&earlier.head().to_string()).is_ok());
    }
    for foreign in ["6-0", "5-2", "ffffffffffffffff-0"] {
        assert_eq!(of(foreign), Err(Gap::Unknown), "{foreign}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_forgotten() {
    let store = MemoryStore::default();
    let history = kept(100);
    history.record(id(1), Audience::Everyone, &frame(1, Kind::Application), Instant::now());
    let mut left = history.leave().expect("records");
    left.push(Change::Put(Table::Replay, "99999999".to_owned(), b"of another kind".to_vec()));
    store.commit(left).await.expect("kept");
    let retention = Retention { events: 100, bytes: usize::MAX, age: FOR_EVER };
    let next = History::take(&store, Framing::Named, retention).await.expect("it starts");
    assert_eq!(next.since(id(0), &reader("a"), Instant::now()).map(|_| ()), Err(Gap::Restarted));
    assert!(store.load(Table::Replay).expect("read").is_empty());
}

#[test]
fn who_waits_for_an_event_to_be_sent_does_not_wait_for_it_to_be_forgotten() {
    let (history, waited_for) = (kept(100), Arc::new(()));
    let held = Kind::TaskEnd(Held::new(Arc::clone(&waited_for)));
    history.record(id(1), Audience::Everyone, &frame(1, held), Instant::now());
    assert_eq!(Arc::strong_count(&waited_for), 1);
    assert_eq!(since(&history, 0, "a"), Ok(vec![1]));
}

/// What happens to three browsers.
#[derive(Clone, Debug)]
enum Step {
    Publish(Option<usize>, Option<usize>),
    Leave(usize),
    Return(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let reader = 0..READERS.len();
    let (to, task) = (proptest::option::of(reader.clone()), proptest::option::of(0..2_usize));
    prop_oneof![
        6 => (to, task).prop_map(|(to, task)| Step::Publish(to, task)),
        2 => reader.clone().prop_map(Step::Leave),
        2 => reader.prop_map(Step::Return),
    ]
}

/// A browser: where it is in the order, and what it saw, a gap being `None`.
#[derive(Clone, Debug)]
struct Reader {
    there: bool,
    last: u64,
    saw: Vec<Option<u64>>,
}

proptest! {
    /// Whatever is published while whoever comes and goes: each browser saw all that was for it, once and in order,
    /// but for progress that newer progress overtook; or a gap exactly where something is missing.
    #[test]
    fn nothing_is_missed_unsaid(steps in proptest::collection::vec(step(), 1..80), events in 0..12_usize) {
        let (history, now) = (kept(events), Instant::now());
        let mut readers = vec![Reader { there: true, last: 0, saw: Vec::new() }; READERS.len()];
        let mut published = Vec::new();
        for step in steps {
            match step {
                Step::Publish(to, task) => {
                    let sequence = published.len() as u64 + 1;
                    let kind = task.map_or(Kind::Application, |task| Kind::Progress(format!("t{task}").into()));
                    let audience = to.map_or(Audience::Everyone, |to| Audience::One(reader(READERS[to])));
                    history.record(id(sequence), audience, &frame(sequence, kind), now);
                    published.push((to, task));
                    for (number, reader) in readers.iter_mut().enumerate() {
                        if reader.there && to.is_none_or(|to| to == number) {
                            reader.saw.push(Some(sequence));
                            reader.last = sequence;
                        }
                    }
                }
                Step::Leave(number) => readers[number].there = false,
                Step::Return(number) if readers[number].there => {}
                Step::Return(number) => {
                    let missed = since(&history, readers[number].last, READERS[number]);
                    let reader = &mut readers[number];
                    reader.there = true;
                    match missed {
                        Ok(missed) => reader.saw.extend(missed.into_iter().map(Some)),
                        Err(gap) => {
                            prop_assert_eq!(gap, Gap::Expired);
                            prop_assert!(published.len() as u64 - reader.last > events as u64, "a needless gap");
                            reader.saw.push(None);
                        }
                    }
                    reader.last = published.len() as u64;
                }
            }
        }
        for (number, reader) in readers.iter().enumerate() {
            let (mut here, mut after_gap) = (0, false);
            for next in &reader.saw {
                let Some(sequence) = next else {
                    after_gap = true;
                    continue;
                };
                prop_assert!(*sequence > here, "in order, and once");
                let skipped = (here + 1..*sequence).map(|sequence| (sequence, published[sequence as usize - 1]));
                for (skipped, (_, task)) in skipped.filter(|(_, (to, _))| to.is_none_or(|to| to == number)) {
                    let overtaken = task.is_some() && reader.saw.iter().flatten().any(|later| {
                        *later > skipped && published[*later as usize - 1].1 == task
                    });
                    prop_assert!(after_gap || overtaken, "{skipped} was missed, and nothing says so");
                }
                (here, after_gap) = (*sequence, false);
            }
        }
    }
}

#[tokio::test]
async fn a_history_outlives_its_run_once_and_in_its_framing_only() {
    let retention = Retention { events: 100, bytes: usize::MAX, age: FOR_EVER };
    let store = MemoryStore::default();
    let (first, now) = (kept(2), Instant::now());
    let kinds = [Kind::Application, Kind::Version(VersionSequence(7)), Kind::Progress("t".into())];
    for (sequence, kind) in (1..).zip(kinds) {
        first.record(id(sequence), Audience::One(reader("a")), &frame(sequence, kind), now);
    }
    store.commit(first.leave().expect("it can be written")).await.expect("a commit");
    let second = History::take(&store, Framing::Named, retention).await.expect("a history");
    assert!(second.head() > id(3) && second.id(Sequence(1)) > second.head());
    for history in [&first, &second] {
        assert_eq!(since(history, 0, "a"), Err(Gap::Expired));
        assert_eq!(since(history, 1, "a"), Ok(vec![2, 3]));
        assert_eq!(since(history, 1, "b"), Ok(vec![]));
        let versions = history.since(id(1), &reader("a"), now).expect("it is known");
        assert_eq!(versions[0].version(), Some(VersionSequence(7)));
        assert_eq!(
            versions[0].bytes(Transfer::Chunked),
            frame(2, Kind::Application).bytes(Transfer::Chunked)
        );
    }
    let again = History::take(&store, Framing::Named, retention).await.expect("a history");
    assert_eq!(since(&again, 3, "a"), Err(Gap::Restarted), "a crash came between");
    store.commit(first.leave().expect("it can be written")).await.expect("a commit");
    let other = History::take(&store, Framing::Envelope, retention).await.expect("a history");
    assert_eq!(since(&other, 3, "a"), Err(Gap::Restarted));
}

#[tokio::test]
async fn what_is_forgotten_after_a_restart_in_order_has_expired() {
    let retention = Retention { events: 2, bytes: usize::MAX, age: FOR_EVER };
    let (store, first, now) = (MemoryStore::default(), kept(2), Instant::now());
    first.record(id(1), Audience::Everyone, &frame(1, Kind::Application), now);
    store.commit(first.leave().expect("it can be written")).await.expect("a commit");
    let second = History::take(&store, Framing::Named, retention).await.expect("a history");
    for sequence in 1..=3 {
        let id = second.id(Sequence(sequence));
        second.record(id, Audience::Everyone, &frame(sequence, Kind::Application), now);
    }
    assert_eq!(since(&second, 1, "a"), Err(Gap::Expired));
    let earlier = "4-17".parse().expect("an id");
    assert_eq!(second.since(earlier, &reader("a"), now).map(|_| ()), Err(Gap::Restarted), "before the first");
}

#[tokio::test]
async fn a_run_goes_on_in_the_order_of_the_last_one_or_begins_in_another() {
    let retention = Retention { events: 100, bytes: usize::MAX, age: FOR_EVER };
    let (store, first, now) = (MemoryStore::default(), kept(100), Instant::now());
    first.record(id(1), Audience::Everyone, &frame(1, Kind::Application), now);
    store.commit(first.leave().expect("it can be written")).await.expect("a commit");
    let second = History::take(&store, Framing::Named, retention).await.expect("a history").go_on();
    assert_eq!((second.head(), second.id(Sequence(2))), (id(1), id(2)));
    second.record(id(2), Audience::Everyone, &frame(2, Kind::Application), now);
    assert_eq!(since(&second, 0, "a"), Ok(vec![1, 2]));
    // In another order, older or newer, nothing of this one is comparable.
    for epoch in [epoch().0 - 1, epoch().0 + 1] {
        second.recount(epoch, Sequence(7));
        let start = second.head();
        assert_eq!((start.epoch.0, start.sequence), (epoch, Sequence(7)));
        assert!(since(&second, 1, "a").is_err());
        assert_eq!(second.since(start, &reader("a"), now).map(|missed| missed.len()), Ok(0));
    }
}
