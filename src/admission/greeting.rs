//! What a stream begins with: what its browser has missed, or what it is to know first.

use std::{
    iter::once,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    connection::Connection,
    delivery::embedded::EmbeddedDelivery,
    event::VersionSequence,
    metrics::Metrics,
    services::Services,
    stream::{Frame, Gap},
    task::TaskService,
    version::VersionService,
};

/// Knows what newcomers are to be told.
pub(super) struct Greeting {
    delivery: Arc<EmbeddedDelivery>,
    versions: Arc<VersionService>,
    tasks: Arc<TaskService>,
    metrics: Arc<Metrics>,
    /// The tasks as they were at a revision: newcomers come in thousands.
    encoded: Mutex<Option<(u64, Vec<Arc<Frame>>)>>,
}

impl Greeting {
    pub(super) fn new(services: &Services, delivery: Arc<EmbeddedDelivery>) -> Self {
        Self {
            delivery,
            versions: Arc::clone(&services.versions),
            tasks: Arc::clone(&services.tasks),
            metrics: Arc::clone(&services.metrics),
            encoded: Mutex::default(),
        }
    }

    /// Returns what comes before everything else. To be called within the ordering point.
    pub(super) fn of(&self, connection: &Connection, last_event_id: Option<&str>) -> Vec<Arc<Frame>> {
        let missed = last_event_id.map(|last| self.delivery.missed(last, &connection.request_id));
        if let Some(missed) = &missed {
            self.metrics.resumed(missed.as_ref().err().copied().map_or("replayed", Gap::label));
        }
        let mut frames = match missed {
            Some(Ok(missed)) => missed,
            Some(Err(gap)) => once(Arc::new(Frame::gap(gap))).chain(self.snapshot(connection)).collect(),
            None => self.snapshot(connection),
        };
        // Who has missed no version was told the one that is pending.
        let told = frames.iter().filter_map(|frame| frame.version()).max();
        if let Some(told) = told.or_else(|| self.pending(connection)) {
            connection.tell_version(told);
        }
        // Only now: who leaves before this is told all of it again.
        frames.push(self.delivery.place());
        frames
    }

    fn snapshot(&self, connection: &Connection) -> Vec<Arc<Frame>> {
        let version = self.versions.known(&connection.request_id);
        let version = version.map(|(event, reach)| self.delivery.known(&event, reach));
        version.into_iter().chain(self.tasks()).collect()
    }

    fn pending(&self, connection: &Connection) -> Option<VersionSequence> {
        self.versions.current(Some(&connection.request_id)).map(|version| version.sequence)
    }

    fn tasks(&self) -> Vec<Arc<Frame>> {
        let revision = self.tasks.revision();
        let mut encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        match &*encoded {
            Some((known, frames)) if *known == revision => frames.clone(),
            _ => {
                let frames: Vec<_> =
                    self.tasks.known().iter().map(|event| self.delivery.known(event, None)).collect();
                *encoded = Some((revision, frames.clone()));
                frames
            }
        }
    }
}
