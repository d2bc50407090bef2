//! The drain: embedded streams are sent away evenly over a time, and new ones are refused, until it is taken back.
//! The daemon goes on meanwhile: whoever is still there is told everything.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::SharedClock,
    connection::{CloseReason, Connection},
    control::types::DrainView,
    delivery::{Delivery, Directory},
    lifecycle::{Lifecycle, Phase},
};

/// How long it takes when nobody says so.
pub const OVER: Duration = Duration::from_secs(60);
/// Between two portions.
const PORTION: Duration = Duration::from_millis(50);
/// Between two looks for who came in while the door was being shut, or does not take the last bytes.
const LOOK: Duration = Duration::from_millis(250);

/// Sends embedded streams away.
pub struct Drain {
    directory: Arc<dyn Directory>,
    delivery: Arc<dyn Delivery>,
    lifecycle: Lifecycle,
    clock: SharedClock,
    course: Mutex<Option<Course>>,
}

/// A drain that has begun, and perhaps nobody is left.
struct Course {
    began_at: Timestamp,
    over: Duration,
    connections: usize,
    given_up: CancellationToken,
}

impl Drain {
    /// Returns a drain that has not begun.
    pub fn new(
        directory: Arc<dyn Directory>,
        delivery: Arc<dyn Delivery>,
        lifecycle: Lifecycle,
        clock: SharedClock,
    ) -> Self {
        Self { directory, delivery, lifecycle, clock, course: Mutex::default() }
    }

    /// Begins. One that is under way goes on as it is, or with those that are left at another pace if one is given.
    pub fn begin(self: &Arc<Self>, over: Option<Duration>) -> DrainView {
        // One lock over all of it: the door is shut exactly while there is a course.
        let mut course = self.course();
        if let (Some(going), None) = (&*course, over) {
            return going.view(self.directory.count());
        }
        self.lifecycle.shut_out();
        let streams = self.directory.everyone();
        let next = Course {
            began_at: self.clock.now(),
            over: over.unwrap_or(OVER),
            connections: streams.len(),
            given_up: CancellationToken::new(),
        };
        let view = next.view(streams.len());
        self.lifecycle.spawn(Arc::clone(self).run(streams, next.over, next.given_up.clone()));
        if let Some(before) = course.replace(next) {
            before.given_up.cancel();
        }
        view
    }

    /// Takes it back: who is left stays, and new streams are let in. Returns how far it had come.
    pub fn cancel(&self) -> Option<DrainView> {
        let mut course = self.course();
        let taken_back = course.take()?;
        taken_back.given_up.cancel();
        self.lifecycle.let_in();
        Some(taken_back.view(self.directory.count()))
    }

    /// Returns how far it has come.
    pub fn view(&self) -> Option<DrainView> {
        let left = self.directory.count();
        self.course().as_ref().map(|course| course.view(left))
    }

    /// Returns what would come of beginning now.
    pub fn forecast(&self, over: Option<Duration>) -> DrainView {
        let connections = self.directory.count();
        view(self.clock.now(), over.unwrap_or(OVER), connections, connections)
    }

    async fn run(
        self: Arc<Self>,
        streams: Vec<Arc<Connection>>,
        over: Duration,
        given_up: CancellationToken,
    ) {
        tracing::info!(connections = streams.len(), ?over, "draining: streams are sent away");
        tokio::select! {
            never = self.send_away(streams, over) => match never {},
            () = given_up.cancelled() => tracing::info!("the drain was taken back, or goes on at another pace"),
            () = self.lifecycle.reached(Phase::Draining) => {}
        }
    }

    /// Sends these away evenly, then whoever is still there. Has no end: who was let in just before the door was shut
    /// may be registered at any time after.
    async fn send_away(&self, mut streams: Vec<Arc<Connection>>, over: Duration) -> Infallible {
        let (all, began) = (streams.len(), Instant::now());
        while !streams.is_empty() {
            let may_stay = staying(all, over, began.elapsed()).min(streams.len());
            self.close(streams.split_off(may_stay)).await;
            sleep(PORTION).await;
        }
        let mut left = usize::MAX;
        loop {
            let streams = self.directory.everyone();
            if std::mem::replace(&mut left, streams.len()) > 0 && left == 0 {
                tracing::info!("drained: no stream is left, none is let in");
            }
            self.close(streams).await;
            sleep(LOOK).await;
        }
    }

    async fn close(&self, streams: Vec<Arc<Connection>>) {
        for connection in streams {
            self.delivery.close(connection, CloseReason::Drain).await;
        }
    }

    fn course(&self) -> MutexGuard<'_, Option<Course>> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Course {
    fn view(&self, left: usize) -> DrainView {
        view(self.began_at, self.over, self.connections, left)
    }
}

