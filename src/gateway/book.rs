//! Which tokens there are, and what each stream's orders go to: no clock, no I/O, nothing awaited.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::order::{Order, Then};
use crate::{connection::Serial, stream::Transfer, token::Token};

/// What an order in the buffer counts besides its bytes.
const ORDER_BYTES: usize = 64;

/// One stream, from before its connect callback until it has ended.
#[derive(Debug)]
struct Entry {
    serial: Serial,
    /// What the backend is told again at the end.
    request: Arc<str>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The callback is out, or what was buffered meanwhile is being written.
    Opening(Buffer),
    /// Orders go to its shard.
    Open,
    /// It is being ended: no order reaches it any more. Dropped at the end, which tells who asked for it.
    Closing { _ended: Option<oneshot::Sender<()>> },
}

/// Orders that came before the stream was open.
#[derive(Debug, Default)]
struct Buffer {
    orders: Vec<Order>,
    bytes: usize,
    /// An order in it ends the stream: what comes after that is dropped.
    ends: bool,
    /// The callback has said yes: for whoever sends, the stream is open.
    granted: bool,
}

/// Where an order went.
#[derive(Debug)]
pub(super) enum Posted {
    /// There is no such stream.
    Unknown,
    /// It waits for the callback's answer.
    Buffered,
    /// It is written after what was buffered, which is being written now.
    Taken,
    /// Too much waits already.
    Full,
    /// It is to be given to the shard. Where it ends the stream: fails when that has ended.
    Open(Serial, Option<oneshot::Receiver<()>>),
}

/// What is next for a stream that opens.
#[derive(Debug)]
pub(super) enum Opening {
    /// Orders that were buffered.
    Orders(Vec<Order>),
    /// Nothing.
    Nothing,
    /// The stream ended meanwhile.
    Gone,
}

/// The register of all streams.
#[derive(Debug)]
pub(super) struct Book {
    entries: Mutex<HashMap<Token, Entry>>,
    buffer_bytes: usize,
}

impl Book {
    /// Returns an empty book. Of a stream that opens, so many bytes may wait; a single order always may.
    pub(super) fn new(buffer_bytes: usize) -> Self {
        Self { entries: Mutex::default(), buffer_bytes }
    }

    /// Enters a stream that is to open.
    pub(super) fn enter(&self, token: Token, serial: Serial, request: Arc<str>) {
        let stage = Stage::Opening(Buffer::default());
        self.lock().insert(token, Entry { serial, request, stage });
    }

    /// Takes a stream out. The first to do so gets what the backend is to be told.
    pub(super) fn leave(&self, token: &Token) -> Option<Arc<str>> {
        let mut entries = self.lock();
        let entry = entries.remove(token);
        if entries.is_empty() {
            entries.shrink_to_fit();
        }
        Some(entry?.request)
    }

    /// Notes that the callback has said yes. Returns what was buffered until now, which comes before `ready`.
    pub(super) fn grant(&self, token: &Token) -> Opening {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(token) else { return Opening::Gone };
        if let Stage::Opening(buffer) = &mut entry.stage {
            buffer.granted = true;
        }
        entry.take_orders()
    }

    /// Finds where an order goes.
    pub(super) fn post(&self, token: &Token, order: &Order) -> Posted {
        post(&mut self.lock(), token, order, self.buffer_bytes)
    }

    /// Finds where an order for many goes. A text that is no token stands for no stream.
    pub(super) fn post_to_all(&self, texts: &[String], order: &Order) -> Vec<Posted> {
        let mut entries = self.lock();
        let mut find = |text: &String| {
            text.parse().map_or(Posted::Unknown, |token| post(&mut entries, &token, order, self.buffer_bytes))
        };
        texts.iter().map(&mut find).collect()
    }

    /// Returns what is next for a stream that opens: when that is nothing, it is open.
    pub(super) fn next(&self, token: &Token) -> Opening {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(token) else { return Opening::Gone };
        let next = entry.take_orders();
        if matches!(next, Opening::Nothing) {
            entry.stage = Stage::Open;
        }
        next
    }

    /// Returns how many streams there are, those that open included.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Token, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn post(entries: &mut HashMap<Token, Entry>, token: &Token, order: &Order, limit: usize) -> Posted {
    let Some(entry) = entries.get_mut(token) else { return Posted::Unknown };
    match &mut entry.stage {
        Stage::Opening(buffer) => buffer.take(order, limit),
        Stage::Open if order.then == Then::Stay => Posted::Open(entry.serial, None),
        Stage::Open => {
            let (sender, ended) = oneshot::channel();
            entry.stage = Stage::Closing { _ended: Some(sender) };
            Posted::Open(entry.serial, Some(ended))
        }
        Stage::Closing { .. } => Posted::Unknown,
    }
}

