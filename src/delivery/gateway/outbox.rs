//! What waits for one token: no lock, no clock, no I/O.

use std::{collections::VecDeque, sync::Arc};

use super::message::Message;
use crate::{
    connection::{Connection, Serial},
    event::Kind,
};

/// An event for a connection.
pub(super) struct Parcel {
    /// The connection, which may no longer be the one that has the token.
    pub(super) connection: Arc<Connection>,
    /// The event.
    pub(super) message: Arc<Message>,
}

/// What is to be sent next.
pub(super) enum Item {
    /// An event.
    Event(Parcel),
    /// The end of this connection's stream.
    Close(Serial),
}

/// What became of an offered event.
pub(super) enum Offer {
    /// It waits, or its connection is being closed and nothing is sent to that any more.
    Taken,
    /// It waits, and older progress that waited does not any more.
    Superseded,
    /// There was no room: all that waited for the connection, this one included, is lost, and its stream is
    /// being closed.
    Overflowed(Vec<Parcel>),
}

/// The queue of one token.
#[derive(Default)]
pub(super) struct Outbox {
    items: VecDeque<Item>,
    bytes: usize,
    closed: Option<Serial>,
}

impl Outbox {
    /// Takes an event. One that is alone always fits; progress replaces older progress of its task that still
    /// waits, at its own place in the order.
    pub(super) fn offer(&mut self, parcel: Parcel, limit: usize) -> Offer {
        if self.closed == Some(parcel.connection.serial) {
            return Offer::Taken;
        }
        let superseded = match &parcel.message.event.kind {
            Kind::Progress(task) => self.remove_progress(task),
            _ => false,
        };
        let size = parcel.message.size();
        if !self.items.is_empty() && self.bytes + size > limit {
            let connection = Arc::clone(&parcel.connection);
            let mut lost = self.discard(connection.serial);
            lost.push(parcel);
            self.close(&connection);
            return Offer::Overflowed(lost);
        }
        self.bytes += size;
        self.items.push_back(Item::Event(parcel));
        if superseded { Offer::Superseded } else { Offer::Taken }
    }

    /// Ends the stream after what waits for it; once for a connection.
    pub(super) fn close(&mut self, connection: &Connection) {
        if self.closed != Some(connection.serial) {
            self.closed = Some(connection.serial);
            self.items.push_back(Item::Close(connection.serial));
        }
    }

    /// Returns what is next, leaving it there.
    pub(super) fn peek(&self) -> Option<&Item> {
        self.items.front()
    }

    /// Takes what is next.
    pub(super) fn take(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        if let Item::Event(parcel) = &item {
            self.bytes -= parcel.message.size();
        }
        Some(item)
    }

    /// Puts an event back that was taken and not sent: before all that came since, a close included.
    pub(super) fn put_back(&mut self, parcel: Parcel) {
        self.bytes += parcel.message.size();
        self.items.push_front(Item::Event(parcel));
    }

    /// Takes out all that is for a connection, and returns the events that are lost by it.
    pub(super) fn discard(&mut self, connection: Serial) -> Vec<Parcel> {
        let mut lost = Vec::new();
        for item in std::mem::take(&mut self.items) {
            match item {
                Item::Event(parcel) if parcel.connection.serial == connection => {
                    self.bytes -= parcel.message.size();
                    lost.push(parcel);
                }
                Item::Close(serial) if serial == connection => {}
                other => self.items.push_back(other),
            }
        }
        lost
    }

    /// Returns the events that wait.
    pub(super) fn events(&self) -> impl Iterator<Item = &Parcel> {
        self.items.iter().filter_map(|item| if let Item::Event(parcel) = item { Some(parcel) } else { None })
    }

