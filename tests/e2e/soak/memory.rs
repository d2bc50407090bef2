//! What one reader has seen, over all its streams, and whether that is all it had to see: complete, in order, once; or
//! a gap where something is missing.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    HISTORY, WRITERS,
    ledger::{EventId, Kind, Known, Ledger, Outcome, Place, Task, event_id},
};
use crate::fakes::browser::Event;

/// A reader's memory.
#[derive(Debug)]
pub struct Memory {
    reader: usize,
    /// The id that it comes back with.
    pub last: Option<String>,
    /// Until where it was told, or that it was not, of each writer.
    next: Vec<Next>,
    /// How much was published before the last event that it saw.
    before: usize,
    started: HashSet<String>,
    ended: HashSet<String>,
    /// Progress that was passed over, by task: newer progress must follow.
    owed: HashMap<Place, Place>,
    /// The version that its last snapshot had: it is not told again.
    version: Option<Place>,
    pub tally: Tally,
}

/// What a reader has come upon.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub events: usize,
    pub coalesced: usize,
    pub newcomer: usize,
    pub replayed: usize,
    pub expired: usize,
    pub restarted: usize,
}

#[derive(Clone, Copy, Debug)]
struct Next {
    number: usize,
    /// It need not have seen what is before this event.
    since: Option<EventId>,
}

/// What a stream has begun with so far.
#[derive(Debug)]
pub struct Greeting {
    known: Known,
    gap: Option<String>,
    snapshot: Vec<Event>,
    replayed: usize,
}

/// What a task's event says.
enum Said {
    Of(Place),
    Started(String),
    /// The daemon ended it.
    EndedOtherwise,
}

impl Greeting {
    /// Begins a stream of a reader.
    pub fn new(known: Known) -> Self {
        Self { known, gap: None, snapshot: Vec::new(), replayed: 0 }
    }
}

impl Memory {
    pub fn new(reader: usize, writers: usize) -> Self {
        let next = vec![Next { number: 0, since: None }; writers];
        let (started, ended, owed, tally) = Default::default();
        Self { reader, last: None, next, before: 0, started, ended, owed, version: None, tally }
    }

    /// Takes an event that comes before the stream is in its place.
    pub fn greeted(&mut self, ledger: &Ledger, greeting: &mut Greeting, event: Event) -> Result<(), String> {
        if event.name == "gap" {
            let is_first = greeting.snapshot.is_empty() && greeting.replayed == 0 && greeting.gap.is_none();
            let reason = event.json()["reason"].as_str().unwrap_or_default().to_owned();
            greeting.gap = Some(reason);
            return if is_first { Ok(()) } else { Err(format!("a gap in the middle: {event:?}")) };
        }
        if event.id.is_empty() {
            greeting.snapshot.push(event);
            return Ok(());
        }
        greeting.replayed += 1;
        self.told(ledger, &event)
    }

    /// Takes the end of the greeting.
    pub fn placed(&mut self, ledger: &Ledger, greeting: &Greeting, id: &str) -> Result<(), String> {
        let resumes = self.last.is_some() && greeting.gap.is_none();
        if resumes {
            self.tally.replayed += 1;
            if !greeting.snapshot.is_empty() {
                return Err(format!("a snapshot for one who gets what was missed: {greeting:?}"));
            }
        } else {
            if greeting.replayed > 0 {
                return Err(format!("events for one who gets a snapshot: {greeting:?}"));
            }
            match &greeting.gap {
                None => self.tally.newcomer += 1,
                Some(reason) => self.check_gap(ledger, greeting, reason)?,
            }
            self.check_snapshot(ledger, greeting)?;
            self.jump(event_id(id));
        }
        self.last = Some(id.to_owned());
        self.before = self.before.max(greeting.known.published);
        Ok(())
    }

    fn check_gap(&mut self, ledger: &Ledger, greeting: &Greeting, reason: &str) -> Result<(), String> {
        let last = self.last.as_deref().map(event_id);
        match reason {
            "expired" => {
                self.tally.expired += 1;
                // One of each writer may be under way.
                let since = *ledger.published.borrow() + WRITERS - self.before;
                if since < HISTORY {
                    return Err(format!("a needless gap: only {since} were published since {last:?}"));
                }
            }
            "restarted" if last.is_some_and(|last| ledger.killed_since(last)) => {
                self.tally.restarted += 1;
                // An end that the crash came upon is told again, whoever heard it.
                self.ended.clear();
            }
            _ => return Err(format!("a gap, {reason}, since {last:?}: {greeting:?}")),
        }
        Ok(())
    }

    fn jump(&mut self, to: EventId) {
        for next in &mut self.next {
            next.since = Some(to);
        }
        self.owed.clear();
        self.started.clear();
    }

