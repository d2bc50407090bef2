//! What was observed while daemons were killed again and again, and what must hold of it.
//!
//! Knows no daemon: a list of records in the order in which they were observed. An order is recorded before it is
//! sent, a receipt after it came; a connection is recorded before it is opened. So what was recorded before something
//! else did happen before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A connection, by a name that is used once.
pub type Who = String;

/// A daemon, by its number among those of the play.
pub type Member = usize;

/// An observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A version is about to be ordered for the first time.
    Asking(String),
    /// A task is about to be ordered with this key, for the first time.
    AskingTask(String),
    /// A receipt of this daemon says that a version has this place.
    Queued(String, u64, Member),
    /// A receipt says that the task of this key has this id.
    Created { key: String, id: String },
    /// A receipt says that a task has ended like this.
    Ended { id: String, status: String },
    /// The daemon says that there is no such task.
    Missing(String),
    /// An event is about to be sent: to everyone, or to the connection of this reader.
    Sending(String, Option<String>),
    /// A receipt says that it was sent.
    Sent(String),
    /// A connection got it.
    Got(Who, String),
    /// A connection to this daemon is about to be opened.
    Opening(Who, Member),
    /// It is there.
    Opened(Who),
    /// A connection got the event with this number.
    Numbered(Who, u64),
    /// A connection was told a version.
    Told(Who, String),
    /// A connection was told something of a task: the end in these words, or something else.
    Heard { who: Who, id: String, end: Option<String> },
    /// A connection was there from its opening to the end of its daemon's last run, and got all that came.
    Stayed(Who),
    /// A daemon was killed; a gateway has taken all that it had sent.
    Killed,
    /// In the end this version is pending.
    Pending(Option<String>),
    /// In the end this task is listed like this.
    Listed { id: String, status: String },
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Two versions have one place: the first was lost.
    PlaceTakenTwice(u64, String, String),
    /// An order was carried out twice, or its receipt has changed.
    AppliedTwice(String),
    /// A version has an earlier place than one that was acknowledged before it was ordered.
    OrderTurned(String),
    /// An acknowledged version is no longer pending, and no newer one is.
    VersionLost(String),
    /// A version was told that nobody ordered, or that has no receipt.
    MadeUp(Who, String),
    /// A connection was first told a version older than one that its daemon had acknowledged before it was opened.
    Stale(Who, String),
    /// A connection that stayed was not told the newest version.
    NotTold(Who),
    /// A connection was told an older version after a newer one, or one twice with no crash in between.
    WentBack(Who, String),
    /// A connection got an event out of order, or twice.
    OutOfOrder(Who, u64),
    /// A connection that stayed did not get an event that was sent meanwhile.
    Missed(Who, String),
    /// A connection got an event twice, or one that was for another.
    NotMeant(Who, String),
    /// An acknowledged task is not known any more.
    TaskLost(String),
    /// A task is there that no order asked for.
    TaskMadeUp(String),
    /// A task has not ended.
    NeverEnded(String),
    /// A task ended otherwise than its receipt says.
    EndChanged(String),
    /// A task's end was told in different words.
    TwoEnds(String),
    /// A connection was told of a task's end twice, with no crash in between, or of something after it.
    ToldAfterTheEnd(Who, String),
    /// A connection that stayed was not told of the end of a task that was created meanwhile.
    EndNotTold(Who, String),
}

/// Returns all that is wrong with a history.
pub fn flaws(history: &[Record]) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let places = places(history, &mut flaws);
    orders(history, &places, &mut flaws);
    let sendings = sendings(history);
    for (who, part) in by_connection(history) {
        versions_of(&who, &part, history, &places, &mut flaws);
        events_of(&who, &part, history, &sendings, &mut flaws);
        tasks_of(&who, &part, history, &mut flaws);
    }
    tasks(history, &mut flaws);
    flaws
}

type Places = HashMap<String, u64>;
type Sendings<'a> = HashMap<&'a String, (usize, &'a Option<String>)>;
/// A connection's records, each with its index in the history.
type Part<'a> = Vec<(usize, &'a Record)>;