fn view(began_at: Timestamp, over: Duration, connections: usize, left: usize) -> DrainView {
    #[expect(clippy::cast_precision_loss, reason = "no machine holds 2^52 streams")]
    let rate = connections as f64 / over.as_secs_f64().max(1.0);
    let over_ms = u64::try_from(over.as_millis()).unwrap_or(u64::MAX);
    DrainView { began_at, over_ms, connections, left, reconnects_per_second: rate }
}

/// Returns how many of all may stay when they are to be gone evenly over a time, of which this has passed.
pub(crate) fn staying(all: usize, over: Duration, passed: Duration) -> usize {
    let left = over.saturating_sub(passed).as_nanos();
    let share = (all as u128 * left).checked_div(over.as_nanos()).unwrap_or(0);
    usize::try_from(share).unwrap_or(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lifecycle::Shut,
        request_id::RequestId,
        test_support::{Wire, World},
    };

    fn world() -> (World, Arc<Drain>) {
        let world = World::new();
        let World { wire, lifecycle, clock, .. } = &world;
        lifecycle.advance(Phase::Ready);
        let drain = Drain::new(wire.clone(), wire.clone(), lifecycle.clone(), clock.clone());
        (world, Arc::new(drain))
    }

    #[tokio::test(start_paused = true)]
    async fn streams_go_evenly_and_a_new_pace_is_for_those_that_are_left() {
        let (World { wire, lifecycle, .. }, drain) = world();
        for id in 0..100 {
            wire.connect(&format!("id-{id}"));
        }
        assert_eq!(drain.forecast(Some(Duration::from_secs(10))).reconnects_per_second, 10.0);
        assert_eq!((drain.view(), lifecycle.admits()), (None, Ok(())));
        drain.begin(Some(Duration::from_secs(10)));
        assert_eq!(lifecycle.admits(), Err(Shut::Drained), "from the first moment on");
        sleep(Duration::from_millis(5025)).await;
        assert!((49..=50).contains(&wire.count()), "half of them");
        assert_eq!(drain.begin(None).connections, 100, "it goes on as it is");
        let left = drain.begin(Some(Duration::from_secs(100))).connections;
        sleep(Duration::from_millis(50_025)).await;
        assert!(wire.count().abs_diff(left / 2) <= 1, "half of those that were left");
        let taken_back = drain.cancel().expect("under way");
        sleep(Duration::from_secs(1000)).await;
        assert_eq!((wire.count(), lifecycle.admits()), (taken_back.left, Ok(())));
        assert_eq!(drain.cancel(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_came_in_while_the_door_was_shut_goes_last() {
        let (World { wire, .. }, drain) = world();
        wire.connect("early");
        drain.begin(Some(Duration::from_secs(1)));
        wire.connect("late");
        sleep(Duration::from_secs(2)).await;
        assert_eq!(wire.count(), 0);
        assert_eq!(drain.view().expect("it has begun").left, 0);
        wire.connect("registered-after-the-last-had-gone");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(wire.count(), 0);
    }

    /// A directory in which something happens while it is asked.
    struct Eventful {
        wire: Arc<Wire>,
        event: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    }

    impl Directory for Eventful {
        fn everyone(&self) -> Vec<Arc<Connection>> {
            if let Some(event) = self.event.lock().expect("event").take() {
                event();
            }
            self.wire.everyone()
        }

        fn find(&self, id: &RequestId) -> Option<Arc<Connection>> {
            self.wire.find(id)
        }

        fn count(&self) -> usize {
            self.wire.count()
        }
    }

    #[tokio::test]
    async fn the_door_is_shut_exactly_while_there_is_a_course_whoever_takes_it_back_meanwhile() {
        let World { wire, lifecycle, clock, .. } = World::new();
        lifecycle.advance(Phase::Ready);
        let directory = Arc::new(Eventful { wire: wire.clone(), event: Mutex::default() });
        let drain = Arc::new(Drain::new(directory.clone(), wire, lifecycle.clone(), clock));
        drain.begin(None);
        let (other, (done, taken_back)) = (Arc::clone(&drain), std::sync::mpsc::sync_channel(1));
        let event = move || {
            std::thread::spawn(move || done.send(other.cancel()));
            // It may not come through before the beginning is over.
            std::thread::sleep(Duration::from_millis(50));
        };
        *directory.event.lock().expect("event") = Some(Box::new(event));
        drain.begin(Some(OVER));
        taken_back.recv().expect("an answer").expect("one was under way");
        assert_eq!((drain.view(), lifecycle.admits()), (None, Ok(())));
    }
}