    fn check_snapshot(&mut self, ledger: &Ledger, greeting: &Greeting) -> Result<(), String> {
        let mut version = None;
        let mut tasks = HashMap::new();
        for event in &greeting.snapshot {
            let json = event.json();
            match event.name.as_str() {
                "version" => {
                    let place = json["version"].as_str().and_then(Place::read);
                    let place = place.ok_or_else(|| format!("a version that nobody published: {event:?}"))?;
                    version = Some(place);
                }
                "task_event" => {
                    let ends = is_end(&json);
                    let id = json["task_id"].as_str().expect("a task has an id").to_owned();
                    if ends {
                        self.ended.insert(id.clone());
                    }
                    if tasks.insert(id, ends).is_some() {
                        return Err(format!("a task twice in a snapshot: {event:?}"));
                    }
                }
                other => return Err(format!("{other} in a snapshot: {event:?}")),
            }
        }
        self.version = version;
        let least = greeting.known.version;
        match version.map(|place| ledger.entry(place).outcome) {
            None if least > 0 => return Err(format!("no version, where {least} is pending")),
            Some(Outcome::Done(sequence)) if sequence.parse::<u64>().is_ok_and(|told| told < least) => {
                return Err(format!("version {sequence}, where {least} is pending"));
            }
            _ => {}
        }
        let now = ledger.known(self.reader).tasks;
        for (id, task) in &greeting.known.tasks {
            match (task, tasks.get(id)) {
                (Task::Ended, Some(false)) => return Err(format!("task {id} goes on after its end")),
                (Task::Running | Task::Ended, None) if now.get(id) == Some(task) => {
                    return Err(format!("no task {id} in a snapshot"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes an event that has its place in the order.
    pub fn told(&mut self, ledger: &Ledger, event: &Event) -> Result<(), String> {
        self.tally.events += 1;
        let id = event_id(&event.id);
        if self.last.as_deref().is_some_and(|last| event_id(last) >= id) {
            return Err(format!("{event:?} after {:?}", self.last));
        }
        self.last = Some(event.id.clone());
        let json = event.json();
        let place = match event.name.as_str() {
            "n" => json["place"].as_str().and_then(Place::read),
            "version" => json["version"].as_str().and_then(Place::read),
            "task_event" => match self.of_task(&json)? {
                Said::Of(place) => Some(place),
                Said::Started(task) => {
                    let is_first = self.started.insert(task);
                    return if is_first { Ok(()) } else { Err(format!("a task started twice: {event:?}")) };
                }
                Said::EndedOtherwise => return Ok(()),
            },
            _ => None,
        };
        let place = place.ok_or_else(|| format!("nobody published {event:?}"))?;
        ledger.seen(place, id)?;
        self.reach(ledger, place)
            .map_err(|flaw| format!("{flaw}\nwhere {event:?} came, task starts: {:?}", self.started))
    }

    fn of_task(&mut self, json: &Value) -> Result<Said, String> {
        let id = json["task_id"].as_str().expect("a task has an id").to_owned();
        if is_end(json) && !self.ended.insert(id.clone()) {
            return Err(format!("a task ended twice: {json}"));
        }
        let data = &json["data"];
        let text = match json["event_type"].as_str() {
            Some("task_started") => return Ok(Said::Started(id)),
            Some("progress_update") => &data["text"],
            Some("task_completed") => &data["place"],
            _ => &data["error"],
        };
        Ok(text.as_str().and_then(Place::read).map_or(Said::EndedOtherwise, Said::Of))
    }

    /// Something of a writer was seen: all before it must have been.
    fn reach(&mut self, ledger: &Ledger, place: Place) -> Result<(), String> {
        let writer = place.writer;
        let Next { number: next, since } = self.next[writer];
        let entry = ledger.entry(place);
        if place.number < next {
            let told_again = matches!(entry.kind, Kind::End(_)) && ledger.killed();
            return if told_again { Ok(()) } else { Err(format!("{place:?} after {next}")) };
        }
        for number in next..place.number {
            self.pass_over(ledger, Place { writer, number }, since)?;
        }
        self.next[writer] = Next { number: place.number + 1, since: None };
        self.before = self.before.max(entry.before);
        if entry.to.is_some_and(|to| to != self.reader) {
            return Err(format!("{place:?} is for {:?}", entry.to));
        }
        let task = |number| Place { writer, number };
        match entry.kind {
            Kind::Progress(number) => drop(self.owed.remove(&task(number))),
            Kind::End(number) => {
                if let Some(owed) = self.owed.remove(&task(number)) {
                    return Err(format!("{owed:?}, the last progress of its task, was left out"));
                }
            }
            Kind::Plain | Kind::Version | Kind::Start => {}
        }
        Ok(())
    }

    fn pass_over(&mut self, ledger: &Ledger, place: Place, since: Option<EventId>) -> Result<(), String> {
        let entry = ledger.entry(place);
        // Before a gap; where nobody has seen it, nobody knows.
        let is_excused = since.is_some_and(|since| entry.id.is_none_or(|id| id <= since));
        if is_excused || entry.to.is_some_and(|to| to != self.reader) {
            return Ok(());
        }
        match (&entry.kind, &entry.outcome) {
            (_, Outcome::Refused | Outcome::Unknown) => Ok(()),
            (Kind::Version, _) if self.version == Some(place) => Ok(()),
            (Kind::Start, Outcome::Done(task)) if self.started.remove(task) => Ok(()),
            (Kind::Progress(number), Outcome::Done(_)) => {
                self.tally.coalesced += 1;
                self.owed.insert(Place { number: *number, ..place }, place);
                Ok(())
            }
            _ => Err(format!("{place:?} was missed, and nothing says so: {entry:?}")),
        }
    }
}

impl Memory {
    /// Checks that nothing is left to be seen.
    pub fn over(&self, ledger: &Ledger) -> Result<(), String> {
        for (writer, next) in self.next.iter().enumerate() {
            let last = ledger.length(writer) - 1;
            let id = ledger.entry(Place { writer, number: last }).id;
            if next.number <= last && next.since < id {
                return Err(format!("the last event of writer {writer}, {last}, was missed"));
            }
        }
        if self.owed.is_empty() { Ok(()) } else { Err(format!("{:?} were left out", self.owed)) }
    }
}

fn is_end(json: &Value) -> bool {
    matches!(json["event_type"].as_str(), Some("task_completed" | "task_failed"))
}