/// Returns the place of each version that has a receipt.
fn places(history: &[Record], flaws: &mut Vec<Flaw>) -> Places {
    let (mut places, mut versions) = (Places::new(), HashMap::<u64, String>::new());
    for record in history {
        let Record::Queued(version, place, _) = record else { continue };
        let known = *places.entry(version.clone()).or_insert(*place);
        let other = versions.entry(*place).or_insert_with(|| version.clone());
        if known != *place {
            flaws.push(Flaw::AppliedTwice(version.clone()));
        } else if other != version {
            flaws.push(Flaw::PlaceTakenTwice(*place, other.clone(), version.clone()));
        }
    }
    places
}

fn orders(history: &[Record], places: &Places, flaws: &mut Vec<Flaw>) {
    let mut newest = 0;
    let mut newest_when_asked = HashMap::new();
    for record in history {
        match record {
            Record::Asking(version) => {
                newest_when_asked.entry(version.clone()).or_insert(newest);
            }
            Record::Queued(_, place, _) => newest = newest.max(*place),
            Record::Pending(version) => {
                let place = version.as_ref().and_then(|version| places.get(version)).copied();
                if place.unwrap_or(0) < newest {
                    flaws.push(Flaw::VersionLost(format!("place {newest}, pending is {version:?}")));
                }
            }
            _ => {}
        }
    }
    for (version, newest) in newest_when_asked {
        if places.get(&version).is_some_and(|place| *place <= newest) {
            flaws.push(Flaw::OrderTurned(version));
        }
    }
}

fn by_connection(history: &[Record]) -> BTreeMap<Who, Part<'_>> {
    let mut parts = BTreeMap::<Who, Part<'_>>::new();
    for (at, record) in history.iter().enumerate() {
        let (Record::Opening(who, _)
        | Record::Opened(who)
        | Record::Numbered(who, _)
        | Record::Told(who, _)
        | Record::Got(who, _)
        | Record::Heard { who, .. }
        | Record::Stayed(who)) = record
        else {
            continue;
        };
        parts.entry(who.clone()).or_default().push((at, record));
    }
    parts
}

/// Returns the newest place that was acknowledged before this index, by this daemon or by any.
fn newest_before(history: &[Record], end: usize, by: Option<Member>) -> u64 {
    let place = |record: &Record| match record {
        Record::Queued(_, place, member) if by.is_none_or(|by| by == *member) => Some(*place),
        _ => None,
    };
    history[..end].iter().filter_map(place).max().unwrap_or(0)
}

fn versions_of(who: &Who, part: &Part<'_>, history: &[Record], places: &Places, flaws: &mut Vec<Flaw>) {
    let (mut least, mut last, mut number) = (0, None, None);
    for (at, record) in part {
        match record {
            Record::Opening(_, member) => least = newest_before(history, *at, Some(*member)),
            Record::Numbered(_, now) => {
                if number.is_some_and(|before| *now <= before) {
                    flaws.push(Flaw::OutOfOrder(who.clone(), *now));
                }
                number = Some(*now);
            }
            Record::Told(_, version) => {
                let Some(&place) = places.get(version) else {
                    flaws.push(Flaw::MadeUp(who.clone(), version.clone()));
                    continue;
                };
                match last {
                    None if place < least => flaws.push(Flaw::Stale(who.clone(), version.clone())),
                    Some((before, then))
                        if place < before || (place == before && !crashed(history, then, *at)) =>
                    {
                        flaws.push(Flaw::WentBack(who.clone(), version.clone()));
                    }
                    _ => {}
                }
                last = Some((place, *at));
            }
            Record::Stayed(_) if last.map_or(0, |(place, _)| place) < newest_before(history, *at, None) => {
                flaws.push(Flaw::NotTold(who.clone()));
            }
            _ => {}
        }
    }
}

/// Returns when each event was about to be sent, and to whom.
fn sendings(history: &[Record]) -> Sendings<'_> {
    let mut sendings = Sendings::new();
    for (at, record) in history.iter().enumerate() {
        if let Record::Sending(event, to) = record {
            sendings.insert(event, (at, to));
        }
    }
    sendings
}

