//! What was published, by whom, for whom, and what became of it. Knows no daemon.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use tokio::sync::watch;

/// The id of an event, as it is ordered: epoch and sequence.
pub type EventId = (u64, u64);

/// Reads an event's id.
pub fn event_id(text: &str) -> EventId {
    let (epoch, sequence) = text.split_once('-').unwrap_or_else(|| panic!("{text:?} is no event id"));
    (u64::from_str_radix(epoch, 16).expect("an epoch"), sequence.parse().expect("a sequence"))
}

/// What a writer wrote as its so-many-eth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub writer: usize,
    pub number: usize,
}

impl Place {
    /// Returns it as it is written into what is published.
    pub fn text(self) -> String {
        format!("w{}-{}", self.writer, self.number)
    }

    /// Reads it; `None`: the daemon says something of its own.
    pub fn read(text: &str) -> Option<Self> {
        let (writer, number) = text.strip_prefix('w')?.split_once('-')?;
        Some(Self { writer: writer.parse().ok()?, number: number.parse().ok()? })
    }
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Version,
    /// A task is created; its event says no more than the id that the task gets.
    Start,
    /// Of the task that was created at this number of the same writer.
    Progress(usize),
    End(usize),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    UnderWay,
    /// A receipt came: the id of a task, the sequence of a version.
    Done(String),
    /// Something was sent, and nobody answered.
    Unknown,
    /// It was refused, or nobody was there.
    Refused,
}

/// One thing that was published.
#[derive(Clone, Debug)]
pub struct Entry {
    /// One reader, or everyone.
    pub to: Option<usize>,
    pub kind: Kind,
    pub outcome: Outcome,
    /// How many things were published before it, by everyone.
    pub before: usize,
    /// The id that it was seen with first.
    pub id: Option<EventId>,
}

/// A task that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Running,
    Ended,
    /// Somebody has asked to forget it, or to end it: either may show.
    Changing,
}

/// What has been acknowledged: whoever connects from now on is to know of it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The sequence of the newest version for a reader.
    pub version: u64,
    pub tasks: HashMap<String, Task>,
    /// How much was published.
    pub published: usize,
}

/// All of it.
#[derive(Debug)]
pub struct Ledger {
    writers: Vec<Mutex<Vec<Entry>>>,
    places: Mutex<HashMap<EventId, Place>>,
    tasks: Mutex<HashMap<String, Task>>,
    /// For everyone, and for each reader.
    versions: Mutex<(u64, Vec<u64>)>,
    pub published: watch::Sender<usize>,
    /// The epoch of the last run that was killed.
    killed: Mutex<u64>,
}

impl Ledger {
    pub fn new(writers: usize, readers: usize) -> Self {
        Self {
            writers: (0..writers).map(|_| Mutex::default()).collect(),
            places: Mutex::default(),
            tasks: Mutex::default(),
            versions: Mutex::new((0, vec![0; readers])),
            published: watch::Sender::new(0),
            killed: Mutex::default(),
        }
    }

    /// Notes that something is about to be published.
    pub fn begin(&self, writer: usize, to: Option<usize>, kind: Kind) -> Place {
        let before = *self.published.borrow();
        let mut book = self.book(writer);
        book.push(Entry { to, kind, outcome: Outcome::UnderWay, before, id: None });
        let number = book.len() - 1;
        Place { writer, number }
    }

    /// Notes what became of it.
    pub fn end(&self, place: Place, outcome: Outcome) {
        let mut book = self.book(place.writer);
        let entry = &mut book[place.number];
        entry.outcome = outcome;
        if entry.outcome != Outcome::Refused {
            self.published.send_modify(|published| *published += 1);
        }
        if let (Kind::Version, Outcome::Done(sequence)) = (&entry.kind, &entry.outcome) {
            let sequence: u64 = sequence.parse().expect("a sequence");
            let mut versions = lock(&self.versions);
            let newest = entry.to.map_or(0, |to| to + 1);
            let newest = if newest == 0 { &mut versions.0 } else { &mut versions.1[newest - 1] };
            *newest = sequence.max(*newest);
        }
    }

    /// Notes how a task is.
    pub fn task(&self, id: &str, task: Option<Task>) {
        match task {
            Some(task) => drop(lock(&self.tasks).insert(id.to_owned(), task)),
            None => drop(lock(&self.tasks).remove(id)),
        }
    }

    /// Returns what a reader that connects now is to know at least.
    pub fn known(&self, reader: usize) -> Known {
        let versions = lock(&self.versions);
        Known {
            version: versions.0.max(versions.1[reader]),
            tasks: lock(&self.tasks).clone(),
            published: *self.published.borrow(),
        }
    }

    /// Notes that the daemon was killed.
    pub fn kill(&self) {
        *lock(&self.killed) = lock(&self.places).keys().map(|(epoch, _)| *epoch).max().unwrap_or_default();
    }

    /// Returns whether the daemon was ever killed.
    pub fn killed(&self) -> bool {
        *lock(&self.killed) > 0
    }

    /// Returns whether the daemon was killed since an event.
    pub fn killed_since(&self, (epoch, _): EventId) -> bool {
        epoch <= *lock(&self.killed)
    }

    /// Returns how many a writer has written.
    pub fn length(&self, writer: usize) -> usize {
        self.book(writer).len()
    }

    /// Returns what was published there.
    pub fn entry(&self, place: Place) -> Entry {
        self.book(place.writer)[place.number].clone()
    }

    /// Notes which event something came as. Two things with one id, or one with two, are a flaw; but for the end of a
    /// task that a crash came upon, which is told again.
    pub fn seen(&self, place: Place, id: EventId) -> Result<(), String> {
        let mut book = self.book(place.writer);
        let entry = &mut book[place.number];
        let told_again =
            matches!(entry.kind, Kind::End(_)) && entry.id.is_some_and(|id| self.killed_since(id));
        if told_again {
            entry.id = Some(id);
        }
        let known = *entry.id.get_or_insert(id);
        drop(book);
        let other = *lock(&self.places).entry(id).or_insert(place);
        if known == id && other == place {
            return Ok(());
        }
        Err(format!("{place:?} came as {id:?}, and as {known:?}; {other:?} came as {id:?}"))
    }

    fn book(&self, writer: usize) -> MutexGuard<'_, Vec<Entry>> {
        lock(&self.writers[writer])
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
