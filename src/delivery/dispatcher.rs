//! The one ordering point: every event gets the next sequence number and enters the queues before the next
//! one may.

use std::{sync::Arc, time::Instant};

use tokio::sync::Mutex;

use super::{Delivery, Directory, Dispatch, Recipients, Sequence};
use crate::{audience::Audience, connection::Connection, event::Event};

/// Bytes that framing may add to name and payload, in either form: `id:`, field names, line ends, and in a
/// gateway's body the token and the quoting around them.
const FRAMING_BYTES: usize = 128;

/// What became of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatched {
    /// The event's place in the order.
    pub sequence: Sequence,
    /// How many connections were selected.
    pub connections: usize,
}

/// An event over the limit. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event has {bytes} bytes encoded, at most {limit} are allowed (events.max_bytes)")]
pub struct TooLarge {
    /// Its size, framing included.
    pub bytes: usize,
    /// The limit.
    pub limit: usize,
}

/// Sends events to audiences, in one order for all.
pub struct Dispatcher {
    last: Mutex<Sequence>,
    delivery: Arc<dyn Delivery>,
    directory: Arc<dyn Directory>,
    max_bytes: usize,
}

impl Dispatcher {
    /// Returns a dispatcher that numbers events from 1.
    pub fn new(delivery: Arc<dyn Delivery>, directory: Arc<dyn Directory>, max_bytes: usize) -> Self {
        Self { last: Mutex::new(Sequence(0)), delivery, directory, max_bytes }
    }

    /// Refuses an event that is too large. To be called at the edge, before anything is stored.
    pub fn check(&self, event: &Event) -> Result<(), TooLarge> {
        let bytes = event.name.as_str().len() + event.data.as_str().len() + FRAMING_BYTES;
        if bytes > self.max_bytes { Err(TooLarge { bytes, limit: self.max_bytes }) } else { Ok(()) }
    }

    /// Sends a checked event to an audience as it is at this moment.
    pub async fn dispatch(&self, audience: &Audience, event: Event) -> Dispatched {
        let mut last = self.last.lock().await;
        let (to, connections) = match audience {
            Audience::Everyone => (Some(Recipients::Everyone), self.directory.count()),
            Audience::One(id) => match self.directory.find(id) {
                Some(connection) => (Some(Recipients::One(connection)), 1),
                None => (None, 0),
            },
        };
        let sequence = self.enqueue(&mut last, to, event).await;
        Dispatched { sequence, connections }
    }

    /// Sends a checked event to this very connection, not to one that replaced it.
    pub async fn dispatch_to(&self, connection: Arc<Connection>, event: Event) -> Sequence {
        let mut last = self.last.lock().await;
        self.enqueue(&mut last, Some(Recipients::One(connection)), event).await
    }

    async fn enqueue(&self, last: &mut Sequence, to: Option<Recipients>, event: Event) -> Sequence {
        last.0 += 1;
        let dispatch = Dispatch { sequence: *last, event: Arc::new(event), at: Instant::now() };
        if let Some(to) = to {
            self.delivery.enqueue(to, dispatch).await;
        }
        *last
    }
}
