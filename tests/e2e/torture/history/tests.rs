//! The checker itself: a history as it should be, and for every flaw one that has it.

use super::{Flaw, Record, flaws};

fn asking(version: &str) -> Record {
    Record::Asking(version.to_owned())
}

fn queued(version: &str, place: u64) -> Record {
    Record::Queued(version.to_owned(), place, 0)
}

fn created(key: &str, id: &str) -> Record {
    Record::Created { key: key.to_owned(), id: id.to_owned() }
}

fn ended(id: &str, status: &str) -> Record {
    Record::Ended { id: id.to_owned(), status: status.to_owned() }
}

fn opening(who: &str) -> Record {
    Record::Opening(who.to_owned(), 0)
}

fn told(who: &str, version: &str) -> Record {
    Record::Told(who.to_owned(), version.to_owned())
}

fn heard(who: &str, id: &str, end: Option<&str>) -> Record {
    Record::Heard { who: who.to_owned(), id: id.to_owned(), end: end.map(str::to_owned) }
}

fn stayed(who: &str) -> Record {
    Record::Stayed(who.to_owned())
}

fn pending(version: &str) -> Record {
    Record::Pending(Some(version.to_owned()))
}

fn listed(id: &str, status: &str) -> Record {
    Record::Listed { id: id.to_owned(), status: status.to_owned() }
}

#[test]
fn a_history_as_it_should_be_has_no_flaw() {
    let history = [
        asking("1"),
        opening("early"),
        Record::Opened("early".into()),
        queued("1", 1),
        told("early", "1"),
        Record::AskingTask("t".into()),
        created("t", "id"),
        heard("early", "id", None),
        asking("2"),
        Record::Killed,
        // Its receipt was lost on the way, and it was asked for again.
        told("early", "2"),
        Record::Killed,
        told("early", "2"),
        queued("2", 2),
        opening("late"),
        queued("2", 2),
        heard("early", "id", Some("completed")),
        Record::Killed,
        heard("early", "id", Some("completed")),
        ended("id", "completed"),
        told("late", "2"),
        stayed("early"),
        stayed("late"),
        pending("2"),
        listed("id", "completed"),
    ];
    assert_eq!(flaws(&history), []);
}

#[test]
fn what_is_wrong_with_versions_is_found() {
    let made_up = Flaw::MadeUp("a".into(), "2".into());
    let twice = [opening("a"), queued("1", 1), told("a", "1"), told("a", "1")];
    let wrong: [(&[Record], Flaw); 10] = [
        (&twice, Flaw::WentBack("a".into(), "1".into())),
        (&[queued("1", 1), queued("2", 1)], Flaw::PlaceTakenTwice(1, "1".into(), "2".into())),
        (&[queued("1", 1), Record::Killed, queued("1", 2)], Flaw::AppliedTwice("1".into())),
        (&[queued("1", 2), asking("2"), queued("2", 1)], Flaw::OrderTurned("2".into())),
        (
            &[queued("1", 1), queued("2", 2), Record::Killed, pending("1")],
            Flaw::VersionLost("place 2, pending is Some(\"1\")".into()),
        ),
        (&[opening("a"), told("a", "2")], made_up),
        (
            &[queued("1", 1), queued("2", 2), opening("a"), told("a", "1")],
            Flaw::Stale("a".into(), "1".into()),
        ),
        (&[opening("a"), queued("1", 1), stayed("a")], Flaw::NotTold("a".into())),
        (
            &[opening("a"), told("a", "2"), told("a", "1"), queued("1", 1), queued("2", 2)],
            Flaw::WentBack("a".into(), "1".into()),
        ),
        (
            &[opening("a"), Record::Numbered("a".into(), 2), Record::Numbered("a".into(), 2)],
            Flaw::OutOfOrder("a".into(), 2),
        ),
    ];
    for (history, flaw) in wrong {
        assert_eq!(flaws(history), [flaw], "{history:?}");
    }
}

#[test]
fn a_daemon_answers_for_what_it_acknowledged_and_in_the_end_for_all() {
    let elsewhere = |who: &str| Record::Opening(who.to_owned(), 1);
    let first = [queued("1", 1), queued("2", 2), elsewhere("a"), told("a", "1"), told("a", "2"), stayed("a")];
    assert_eq!(flaws(&first), []);
    let never = [queued("1", 1), queued("2", 2), elsewhere("a"), told("a", "1"), stayed("a")];
    assert_eq!(flaws(&never), [Flaw::NotTold("a".into())]);
}

#[test]
fn what_is_wrong_with_events_is_found() {
    let sending = |event: &str, to: Option<&str>| Record::Sending(event.to_owned(), to.map(str::to_owned));
    let sent = |event: &str| Record::Sent(event.to_owned());
    let got = |event: &str| Record::Got("x-1".into(), event.to_owned());
    let opened = || Record::Opened("x-1".into());
    let sound = [
        sending("before", None),
        opened(),
        sent("before"),
        sending("unknown", None),
        sending("all", None),
        sending("own", Some("x")),
        sending("others", Some("y")),
        got("all"),
        got("own"),
        sent("all"),
        sent("own"),
        sent("others"),
        stayed("x-1"),
    ];
    assert_eq!(flaws(&sound), []);
    let missed = |event: &str| Flaw::Missed("x-1".into(), event.to_owned());
    let not_meant = |event: &str| Flaw::NotMeant("x-1".into(), event.to_owned());
    let wrong: [(&[Record], Flaw); 5] = [
        (&[opened(), sending("all", None), sent("all"), stayed("x-1")], missed("all")),
        (&[opened(), sending("own", Some("x")), sent("own"), stayed("x-1")], missed("own")),
        (&[opened(), sending("all", None), got("all"), got("all")], not_meant("all")),
        (&[opened(), sending("others", Some("y")), got("others")], not_meant("others")),
        (&[opened(), got("nobody's")], not_meant("nobody's")),
    ];
    for (history, flaw) in wrong {
        assert_eq!(flaws(history), [flaw], "{history:?}");
    }
}

#[test]
fn what_is_wrong_with_tasks_is_found() {
    let nothing_pending = || Record::Pending(None);
    let told_after = || Flaw::ToldAfterTheEnd("a".into(), "t".into());
    let wrong: [(&[Record], Flaw); 10] = [
        (&[created("k", "t"), nothing_pending()], Flaw::TaskLost("t".into())),
        (&[created("k", "t"), Record::Missing("t".into())], Flaw::TaskLost("t".into())),
        (&[listed("t", "completed"), nothing_pending()], Flaw::TaskMadeUp("t".into())),
        (&[created("k", "t"), created("k", "u")], Flaw::AppliedTwice("k".into())),
        (&[created("k", "t"), listed("t", "running"), nothing_pending()], Flaw::NeverEnded("t".into())),
        (
            &[created("k", "t"), ended("t", "completed"), listed("t", "failed"), nothing_pending()],
            Flaw::EndChanged("t".into()),
        ),
        (&[heard("a", "t", Some("completed")), heard("b", "t", Some("failed"))], Flaw::TwoEnds("t".into())),
        (&[heard("a", "t", Some("failed")), heard("a", "t", Some("failed"))], told_after()),
        (&[heard("a", "t", Some("failed")), Record::Killed, heard("a", "t", None)], told_after()),
        (
            &[Record::Opened("a".into()), Record::AskingTask("k".into()), created("k", "t"), stayed("a")],
            Flaw::EndNotTold("a".into(), "t".into()),
        ),
    ];
    for (history, flaw) in wrong {
        assert_eq!(flaws(history), [flaw], "{history:?}");
    }
}
