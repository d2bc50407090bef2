//! What the steps on which the members agreed amount to, without NATS.

use std::collections::HashMap;

use super::hex;
use crate::{
    audience::Audience,
    event::VersionSequence,
    version::{Mark, QueuedVersion, Step},
};

/// The key of what concerns every pending version.
const ALL: &str = "all";
/// The key of what concerns none: orders that found nothing to clear.
const NOTHING: &str = "nothing";
/// What keys of what is for one request id begin with.
pub(super) const ONE: &str = "id.";

/// What the steps amount to, up to one of them.
#[derive(Debug, Default)]
pub(super) struct Fold {
    /// The number of that one, once all was taken up that comes with it.
    pub(super) revision: u64,
    last: VersionSequence,
    /// The newest version that was queued for everyone, pending or not.
    everyone: VersionSequence,
    /// The newest step of each key.
    newest: HashMap<String, Step>,
    /// Those that were there at the start, until all of them were read.
    first: Vec<Step>,
    /// The last one that was there when reading began.
    target: u64,
    /// Those were taken up.
    pub(super) settled: bool,
    /// Something was taken up in this run.
    pub(super) begun: bool,
}

impl Fold {
    /// Begins anew: steps up to `target` were there when reading began, those up to `revision` are not any more.
    pub(super) fn begin(&mut self, target: u64, revision: u64) {
        let (last, begun) = (self.last, self.begun);
        *self = Self { target, revision, last, begun, ..Self::default() };
    }

    /// Returns how far it goes, once all that was there at the start was taken up.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.settled.then_some(Mark { revision: self.revision, last: self.last })
    }

    /// Adds the next step. Returns those that were there at the start with the last of them.
    pub(super) fn add(&mut self, step: Option<&Step>, revision: u64) -> Option<Vec<Step>> {
        if let Some(step) = step.filter(|step| key(step) != NOTHING) {
            self.learn(step);
        }
        (!self.settled && revision >= self.target).then(|| std::mem::take(&mut self.first))
    }

    fn learn(&mut self, step: &Step) {
        self.last = self.last.max(reach(step));
        if let Step::Queued { version, .. } = step
            && version.audience == Audience::Everyone
        {
            self.everyone = self.everyone.max(version.sequence);
        }
        if displaces(step) {
            // One that servers were given back may be older than what they had by then.
            self.newest.retain(|key, known| !key.starts_with(ONE) || reach(known) > reach(step));
        }
        self.newest.insert(key(step), step.clone());
        if !self.settled {
            self.first.push(step.clone());
        }
    }

    /// Returns whether nothing that came before a step for single request ids matters after it.
    pub(super) fn ends_with(&self, step: &Step) -> bool {
        let mut single = self.newest.iter().filter(|(key, _)| key.starts_with(ONE));
        displaces(step) && single.all(|(_, known)| reach(known) <= reach(step))
    }

    /// Returns whether the members know a version, or what has taken its place.
    pub(super) fn covers(&self, version: &QueuedVersion) -> bool {
        let is = |step: &Step| matches!(step, Step::Queued { version: known, .. } if known.sequence == version.sequence);
        self.newest.get(&key_of(&version.audience)).is_some_and(is) || self.outdates(version)
    }

    /// Returns whether a version was cleared, or another one has taken its place.
    pub(super) fn outdates(&self, version: &QueuedVersion) -> bool {
        let keys = [key_of(&version.audience), key_of(&Audience::Everyone)];
        let mut steps = keys.iter().filter_map(|key| self.newest.get(key));
        self.displaces(version)
            || steps.any(|step| match step {
                Step::Queued { version: known, .. } => known.sequence > version.sequence,
                cleared @ Step::Cleared { .. } => clears(cleared, version),
            })
    }

    /// Returns whether a newer one was queued for everyone, or all were cleared.
    pub(super) fn displaces(&self, version: &QueuedVersion) -> bool {
        version.sequence < self.everyone || self.newest.get(ALL).is_some_and(|all| clears(all, version))
    }
}

/// Returns the newest version that a step is about. Who was away may never read what one cleared.
fn reach(step: &Step) -> VersionSequence {
    match step {
        Step::Queued { version, .. } => version.sequence,
        Step::Cleared { upto, .. } => *upto,
    }
}

/// Returns whether no older version for a single request id is pending after a step.
fn displaces(step: &Step) -> bool {
    match step {
        Step::Queued { version, .. } => version.audience == Audience::Everyone,
        Step::Cleared { .. } => key(step) == ALL,
    }
}

/// Returns whether a step clears a version.
pub(super) fn clears(step: &Step, version: &QueuedVersion) -> bool {
    let Step::Cleared { request_id, all, upto, .. } = step else { return false };
    (*all || version.audience == request_id.clone().into()) && version.sequence <= *upto
}

