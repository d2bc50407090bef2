use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use proptest::prelude::*;

use super::*;
use crate::connection::Origin;

fn connection(serial: u64) -> Connection {
    let id = format!("r{serial}").parse().expect("an id");
    let token = format!("t{serial}").parse().expect("a token");
    Connection::new(Serial(serial), id, token, Origin::default(), jiff::Timestamp::UNIX_EPOCH)
}

fn sum(figures: &Figures) -> usize {
    let Figures { written, failed, overflowed, gone, queued, .. } = *figures;
    written + failed + overflowed + gone + queued
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody is registered; the stream is not there yet.
    Register,
    /// The stream is there: it is told what is pending, unless it was.
    Open(usize),
    Everyone,
    One(usize),
    /// What waits longest is written, or fails.
    Write(usize),
    Fail(usize),
    Leave(usize, CloseReason),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = 0..8_usize;
    let reason = prop::sample::select(&CloseReason::ALL[..]);
    let step = prop_oneof![
        3 => Just(Step::Register),
        3 => one.clone().prop_map(Step::Open),
        2 => Just(Step::Everyone),
        1 => one.clone().prop_map(Step::One),
        5 => one.clone().prop_map(Step::Write),
        1 => one.clone().prop_map(Step::Fail),
        2 => (one, reason).prop_map(|(one, reason)| Step::Leave(one, reason)),
    ];
    prop::collection::vec(step, 0..80)
}

/// One stream, as its writer has it.
struct Stream {
    connection: Connection,
    open: bool,
    outbox: VecDeque<Arc<Reach>>,
}

/// What is expected: the fate of each version for each connection that was selected for it.
#[derive(Default)]
struct House {
    streams: Vec<Stream>,
    underway: Underway,
    versions: Vec<Arc<Reach>>,
    fates: BTreeMap<(VersionSequence, Serial), Option<Fate>>,
    serials: u64,
}

impl House {
    fn step(&mut self, step: Step) {
        match step {
            Step::Register => {
                self.serials += 1;
                let connection = connection(self.serials);
                self.streams.push(Stream { connection, open: false, outbox: VecDeque::new() });
            }
            Step::Open(one) => {
                let newest = self.versions.last().cloned();
                if let Some(stream) = self.streams.get_mut(one).filter(|stream| !stream.open) {
                    stream.open = true;
                    stream.outbox.extend(newest);
                }
            }
            Step::Everyone => self.queue(None),
            Step::One(one) => self.queue(Some(one)),
            Step::Write(one) => self.write(one, Fate::Written),
            Step::Fail(one) => self.write(one, Fate::Failed),
            Step::Leave(one, reason) if one < self.streams.len() => {
                let Stream { connection, .. } = self.streams.remove(one);
                self.underway.left(&connection, reason);
                let fate = match reason {
                    CloseReason::SlowConsumer => Fate::Overflowed,
                    CloseReason::Error => Fate::Failed,
                    _ => Fate::Gone,
                };
                self.settle(connection.serial, u64::MAX, fate);
                // What is written to it after it left counts for nothing.
                self.versions.iter().for_each(|reach| reach.settle(&connection, Fate::Written));
            }
            Step::Leave(..) => {}
        }
    }

    fn queue(&mut self, only: Option<usize>) {
        let sequence = VersionSequence(self.versions.len() as u64 + 1);
        let reach = Arc::new(Reach::new(sequence));
        assert_eq!(reach.known(), None, "nobody was selected yet");
        let chosen: Vec<_> = match only {
            None => (0..self.streams.len()).collect(),
            Some(one) => (one..one + 1).filter(|one| *one < self.streams.len()).collect(),
        };
        match only {
            None => self.underway.everyone(&reach, chosen.len(), Serial(self.serials)),
            Some(one) => {
                self.underway.one(&reach, self.streams.get(one).map(|stream| &stream.connection));
            }
        }
        for one in chosen {
            let stream = &mut self.streams[one];
            self.fates.insert((sequence, stream.connection.serial), None);
            if stream.open {
                stream.outbox.push_back(Arc::clone(&reach));
            }
        }
        self.versions.push(reach);
    }