    /// Returns how many events wait, and their bytes.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.events().count(), self.bytes)
    }

    /// Returns how much is to be done.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns whether there was any.
    fn remove_progress(&mut self, task: &str) -> bool {
        let is_older = |item: &Item| match item {
            Item::Event(parcel) => {
                matches!(&parcel.message.event.kind, Kind::Progress(other) if **other == *task)
            }
            Item::Close(_) => false,
        };
        if let Some(at) = self.items.iter().rposition(is_older)
            && let Some(Item::Event(parcel)) = self.items.remove(at)
        {
            self.bytes -= parcel.message.size();
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        connection::Origin,
        event::{Event, JsonLine},
    };

    fn connection(serial: u64) -> Arc<Connection> {
        let (id, token) = ("r".parse().expect("an id"), "t".parse().expect("a token"));
        Arc::new(Connection::new(Serial(serial), id, token, Origin::default(), jiff::Timestamp::UNIX_EPOCH))
    }

    fn parcel(connection: &Arc<Connection>, kind: Kind, number: u64, padding: usize) -> Parcel {
        let event = Event {
            name: "n".parse().expect("a name"),
            data: JsonLine::encode(&(number, "x".repeat(padding))).expect("JSON"),
            kind,
        };
        Parcel {
            connection: Arc::clone(connection),
            message: Arc::new(Message::encode(Arc::new(event), None)),
        }
    }

    fn progress(task: &str) -> Kind {
        Kind::Progress(task.into())
    }

    fn numbers(outbox: &mut Outbox) -> Vec<Option<u64>> {
        std::iter::from_fn(|| outbox.take())
            .map(|item| match item {
                Item::Event(parcel) => Some(number_of(&parcel)),
                Item::Close(_) => None,
            })
            .collect()
    }

    fn number_of(parcel: &Parcel) -> u64 {
        let data = parcel.message.event.data.as_str();
        serde_json::from_str::<(u64, String)>(data).expect("ours").0
    }

    #[test]
    fn only_the_latest_progress_of_a_task_waits_and_order_is_kept() {
        let (mut outbox, to) = (Outbox::default(), connection(1));
        for (number, kind) in [progress("a"), Kind::TaskState, progress("b"), progress("a"), Kind::TaskState]
            .into_iter()
            .enumerate()
        {
            outbox.offer(parcel(&to, kind, number as u64, 0), 1000);
        }
        assert_eq!(numbers(&mut outbox), [Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn overflow_loses_all_and_closes() {
        let (mut outbox, to) = (Outbox::default(), connection(1));
        assert!(matches!(outbox.offer(parcel(&to, Kind::Application, 0, 500), 100), Offer::Taken));
        let Offer::Overflowed(lost) = outbox.offer(parcel(&to, Kind::Application, 1, 0), 100) else {
            panic!("there was no room");
        };
        assert_eq!(lost.len(), 2);
        assert!(matches!(outbox.offer(parcel(&to, Kind::Application, 2, 0), 100), Offer::Taken));
        outbox.close(&to);
        assert_eq!(numbers(&mut outbox), [None]);
    }

    #[test]
    fn bug_m4_a_token_that_lives_on_under_another_id_is_served() {
        let (mut outbox, old, new) = (Outbox::default(), connection(1), connection(2));
        outbox.close(&old);
        outbox.offer(parcel(&old, Kind::Application, 1, 0), 1000);
        outbox.offer(parcel(&new, Kind::Application, 2, 0), 1000);
        assert_eq!(numbers(&mut outbox), [None, Some(2)]);
    }

    proptest! {
        #[test]
        fn stays_within_its_bound_in_order(
            offers in prop::collection::vec((0..4u8, 0..60usize, any::<bool>()), 0..200),
        ) {
            let (mut outbox, to) = (Outbox::default(), connection(1));
            let (mut seen, mut closed) = (Vec::new(), false);
            for (number, (kind, padding, take)) in offers.into_iter().enumerate() {
                let kind = if kind == 3 { Kind::TaskState } else { progress(&kind.to_string()) };
                let offered = parcel(&to, kind, number as u64, padding);
                closed |= matches!(outbox.offer(offered, 400), Offer::Overflowed(_));
                prop_assert!(outbox.bytes <= 400);
                match take.then(|| outbox.take()).flatten() {
                    Some(Item::Event(parcel)) => seen.push(number_of(&parcel)),
                    Some(Item::Close(_)) => closed = false,
                    None => {}
                }
            }
            let rest = numbers(&mut outbox);
            prop_assert!(rest.len() <= 401);
            prop_assert_eq!(rest.contains(&None), closed);
            seen.extend(rest.into_iter().flatten());
            prop_assert!(seen.is_sorted(), "{:?}", seen);
            prop_assert_eq!(outbox.bytes, 0);
        }
    }
}