fn events_of(who: &Who, part: &Part<'_>, history: &[Record], sendings: &Sendings<'_>, flaws: &mut Vec<Flaw>) {
    let reader = who.rsplit_once('-').map_or(who.as_str(), |(reader, _)| reader);
    let is_meant = |to: &Option<String>| to.as_ref().is_none_or(|to| to == reader);
    let (mut got, mut opened) = (BTreeSet::new(), None);
    for (at, record) in part {
        match record {
            Record::Opened(_) => opened = Some(*at),
            Record::Got(_, event) => {
                let meant = sendings.get(event).is_some_and(|(sent, to)| sent < at && is_meant(to));
                if !meant || !got.insert(event) {
                    flaws.push(Flaw::NotMeant(who.clone(), event.clone()));
                }
            }
            Record::Stayed(_) => {
                let mut due = BTreeSet::new();
                for record in &history[opened.unwrap_or(*at)..*at] {
                    match record {
                        Record::Sending(event, to) if is_meant(to) => drop(due.insert((event, false))),
                        Record::Sent(event) if due.remove(&(event, false)) => drop(due.insert((event, true))),
                        _ => {}
                    }
                }
                let missed = due.into_iter().filter(|(event, sent)| *sent && !got.contains(event));
                flaws.extend(missed.map(|(event, _)| Flaw::Missed(who.clone(), event.clone())));
            }
            _ => {}
        }
    }
}

fn tasks_of(who: &Who, part: &Part<'_>, history: &[Record], flaws: &mut Vec<Flaw>) {
    let mut ended = HashMap::new();
    let mut opened = None;
    for (at, record) in part {
        match record {
            Record::Opened(_) => opened = Some(*at),
            Record::Heard { id, end, .. } => {
                if let Some(before) = ended.get(id)
                    && (!crashed(history, *before, *at) || end.is_none())
                {
                    flaws.push(Flaw::ToldAfterTheEnd(who.clone(), id.clone()));
                }
                if end.is_some() {
                    ended.insert(id.clone(), *at);
                }
            }
            Record::Stayed(_) => {
                let due = created_since(history, opened.unwrap_or(*at));
                let missed = due.into_iter().filter(|id| !ended.contains_key(*id));
                flaws.extend(missed.map(|id| Flaw::EndNotTold(who.clone(), id.clone())));
            }
            _ => {}
        }
    }
}

fn crashed(history: &[Record], from: usize, to: usize) -> bool {
    history[from..to].contains(&Record::Killed)
}

/// Returns the tasks that were asked for after this index.
fn created_since(history: &[Record], begin: usize) -> BTreeSet<&String> {
    let (mut asked, mut created) = (BTreeSet::new(), BTreeSet::new());
    for record in &history[begin..] {
        match record {
            Record::AskingTask(key) => {
                asked.insert(key);
            }
            Record::Created { key, id } if asked.contains(key) => {
                created.insert(id);
            }
            _ => {}
        }
    }
    created
}

fn tasks(history: &[Record], flaws: &mut Vec<Flaw>) {
    let (mut ids, mut created) = (HashMap::new(), BTreeSet::new());
    let (mut promised, mut words, mut listed) = (HashMap::new(), HashMap::new(), BTreeMap::new());
    for record in history {
        match record {
            Record::Created { key, id } => {
                if ids.entry(key).or_insert(id) != &id {
                    flaws.push(Flaw::AppliedTwice(key.clone()));
                }
                created.insert(id.clone());
            }
            Record::Ended { id, status } => {
                promised.insert(id.clone(), status.clone());
            }
            Record::Missing(id) => flaws.push(Flaw::TaskLost(id.clone())),
            Record::Heard { id, end: Some(end), .. } if words.entry(id).or_insert(end) != &end => {
                flaws.push(Flaw::TwoEnds(id.clone()));
            }
            Record::Listed { id, status } => {
                listed.insert(id.clone(), status.clone());
            }
            _ => {}
        }
    }
    if !history.iter().any(|record| matches!(record, Record::Pending(_))) {
        return;
    }
    flaws.extend(listed.keys().filter(|id| !created.contains(*id)).cloned().map(Flaw::TaskMadeUp));
    for id in created {
        match listed.get(&id).map(String::as_str) {
            None => flaws.push(Flaw::TaskLost(id)),
            Some("pending" | "running") => flaws.push(Flaw::NeverEnded(id)),
            Some(status) if promised.get(&id).is_some_and(|promised| promised != status) => {
                flaws.push(Flaw::EndChanged(id));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