    fn write(&mut self, one: usize, fate: Fate) {
        let Some(stream) = self.streams.get_mut(one) else { return };
        let Some(reach) = stream.outbox.pop_front() else { return };
        reach.settle(&stream.connection, fate);
        // Told twice is counted once.
        reach.settle(&stream.connection, Fate::Written);
        let serial = stream.connection.serial;
        if let Some(expected) = self.fates.get_mut(&(reach.sequence, serial)) {
            expected.get_or_insert(fate);
        }
        self.settle(serial, reach.sequence.0, Fate::Gone);
    }

    /// Nothing more comes of older versions for this connection.
    fn settle(&mut self, serial: Serial, before: u64, fate: Fate) {
        for ((_, _), expected) in
            self.fates.iter_mut().filter(|((sequence, of), _)| *of == serial && sequence.0 < before)
        {
            expected.get_or_insert(fate);
        }
    }

    fn expected(&self, sequence: VersionSequence) -> Figures {
        let mut figures = Figures::default();
        for (_, fate) in self.fates.iter().filter(|((of, _), _)| *of == sequence) {
            figures.connections += 1;
            *match fate {
                None => &mut figures.queued,
                Some(Fate::Written) => &mut figures.written,
                Some(Fate::Failed) => &mut figures.failed,
                Some(Fate::Overflowed) => &mut figures.overflowed,
                Some(Fate::Gone) => &mut figures.gone,
            } += 1;
        }
        figures
    }
}

proptest! {
    #[test]
    fn everyone_who_was_selected_is_accounted_for_exactly_once(steps in steps()) {
        let mut house = House::default();
        for step in steps {
            house.step(step);
            for reach in &house.versions {
                let figures = reach.known().expect("selected");
                prop_assert_eq!(sum(&figures), figures.connections);
                prop_assert_eq!(figures, house.expected(reach.sequence), "{:?} after {:?}", reach.sequence, step);
            }
        }
    }
}

#[test]
fn many_threads_account_for_each_connection_once() {
    let mut underway = Underway::default();
    let connections: Vec<_> = (1..=2000).map(connection).collect();
    let versions: Vec<_> = (1..=3).map(|n| Arc::new(Reach::new(VersionSequence(n)))).collect();
    for reach in &versions {
        underway.everyone(reach, connections.len(), Serial(2000));
    }
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (connections, versions) = (&connections, &versions);
            scope.spawn(move || {
                for reach in versions {
                    for at in 0..connections.len() {
                        reach.settle(&connections[(at + thread * 700) % connections.len()], Fate::Written);
                    }
                }
            });
        }
        for connection in &connections {
            underway.left(connection, CloseReason::ClientClosed);
        }
    });
    for reach in &versions {
        let figures = reach.known().expect("selected");
        assert_eq!((sum(&figures), figures.queued), (2000, 0), "{figures:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told() {
    let (mut underway, reach) = (Underway::default(), Arc::new(Reach::new(VersionSequence(1))));
    let waiting = Arc::clone(&reach);
    let mut all = std::pin::pin!(waiting.until(|figures| figures.queued == 0));
    assert!(futures_util::poll!(&mut all).is_pending(), "nobody was selected yet");
    let both = [connection(1), connection(2)];
    underway.everyone(&reach, 2, Serial(2));
    assert!(futures_util::poll!(&mut all).is_pending());
    reach.settle(&both[0], Fate::Written);
    assert!(futures_util::poll!(&mut all).is_pending());
    underway.left(&both[1], CloseReason::SlowConsumer);
    let figures = tokio::time::timeout(Duration::from_secs(1), all).await.expect("told");
    assert_eq!((figures.written, figures.overflowed), (1, 1));
}