/// Returns the key of a step.
pub(super) fn key(step: &Step) -> String {
    match step {
        Step::Queued { version, .. } => key_of(&version.audience),
        Step::Cleared { upto: VersionSequence::FETCHED, .. } => NOTHING.to_owned(),
        Step::Cleared { all: true, .. } => ALL.to_owned(),
        Step::Cleared { request_id, .. } => key_of(&request_id.clone().into()),
    }
}

/// Returns the key of what is for an audience.
fn key_of(audience: &Audience) -> String {
    audience.request_id().map_or_else(|| "everyone".to_owned(), |id| format!("{ONE}{}", hex(id.as_str())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn queued(sequence: u64, request_id: Option<&str>) -> Step {
        let version = json!({
            "sequence": sequence, "version": "v", "request_id": request_id, "queued_at": "2026-11-26T00:00:00Z",
            "actor": "user", "key": "k",
        });
        serde_json::from_value(json!({"queued": {"digest": "d", "version": version}})).expect("a step")
    }

    fn cleared(upto: u64, request_id: Option<&str>, all: bool) -> Step {
        let cleared =
            json!({"request_id": request_id, "all": all, "upto": upto, "at": "2026-11-26T00:00:00Z"});
        serde_json::from_value(json!({"cleared": cleared})).expect("a step")
    }

    fn version(step: &Step) -> QueuedVersion {
        let Step::Queued { version, .. } = step else { panic!("{step:?}") };
        *version.clone()
    }

    /// Returns what steps amount to that come one after the other.
    fn after(steps: &[Step]) -> Fold {
        let mut fold = Fold { settled: true, ..Fold::default() };
        for (step, revision) in steps.iter().zip(1..) {
            assert!(fold.add(Some(step), revision).is_none());
        }
        fold
    }

    #[test]
    fn a_version_is_outdated_by_what_takes_its_place_or_clears_it() {
        let (everyone, one) = (version(&queued(5, None)), version(&queued(5, Some("a"))));
        for (step, all, single) in [
            (queued(6, None), true, true),
            (queued(4, None), false, false),
            (queued(6, Some("a")), false, true),
            (queued(6, Some("b")), false, false),
            (cleared(5, None, false), true, false),
            (cleared(4, None, false), false, false),
            (cleared(5, Some("a"), false), false, true),
            (cleared(5, Some("b"), false), false, false),
            (cleared(5, None, true), true, true),
            (cleared(4, None, true), false, false),
            (cleared(0, None, true), false, false),
        ] {
            let fold = after(std::slice::from_ref(&step));
            assert_eq!((fold.outdates(&everyone), fold.outdates(&one)), (all, single), "{step:?}");
            assert_eq!((fold.covers(&everyone), fold.covers(&one)), (all, single), "{step:?}");
        }
    }

    #[test]
    fn a_version_for_everyone_displaces_older_ones_only_also_after_it_was_cleared() {
        let (older, newer) = (queued(4, Some("a")), queued(6, Some("b")));
        let given_back = [older.clone(), newer.clone(), queued(5, None)];
        let fold = after(&given_back);
        assert!(fold.displaces(&version(&older)) && !fold.displaces(&version(&newer)));
        assert!(fold.covers(&version(&newer)), "it is still known");
        assert_eq!(fold.mark(), Some(Mark { revision: 0, last: VersionSequence(6) }));
        let fold = after(&[queued(5, None), cleared(5, None, false)]);
        assert!(fold.displaces(&version(&older)), "{fold:?}");
    }

    #[test]
    fn what_came_before_is_not_needed_any_more_where_nothing_newer_is() {
        let fold = after(&[queued(4, Some("a"))]);
        assert!(fold.ends_with(&queued(5, None)) && fold.ends_with(&cleared(4, None, true)));
        assert!(!fold.ends_with(&queued(3, None)), "4 is still pending");
        assert!(!fold.ends_with(&queued(5, Some("a"))) && !fold.ends_with(&cleared(5, None, false)));
    }

    #[test]
    fn what_was_there_at_the_start_comes_as_a_whole() {
        let mut fold = Fold::default();
        fold.begin(3, 0);
        assert!(fold.add(Some(&queued(1, None)), 1).is_none() && fold.mark().is_none());
        let first = fold.add(None, 3).expect("the last one cannot be read");
        assert_eq!((first.len(), fold.last), (1, VersionSequence(1)));
        fold.settled = true;
        assert!(fold.add(Some(&cleared(0, None, false)), 4).is_none());
        assert_eq!(fold.mark().expect("settled").last, VersionSequence(1), "that step says nothing");
    }
}