impl Entry {
    fn take_orders(&mut self) -> Opening {
        let Stage::Opening(buffer) = &mut self.stage else { return Opening::Gone };
        if buffer.orders.is_empty() {
            return Opening::Nothing;
        }
        let orders = std::mem::take(&mut buffer.orders);
        buffer.bytes = 0;
        if buffer.ends {
            self.stage = Stage::Closing { _ended: None };
        }
        Opening::Orders(orders)
    }
}

impl Buffer {
    fn take(&mut self, order: &Order, limit: usize) -> Posted {
        let empty = order.frame.is_none() && order.then == Then::Stay;
        if self.granted && self.ends {
            return Posted::Unknown;
        }
        let taken = if self.granted { Posted::Taken } else { Posted::Buffered };
        if empty || self.ends {
            return taken;
        }
        let frame = order.frame.as_ref().map_or(0, |frame| frame.bytes(Transfer::Chunked).len());
        if !self.orders.is_empty() && self.bytes + frame + ORDER_BYTES > limit && order.then == Then::Stay {
            return Posted::Full;
        }
        self.bytes += frame + ORDER_BYTES;
        self.ends = order.then == Then::Close;
        self.orders.push(order.clone());
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Frame;

    fn order(text: &str, then: Then) -> Order {
        let frame = (!text.is_empty()).then(|| Arc::new(Frame::block(text)));
        Order { frame, then }
    }

    fn texts(opening: Opening) -> Vec<String> {
        let Opening::Orders(orders) = opening else { panic!("{opening:?}") };
        let text = |order: Order| order.frame.map_or("", |_| "event").to_owned();
        orders.into_iter().map(text).collect()
    }

    #[test]
    fn gw_38_orders_wait_while_the_callback_is_out() {
        let (book, token) = (Book::new(1000), Token::random());
        assert!(matches!(book.post(&token, &order("x", Then::Stay)), Posted::Unknown));
        book.enter(token.clone(), Serial(7), "{}".into());
        assert!(matches!(book.post(&token, &order("x", Then::Stay)), Posted::Buffered));
        assert_eq!(texts(book.grant(&token)), ["event"]);
        assert!(
            matches!(book.post(&token, &order("y", Then::Stay)), Posted::Taken),
            "open for whoever sends"
        );
        assert_eq!(texts(book.next(&token)), ["event"]);
        assert!(matches!(book.next(&token), Opening::Nothing));
        assert!(matches!(book.post(&token, &order("z", Then::Stay)), Posted::Open(Serial(7), None)));
    }

    #[test]
    fn gw_38_bug_g3_a_buffered_close_ends_there_and_nothing_empty_is_kept() {
        let (book, token) = (Book::new(1000), Token::random());
        book.enter(token.clone(), Serial(7), "{}".into());
        for (text, then) in [("", Then::Stay), ("x", Then::Stay), ("", Then::Close), ("late", Then::Stay)] {
            assert!(matches!(book.post(&token, &order(text, then)), Posted::Buffered));
        }
        assert_eq!(texts(book.next(&token)), ["event", ""]);
        assert!(matches!(book.post(&token, &order("x", Then::Stay)), Posted::Unknown));
        assert!(matches!(book.next(&token), Opening::Gone));
    }

    #[test]
    fn bug_g11_only_one_of_two_closes_ends_the_stream_and_only_one_is_told_of_it() {
        let (book, token) = (Book::new(1000), Token::random());
        book.enter(token.clone(), Serial(7), "{}".into());
        assert!(matches!(book.next(&token), Opening::Nothing));
        let Posted::Open(_, Some(mut ended)) = book.post(&token, &order("", Then::Close)) else {
            panic!("it was open");
        };
        assert!(matches!(book.post(&token, &order("", Then::Close)), Posted::Unknown));
        assert!(ended.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
        assert_eq!(book.leave(&token).as_deref(), Some("{}"));
        assert_eq!(book.leave(&token), None);
        assert!(ended.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed));
    }

    #[test]
    fn bug_g16_the_buffer_is_bounded_but_takes_one_event_of_any_size_and_a_close() {
        let (book, token) = (Book::new(1000), Token::random());
        book.enter(token.clone(), Serial(7), "{}".into());
        let large = order(&"x".repeat(5000), Then::Stay);
        assert!(matches!(book.post(&token, &large), Posted::Buffered));
        assert!(matches!(book.post(&token, &order("x", Then::Stay)), Posted::Full));
        assert!(matches!(book.post(&token, &order("", Then::Close)), Posted::Buffered));
    }
}
